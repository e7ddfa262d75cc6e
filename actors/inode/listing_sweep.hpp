// Chooses the directories that are asked to forget their listings when memory is short.
#pragma once

#include "actors/model/node_id.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace gitfs {

/// The clock algorithm over the slots of the inode table: a hand goes round, and each directory that it meets is asked.
/// A directory that was used since it was asked last keeps its listing, so the least recently used listings go first.
/// The directory itself knows whether it was used, which costs a request one store to memory. This is a plain class;
/// the supervisor sends the messages.
///
/// Most of the memory is freed after the sweep, by the kernel's FORGETs, and a walker may use the directory again
/// before that. So a sweep that has not reached its target is followed by others: after many more listings, and after a
/// while.
class listing_sweep {
public:
  static constexpr std::size_t most_requested = 32; ///< so many directories may be asked at once
  static constexpr unsigned longest_wait = 64;      ///< in calls of `again`

  /// A listing was added. `used`: bytes that listings take now; `limit`: bytes that they may take; `slots`: how many
  /// slots the inode table has.
  void over(std::uint64_t used, std::uint64_t limit, std::uint64_t slots) {
    if (left_ != 0 || used <= limit)
      return;
    if (quiet_ != 0 && --quiet_ != 0 && used <= retry_above_)
      return; // the last sweep freed nothing, so there is no sweep for every directory that is entered
    begin(used, limit, slots);
  }

  /// True after a sweep that has not reached its target; then `again` must be called every few seconds.
  bool wanting() const { return target_ != 0 && left_ == 0; }
  /// As `over`, without a new listing. When everything is in use, the sweeps become rare.
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

  /// The next slot to ask, if it has an actor. no_slot: too many answers are awaited, or the sweep is over.
  dir_slot next(std::uint64_t slots) {
    if (left_ == 0 || requested_ >= most_requested)
      return no_slot;
    --left_;
    hand_ = hand_ + 1 < slots ? hand_ + 1 : 0;
    return static_cast<dir_slot>(hand_);
  }

  void requested() { ++requested_; }
  void answered(std::uint64_t used) {
    --requested_;
    if (used <= target_)
      reached();
    else if (left_ == 0 && requested_ == 0)
      retry_above_ = used + used / 4;
  }

private:
  // The target is three quarters of the limit, so that the next directory does not start the next sweep. There are at
  // most two rounds: the first one clears the mark that a directory was used, the second finds those not used since.
  void begin(std::uint64_t used, std::uint64_t limit, std::uint64_t slots) {
    retry_above_ = used + used / 4;
    target_ = limit - limit / 4;
    left_ = 2 * slots;
    quiet_ = slots / 4 + 1; // so each new listing pays for asking eight directories
  }
  void reached() {
    left_ = quiet_ = target_ = swept_at_ = retry_above_ = 0;
    waited_ = 0;
    wait_ = 1;
  }

  std::uint64_t hand_ = 0, left_ = 0;
  std::uint64_t target_ = 0;      // the target of the last sweep; 0: it was reached
  std::uint64_t quiet_ = 0;       // so many listings have to be added before the next sweep,
  std::uint64_t retry_above_ = 0; // unless listings take more bytes than this
  std::uint64_t swept_at_ = 0;    // bytes that listings took when `again` began the last sweep
  unsigned wait_ = 1, waited_ = 0;
  std::size_t requested_ = 0;
};

} // namespace gitfs
