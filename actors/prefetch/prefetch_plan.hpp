// Decides what to want ahead of readers: it has one class for each way in which readers go through the tree.
#pragma once

#include "actors/model/counters.hpp"
#include "actors/model/reader_way.hpp"
#include "actors/prefetch/busy_directories.hpp"
#include "actors/prefetch/folder_sets.hpp"
#include "actors/prefetch/job_profile.hpp"
#include "actors/prefetch/name_walks.hpp"
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
  /// `window_bytes`: the contents that one window may bring, in bytes; three windows may be in memory at once.
  /// `counts`: counts the contents that came ahead and how much of them was read. `ahead`: gets the listings that are
  /// read ahead of walkers. `sets`: false in the replay of a mount that knew busy directories instead of sets.
  prefetch_plan(object_db& db, readahead_port& port, counters& counts, std::uint64_t window_bytes,
                listing_cache* ahead = nullptr, bool sets = true);

  /// A directory was listed from its start.
  void listed(const directory_location_ptr& directory);
  /// A request waits for the sizes of the directory's entries.
  void statted(const directory_location_ptr& directory);
  /// A look-up of a file by its name waits for the file's size.
  void looked_up(const directory_location_ptr& directory, const oid& id);
  /// A file is being read from its start.
  void read(const directory_location_ptr& directory, child_index file, std::string_view name, const oid& id);
  /// After `read`: the contents of the file are not here.
  void missed(const directory_location_ptr& directory, child_index file, const oid& id) {
    if (is_left(*directory))
      return;
    profile_.missed(id);
    contents_.missed(directory, file, id);
  }
  /// What a profile says that will be read in this snapshot: see job_profile.
  void use_profile(const oid& commit, const oid& root, std::vector<profile_entry> entries);
  bool uses_profile() const { return profile_.in_use(); }
  const std::vector<std::string>& folders_of_profile() const { return profile_.folders(); }
  /// The kernel has forgotten the directory and all below it, so no program is there any more.
  void forgotten(const directory_location& directory);
  /// `root` is the root of the new snapshot of the mounted ref. Wants for readers of the old snapshot are cancelled,
  /// and later messages about those readers are ignored.
  void moved(const directory_location& root);
  void finished(want_id id, const want_result& outcome);
  std::vector<activity::walker> walkers() const;
  bool fetches_contents() const { return !requested_blobs_.empty(); }
  /// Puts together the windows that were put off: see readahead_port::later.
  void due() {
    depth_.due();
    breadth_.due();
    profile_.due();
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
  void forget_requested(const std::vector<oid>& blobs);

  object_db& db_;
  readahead_port& port_;
  counters& counts_;
  readahead depth_, breadth_, stats_, contents_;
  busy_directories busy_;
  namesakes names_;
  folder_sets sets_;
  job_profile profile_;
  name_walks lookups_;
  const bool knows_sets_;
  /// By reader_way.
  const std::array<way_ahead*, reader_ways> ways_{&depth_, &breadth_, &stats_,   &contents_, &busy_,
                                                  &names_, &sets_,    &profile_, &lookups_};
  bool sizes_cost_contents_ = false;
  // Files that were looked up and not read yet: where sizes cost contents, these have come with the look-up.
  lru_map<oid, bool> looked_up_;
  std::deque<directory_location_ptr> statted_before_; // where the last walkers were, until the cost of sizes is known
  std::shared_ptr<const shown_snapshot> shown_;       // null until the mounted ref has moved for the first time
  std::unordered_map<want_id, std::vector<oid>> requested_blobs_;
  struct requested_blob {
    std::uint64_t size = 0;
    bool here = false;
    bool read = false; // read before it was here, so its reader waits for it
  };
  std::unordered_map<oid, requested_blob> unread_; // blobs that were asked for ahead
};

} // namespace gitfs
