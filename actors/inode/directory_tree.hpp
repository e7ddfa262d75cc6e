// The listing that a directory shows, from its tree object.
#pragma once

#include "actors/inode/directory_inode.hpp"

namespace gitfs {

/// True if the listing is here now. If not, `instead` is what the attempt returns: what the request lacks, or nothing
/// because an error was answered. Above the repositories the listing is here if the catalog was asked for this request.
bool ensure_listing(directory_inode& of, kernel_op& op, lacking& instead);

/// Shows the entries of the tree of the directory's present location.
table_changes show_tree(directory_inode& of, const parsed_tree& tree);

} // namespace gitfs
