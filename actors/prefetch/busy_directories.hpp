// Recognises directories out of which many files are read in no order, as a compiler reads headers.
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

/// Is told of reads that no stream of readahead explains. The first few reads in a directory prove nothing: a program
/// that reads one file in each of a hundred directories does not need the other files there. After these few, the rest
/// of the directory is wanted, in windows that grow with the reads.
class busy_directories final : public way_ahead {
public:
  struct limits {
    std::size_t reads = 4;         ///< a directory is busy after so many reads
    std::size_t first = 32;        ///< files in the first window
    std::size_t growth = 4;        ///< factor from one window to the next
    std::uint64_t bytes = 4 << 20; ///< contents in a window, in bytes, of known or assumed size
    std::size_t directories = 32;  ///< so many directories are remembered; the least recently read one is forgotten
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
    std::size_t next_at = 0; ///< the next window is wanted after so many reads
    std::size_t window = 0;
    child_index next = 0; ///< the first entry that was not wanted yet
    want_id in_flight = 0;
  };

  void want_window(busy& b);

  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  lru_map<std::uint64_t, busy> known_; // by inode
};

} // namespace gitfs
