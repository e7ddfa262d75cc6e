// Directories out of which many files are read in no order, as a compiler reads headers.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/want.hpp"
#include "actors/prefetch/readahead.hpp"
#include "backend/git/object_db.hpp"
#include "config/lru_map.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gitfs {

/// Hears of reads that follow no way. The first few in a directory tell nothing: one file of each of a hundred
/// directories is a hundred files, not their siblings. From then on the rest of that directory is wanted, in windows
/// that grow with the reads.
class busy_directories final : public way_ahead {
public:
  struct limits {
    std::size_t reads = 4;         ///< until a directory is busy
    std::size_t first = 32;        ///< files in the first window
    std::size_t growth = 4;        ///< factor from one window to the next
    std::uint64_t bytes = 4 << 20; ///< of contents, known or assumed, in a window
    std::size_t directories = 32;  ///< told apart; the one unused longest goes
  };

  busy_directories(object_db& db, readahead_port& port, const limits& l) : db_(db), port_(port), limits_(l) {}

  void read(const directory_location_ptr& directory);
  void forgotten(const directory_location& directory) override;
  void clear() override;
  void finished(want_id id, const want_result& outcome) override;
  std::vector<activity::walker> walkers() const override;

private:
  struct busy {
    directory_location_ptr directory;
    std::size_t reads = 0;
    std::size_t next_at = 0; ///< reads that bring the next window
    std::size_t window = 0;
    child_index next = 0; ///< first entry that was not wanted yet
    want_id in_flight = 0;
  };

  void want_window(busy& b);

  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  lru_map<std::uint64_t, busy> known_; // by inode
};

} // namespace gitfs
