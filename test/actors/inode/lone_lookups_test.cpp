#include "actors/inode/lone_lookups.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(lone_lookups)

BOOST_AUTO_TEST_CASE(after_a_few_files_the_sizes_of_all_are_wanted) {
  gitfs::lone_lookups lookups;
  for (std::size_t i = 0; i < gitfs::lone_lookups::few; ++i) {
    BOOST_TEST(lookups.still_few());
    lookups.add({});
  }
  BOOST_TEST(!lookups.still_few());
}

BOOST_AUTO_TEST_CASE(that_a_file_was_read_is_noticed_once) {
  gitfs::lone_lookups lookups;
  oid file;
  file.bytes[0] = 1;
  BOOST_TEST(!lookups.was_read(file));
  lookups.add(file);
  BOOST_TEST(!lookups.was_read({}));
  BOOST_TEST(lookups.was_read(file));
  BOOST_TEST(!lookups.was_read(file));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
