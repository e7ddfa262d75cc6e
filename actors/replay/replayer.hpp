// Runs a recording again: the real actors, without a kernel and without a server, each message at its recorded place.
//
// One thread. CAF's test coordinator runs what is in a mailbox; what actors send is held back until the recording has
// it taken. What came from elsewhere (kernel requests, transfers, timers, large blobs) is made from the recording.
#pragma once

#include "actors/replay/recorded_environment.hpp"
#include "actors/replay/recording.hpp"
#include "actors/replay/stage.hpp"
#include "actors/trace/record/recorder.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace gitfs {

/// Where the replay does not do what was recorded.
struct divergence {
  std::uint64_t order = 0;        ///< of the message at whose place or in whose handler
  std::string what;               ///< a sentence
  std::string recorded, replayed; ///< fields of what differs; empty: nothing there
};

class replayer final : private trace::listener {
public:
  /// `from` outlives it, and only one at a time lives in a process that records nothing.
  explicit replayer(const recording& from);
  ~replayer() override;

  /// True: there is a next message, and nothing has diverged.
  bool more() const { return !diverged_ && !ended_ && next_ < from_.messages().size(); }
  /// The message that `step` will have taken.
  const trace::record& next() const { return *from_.messages()[next_]; }
  void step();

  const std::optional<divergence>& diverged() const { return diverged_; }
  std::uint64_t messages() const { return next_; }
  std::uint64_t replies() const { return replies_; }
  /// Of all that was taken, all that came of it and the state of each actor after it: the same in each replay.
  std::uint64_t digest() const { return digest_; }
  /// State of the actor that has that key; empty if none lives.
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
  recorded_environment* environment_ = nullptr; // of the stage
  std::optional<stage> stage_;
  const trace::record* current_ = nullptr;
  bool taken_ = false;
  std::size_t edges_seen_ = 0; // of the current handler
  std::size_t next_ = 0;
  std::uint64_t replies_ = 0;
  std::uint64_t digest_ = trace::digest_begin;
  std::optional<divergence> diverged_;
  bool ended_ = false; // before the last message
};

} // namespace gitfs
