// From what actors do (trace/records.hpp) to spans.
#pragma once

#include "actors/telemetry/span_ids.hpp"
#include "actors/trace/read/trace_reader.hpp"
#include "backend/telemetry/span.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gitfs {

/// A kernel request is a trace: its span until the reply, and below it, by what has led to what,
/// * "wait", from when its directory had to put it aside until the reply; with a link to the transfer that has ended
///   this, if another request had begun that;
/// * "fetch" for each upstream transfer;
/// * a span for each message that waited in a mailbox, or whose handler took, a millisecond or more.
/// What no request has led to, or what leads to something after the records of its cause are forgotten, is a trace of
/// its own. Takes bounded memory: of what stays open for too long, or is too much, no span comes.
class span_builder {
public:
  static constexpr std::uint64_t noticeable = 1'000'000; ///< nanoseconds

  /// `begin`: the wall clock at the records' time 0, nanoseconds since 1970. `paths`: spans name files and folders.
  span_builder(const span_ids& ids, std::uint64_t begin, bool paths);

  /// By time, a cause before what it has led to. Appends the spans that are complete with it.
  void take(const trace::record& r, std::vector<span>& out);

  /// At the end: what is still open ends at `time`, of the records. The server may know these spans already.
  void finish(std::uint64_t time, std::vector<span>& out);

  /// Spans that were given up since the last call: too much was open, mostly because records were lost.
  std::uint64_t take_dropped() { return std::exchange(dropped_, 0); }

private:
  // What is known of a record by its order number, for what comes after it.
  struct node {
    std::uint64_t order = 0;    ///< 0: none
    std::uint64_t root = 0;     ///< order of the trace's begin; 0: nothing has led to it
    std::uint64_t span = 0;     ///< order of the span that is above what comes of it
    std::uint64_t above = 0;    ///< order of the span above itself
    std::uint64_t transfer = 0; ///< order of the transfer that has led to it
    std::uint64_t transfer_root = 0;
    std::uint64_t time = 0, wait = 0;
    std::uint64_t request = 0; ///< of a kernel_op: its number
    trace::kind what = trace::kind::handled;
    trace::actor_kind actor = trace::actor_kind::other;
  };
  struct open_request {
    node at;
    std::uint64_t op = 0, offset = 0, size = 0;
    std::string name;
    std::uint64_t directory = 0; ///< inode
    std::uint64_t taken = 0;     ///< order of the last message that carried it
    std::uint64_t put_aside = 0; ///< time; 0: not yet
  };
  struct open_transfer {
    node at;
    std::uint64_t count = 0;
    std::uint64_t kind = 0;
  };
  struct place {
    std::uint64_t parent = 0;
    std::string name;
  };

  static constexpr std::size_t remembered = 1U << 16; // records
  static constexpr std::size_t most_open = 1U << 14;  // requests, and transfers
  static constexpr std::size_t most_places = 1U << 17;

  node* find(std::uint64_t order);
  node& remember(const trace::record& r);
  void request_came(const trace::record& r);
  void replied(const trace::record& r, std::vector<span>& out);
  void message_came(const trace::record& r);
  void handled(const trace::record& r, std::vector<span>& out);
  void transfer_began(const trace::record& r);
  void transfer_ended(const trace::record& r, std::vector<span>& out);
  void spawned(const trace::record& r);
  span fetched(const open_transfer& transfer, std::uint64_t end, std::uint64_t code) const;

  span make(const node& at, std::uint64_t begin, std::uint64_t end) const;
  std::string path_of(std::uint64_t inode) const;

  const span_ids& ids_;
  const std::uint64_t begin_;
  const bool paths_;
  std::vector<node> nodes_; ///< by order
  std::unordered_map<std::uint64_t, open_request> requests_;
  std::unordered_map<std::uint64_t, open_transfer> transfers_; ///< by order
  std::unordered_map<std::uint64_t, place> places_;            ///< folders, only with paths
  std::uint64_t dropped_ = 0;
};

} // namespace gitfs
