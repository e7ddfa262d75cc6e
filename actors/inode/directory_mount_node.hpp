// Directories above the repositories: the catalog knows what is in them.
#pragma once

#include "actors/inode/directory_inode.hpp"
#include "actors/model/mount_nodes.hpp"

#include <string>
#include <vector>

namespace gitfs {

/// As `ensure_listing`. A directory of a host is never complete: what the catalog has said for this request is all that
/// the request gets.
bool ensure_mount_node(const directory_inode& of, const kernel_op& op, lacking& instead);

/// The catalog has answered: with names, or with the snapshot whose root directory this one is from now on.
void show_answer(directory_inode& of, const mount_node_answer& answer);

/// Other names are in the directory now, and what stands at the `replaced` ones is something else.
void replace_entries(directory_inode& of, const mount_node_answer& now, const std::vector<std::string>& replaced);

} // namespace gitfs
