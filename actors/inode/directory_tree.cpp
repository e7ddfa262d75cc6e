#include "actors/inode/directory_tree.hpp"

#include "actors/inode/directory_mount_node.hpp"
#include "actors/inode/reader_errors.hpp"
#include "actors/mount/mounted_ref.hpp"

#include <cerrno>

namespace gitfs {

bool ensure_listing(directory_inode& of, kernel_op& op, lacking& instead) {
  if (of.listing.complete())
    return true;
  if (!of.in_repository())
    return ensure_mount_node(of, op, instead);
  const missing what{missing::listing, {}};
  if (of.parking.is_wanted(what))
    return instead = what, false;
  const oid& tree = of.location()->tree;
  const auto listing = of.outside().listing(tree);
  if (!listing) {
    op.lacked = listing.error().message;
    if (listing.error().code == ENOENT)
      return instead = what, false;
    refuse(of, op, EIO, "its tree " + tree.hex() + " cannot be read: " + op.lacked);
    return false;
  }
  show_tree(of, *listing.value());
  return true;
}

table_changes show_tree(directory_inode& of, const parsed_tree& tree) {
  if (tree.hidden != 0)
    of.port.hidden(tree.hidden, tree.hidden_reason);
  const tree_past past{of.move.changed_at().value_or(of.since()), of.past(), *of.location()->shown->of->repository->db};
  return of.listing.show_tree(tree, past, of.outside());
}

} // namespace gitfs
