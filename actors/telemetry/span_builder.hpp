// Makes spans of the records of what actors do (actors/trace/record/records.hpp).
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

/// Each kernel request is a trace. Its root span lasts until the reply. Below it are, by their causes,
/// * "wait", from when the directory has parked the request until the reply, with a link to the transfer that ended the
///   wait if another request had begun that transfer;
/// * "fetch" for each upstream transfer;
/// * a span for each message that waited in a mailbox, or whose handler took, a millisecond or more.
/// Something that no request has led to, or whose causes are not remembered any more, is a trace of its own. Memory is
/// bounded: there is no span of what stays open for too long, or of what is too much.
class span_builder {
public:
  static constexpr std::uint64_t noticeable = 1'000'000; ///< a message that takes so many nanoseconds gets a span

  /// `begin`: the wall clock when the records' time was 0, in nanoseconds since 1970. `paths`: spans name files and
  /// folders.
  span_builder(const span_ids& ids, std::uint64_t begin, bool paths);

  /// Takes the next record, by time, a cause before its effects. Appends the spans that this record completes.
  void take(const trace::record& r, std::vector<span>& out);

  /// Called at the end: everything that is still open ends at `time`, in the records' time. Spans of transfers must not
  /// be lost, because a server may know their ids already.
  void finish(std::uint64_t time, std::vector<span>& out);

  /// How many spans were given up since the last call, because too much was open, mostly because records were lost.
  std::uint64_t take_dropped() { return std::exchange(dropped_, 0); }

private:
  // What is remembered of a record for the records that it causes.
  struct node {
    std::uint64_t order = 0;    ///< 0: none
    std::uint64_t root = 0;     ///< order number of the trace's begin; 0: the record has no cause
    std::uint64_t span = 0;     ///< order number of the span that is the parent of its effects' spans
    std::uint64_t above = 0;    ///< order number of the parent of its own span
    std::uint64_t transfer = 0; ///< order number of the transfer that has led to it
    std::uint64_t transfer_root = 0;
    std::uint64_t time = 0, wait = 0;
    std::uint64_t request = 0; ///< the number of the request, if the record is a kernel_op
    trace::kind what = trace::kind::handled;
    trace::actor_kind actor = trace::actor_kind::other;
  };
  struct open_request {
    node at;
    std::uint64_t op = 0, offset = 0, size = 0;
    std::string name;
    std::uint64_t directory = 0; ///< inode number
    std::uint64_t taken = 0;     ///< order number of the last message that carried the request
    std::uint64_t put_aside = 0; ///< when it was parked; 0: it was not
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
  std::vector<node> nodes_; ///< by order number
  std::unordered_map<std::uint64_t, open_request> requests_;
  std::unordered_map<std::uint64_t, open_transfer> transfers_; ///< by order number
  std::unordered_map<std::uint64_t, place> places_;            ///< folders by inode number, only if spans have paths
  std::uint64_t dropped_ = 0;
};

} // namespace gitfs
