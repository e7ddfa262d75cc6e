// What to want ahead, told by where readers are: all kinds of ways through the tree side by side.
#pragma once

#include "actors/model/counters.hpp"
#include "actors/model/reader_way.hpp"
#include "actors/prefetch/busy_directories.hpp"
#include "actors/prefetch/namesakes.hpp"
#include "actors/prefetch/readahead.hpp"

#include <array>
#include <cstdint>
#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gitfs {

/// Not thread-safe: the prefetcher owns it.
class prefetch_plan final : private readahead_port {
public:
  /// `window_bytes`: contents that one window may bring; three of them may be in memory at once. Counts what came ahead
  /// and what of it was read. `ahead`: gets the listings that are read ahead of walkers.
  prefetch_plan(object_db& db, readahead_port& port, counters& counts, std::uint64_t window_bytes,
                listing_cache* ahead = nullptr);

  /// A directory was listed from its start.
  void listed(const directory_location_ptr& directory);
  /// Somebody waits for the sizes of its entries.
  void statted(const directory_location_ptr& directory);
  /// A file is being read from its start.
  void read(const directory_location_ptr& directory, child_index file, std::string_view name, const oid& id);
  /// After `read`: its contents are not here.
  void missed(const directory_location_ptr& directory, child_index file, const oid& id) {
    if (is_left(*directory))
      return;
    contents_.missed(directory, file, id);
  }
  /// The kernel has forgotten it and all below: nobody is there any more.
  void forgotten(const directory_location& directory);
  /// `root` is the root of another snapshot now: what was wanted for readers of the one before is cancelled, and what
  /// is heard of these from here on is nothing.
  void moved(const directory_location& root);
  void finished(want_id id, const want_result& outcome);
  std::vector<activity::walker> walkers() const;
  bool fetches_contents() const { return !blobs_asked_.empty(); }
  /// After the port's `later`.
  void due() {
    depth_.due();
    breadth_.due();
  }

private:
  bool is_left(const directory_location& directory) const { return shown_ && directory.shown != shown_; }
  void ask(want w) override;
  void cancel(want_id id) override;
  void window_begins() override { port_.window_begins(); }
  void window_ends() override { port_.window_ends(); }
  bool later() override { return port_.later(); }
  std::uint64_t share_of(std::uint64_t bytes) override { return port_.share_of(bytes); }
  void came(const std::vector<oid>& blobs);
  void was_read(const oid& blob);
  void forget_asked(const std::vector<oid>& blobs);

  object_db& db_;
  readahead_port& port_;
  counters& counts_;
  readahead depth_, breadth_, stats_, contents_;
  busy_directories busy_;
  namesakes names_;
  /// By reader_way.
  const std::array<way_ahead*, reader_ways> ways_{&depth_, &breadth_, &stats_, &contents_, &busy_, &names_};
  bool sizes_cost_contents_ = false;
  std::deque<directory_location_ptr> statted_before_; // that was known: where the last walkers were then
  std::shared_ptr<const shown_snapshot> shown_;       // none until it has moved for the first time
  std::unordered_map<want_id, std::vector<oid>> blobs_asked_;
  struct asked_blob {
    std::uint64_t size = 0;
    bool here = false;
    bool read = false; // before it was here: its reader waits for it
  };
  std::unordered_map<oid, asked_blob> unread_; // blobs that were asked for ahead
};

} // namespace gitfs
