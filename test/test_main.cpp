#define BOOST_TEST_MODULE gitfs_actor
#include <boost/test/results_collector.hpp>
#include <boost/test/tree/observer.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <iostream>

namespace gitfs::test {

namespace {

namespace unit = boost::unit_test;

// A test that has failed says how it is run alone. After results_collector, which finishes first for its priority.
class command_of_failures : public unit::test_observer {
public:
  void test_unit_finish(const unit::test_unit& which, unsigned long) override {
    const unit::test_results& outcome = unit::results_collector.results(which.p_id);
    if (which.p_type != unit::TUT_CASE || outcome.passed() || outcome.p_skipped)
      return;
    std::cerr << "to run it alone:";
    for (const char* name : {"GITFS_SOURCE_DIR", "GITFS_BINARY", "GITFS_SANITIZED"})
      if (const char* value = std::getenv(name))
        std::cerr << ' ' << name << '=' << value;
    std::cerr << ' ' << unit::framework::master_test_suite().argv[0] << " --run_test='" << which.full_name() << "'\n";
  }
};

// Neither taken back nor destroyed: the framework's own state may be gone before.
struct with_commands {
  with_commands() {
    static auto* const observer = new command_of_failures;
    unit::framework::register_observer(*observer);
  }
};

} // namespace

BOOST_TEST_GLOBAL_CONFIGURATION(with_commands);

} // namespace gitfs::test
