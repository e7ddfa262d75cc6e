// Other orders of what is recorded in test/traces. scripts/shuffle does many more of them.
#include "actors/replay/shuffler.hpp"
#include "actors/trace/read/trace_reader.hpp"
#include "config/log.hpp"
#include "test/support/outcome.hpp"
#include "test/support/rounds.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(shuffle)

namespace {

constexpr std::uint64_t seeds = 100;

struct recorded {
  explicit recorded(const std::string& name) {
    log::set_level(log_level::off);
    const char* source = std::getenv("GITFS_SOURCE_DIR");
    BOOST_REQUIRE_MESSAGE(source != nullptr, "GITFS_SOURCE_DIR is not set");
    auto read = trace::read_file(std::filesystem::path{source} / "test/traces" / (name + ".trace"));
    BOOST_REQUIRE_MESSAGE(read, reason_of(read));
    file = std::move(read).value();
    auto found = recording::of(file.in);
    BOOST_REQUIRE_MESSAGE(found, reason_of(found));
    from.emplace(std::move(found).value());
  }

  trace::loaded file;
  std::optional<recording> from;
};

void all_holds(const std::string& name) {
  const recorded r{name};
  std::uint64_t requests = 0;
  for (std::uint64_t seed = 1; seed <= rounds(seeds); ++seed) {
    const shuffled out = gitfs::shuffle(*r.from, seed);
    BOOST_REQUIRE_MESSAGE(!out.violated, name << ", seed " << seed << ": " << *out.violated);
    requests += out.requests;
  }
  BOOST_TEST(requests >= rounds(seeds), name);
}

} // namespace

BOOST_AUTO_TEST_CASE(walkers) {
  all_holds("walkers");
}

BOOST_AUTO_TEST_CASE(walkers_where_sizes_cost_contents) {
  all_holds("walkers-without-sizes");
}

BOOST_AUTO_TEST_CASE(races) {
  for (const char* each : {"lookup-while-forget", "forget-and-batch-forget", "count-1-0-1-0", "request-after-shedding",
                           "two-lookups-at-once", "error-of-one-node"})
    all_holds(each);
}

BOOST_AUTO_TEST_CASE(a_seed_gives_the_same_order_each_time_and_others_others) {
  const recorded r{"walkers"};
  const auto first = gitfs::shuffle(*r.from, 5), second = gitfs::shuffle(*r.from, 5),
             other = gitfs::shuffle(*r.from, 6);
  BOOST_TEST(first.last == second.last, boost::test_tools::per_element());
  BOOST_TEST(first.steps == second.steps);
  BOOST_TEST((first.last != other.last));
  BOOST_TEST(gitfs::shuffle(*r.from, 5, 10).steps == 10U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
