// Test cases that tsan has nothing to say about.
#pragma once

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

#ifdef __SANITIZE_THREAD__
constexpr bool with_tsan = true;
#else
constexpr bool with_tsan = false;
#endif

/// Disables a case with tsan, as in BOOST_AUTO_TEST_CASE(NAME, *of_one_thread()): a case that starts no thread and
/// takes seconds there. A whole room of such cases says ONE_THREAD in test/CMakeLists.txt.
using of_one_thread = boost::unit_test::enable_if<!with_tsan>;

} // namespace gitfs::test
