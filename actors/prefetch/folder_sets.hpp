// Recognises folders that are read as a set: backward, by inode number, shuffled, by several threads at once.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/want.hpp"
#include "actors/prefetch/readahead.hpp"
#include "actors/prefetch/tree_cursor.hpp"
#include "backend/git/object_db.hpp"
#include "config/lru_map.hpp"

#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gitfs {

/// Is told of reads that no stream of readahead explains. A directory in which two such files were read is a **set**:
/// its other files are wanted, in whatever order they are going to be read. A listed directory becomes a *deep* set,
/// with all that is below it, when its readers have been through most of the directories in it that they began, or when
/// all of it was listed and then read in no order. A deep set is wanted from its last reader outward, first in the
/// direction in which the readers go, in windows that grow as it is read. Trees that are not on this machine are
/// skipped. Not thread-safe.
class folder_sets final : public way_ahead {
public:
  struct limits {
    std::size_t reads = 2;                ///< a directory is a set after so many reads
    std::uint64_t first_bytes = 2U << 20; ///< contents in its first window if nobody has listed it, in bytes
    std::uint64_t bytes = 32U << 20;      ///< contents in any window, of known or assumed size
    std::size_t complete = 2;             ///< readers have been through so many directories below a deep set,
    std::size_t strays = 8;               ///< or have read so many files there in no order,
    std::size_t turns = 2;                ///< so often forward and so often backward, and two of them in one directory;
    std::size_t meetings = 3;             ///< or so often two of them in one directory
    std::size_t first = 32;               ///< files in the first window of a deep set
    std::size_t growth = 8;               ///< factor from one window to the next
    std::size_t growth_scattered = 4;     ///< the same where the readers have no order
    std::size_t most = 4096;              ///< files in a window
    std::size_t unread_for_each = 16;     ///< at most so many files are wanted and unread for each that was read
    std::size_t misses = 2;               ///< so many reads of files that were not wanted bring the next window
    std::size_t directories = 1024;       ///< so many are searched for one window
    std::size_t remembered = 1024;        ///< directories with reads; the least recently read one is forgotten
    std::size_t listed = 8192;            ///< directories that were listed; the one listed first is forgotten
  };

  folder_sets(object_db& db, readahead_port& port, const limits& l) : db_(db), port_(port), limits_(l) {}

  /// A directory was listed from its start.
  void listed(const directory_location& directory);
  bool was_listed(const directory_location& directory) const { return listed_.contains(directory.key); }
  /// A file is read. True: it was wanted for a set.
  bool was_wanted(const directory_location_ptr& directory, const oid& id);
  /// A file is read that neither a stream nor a set explains. `was_looked_up`: its look-up waited for it, so its
  /// contents may have come with that.
  void read(const directory_location_ptr& directory, child_index file, const oid& id, bool was_looked_up = false);
  /// A file is read that a stream explains.
  void followed(const directory_location_ptr& directory);
  void forgotten(const directory_location& directory) override;
  void clear() override;
  void finished(want_id id, const want_result& outcome) override;
  std::vector<activity::walker> walkers() const override;

private:
  struct folder {
    directory_location_ptr directory;
    std::size_t reads = 0;                   ///< of files that no window had brought
    std::size_t files = 0, read_here = 0;    ///< in it, not below: all; those that were read
    std::size_t reads_below = 0;             ///< in it and at any depth below it, since `reads_` was
    std::uint64_t since = 0;                 ///< this
    std::size_t meetings = 0;                ///< how often another read came to the directory of one of them
    bool followed = false;                   ///< and this was one that a stream explains
    std::size_t touched_below = 0;           ///< directories, with itself, in which files were read
    std::size_t complete_below = 0;          ///< those of them that were listed, and half of which was read
    bool complete = false;                   ///< it is one of these
    std::size_t strays = 0;                  ///< reads below it that made no set,
    std::size_t ascents = 0, descents = 0;   ///< and how often they went forward and backward
    tree_position last_stray{};              ///< the last of them
    bool is_set = false, deep = false;       ///< its files are wanted; and all that is below it
    bool scattered = false;                  ///< because it was read in no order
    bool backward = false;                   ///< the direction of its readers
    tree_position last{};                    ///< where they were last
    directory_location_ptr at{};             ///< and in which directory
    std::unordered_set<path_key> done{};     ///< directories below it of which everything was asked for
    std::size_t window = 0, asked = 0;       ///< files in the next window; files in the last one
    std::uint64_t window_bytes = 0;          ///< contents in the next window if it is not deep
    std::size_t hits = 0, misses = 0;        ///< reads since the last window
    std::size_t read_in_all = 0, unread = 0; ///< files that were read; files that were wanted and not read yet
    want_id in_flight = 0;
  };
  // What a window is to bring.
  struct needs {
    std::vector<oid> ids;
    std::uint64_t bytes = 0, limit = 0;
    std::size_t most = 0, directories = 0;
    bool full = false;
  };

  folder& known(const directory_location_ptr& directory);
  folder* set_above(const directory_location_ptr& directory);
  void count_read(const directory_location_ptr& directory);
  folder* raise(const directory_location_ptr& directory);
  void count_stray(const directory_location_ptr& directory, child_index file, bool meets);
  void count_meeting(const directory_location_ptr& directory);
  folder* raise_scattered(const directory_location_ptr& directory);
  bool all_listed(const directory_location_ptr& directory) const;
  bool holds_readers(const folder& f) const;
  void note(folder& f, const directory_location_ptr& directory, child_index file);
  void want_window(folder& f);
  void collect(folder& f, needs& found);
  bool collect_files(const parsed_tree& tree, needs& found) const;
  bool collect_below(folder& f, const directory_location_ptr& directory, const parsed_tree& tree, child_index from,
                     bool backward, needs& found);
  bool collect_all(folder& f, const directory_location_ptr& directory, needs& found);
  void cancel(folder& f);

  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  lru_map<path_key, folder> known_;
  lru_map<path_key, bool> listed_;
  std::uint64_t reads_ = 0;                     // all that were counted
  std::unordered_map<oid, path_key> requested_; // files that were wanted and not read yet, and the set of each
};

} // namespace gitfs
