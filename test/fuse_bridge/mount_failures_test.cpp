// Why there is no mount: each reason that is known has a cause and a cure.
#include "fuse_bridge/mount_failures.hpp"
#include "test/support/command.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdio>
#include <cstdlib>
#include <set>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(mount_failures)

BOOST_AUTO_TEST_CASE(each_reason_has_a_cause_and_a_cure) {
  std::set<std::string> signs;
  for (const mount_failure& each : gitfs::mount_failures()) {
    const std::string sign = std::string{each.sign} + '|' + std::string{each.also};
    BOOST_TEST(signs.insert(sign).second, sign);
    BOOST_TEST(!each.cause.empty(), sign);
    BOOST_TEST(!each.cure.empty(), sign);
    const std::string said = "before " + std::string{each.sign} + " after; " + std::string{each.also};
    BOOST_TEST(explain_mount_failure(said)
               == std::string{each.cause} + ": " + std::string{each.cure} + " (" + said + ")");
  }
  BOOST_TEST(explain_mount_failure("what nobody has heard") == "what nobody has heard");
  BOOST_TEST(!explain_mount_failure("").empty());
}

BOOST_AUTO_TEST_CASE(what_a_child_says_on_standard_error_is_taken_and_the_rest_passed_on) {
  standard_error_of_fusermount outer;
  standard_error_of_fusermount inner;
  must_run("true");
  std::fputs("a line of the log\nfuse: failed to exec fusermount3\nfusermount3: one reason\n", stderr);
  BOOST_TEST((std::system("echo 'fusermount3: another' >&2") == 0));
  BOOST_TEST(inner.end() == "fuse: failed to exec fusermount3; one reason; another");
  BOOST_TEST(inner.end() == "");
  BOOST_TEST(outer.end() == ""); // it was passed on as it was
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
