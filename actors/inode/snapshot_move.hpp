// The move of a directory to another snapshot, as far as it is a state of its own.
#pragma once

#include "actors/model/directory_location.hpp"
#include "backend/remote/shown_times.hpp"

#include <optional>
#include <utility>

namespace gitfs {

/// What a directory moves to, and since when it shows what it shows. `directory_move.cpp` has the steps of a move.
class snapshot_move {
public:
  /// How much later than its snapshot a directory may show its new tree and still have the time of the snapshot.
  static constexpr std::int64_t soon = 2; // seconds

  /// The directory is part of another snapshot. A move that has not ended is overtaken: whoever waits for its end waits
  /// for the end of this one.
  void begin(directory_location_ptr to, move_token token) {
    token_ = std::move(token);
    upcoming_ = std::move(to);
  }

  /// The location that the directory is to have; null: it does not move.
  const directory_location_ptr& upcoming() const { return upcoming_; }
  /// For everything that is still to be done for the move.
  const move_token& token() const { return token_; }

  /// The new tree is not on this machine.
  void is_late() { late_ = true; }
  /// The directory has the location from now on.
  directory_location_ptr arrive() { return std::exchange(upcoming_, nullptr); }
  /// After `arrive`, if the tree is another one. `since`: the time of the new location; `now`: the wall clock.
  ///
  /// Whoever has read an old file until now may have made something of it, which must not look newer than the new file.
  /// So a tree that came late has the time at which it came. But that time is not known any more after a remount, so a
  /// tree that comes soon has the time of the others.
  void replaced_tree(file_time since, file_time now) {
    changed_at_.reset();
    if (std::exchange(late_, false) && now - since > file_time_of(soon))
      changed_at_ = now;
  }
  /// When the present tree was taken over, if that was late. Nothing: with the snapshot.
  std::optional<file_time> changed_at() const { return changed_at_; }

  /// Everybody was told of the new listing. Ends the move, unless there is a next one.
  void announced() {
    if (!upcoming_)
      token_.reset();
  }
  /// Nobody is to wait for this move any more: its tree cannot be had at present, or nobody asks for it.
  void let_waiters_go() { token_.reset(); }

private:
  directory_location_ptr upcoming_;
  move_token token_;
  bool late_ = false;
  std::optional<file_time> changed_at_;
};

} // namespace gitfs
