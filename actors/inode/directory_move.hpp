// The steps by which a directory moves to another snapshot.
#pragma once

#include "actors/inode/directory_inode.hpp"

#include <optional>
#include <vector>

namespace gitfs {

/// The directory is to have that location. Whatever is on its way for the tree of a move that had not ended is
/// cancelled. Followed by `go_on_moving`.
void begin_move(directory_inode& of, directory_location_ptr to, move_token token);

/// Moves the directory if the new tree is here, else wants that tree. Nothing: the directory shows the tree that it has
/// shown. Else it shows another one, and the requests that waited for something of the old one are to be attempted
/// again.
std::optional<std::vector<kernel_op>> go_on_moving(directory_inode& of);

/// Tells the kernel and the supervisor what has changed, and ends the move if all is done. Called again until it does
/// not throw.
void announce_changes(directory_inode& of);

} // namespace gitfs
