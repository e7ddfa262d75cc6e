// Repositories of the mesa service in a mount.
#include "test/mount/shared.hpp"
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mesa_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>

namespace gitfs::test {

namespace mesa {

namespace {

struct served {
  scratch_repository source{
      "mkdir -p dir/sub/deeper wide/a wide/b 'name with ünïcode 名' && echo one >one && : >empty && echo two >dir/two"
      " && echo deep >dir/sub/deeper/deep && echo '#!/bin/sh' >run.sh && chmod 755 run.sh && ln -s dir/two link"
      " && ln -s '../name with ünïcode 名' dir/up && echo x >'name with ünïcode 名/file ß' && echo y >'a b?#%.txt'"
      " && head -c 3000000 /dev/urandom >large && for i in $(seq 1 12); do echo $i >wide/$i; done"
      " && echo a >wide/a/a && echo b >wide/b/b"};
  temp_dir dir;
  mesa_server server{source.bare(), {"acme/one", "acme/two", "acme/three", "acme/four"}, {.page = 2}};

  served() {
    std::ofstream{dir / "key"} << "secret-key\n";
    must_run("chmod 600 key", dir.path());
  }
  mount shows(const std::filesystem::path& cache = {}) const {
    return mount{mount_plan{.cache_dir = cache,
                            .config = config_text({{"mesa", R"({"host": "mesa", "url": ")" + server.url()
                                                                + R"(", "tokens": {"acme": {"file": ")"
                                                                + (dir / "key").string() + "\"}}}"}})}};
  }
};

} // namespace

} // namespace mesa

BOOST_FIXTURE_TEST_SUITE(mesa, mesa::served)

BOOST_AUTO_TEST_CASE(a_walk_with_contents_is_as_the_clone) {
  const auto expected = manifest(checkout(source.bare(), "main", dir.path()));
  {
    const mount m = shows(dir / "cache");
    BOOST_TEST(must_run("ls; ls mesa", m.path()) == "mesa\nacme");
    BOOST_TEST(server.requests() == 0U);
    BOOST_TEST(must_run("ls", m / "mesa/acme") == "four\none\nthree\ntwo");
    BOOST_TEST(difference(expected, manifest(m / "mesa/acme/one")) == "");
    std::istringstream lines{must_run("find . -mindepth 1 -printf '%P/%Ts\\n'", m / "mesa/acme/one")};
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line); ++count) {
      const std::size_t end = line.rfind('/');
      BOOST_TEST(std::stoll(line.substr(end + 1)) == mesa_server::time_of(line.substr(0, end)), line);
    }
    BOOST_TEST(count == expected.size());
  }
  const std::size_t before = server.requests();
  const mount again = shows(dir / "cache");
  BOOST_TEST(difference(expected, manifest(again / "mesa/acme/one")) == "");
  BOOST_TEST(server.requests() - before <= 3U); // that it exists, and its head
  BOOST_TEST(must_run("stat -c %Y mesa/acme/one/dir/two", again.path())
             == std::to_string(mesa_server::time_of("dir/two")));
}

BOOST_AUTO_TEST_CASE(keys_are_of_organisations) {
  const mount m = shows();
  BOOST_TEST(failure_of(m / "mesa/acme") == 0);
  BOOST_TEST(failure_of(m / "mesa/acme/none") == ENOENT);
  BOOST_TEST(failure_of(m / "mesa/acme/.git") == ENOENT);
  BOOST_TEST(failure_of(m / "mesa/other") == EACCES);
  BOOST_TEST(holds(m.log(), "there is no key for the organisation other"));
  std::ofstream{dir / "key"} << "wrong\n";
  BOOST_TEST(failure_of(m / "mesa/acme/two/one") == EACCES);
  BOOST_TEST(!holds(m.log(), "secret-key"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
