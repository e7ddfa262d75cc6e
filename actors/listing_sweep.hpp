// Which directories are asked to forget their listings when memory is short.
#pragma once

#include "actors/node_id.hpp"

#include <cstddef>
#include <cstdint>

namespace gitfs {

/// The clock algorithm over the slots of the inode table: a hand goes round, and whom it meets is asked. A directory
/// that was used since it was asked last stays (it knows by itself: that costs a request one store), so those used
/// least recently go first. A plain class: the supervisor sends what it says.
class listing_sweep {
public:
  static constexpr std::size_t most_asked = 32; ///< at once

  /// `used`: bytes of listings now; `limit`: that there may be; `slots`: of the table.
  void over(std::uint64_t used, std::uint64_t limit, std::uint64_t slots) {
    if (used < retry_above_ / 2)
      retry_above_ = 0; // much was freed since
    if (left_ != 0 || used <= limit || used <= retry_above_)
      return;
    // To three quarters, so that the next directory does not start the next sweep. At most two rounds: the first takes
    // from each that it was used, the second finds who was not used since.
    target_ = limit - limit / 4;
    left_ = 2 * slots;
  }

  /// The next slot that may be asked, if it has an actor; none: wait for answers, or it is over.
  dir_slot next(std::uint64_t slots) {
    if (left_ == 0 || asked_ >= most_asked)
      return no_slot;
    --left_;
    hand_ = hand_ + 1 < slots ? hand_ + 1 : 0;
    return static_cast<dir_slot>(hand_);
  }

  void asked() { ++asked_; }
  void answered(std::uint64_t used) {
    --asked_;
    if (used <= target_)
      left_ = 0;
    else if (left_ == 0 && asked_ == 0)
      retry_above_ = used + used / 4; // everything is in use: not again for every directory that is entered
  }

private:
  std::uint64_t hand_ = 0, left_ = 0, target_ = 0, retry_above_ = 0;
  std::size_t asked_ = 0;
};

} // namespace gitfs
