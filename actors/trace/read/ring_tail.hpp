// Follows the records of a running mount, a little behind, without any work of the threads that record.
#pragma once

#include "actors/trace/read/trace_reader.hpp"
#include "actors/trace/record/block_ring.hpp"

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace gitfs::trace {

/// Used by one thread, which must begin before the first record. Records that are overwritten before they were read are
/// lost.
class ring_tail {
public:
  explicit ring_tail(block_ring& ring) : ring_(ring), places_(ring.size()) {}

  /// The records since the last call, by time; each `handled` is a record of its own. The newest records are held back,
  /// because a slow thread may still publish earlier ones: every record that is given was made before the last call.
  /// With `last` all are given. `now`: nanoseconds since the trace's start, as in records. Valid until the next call.
  const std::vector<record>& read(std::uint64_t now, bool last);

  /// The number of records given so far, without `handled`.
  std::uint64_t given() const { return given_; }

  /// How many records were found to be lost since the last call, as far as that is known by now. Called after each
  /// `read` with the same `last`, and with the last order number that was given out before that `read`.
  std::uint64_t take_lost(std::uint64_t last_order, bool last);

private:
  struct place {
    std::uint64_t generation = 0;
    std::size_t read = 0; ///< bytes of the payload that were read
    record last;          ///< the order and time of the next record are differences from this one
  };

  void read_block(std::size_t index);

  block_ring& ring_;
  std::vector<place> places_;
  std::vector<record> waiting_, given_now_;
  std::deque<std::deque<std::string>>
      bytes_;                ///< the bytes of the last calls, into which `fields` point; none ever moves
  std::uint64_t before_ = 0; ///< `now` of the last call
  std::uint64_t given_ = 0;
  std::uint64_t orders_before_ = 0, orders_ = 0; ///< order numbers given out by the last call but one, and by the last
  std::uint64_t lost_ = 0;
};

} // namespace gitfs::trace
