// What each place of a mount has shown, and since when. The times of files follow from that: a file has the time at
// which its place began to show these contents, so that `make` and git see by it whether a file has changed.
#pragma once

#include "backend/git/oid.hpp"
#include "backend/remote/repository.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace gitfs {

/// Nanoseconds since 1970.
using file_time = std::int64_t;

/// Converts a time in seconds, as commits and forges have it. A time that does not fit becomes the nearest that does.
file_time file_time_of(std::int64_t seconds);
/// The wall clock.
file_time time_now();

/// A tree that a directory showed from `since` until the next one began. Zeroes: there was no such directory.
struct shown_run {
  oid tree;
  file_time since = 0;
  bool operator==(const shown_run&) const = default;
};
/// The latest first, and no two neighbours have the same tree.
using shown_runs = std::vector<shown_run>;
using shown_runs_ptr = std::shared_ptr<const shown_runs>;

inline constexpr std::size_t most_runs = 64; ///< of one place that are remembered

/// Adds the snapshot `now` to what a place has shown. `before`: what it has shown until now; null: unknown. Returns
/// `before` itself if the tree is the same. The first tree has the time of its commit. A later tree has the time at
/// which it replaced the one before, and no two trees have the same time. No time is later than `now.shown_at`, unless
/// that is 0.
shown_runs_ptr shows_now(const shown_runs_ptr& before, const snapshot_facts& now);

/// Keeps what the places of one mountpoint have shown over remounts, in files of the cache folder. Any thread. If two
/// write about the same place, one of them wins.
class shown_times {
public:
  /// No file or folder is made before the first `write`.
  shown_times(const std::filesystem::path& cache_dir, std::filesystem::path mountpoint);

  /// `place`: a path below the mountpoint; "": the mountpoint. Null: there is no file, or it is damaged, which is
  /// logged. Times are those of commits then.
  shown_runs_ptr read(const std::string& place) const;
  /// Best effort: if the file cannot be written, the times are lost at the next remount. If there are too many places,
  /// those that were written longest ago are forgotten.
  void write(const std::string& place, const shown_runs& what) const;

private:
  std::string head_of(const std::string& place) const;
  std::filesystem::path file_of(const std::string& place) const;

  const std::filesystem::path folder_, mountpoint_;
};

} // namespace gitfs
