// Which upstream requests to make for all that is wanted, and when.
//
// Single flight: each object is asked for once, whoever wants it meanwhile joins. Batching without timers: with a few
// requests in flight at most, what arrives while all are busy leaves together in the next one. Demand goes before
// speculation and always finds a slot of its own.
#pragma once

#include "actors/fetch/request_length.hpp"
#include "actors/model/want.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gitfs {

/// Who wants: an actor's id, and its own number for the want.
using want_key = std::pair<std::uint64_t, want_id>;

struct planned_transfer {
  std::uint64_t number = 0;
  want_kind kind = want_kind::blobs;
  std::vector<oid> ids;
  bool snapshot = false;      ///< fetch everything, because the server cannot filter; it brings `ids` too
  std::vector<oid> commits{}; ///< of the snapshots that are fetched as a whole
  bool looked_up = false; ///< blobs for their sizes, as long as they are small: EFBIG leaves the sizes to object-info
};

struct finished_want {
  want_key key;
  want_result outcome;
};

/// Not thread-safe: the fetcher owns it.
class want_queue {
public:
  struct limits {
    unsigned slots = 4;             ///< transfers in flight
    unsigned speculative_slots = 2; ///< of these, without any demand
    std::size_t objects = 4096; ///< a transfer (measured: one request of 4,096 blobs is 4 times as fast as 16 of 256)
    std::size_t sizes = 131072;
    unsigned size_slots = 2; ///< transfers of sizes in flight: one answer often holds what the next would ask for
    unsigned tree_requests_while_held = 2; ///< of walks, once what is held for has turned out to be long
    unsigned unread_looks = 4;             ///< so many looked-up files that nobody read: who looks is not about to read
  };

  explicit want_queue(const limits& l) : limits_(l), objects_length_(l.objects), sizes_length_(l.sizes) {}

  /// Enters a want. Wanting nothing is finished at once.
  void add(const want_key& key, want w);
  void promote(const want_key& key, urgency how);
  /// Nobody waits for it any more. Transfers that thereby serve nobody are in `take_cancelled`.
  void cancel(const want_key& key);

  /// The next transfer to start now; none: every slot is busy or nothing is wanted.
  std::optional<planned_transfer> next();

  /// While set, all trees are on their way already: no others are asked for, and what is only guessed at leaves later,
  /// with what the walk then needs. `serve_paths`: it takes longer than a path may wait for it. `held_long`: it is
  /// going to take a while, so walks are served too, a little.
  void hold_trees(bool hold);
  void serve_paths() { hold_paths_ = false; }
  /// Undoes that: they will be here soon.
  void hold_paths() { hold_paths_ = hold_trees_; }
  void held_long() {
    serve_paths();
    tree_requests_left_ = hold_trees_ ? limits_.tree_requests_while_held : 0;
  }
  /// While set, sizes are not asked for: a window that is being put together holds most of what would be asked.
  void hold_sizes(bool hold) { hold_sizes_ = hold; }

  /// A file that somebody looked up by its path is being read now: the next that is looked up so will be too, and its
  /// size comes with its contents, in one request instead of two.
  void look_was_read() { reads_follow_ = true, unread_looks_ = 0; }

  /// A transfer ended. `absent`: what it was to bring and is not here although it succeeded; asked for once more,
  /// alone. ENOTSUP, EAGAIN, ENOENT, EFBIG and E2BIG change the plan rather than fail the wants, see want_queue.cpp.
  void finish(std::uint64_t transfer, const want_result& outcome, const std::vector<oid>& absent = {});

  /// Finishes whoever waits for a tree (not yet in flight) that `here` says has come by another way.
  void finish_if(const std::function<bool(const oid&)>& here);

  std::vector<finished_want> take_finished() { return std::exchange(finished_, {}); }
  std::vector<std::uint64_t> take_cancelled() { return std::exchange(cancelled_, {}); }

  /// True if sizes cost contents on this server.
  bool sizes_cost_contents() const { return !object_info_; }
  /// True if somebody in this transfer asked for objects only to learn their sizes.
  bool wants_sizes(std::uint64_t transfer) const;
  bool brings_objects(std::uint64_t transfer) const;
  /// What a transfer in flight was planned to bring; empty for one that was cancelled.
  std::vector<oid> objects_of(std::uint64_t transfer) const;

