// Follows what is recorded, a little behind, without the recording threads doing anything for it.
#pragma once

#include "actors/trace/read/trace_reader.hpp"
#include "actors/trace/record/block_ring.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace gitfs::trace {

/// Used by one thread, from before the first record on. What is overwritten before it was read is missing.
class ring_tail {
public:
  explicit ring_tail(block_ring& ring) : ring_(ring), places_(ring.size()) {}

  /// The records that came since the last call, by time; each `handled` is one of its own. Not the very newest: a
  /// thread may be slow to publish what comes before them. So what is given now was recorded before the last call; with
  /// `last` it is all. `now`: nanoseconds since the trace's start, as records have it. Valid until the next call.
  const std::vector<record>& read(std::uint64_t now, bool last);

  /// Records given so far, without `handled`.
  std::uint64_t given() const { return given_; }

  /// After each `read`, with the same `last`, and the order number that was given out last before it. How many records
  /// were found since the last call to be missing, as far as it can be told by now.
  std::uint64_t take_lost(std::uint64_t last_order, bool last);

private:
  struct place {
    std::uint64_t generation = 0;
    std::size_t read = 0; ///< bytes of its payload
    record last;          ///< what the next record is counted from
  };

  void read_block(std::size_t index);

  block_ring& ring_;
  std::vector<place> places_;
  std::vector<record> waiting_, given_now_;
  std::deque<std::deque<std::string>> bytes_; ///< of the last calls: what `fields` point into; no string ever moves
  std::uint64_t before_ = 0;                  ///< `now` of the last call
  std::uint64_t given_ = 0;
  std::uint64_t orders_before_ = 0, orders_ = 0; ///< given out by the last call but one, and by the last
  std::uint64_t lost_ = 0;
};

} // namespace gitfs::trace
