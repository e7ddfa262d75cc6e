#include "actors/model/visible_errno.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(visible_errno)

BOOST_AUTO_TEST_CASE(what_a_program_can_act_on_is_told_and_the_rest_is_an_io_error) {
  for (const requested what : {requested::object, requested::mount_node}) {
    for (const int told : {EINTR, EACCES, ETIMEDOUT, ENOSPC, EDQUOT, ENOMEM})
      BOOST_TEST(gitfs::visible_errno(told, what) == told);
    for (const int other : {EIO, EAGAIN, ENOTSUP, ECANCELED, EFBIG, EMFILE, 0})
      BOOST_TEST(gitfs::visible_errno(other, what) == EIO);
  }
}

BOOST_AUTO_TEST_CASE(an_object_that_a_server_lacks_is_no_missing_name) {
  BOOST_TEST(gitfs::visible_errno(ENOENT, requested::object) == EIO);
  BOOST_TEST(gitfs::visible_errno(ENOENT, requested::mount_node) == ENOENT);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
