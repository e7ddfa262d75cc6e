// What the other tests lean on: a test's mount really mounts, really ends, and complains when it cannot.
#include "test/support/mount.hpp"

#include "test/support/command.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <stdexcept>

namespace gitfs::test {

namespace mount_support {

namespace {

struct repository {
  repository() { must_run("git init -q -b main . && echo hello >file && git add . && git commit -qm x", dir.path()); }
  temp_dir dir;
  std::string source = dir.path().string();
};

} // namespace

} // namespace mount_support

BOOST_FIXTURE_TEST_SUITE(mount_support, mount_support::repository)

BOOST_AUTO_TEST_CASE(ends_with_its_object) {
  std::filesystem::path path;
  pid_t pid = 0;
  {
    const mount m{source};
    path = m.path();
    pid = m.pid();
    BOOST_TEST(is_mounted(path));
    BOOST_TEST(must_run("cat file", path) == "hello");
    BOOST_TEST(m.resident() > 100'000U);
    BOOST_TEST(m.log().find("mounted") != std::string::npos);
  }
  BOOST_TEST(!is_mounted(path));
  BOOST_TEST(run("grep -v '^State:.*Z' /proc/" + std::to_string(pid) + "/status | grep -q ^State").status != 0);
}

BOOST_AUTO_TEST_CASE(unmounts_when_no_longer_busy) {
  mount m{source};
  must_run("(cd " + m.path().string() + " && exec sleep 0.5) >/dev/null 2>&1 &");
  m.unmount();
  BOOST_TEST(!is_mounted(m.path()));
}

BOOST_AUTO_TEST_CASE(a_killed_mount_can_be_taken_away) {
  mount m{source};
  m.kill();
  BOOST_TEST(!is_mounted(m.path()));
  BOOST_CHECK_THROW(static_cast<void>(m.resident()), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_mount_that_fails_throws_with_what_it_said) {
  const auto says = [](const std::string& words) {
    return [words](const std::runtime_error& e) { return std::string{e.what()}.find(words) != std::string::npos; };
  };
  BOOST_CHECK_EXCEPTION(mount(source, {"--ref", "no-such-branch"}), std::runtime_error, says("no-such-branch"));
  BOOST_CHECK_EXCEPTION(mount(source, {"--tiemout", "3"}), std::runtime_error, says("did you mean '--timeout'?"));
}

BOOST_AUTO_TEST_CASE(options_arrive_as_they_are) {
  const mount m{source, {"-o", "fsname=a b'c\"d"}};
  BOOST_TEST(must_run("findmnt -no SOURCE " + m.path().string()) == "a b'c\"d");
}

BOOST_AUTO_TEST_CASE(the_program_can_be_run_without_a_mount) {
  BOOST_TEST(run_program({"--version"}).output.starts_with("gitfs-actor "));
  const auto wrong = run_program({"mount"});
  BOOST_TEST(wrong.status != 0);
  BOOST_TEST(wrong.output.find("SOURCE is missing (see gitfs-actor mount --help)\n") != std::string::npos);
  BOOST_TEST(std::count(wrong.output.begin(), wrong.output.end(), '\n') == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
