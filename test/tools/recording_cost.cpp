// What recording costs a message, in nanoseconds: an actor takes many, each made just before, in turn with and without.
// Its handler does nothing, so of two threads both want the next order number all the time; those of a mount seldom do.
//
//     recording_cost [REPETITIONS]      prints a JSON object for one thread, and one for two at once
//
// "cost" is the median of the differences between neighbours, "least" the difference of the fastest.
#include "actors/runtime/directory_messages.hpp"
#include "actors/runtime/resilient_actor.hpp"
#include "actors/trace/record/recorder.hpp"

#include <caf/actor_cast.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <span>
#include <thread>
#include <utility>
#include <vector>

namespace {

constexpr std::size_t messages = 5'000;
constexpr std::size_t most_threads = 2;

class forgetful final : public gitfs::resilient_actor {
public:
  forgetful(caf::actor_config& cfg, std::uint64_t inode)
    : resilient_actor(cfg, {gitfs::trace::actor_kind::directory, inode}) {}

protected:
  caf::behavior make_behavior() override {
    return {[](const gitfs::forget_op&) {}};
  }
};

// Nanoseconds a message.
double take_messages(gitfs::resilient_actor& by) {
  using clock = std::chrono::steady_clock;
  const clock::time_point begin = clock::now();
  for (std::size_t i = 0; i < messages; ++i) {
    const auto x = caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, gitfs::forget_op{1, 1});
    (void)by.consume(*x);
  }
  return std::chrono::duration<double, std::nano>{clock::now() - begin}.count() / messages;
}

double median(std::vector<double> of) {
  std::ranges::nth_element(of, of.begin() + static_cast<std::ptrdiff_t>(of.size() / 2));
  return of[of.size() / 2];
}

// Each turn between two barriers, so that both threads are at it all the time; the slower one counts.
void measure(std::span<gitfs::resilient_actor* const> actors, std::size_t repetitions) {
  std::vector<double> without, with, took(actors.size());
  gitfs::trace::recording.store(false);
  bool running = false;
  std::barrier all{static_cast<std::ptrdiff_t>(actors.size()), [&]() noexcept {
                     if (std::exchange(running, !running)) {
                       const bool recorded = gitfs::trace::recording.load();
                       (recorded ? with : without).push_back(std::ranges::max(took));
                       gitfs::trace::recording.store(!recorded);
                     }
                   }};
  std::vector<std::jthread> threads;
  for (std::size_t i = 0; i < actors.size(); ++i)
    threads.emplace_back([&, i] {
      for (std::size_t n = 0; n < 2 * repetitions; ++n) {
        all.arrive_and_wait();
        took[i] = take_messages(*actors[i]);
        all.arrive_and_wait();
      }
    });
  threads.clear(); // joins them
  std::vector<double> costs(repetitions);
  std::ranges::transform(with, without, costs.begin(), std::minus{});
  std::printf(R"({"threads": %zu, "without": %.1f, "with": %.1f, "cost": %.1f, "least": %.1f})"
              "\n",
              actors.size(), median(without), median(with), median(costs),
              std::ranges::min(with) - std::ranges::min(without));
}

} // namespace

int main(int argc, char** argv) {
  const std::size_t repetitions = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 500;
  if (repetitions == 0) {
    std::fputs("usage: recording_cost [REPETITIONS]\n", stderr);
    return 2;
  }
  if (!gitfs::trace::start_recording({.memory = std::size_t{4} << 20, .file = {}}))
    return 1;
  caf::actor_system_config config;
  config.set("scheduler.policy", caf::atom("testing"));
  caf::actor_system system{config};
  std::vector<caf::actor> handles;
  std::vector<gitfs::resilient_actor*> actors;
  for (std::size_t i = 0; i < most_threads; ++i) {
    handles.push_back(system.spawn<forgetful>(i + 1));
    actors.push_back(static_cast<gitfs::resilient_actor*>(caf::actor_cast<caf::abstract_actor*>(handles.back())));
  }
  dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()).run(); // so that they have their behavior
  for (std::size_t threads = 1; threads <= most_threads; ++threads)
    measure({actors.data(), threads}, repetitions);
  return 0;
}
