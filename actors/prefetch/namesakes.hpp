// Files of one name that are read in many directories: each Kconfig, each Makefile, each package.json.
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

/// Hears of reads that follow no way. If most of the last ones were of one name, in different directories, the files of
/// that name are wanted from the reader on in walk order and then from the start, below what all its readers have in
/// common, in windows that grow while a quarter of them is read. Trees that are not here are passed over. Not
/// thread-safe.
class namesakes final : public way_ahead {
public:
  struct limits {
    std::size_t reads = 4;            ///< of one name among the last ones, each in another directory, tell
    std::size_t last_ones = 8;        ///< reads
    std::size_t first = 32;           ///< files in the first window
    std::size_t growth = 4;           ///< factor from one window to the next
    std::size_t most = 2048;          ///< files in a window
    std::uint64_t bytes = 4 << 20;    ///< of contents, known or assumed, in a window
    std::size_t directories = 8192;   ///< looked into for one window
    std::size_t misses_per_file = 16; ///< one read in vain for so many files of a window brings the next one
    std::size_t names = 8;            ///< told apart; the one unused longest goes
  };

  namesakes(object_db& db, readahead_port& port, const limits& l) : db_(db), port_(port), limits_(l) {}

  void read(const directory_location_ptr& directory, child_index file, std::string_view name, const oid& id);
  void forgotten(const directory_location& directory) override;
  void clear() override;
  void finished(want_id id, const want_result& outcome) override;

private:
  struct known {
    tree_position within{}; ///< the directory that all its readers were below
    std::optional<tree_cursor> cursor{};
    bool from_start = false;          ///< the cursor has been at the end and began anew
    bool all_seen = false;            ///< it has been at the end twice
    std::unordered_set<oid> asked{};  ///< and not read yet
    std::size_t window = 0, last = 0; ///< files in the next one, and that were asked for with the last
    std::size_t hits = 0, misses = 0; ///< reads since then
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
