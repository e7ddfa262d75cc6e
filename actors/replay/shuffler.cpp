#include "actors/replay/shuffler.hpp"

#include "actors/replay/model_kernel.hpp"
#include "actors/replay/model_world.hpp"
#include "actors/replay/stage.hpp"
#include "actors/trace/read/trace_names.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t kept_steps = 40;
constexpr std::size_t most_states = 4;
constexpr std::uint64_t least_steps = 1000, steps_per_request = 200; // some 40 steps for each request suffice
constexpr unsigned quiet_rounds = 100'000; // if the actors have not come to rest after so many steps, they never do

// In a third of the orders there is so little memory that each directory drops its listing when it can.
recording::mount mount_for(const recording& from, std::uint64_t seed) {
  recording::mount out = from.mounted();
  if (seed % 3 == 1)
    out.memory = 8192;
  return out;
}

class run {
public:
  run(const recording& from, std::uint64_t seed)
    : random_(seed),
      world_(from, seed % 3 == 2),
      kernel_(from),
      stage_(
          mount_for(from, seed), [this](mount_context& context) { return world_.around(context); }, world_.server()) {
    kernel_.mount(stage_.context(), stage_.supervisor());
  }

  shuffled go(std::uint64_t most_steps) {
    // If a request is never answered, others that need its answer are never sent, so the number of steps has a limit.
    // The unanswered request is found below.
    most_steps = std::min(most_steps, least_steps + steps_per_request * kernel_.left());
    while (kernel_.left() != 0 && out_.steps < most_steps && !wrong()) {
      ++out_.steps;
      step();
    }
    resting_ = true;
    come_to_rest();
    forget_all();
    if (!wrong())
      wrong_ = what_is_left();
    if (wrong())
      out_.states = states();
    if (!wrong())
      wrong_ = what_outlives_the_end();
    out_.requests = kernel_.sent();
    out_.violated = wrong_;
    return std::move(out_);
  }

private:
  bool wrong() {
    if (!wrong_ && kernel_.wrong())
      wrong_ = kernel_.wrong();
    return wrong_.has_value();
  }

  void note(std::string what) {
    if (resting_)
      return;
    if (out_.last.size() == kept_steps)
      out_.last.erase(out_.last.begin());
    out_.last.push_back(fmt::format("{:>6} {}", out_.steps, std::move(what)));
  }

  // A possible next step. A number below 100 is drawn, and the first step whose `below` is larger gets its turn. `take`
  // returns false if that step is not possible now; then the turn goes to the next row.
  struct turn {
    std::uint64_t below;
    bool (run::*take)();
  };

  void step() {
    static constexpr turn turns[] = {
        {25, &run::send},    {35, &run::end_transfer},     {40, &run::end_load}, {48, &run::forget},
        {50, &run::give_up}, {51, &run::trigger_timeouts}, {100, &run::go_on},
    };
    if (world_.failed())
      kernel_.errors_may_come();
    const std::uint64_t drawn = random_() % 100;
    (void)std::ranges::find_if(turns, [&](const turn& each) { return drawn < each.below && (this->*each.take)(); });
    world_.requests = kernel_.sent();
  }

  bool send() {
    if (!kernel_.send(random_))
      return false;
    note(fmt::format("the kernel sends request {}", kernel_.sent()));
    return true;
  }

  bool end_transfer() {
    if (world_.transfers() == 0)
      return false;
    world_.end_transfer(random_() % world_.transfers(), &random_);
    note("a transfer ends");
    return true;
  }

  bool end_load() {
    if (world_.loads() == 0)
      return false;
    world_.end_load(random_() % world_.loads());
    note("a large blob is loaded");
    return true;
  }

  bool forget() {
    if (!kernel_.forget(&random_))
      return false;
    note("the kernel forgets");
    return true;
  }

  bool give_up() {
    if (interrupts_left_ == 0 || !kernel_.interrupt(random_))
      return false;
    --interrupts_left_;
    note("the caller of a request gives up");
    return true;
  }

  bool trigger_timeouts() {
    stage_.trigger_timeouts();
    note("delayed messages are sent");
    return true;
  }

  bool go_on() { return deliver_any() || send() || end_transfer(); }

  // Delivers any waiting message that may be next: no earlier message of the same sender waits in the same mailbox.
  bool deliver_any() {
    std::vector<resilient_actor*> waiting;
    for (const auto& [key, actors] : stage_.actors()) // sorted by key, because addresses differ from run to run
      for (resilient_actor* one : actors)
        if (const auto at = stage_.messages().find(one); at != stage_.messages().end() && !at->second.empty())
          waiting.push_back(one);
    if (waiting.empty())
      return false;
    resilient_actor& to = *waiting[random_() % waiting.size()];
    auto& messages = stage_.messages().at(&to);
    std::vector<std::size_t> first;
    for (std::size_t i = 0; i < messages.size(); ++i) {
      const auto same_sender = [&](const stage::held& h) { return h.from == messages[i].from; };
      if (messages[i].from == nullptr
          || std::none_of(messages.begin(), messages.begin() + static_cast<std::ptrdiff_t>(i), same_sender))
        first.push_back(i);
    }
    deliver(to, messages.begin() + static_cast<std::ptrdiff_t>(first[random_() % first.size()]));
    return true;
  }

