// The actor that takes the wants of directories and prefetchers, and asks the upstream for them.
#pragma once

#include "actors/fetch/want_queue.hpp"
#include "actors/model/activity.hpp"
#include "actors/mount/mount_context.hpp"
#include "actors/runtime/resilient_actor.hpp"
#include "backend/remote/upstream.hpp"

#include <chrono>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace gitfs {

struct transfer_finished;

/// Owns every transfer: when this actor ends, all its transfers are cancelled. There is one fetcher for each repository
/// that has an upstream, however many of its refs are mounted.
class fetcher_actor final : public resilient_actor {
public:
  /// `trees_ahead`: when the first tree of a snapshot is missed, fetch all of its trees, giving up beyond that many
  /// bytes (0: do not).
  fetcher_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context, std::shared_ptr<mounted_repository> of,
                std::shared_ptr<upstream> remote, std::uint64_t trees_ahead, const want_queue::limits& limits);

  const char* name() const override { return "fetcher"; }
  std::string describe() const override;

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;
  void clean_up() override;

private:
  // want_queue numbers its transfers from 1. Number 0 is the transfer of all trees, which the fetcher plans itself.
  static constexpr std::uint64_t ahead_number = 0;

  struct asker {
    caf::weak_actor_ptr actor;
    directory_location_ptr location; // null: the prefetcher, or a path_finder
  };

  void enter(const want_key& key, asker from, want what);
  void want_trees_ahead(const oid& commit);
  void fetch_trees_ahead(const oid& commit);
  void wait_for_paths(std::chrono::milliseconds patience);
  void trees_ahead_ended(const std::optional<error>& failure);
  void start(const planned_transfer& plan);
  void transfer_ended(transfer_finished& m);
  // fetcher_activity.cpp
  void tell(activity& to) const;
  void add_waiting(activity::transfer& to, const want_queue::waiting_wants& waiting) const;
  std::string who_waits(const want_key& key, const want& w) const;
  using sizes_of_blobs = std::vector<std::pair<oid, std::uint64_t>>;
  /// Takes out of the want those blobs whose sizes the store knows by now, and gives their sizes.
  sizes_of_blobs take_known_sizes(want& w) const;
  void add_sizes(const std::vector<oid>& ids, want_result& outcome) const;
  void pump_soon();
  void pump();
  // `begun`: order number of the record of the transfer's start.
  transfer_callback report(std::uint64_t number, std::uint64_t begun);
  std::string traceparent(std::uint64_t begun) const;

  std::shared_ptr<mount_context> context_;
  std::shared_ptr<mounted_repository> of_; // null when this actor has ended, because the repository holds the actor
  std::shared_ptr<upstream> remote_;
  const std::uint64_t trees_ahead_;
  std::unordered_set<oid> tried_ahead_; // commits whose trees were asked for as a whole
  oid ahead_of_;                        // the last of these commits
  std::optional<oid> had_ahead_{}; // the commit whose trees came last: a later one is fetched as a difference to it
  std::deque<oid> next_ahead_;     // commits whose trees are asked for when the present transfer has ended
  want_queue queue_;
  bool pump_queued_ = false;
  unsigned delays_ = 0; // messages trees_delayed that have not come back yet
  std::map<want_key, asker> wanting_;
  struct running {
    std::unique_ptr<transfer> handle;
    // Only shown to people. No decision depends on it, because a replay has another clock.
    std::chrono::steady_clock::time_point started = std::chrono::steady_clock::now();
  };
  std::unordered_map<std::uint64_t, running> transfers_;
};

} // namespace gitfs