  /// Objects that somebody wanted while they were wanted already, since this was asked last.
  std::uint64_t take_joined() { return std::exchange(joined_, 0); }

  // For who wants to see it (want_queue_view.cpp). Takes time in proportion to what is wanted.
  struct waiting_wants {
    std::size_t count = 0;
    urgency how = urgency::speculation;                  ///< the highest
    std::vector<std::pair<want_key, const want*>> first; ///< some of them; valid until the queue changes
  };
  struct transfer_view {
    std::uint64_t number = 0;
    want_kind kind = want_kind::blobs;
    bool snapshot = false;
    std::size_t objects = 0;
    waiting_wants waiting;
  };
  std::vector<transfer_view> running_transfers() const;
  /// Who waits for trees that are held, or are not asked for yet.
  waiting_wants held_trees() const;
  /// Objects that are not asked for yet, by urgency.
  std::array<std::size_t, urgencies> queued(want_kind kind) const;

  std::size_t in_flight() const { return transfers_.size(); }
  std::size_t waiting() const { return wants_.size(); }

private:
  struct item {
    std::vector<want_key> waiters;
    std::uint64_t transfer = 0; ///< 0: queued
    urgency how = urgency::speculation;
    bool alone = false; ///< a batch failed with ENOENT: ask for this one by itself
  };
  struct entered_want {
    want w;
    want_kind served_as = want_kind::blobs; // sizes may come with contents
    std::size_t remaining = 0;
    want_result outcome;
  };
  struct running {
    planned_transfer plan;
    std::size_t live = 0; ///< items that somebody still waits for
    bool demand = false;
  };
  using items = std::unordered_map<oid, item>;

  /// So many ids one transfer of this kind asks for.
  request_length& length(want_kind kind) { return kind == want_kind::sizes ? sizes_length_ : objects_length_; }
  items& of(want_kind kind) { return items_[static_cast<int>(kind)]; }
  std::deque<oid>& queue(want_kind kind, urgency how) { return queues_[static_cast<int>(kind)][static_cast<int>(how)]; }
  waiting_wants waiting_for(const std::vector<const item*>& wanted) const;
  bool enqueue(want_kind kind, const oid& id, const want_key& key, urgency how);
  std::optional<planned_transfer> take(want_kind kind, urgency how);
  std::optional<planned_transfer> next_wanted();
  void settle(want_kind kind, const oid& id, int code);
  void settle(want_kind kind, items::iterator it, int code);
  void settle(const want_key& key, int code);
  void enter(const want_key& key, want w, bool sizes_cost_contents);
  void degrade_sizes();
  void degrade_for_now(const planned_transfer& plan, const want_result& outcome);
  void degrade_focus(const planned_transfer& plan, const want_result& outcome);
  void ask_for_fewer(const planned_transfer& plan);
  void requeue(want_kind kind, const oid& id, bool alone);
  void settle_queued(const std::vector<oid>& commits, int code);
  std::vector<oid> wanted_commits() const;
  bool sized(const want_key& key) const;
  bool may_start(want_kind kind, urgency how) const;

  const limits limits_;
  request_length objects_length_, sizes_length_;
  items items_[want_kinds];
  std::deque<oid> queues_[want_kinds][urgencies];
  std::map<want_key, entered_want> wants_;
  std::unordered_map<std::uint64_t, running> transfers_;
  std::vector<finished_want> finished_;
  std::vector<std::uint64_t> cancelled_;
  std::uint64_t next_transfer_ = 1;
  bool object_info_ = true;
  bool filter_ = true;
  bool hold_trees_ = false;
  bool hold_paths_ = false; // only while trees are held
  bool hold_sizes_ = false;
  bool reads_follow_ = true; // who opens a file by its path mostly reads it
  unsigned unread_looks_ = 0;
  std::uint64_t joined_ = 0;
  unsigned tree_requests_left_ = 0; // while held
};

} // namespace gitfs
