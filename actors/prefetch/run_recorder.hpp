// Records what programs read in a mounted ref, in which order and by which program: a run, of which a profile is made.
#pragma once

#include "actors/model/directory_location.hpp"
#include "backend/git/object_db.hpp"
#include "backend/profile/profile.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <unordered_set>
#include <vector>

namespace gitfs {

/// What was read, in the order of the first reads.
struct recorded_run {
  struct entry {
    std::string path;          ///< from the root of the snapshot; of a folder with a slash at its end
    oid id{};                  ///< of a file: its size is looked up when the profile is made
    std::uint32_t program = 0; ///< its place in `programs`
  };
  std::vector<entry> entries;
  std::vector<std::string> programs{std::string{}}; ///< the first: unknown

  /// The entries of `folder` ("": all) from the one with that rank on, at most so many; paths are below the folder.
  /// Sizes are of what `db` holds.
  std::vector<profile_entry> entries_from(std::size_t rank, std::size_t most, std::string_view folder,
                                          object_db& db) const;
};

/// Costs a look-up for a file that was read before. Never asks for anything. Not thread-safe: the prefetcher owns it.
class run_recorder {
public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::seconds idle{60}; ///< a run ends when nobody has read for so long

  /// A file is read. `caller`: the id of the process, or of its thread; 0: it is in another pid namespace, and no
  /// program is noted.
  void read(const directory_location& directory, std::string_view name, const oid& id, pid_t caller,
            clock::time_point now);
  /// The directory is listed, or a request waits for the sizes of its entries.
  void folder(const directory_location& directory, clock::time_point now);
  /// A folder whose sizes came ahead, so that nobody waited for them.
  void add_folder(std::string path);

  /// True if nobody has read since `idle` ago.
  bool is_over(clock::time_point now) const { return now - last_ >= idle; }
  clock::time_point last_read() const { return last_; }
  const recorded_run& run() const { return run_; }

private:
  void add(std::string path, const oid& id, pid_t caller);
  bool is_new(const directory_location& directory, std::string_view name);
  std::uint32_t program_of(pid_t caller);

  // A process may become another program, so what is known of one is believed for a moment only.
  struct known_process {
    pid_t id = 0;
    std::uint32_t program = 0;
    clock::time_point since{};
  };

  recorded_run run_;
  std::unordered_set<std::uint64_t> seen_; // keys of paths
  std::array<known_process, 16> processes_{};
  clock::time_point last_{-idle}; // over, also on a machine that has just been booted, where the clock begins with 0
};

/// The path of a directory below the root of its snapshot, with a slash at its end; "" for the root.
std::string path_in_snapshot(const directory_location& directory);

} // namespace gitfs
