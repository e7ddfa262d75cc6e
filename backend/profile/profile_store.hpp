// The profiles of one source: the one that its user has named, and those of its last runs, in the cache folder.
#pragma once

#include "backend/profile/profile.hpp"
#include "config/error.hpp"

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

/// A run is kept as a file of the folder `profiles` in the source's store, so what the cache folder takes, and what is
/// removed with the source, has it in. Thread-safe; any number of processes may use the same folder.
class profile_store {
public:
  static constexpr std::size_t most_runs = 4;     ///< of each source; the one that was not recorded for longest goes
  static constexpr std::size_t least_entries = 4; ///< a shorter run is not worth a file

  struct files {
    std::filesystem::path folder;                 ///< for runs; empty: none is kept
    std::filesystem::path named;                  ///< the profile that the user has named; empty: none
    std::size_t most_bytes = profile::most_bytes; ///< of a run's file: what is read later is left out of it
  };
  /// `source`: the URL without credentials. Makes no folder before the first `add`.
  profile_store(files where, std::string source) : where_(std::move(where)), source_(std::move(source)) {}

  const std::string& source() const { return source_; }
  bool keeps_runs() const { return !where_.folder.empty(); }
  /// Empty: none was named.
  const std::filesystem::path& named() const { return where_.named; }

  /// The kept runs, the last one first. A file that is damaged is passed over.
  std::vector<profile> runs() const;
  /// Keeps a run in place of one that is mostly the same, or beside the others. Best effort: without room, or in a
  /// folder that cannot be written, it is not kept, which is logged once.
  void add(profile run) const;

private:
  std::vector<std::filesystem::path> newest_first() const;

  const files where_;
  const std::string source_;
  mutable std::atomic<bool> failed_{false};
};

} // namespace gitfs
