// What a handler throws costs its message, not its actor; a clean-up that throws is done again until it succeeds.
#include "actors/runtime/resilient_actor.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <boost/test/unit_test.hpp>

#include <stdexcept>

namespace gitfs::test {

namespace resilient_actor {

namespace {

struct seen {
  int handled = 0, clean_ups = 0, done = 0;
  int clean_ups_that_throw = 0;
};

class clumsy final : public gitfs::resilient_actor {
public:
  clumsy(caf::actor_config& cfg, seen& what) : gitfs::resilient_actor(cfg), seen_(what) {}

protected:
  caf::behavior make_behavior() override {
    return {[this](bool throws) {
      ++seen_.handled;
      if (throws)
        throw std::runtime_error("told to");
    }};
  }
  void clean_up() override {
    if (++seen_.clean_ups <= seen_.clean_ups_that_throw)
      throw std::runtime_error("told to");
    ++seen_.done;
  }

private:
  seen& seen_;
};

struct one_actor {
  seen what;
  caf::actor_system_config config;
  one_actor() { config.set("scheduler.policy", caf::atom("testing")); }

  // Handles these in turn; true: the handler throws.
  void handle(std::initializer_list<bool> messages) {
    caf::actor_system system{config};
    auto actor = system.spawn<clumsy>(what);
    for (const bool each : messages)
      caf::anon_send(actor, each);
    dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()).run();
  }
};

} // namespace

} // namespace resilient_actor

BOOST_FIXTURE_TEST_SUITE(resilient_actor, resilient_actor::one_actor)

BOOST_AUTO_TEST_CASE(nothing_is_cleaned_up_where_nothing_throws) {
  handle({false, false});
  BOOST_TEST(what.handled == 2);
  BOOST_TEST(what.clean_ups == 0);
}

BOOST_AUTO_TEST_CASE(the_messages_behind_one_that_throws_are_handled) {
  handle({true, false, true, false});
  BOOST_TEST(what.handled == 4);
  BOOST_TEST(what.done == 2);
}

BOOST_AUTO_TEST_CASE(a_clean_up_that_throws_is_done_again_with_every_message) {
  what.clean_ups_that_throw = 3;
  handle({true, false, false, false, false, false});
  BOOST_TEST(what.handled == 6);
  BOOST_TEST(what.clean_ups == 4); // behind each of the first four; then nothing is owed
  BOOST_TEST(what.done == 1);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
