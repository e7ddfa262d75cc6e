// git's credential helpers, run by a process that serves a mount: what they are given, and what not.
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(credential_helper)

// A helper that kept a descriptor on the mount would keep it from ending, and would be waited for by it.
BOOST_AUTO_TEST_CASE(a_helper_inherits_no_descriptor_of_the_mount) {
  const scratch_repository repository{"mkdir d && echo x >d/f"};
  git_server server{repository.root()};
  const scoped_env no_proxy{"no_proxy", "127.0.0.1"};
  const temp_dir dir;
  const std::string commit = repository.in_work("git rev-parse HEAD");
  const std::string url = server.url("auth", "scratch.git");
  {
    const mount first{
        {.source = "http://user:pass@" + url.substr(7), .options = {"--ref", commit}, .cache_dir = dir / "cache"}};
  }
  // What is named by its commit is mounted from the store without a request: so the first one, and with it the helper,
  // comes while the mount is there.
  const std::string helper = "!f() { [ $1 = get ] || exit 0; cd " + dir.path().string()
                             + " && ls /proc/self/fd >numbers && ls -l /proc/self/fd >targets"
                               " && echo username=user && echo password=pass; }; f";
  const scoped_env count{"GIT_CONFIG_COUNT", "1"}, key{"GIT_CONFIG_KEY_0", "credential.helper"},
      value{"GIT_CONFIG_VALUE_0", helper.c_str()};
  server.clear_requests();
  const mount second{{.source = url, .options = {"--ref", commit}, .cache_dir = dir / "cache"}};
  BOOST_TEST(server.count() == 0U);
  BOOST_TEST(must_run("ls -l /proc/" + std::to_string(second.pid()) + "/fd").find("/dev/fuse") != std::string::npos);
  BOOST_TEST(must_run("cat d/f", second.path()) == "x");
  BOOST_TEST(must_run("cat numbers", dir.path()) == "0\n1\n2\n3"); // 3 is the folder that ls reads
  const std::string targets = must_run("cat targets", dir.path());
  for (const char* ours : {"/dev/fuse", "cache", "socket:", second.path().c_str()})
    BOOST_TEST(targets.find(ours) == std::string::npos, targets);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