  void deliver(resilient_actor& to, std::deque<stage::held>::iterator which) {
    note(fmt::format("{} {} takes {}", to.name(), to.trace_key().inode, trace::plain_text(which->what, which->fields)));
    stage_.deliver(to, which);
  }

  // Delivers all messages and ends all transfers in their order. Nothing fails and nothing is forgotten.
  void come_to_rest() {
    for (unsigned rounds = 0; rounds < quiet_rounds && !wrong(); ++rounds) {
      if (world_.failed())
        kernel_.errors_may_come();
      if (deliver_first())
        continue;
      if (world_.loads() != 0)
        world_.end_load(0);
      else if (world_.transfers() != 0)
        world_.end_transfer(0, nullptr);
      else
        return;
    }
    if (!wrong())
      wrong_ = "the actors do not come to rest";
  }

  bool deliver_first() {
    for (const auto& [key, actors] : stage_.actors())
      for (resilient_actor* one : actors)
        if (const auto at = stage_.messages().find(one); at != stage_.messages().end() && !at->second.empty()) {
          deliver(*one, at->second.begin());
          return true;
        }
    return false;
  }

  void forget_all() {
    while (!wrong() && kernel_.forget(nullptr))
      if (++forgotten_ % 64 == 0)
        come_to_rest();
    come_to_rest();
  }

  // Called when everything has come to rest and the kernel refers to the root alone. A sentence about something that
  // exists although nobody needs it; none if there is no such thing.
  std::optional<std::string> what_is_left() {
    if (kernel_.unanswered() != 0)
      return fmt::format("{} requests are not answered although nothing is on its way any more", kernel_.unanswered());
    const mount_context& context = stage_.context();
    if (const std::uint64_t live = context.counts.value(counter::directories_live); live > 1)
      return fmt::format("the kernel refers to the root alone, and {} directories are counted", live);
    for (const auto& [key, actors] : stage_.actors())
      if (key.is == trace::actor_kind::directory && (key.inode != root_key || actors.size() != 1))
        return fmt::format("the actor of directory {} lives, and the kernel does not refer to it", key.inode);
    for (std::uint64_t slot = 1; slot < context.inodes.slots(); ++slot)
      if (context.inodes.in_use(static_cast<dir_slot>(slot)))
        return fmt::format("slot {} is in use, and the kernel does not refer to it", slot);
    for (std::uint64_t leaf = 0; leaf < context.inodes.leaf_slots(); ++leaf)
      if (context.inodes.in_use(first_leaf + static_cast<node_slot>(leaf)))
        return fmt::format("leaf {} is in use, and the kernel does not refer to it", leaf);
    for (const auto& [to, messages] : stage_.messages())
      if (!messages.empty())
        return "a message waits for somebody who never takes it";
    return std::nullopt;
  }

  // The states of some directories, for the report.
  std::vector<std::string> states() {
    std::vector<std::string> out;
    for (const auto& [key, actors] : stage_.actors())
      for (const resilient_actor* one : actors)
        if (out.size() < most_states && key.is == trace::actor_kind::directory)
          out.push_back(fmt::format("directory {}: {}", key.inode, one->describe()));
    return out;
  }

  // Unmounts. A sentence about something that still exists after that; none if there is no such thing.
  std::optional<std::string> what_outlives_the_end() {
    kernel_.errors_may_come();
    kernel_.unmount();
    stage_.end();
    stage_.context().trim();
    // Only directories are looked for. Other actors have ended too, but CAF's clock still refers to those that have
    // sent themselves a delayed message.
    for (const auto& [key, actors] : stage_.actors())
      if (key.is == trace::actor_kind::directory)
        return fmt::format("the actor of directory {} lives on after the end", key.inode);
    if (stage_.running() != 0)
      return fmt::format("{} actors have not ended with the mount", stage_.running());
    if (!stage_.context().memory.empty())
      return "memory is accounted for after the end:\n" + stage_.context().memory.text();
    return std::nullopt;
  }

  std::mt19937_64 random_;
  model_world world_;
  model_kernel kernel_;
  stage stage_;
  shuffled out_;
  std::size_t forgotten_ = 0;
  /// Only a few requests are interrupted. With more, each request that waits in vain would be interrupted in the end,
  /// and the mistake would stay hidden.
  std::uint64_t interrupts_left_ = random_() % 4;
  bool resting_ = false;
  std::optional<std::string> wrong_;
};

} // namespace

shuffled shuffle(const recording& from, std::uint64_t seed, std::uint64_t most_steps) {
  return run{from, seed}.go(most_steps);
}

// Bisects the number of steps, because an order that fails with some number of steps mostly fails with more steps, too.
shuffled shrink(const recording& from, std::uint64_t seed) {
  shuffled fails = shuffle(from, seed);
  std::uint64_t good = 0;
  while (fails.violated && good + 1 < fails.steps) {
    const std::uint64_t middle = good + (fails.steps - good) / 2;
    shuffled tried = shuffle(from, seed, middle);
    if (tried.violated)
      fails = std::move(tried);
    else
      good = middle;
  }
  return fails;
}

} // namespace gitfs
