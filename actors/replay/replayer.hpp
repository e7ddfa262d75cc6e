// Runs a recording again: the real actors, without a kernel and without a server, take each message in the recorded
// order.
//
// One thread. CAF's test coordinator runs what is in a mailbox. A message that an actor sends is held back until the
// recording has it taken. What came from outside (kernel requests, ends of transfers, timers, large blobs) is made from
// the recording.
#pragma once

#include "actors/replay/recorded_environment.hpp"
#include "actors/replay/recording.hpp"
#include "actors/replay/stage.hpp"
#include "actors/trace/record/recorder.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace gitfs {

/// The first place where the replay does something else than what was recorded.
struct divergence {
  std::uint64_t order = 0;        ///< order number of the recorded message that is missing, or whose handler differs
  std::string what;               ///< a sentence about the difference
  std::string recorded, replayed; ///< the fields of the record that differs, on both sides; empty: there is no record
};

class replayer final : private trace::listener {
public:
  /// `from` outlives this object. Only one replayer at a time may live, in a process that records nothing.
  explicit replayer(const recording& from);
  ~replayer() override;

  /// True if there is a next message and the replay has not diverged.
  bool more() const { return !diverged_ && !ended_ && next_ < from_.messages().size(); }
  /// The message that the next `step` gives to its actor.
  const trace::record& next() const { return *from_.messages()[next_]; }
  void step();

  const std::optional<divergence>& diverged() const { return diverged_; }
  std::uint64_t messages() const { return next_; }
  std::uint64_t replies() const { return replies_; }
  /// A digest of every message that was taken, of everything it led to, and of the actor's state after it. It is the
  /// same in each replay.
  std::uint64_t digest() const { return digest_; }
  /// The state of the actor with that key; empty if no such actor lives.
  std::string describe(const trace::actor_key& key) const;

private:
  std::uint64_t edge(trace::kind what, std::uint64_t cause, std::string_view fields) override;
  std::uint64_t taken(const trace::actor_key& by, trace::kind what, const trace::sent_by& stamp,
                      std::string_view fields) override;

  bool deliver(const trace::record& r);
  bool deliver_held(const trace::record& r, bool by_cause);
  bool deliver_input(const trace::record& r);
  void check_overtaken(const stage::held& first, const trace::record& r);
  void check_after(const trace::record& r);
  void diverge(const trace::record& at, std::string what, std::string recorded = {}, std::string replayed = {});
  std::string missing_message(const trace::record& r, std::string& nearest) const;

  const recording& from_;
  recorded_environment* environment_ = nullptr; // owned by the stage
  std::optional<stage> stage_;
  const trace::record* current_ = nullptr;
  bool taken_ = false;
  std::size_t edges_seen_ = 0; // edges of the current handler so far
  std::size_t next_ = 0;
  std::uint64_t replies_ = 0;
  std::uint64_t digest_ = trace::digest_begin;
  std::optional<divergence> diverged_;
  bool ended_ = false; // the replay was ended before the last message
};

} // namespace gitfs
