// Wants ahead of a job what a profile says that it will read.
#pragma once

#include "actors/fetch/path_selection.hpp"
#include "actors/prefetch/readahead.hpp"
#include "actors/prefetch/way_ahead.hpp"
#include "backend/git/object_db.hpp"
#include "backend/profile/profile.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gitfs {

/// All paths are looked up together: what is missing of a level of trees is one want. Then contents are wanted in the
/// order of the profile: when what was wanted and is still ahead of the job is less than a window, it is filled up to
/// two. The sizes of the other files in the same folders are one want, since whoever reads in a folder mostly stats
/// more of it. Paths that are not there are passed over. A profile whose guesses miss is dropped, with what is on its
/// way. Not thread-safe.
class job_profile final : public way_ahead {
public:
  struct limits {
    std::uint64_t bytes = 32U << 20; ///< contents in a window, in bytes, of known or assumed size
    std::size_t files = 4096;        ///< in a window
    std::size_t slice = 128;         ///< trees that are read at a time
    std::size_t judged = 16;         ///< after so many reads a profile is judged:
    std::size_t share = 4;           ///< one of so many must have been foreseen
    std::size_t few = 3; ///< a folder with fewer files named is left out of sizes if it has more than `large` entries
    std::size_t large = 512;
  };

  job_profile(object_db& db, readahead_port& port, const limits& l) : db_(db), port_(port), limits_(l) {}

  /// Begins with a profile of the snapshot with this commit and root tree, in place of one that is in use. Paths are
  /// from the root.
  void begin(const oid& commit, const oid& root, std::vector<profile_entry> entries);
  /// A directory is listed. True: the profile has said so, and the sizes of its files were wanted.
  bool foresaw(const directory_location& directory) const { return listed_.contains(directory.tree); }
  /// A file is read. True: it was wanted for the profile.
  bool was_wanted(const oid& id);
  /// The contents of a file that is read are not here.
  void missed(const oid& id);
  /// Goes on looking up paths: see readahead_port::later.
  void due();
  bool in_use() const { return paths_ || !files_.empty(); }
  /// The folders of the profile in use: nobody has to wait for the sizes of their files.
  const std::vector<std::string>& folders() const { return folders_; }

  void forgotten(const directory_location&) override {}
  void clear() override;
  void finished(want_id id, const want_result& outcome) override;
  std::vector<activity::walker> walkers() const override;

private:
  struct file {
    oid id;
    std::uint64_t end = 0; ///< bytes of it and all before it
  };

  void look_up();
  void plan();
  bool is_on_its_way(const oid& id) const;
  void want_sizes();
  void want_windows();
  void ask(want_kind kind, std::vector<oid> ids);
  void judge();

  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  std::optional<path_selection> paths_; // while they are looked up
  bool due_ = false;                    // that was put off
  want_id trees_ = 0;                   // the want that brings what is missing of them
  oid commit_;
  std::vector<std::uint8_t> size_classes_; // of the paths
  std::vector<std::string> folders_;
  std::unordered_set<oid> listed_{};              // the trees of these
  std::vector<file> files_;                       // in the order of the profile
  std::unordered_map<oid, std::size_t> places_{}; // in files_
  std::size_t horizon_ = 0, reader_ = 0;          // what was wanted, and where the job is: places in files_
  std::size_t hits_ = 0, misses_ = 0;             // reads
  std::vector<want_id> in_flight_{};
};

} // namespace gitfs
