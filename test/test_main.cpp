#define BOOST_TEST_MODULE gitfs_actor
#include <boost/test/unit_test.hpp>
