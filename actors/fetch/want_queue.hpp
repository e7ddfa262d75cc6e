// Decides which transfers to start for all wants, and when.
//
// Single flight: each object is asked for once, and wants that come meanwhile join. Batches without timers: only a few
// transfers run at once, and wants that arrive while all of these are busy leave together in the next one. Demand
// leaves before speculation, and always finds a free slot.
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
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gitfs {

/// Identifies a want: the id of the actor that wants, and that actor's own number for the want.
using want_key = std::pair<std::uint64_t, want_id>;

struct planned_transfer {
  std::uint64_t number = 0;
  want_kind kind = want_kind::blobs;
  std::vector<oid> ids;
  bool snapshot = false;      ///< fetch everything, because the server cannot filter; `ids` comes with that
  std::vector<oid> commits{}; ///< with `snapshot`: the commits that are fetched as a whole
  bool is_probe = false; ///< blobs are fetched to learn their sizes; EFBIG: they are large, so ask object-info instead
};

struct finished_want {
  want_key key;
  want_result outcome;
};

/// Not thread-safe: the fetcher owns it.
class want_queue {
public:
  struct limits {
    unsigned slots = 4;             ///< transfers that run at once
    unsigned speculative_slots = 2; ///< of these, at most so many with speculation alone
    std::size_t objects = 4096;     ///< in one transfer (one request of 4,096 blobs is 4 times as fast as 16 of 256)
    std::size_t sizes = 131072;     ///< in one transfer
    unsigned size_slots = 2; ///< transfers of sizes that run at once: one answer often has what the next would ask for
    unsigned tree_requests_while_held =
        2; ///< transfers for walks, after the transfer of all trees turned out to be long
    unsigned unread_probes =
        4; ///< after so many files that were looked up by path and not read, sizes come without contents
  };

  explicit want_queue(const limits& l) : limits_(l), objects_length_(l.objects), sizes_length_(l.sizes) {}

  /// Enters a want. A want without objects is finished at once. `known`: sizes that it is to be told besides.
  void add(const want_key& key, want w, std::vector<std::pair<oid, std::uint64_t>> known = {});
  /// True if `add` would ask for the contents of these objects to learn their sizes.
  bool learns_from_contents(const want& w) const;
  void promote(const want_key& key, urgency how);
  /// Drops a want. Transfers that then serve no want are given by `take_cancelled`.
  void cancel(const want_key& key);

  /// The next transfer to start now. None: every slot is busy, or no object is wanted that may be asked for now.
  std::optional<planned_transfer> next();

  /// While held, a transfer of all trees is running: no other trees are asked for, and speculation leaves later,
  /// together with what the walk then needs. `serve_paths`: that transfer takes longer than a request for a path may
  /// wait, so these get their own transfers. `held_long`: it takes a long time, so walks get a few transfers of their
  /// own, too.
  void hold_trees(bool hold);
  void serve_paths() { hold_paths_ = false; }
  /// Undoes that: they will be here soon.
  void hold_paths() { hold_paths_ = hold_trees_; }
  void held_long() {
    serve_paths();
    tree_requests_left_ = hold_trees_ ? limits_.tree_requests_while_held : 0;
  }
  /// While held, sizes are not asked for, because the prefetcher is putting together a window that has most of them.
  void hold_sizes(bool hold) { hold_sizes_ = hold; }

  /// A file that was looked up by its path is being read. The next such file will probably be read too, so its contents
  /// are fetched at the look-up and give its size, in one request instead of two.
  void probe_was_read() { reads_follow_ = true, unread_probes_ = 0; }

  /// A transfer has ended. `absent`: the objects that the transfer was to bring and that are not here although it
  /// succeeded; each is asked for once more, by itself. ENOTSUP, EAGAIN, ENOENT, EFBIG and E2BIG change the plan
  /// instead of failing the wants: see want_queue_finish.cpp.
  void finish(std::uint64_t transfer, const want_result& outcome, const std::vector<oid>& absent = {});

  /// Finishes the wants of trees that have come by another transfer, as `here` says, and were not asked for yet.
  void finish_if(const std::function<bool(const oid&)>& here);

  std::vector<finished_want> take_finished() { return std::exchange(finished_, {}); }
  std::vector<std::uint64_t> take_cancelled() { return std::exchange(cancelled_, {}); }

  /// True if sizes cost contents on this server.
  bool sizes_cost_contents() const { return !object_info_; }
  /// True if some want in this transfer asked for objects only to learn their sizes.
  bool wants_sizes(std::uint64_t transfer) const;
  bool brings_objects(std::uint64_t transfer) const;
  /// The objects that a running transfer was planned to bring; empty for a transfer that was cancelled.
  std::vector<oid> objects_of(std::uint64_t transfer) const;

  /// How many objects were wanted that were wanted already, since the last call.
  std::uint64_t take_joined() { return std::exchange(joined_, 0); }

  // What follows shows the queue to people (want_queue_view.cpp). It takes time in proportion to the number of wants.
  struct waiting_wants {
    std::size_t count = 0;
    urgency how = urgency::speculation;                  ///< the highest of all
    std::vector<std::pair<want_key, const want*>> first; ///< the first few of them; valid until the queue changes
  };
  struct transfer_view {
    std::uint64_t number = 0;
    want_kind kind = want_kind::blobs;
    bool snapshot = false;
    std::size_t objects = 0;
    waiting_wants waiting;
  };
  std::vector<transfer_view> running_transfers() const;
  /// The wants of trees that are held or not asked for yet.
  waiting_wants held_trees() const;
  /// The number of objects of that kind that are not asked for yet, by urgency.
  std::array<std::size_t, urgencies> queued(want_kind kind) const;

  std::size_t in_flight() const { return transfers_.size(); }
  std::size_t waiting() const { return wants_.size(); }

private:
  struct item {
    std::vector<want_key> waiters;
    std::uint64_t transfer = 0; ///< 0: queued
    urgency how = urgency::speculation;
    bool alone = false; ///< a transfer with this object failed with ENOENT, so it is asked for by itself
  };
  struct entered_want {
    want w;
    want_kind served_as = want_kind::blobs; // differs from the want's kind where sizes are learned from contents
    std::size_t remaining = 0;
    want_result outcome;
  };
  struct running {
    planned_transfer plan;
    std::size_t live = 0; ///< objects of the plan that some want still waits for
    bool demand = false;
  };
  using items = std::unordered_map<oid, item>;

  /// The most ids that one transfer of this kind asks for.
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
  void enter(const want_key& key, want w, bool sizes_cost_contents, want_result so_far = {});
  void degrade_sizes(const planned_transfer& plan, const want_result& outcome);
  void degrade_for_now(const planned_transfer& plan, const want_result& outcome);
  void degrade_target(const planned_transfer& plan, const want_result& outcome);
  void ask_for_fewer(const planned_transfer& plan, const want_result& outcome);
  void ask_for_all(const planned_transfer& plan, const want_result& outcome);
  void ask_one_by_one(const planned_transfer& plan, const want_result& outcome);
  void settle(const planned_transfer& plan, const want_result& outcome, const std::vector<oid>& absent);
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
  std::string failure_; // why what is settled now fails
  std::uint64_t next_transfer_ = 1;
  bool object_info_ = true;
  bool filter_ = true;
  bool hold_trees_ = false;
  bool hold_paths_ = false; // requests for paths wait for all trees, too; only while trees are held
  bool hold_sizes_ = false;
  bool reads_follow_ = true; // a program that opens a file by its path mostly reads it
  unsigned unread_probes_ = 0;
  std::uint64_t joined_ = 0;
  unsigned tree_requests_left_ = 0; // transfers that walks may still start while trees are held
};

} // namespace gitfs
