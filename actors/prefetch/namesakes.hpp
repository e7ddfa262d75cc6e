// Recognises programs that read the files of one name in many directories: each Kconfig, each Makefile, each
// package.json.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/want.hpp"
#include "actors/prefetch/readahead.hpp"
#include "actors/prefetch/tree_cursor.hpp"
#include "backend/git/object_db.hpp"
#include "config/lru_map.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>

namespace gitfs {

/// Is told of reads that no stream of readahead explains. If most of the last reads were of one name, in different
/// directories, the files of that name are wanted: in walk order from the reader on and then from the start, below the
/// deepest directory that has all these readers in it, in windows that grow while a quarter of the files is read. Trees
/// that are not on this machine are skipped. Not thread-safe.
class namesakes final : public way_ahead {
public:
  struct limits {
    std::size_t reads = 4;            ///< a name is recognised after so many reads, each in another directory,
    std::size_t last_ones = 8;        ///< among so many last reads
    std::size_t first = 32;           ///< files in the first window
    std::size_t growth = 4;           ///< factor from one window to the next
    std::size_t growth_missed = 1;    ///< the same after a window of which less than a quarter was read
    std::size_t most = 2048;          ///< files in a window
    std::uint64_t bytes = 4 << 20;    ///< contents in a window, in bytes, of known or assumed size
    std::size_t directories = 8192;   ///< at most so many directories are searched for one window
    std::size_t misses_per_file = 16; ///< one missed read for so many files of a window brings the next window
    std::size_t names = 8;            ///< so many names are remembered; the least recently read one is forgotten
  };

  namesakes(object_db& db, readahead_port& port, const limits& l) : db_(db), port_(port), limits_(l) {}

  /// True: files of that name are being wanted, so the read says nothing of the directory.
  bool read(const directory_location_ptr& directory, child_index file, std::string_view name, const oid& id);
  void forgotten(const directory_location& directory) override;
  void clear() override;
  void finished(want_id id, const want_result& outcome) override;

private:
  struct known {
    tree_position within{}; ///< the deepest directory that had all readers of this name in it
    std::optional<tree_cursor> cursor{};
    bool from_start = false;             ///< the cursor has reached the end and began anew
    bool all_seen = false;               ///< the cursor has reached the end twice
    std::unordered_set<oid> requested{}; ///< files that were asked for and not read yet
    std::size_t window = 0, last = 0;    ///< files in the next window; files that were asked for with the last one
    std::size_t hits = 0, misses = 0;    ///< reads since the last window, of files that were asked for, or were not
    want_id in_flight = 0;
  };
  struct recent {
    std::string name;
    directory_location_ptr directory;
  };

  void first_read(const directory_location_ptr& directory, child_index file, std::string_view name, const oid& id);
  void want_window(std::string_view name, known& k, const directory_location_ptr& directory, child_index file,
                   const oid& being_read);
  bool next_entry(known& k, const directory_location_ptr& directory);

  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  lru_map<std::string, known> known_; // by name
  std::deque<recent> recent_;
};

} // namespace gitfs
