// Which directories are asked to forget their listings when memory is short.
#pragma once

#include "actors/model/node_id.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace gitfs {

/// The clock algorithm over the slots of the inode table: a hand goes round, and whom it meets is asked. A directory
/// that was used since it was asked last stays (it knows by itself: that costs a request one store), so those used
/// least recently go first. A plain class: the supervisor sends what it says.
///
/// Most of what a sweep frees goes later, with the kernel's FORGETs, and a walker may use it again before; so a sweep
/// that has not reached its target is followed by others: after many more listings came, and after a while.
class listing_sweep {
public:
  static constexpr std::size_t most_asked = 32; ///< at once
  static constexpr unsigned longest_wait = 64;  ///< in calls of `again`

  /// A listing has come. `used`: bytes of listings now; `limit`: that there may be; `slots`: of the table.
  void over(std::uint64_t used, std::uint64_t limit, std::uint64_t slots) {
    if (left_ != 0 || used <= limit)
      return;
    if (quiet_ != 0 && --quiet_ != 0 && used <= retry_above_)
      return; // the last sweep was in vain: not again for every directory that is entered
    begin(used, limit, slots);
  }

  /// True while a sweep has ended without reaching its target: then `again` is to be called every few seconds.
  bool wanting() const { return target_ != 0 && left_ == 0; }
  /// As `over`, though nothing has come. When everything is in use the sweeps become rare.
  void again(std::uint64_t used, std::uint64_t limit, std::uint64_t slots) {
    if (!wanting())
      return;
    if (used <= limit)
      return reached();
    if (++waited_ < wait_)
      return;
    wait_ = used < swept_at_ - swept_at_ / 8 ? 1 : std::min(2 * wait_, longest_wait);
    waited_ = 0;
    swept_at_ = used;
    begin(used, limit, slots);
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
      reached();
    else if (left_ == 0 && asked_ == 0)
      retry_above_ = used + used / 4;
  }

private:
  // To three quarters, so that the next directory does not start the next sweep. At most two rounds: the first takes
  // from each that it was used, the second finds who was not used since.
  void begin(std::uint64_t used, std::uint64_t limit, std::uint64_t slots) {
    retry_above_ = used + used / 4;
    target_ = limit - limit / 4;
    left_ = 2 * slots;
    quiet_ = slots / 4 + 1; // so a listing that comes pays for asking eight
  }
  void reached() {
    left_ = quiet_ = target_ = swept_at_ = retry_above_ = 0;
    waited_ = 0;
    wait_ = 1;
  }

  std::uint64_t hand_ = 0, left_ = 0;
  std::uint64_t target_ = 0;      // of the last sweep; 0: it was reached
  std::uint64_t quiet_ = 0;       // listings that have to come before the next sweep,
  std::uint64_t retry_above_ = 0; // unless this much is used
  std::uint64_t swept_at_ = 0;    // used when `again` began the last one
  unsigned wait_ = 1, waited_ = 0;
  std::size_t asked_ = 0;
};

} // namespace gitfs
