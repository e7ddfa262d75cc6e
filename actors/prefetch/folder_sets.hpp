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

/// Is told of reads that no stream of readahead explains. A directory in which some such files were read is a **set**:
/// its other files are wanted, in whatever order they are going to be read. Directories that are sets below several
/// children of one directory make that directory a set with all that is below it. A set is wanted from its last reader
/// outward, first in the direction in which the readers go, in windows that grow as it is read. Trees that are not on
/// this machine are skipped. Not thread-safe.
class folder_sets final : public way_ahead {
public:
  struct limits {
    std::size_t reads = 4;           ///< a directory is a set after so many reads,
    std::size_t reads_listed = 2;    ///< or after so many if it was listed, since who lists a directory means all of it
    std::size_t children = 8;        ///< a directory is a deep set when there are sets below so many of its children,
    std::size_t children_listed = 2; ///< or below so many if it was listed
    std::size_t first = 32;          ///< files in the first window
    std::size_t growth = 8;          ///< factor from one window to the next
    std::size_t most = 4096;         ///< files in a window
    std::uint64_t bytes = 32U << 20; ///< contents in a window, in bytes, of known or assumed size
    std::size_t unread_for_each = 2; ///< at most so many files are wanted and unread for each that was read,
    std::size_t unread_for_each_listed = 16; ///< or so many in a directory that was listed
    std::size_t misses = 2;                  ///< so many reads of files that were not wanted bring the next window
    std::size_t directories = 1024;          ///< so many are searched for one window
    std::size_t remembered = 1024;           ///< directories with reads; the least recently read one is forgotten
    std::size_t listed = 8192;               ///< directories that were listed; the one listed first is forgotten
  };

  folder_sets(object_db& db, readahead_port& port, const limits& l) : db_(db), port_(port), limits_(l) {}

  /// A directory was listed from its start.
  void listed(const directory_location& directory);
  /// A file is read. True: it was wanted for a set.
  bool was_wanted(const oid& id);
  /// A file is read that neither a stream nor a set explains.
  void read(const directory_location_ptr& directory, child_index file, const oid& id);
  void forgotten(const directory_location& directory) override;
  void clear() override;
  void finished(want_id id, const want_result& outcome) override;
  std::vector<activity::walker> walkers() const override;

private:
  struct folder {
    directory_location_ptr directory;
    std::size_t reads = 0;                   ///< of files that no window had brought
    std::unordered_set<path_key> children{}; ///< those below which there are sets
    bool is_set = false, deep = false;       ///< its files are wanted; and all that is below it
    bool backward = false;                   ///< the direction of its readers
    tree_position last{};                    ///< where they were last
    directory_location_ptr at{};             ///< and in which directory
    std::unordered_set<path_key> done{};     ///< directories below it of which everything was asked for
    std::size_t window = 0, asked = 0;       ///< files in the next window; files in the last one
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
  folder* raise(const directory_location_ptr& directory);
  std::size_t reads_below(const folder& f) const;
  void note(folder& f, const directory_location_ptr& directory, child_index file);
  void want_window(folder& f);
  void collect(folder& f, needs& found);
  bool collect_files(const parsed_tree& tree, needs& found) const;
  bool collect_below(folder& f, const directory_location_ptr& directory, const parsed_tree& tree, child_index from,
                     bool backward, needs& found);
  bool collect_all(folder& f, const directory_location_ptr& directory, needs& found);
  void drop(const folder& f);

  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  lru_map<path_key, folder> known_;
  lru_map<path_key, bool> listed_;
  std::unordered_map<oid, path_key> requested_; // files that were wanted and not read yet, and the set of each
};

} // namespace gitfs
