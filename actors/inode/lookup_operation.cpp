// LOOKUP
#include "actors/inode/directory_attributes.hpp"
#include "actors/inode/directory_operations.hpp"
#include "actors/inode/directory_references.hpp"
#include "actors/inode/directory_tree.hpp"
#include "actors/inode/directory_wants.hpp"

#include <cerrno>
#include <cstddef>

namespace gitfs {

namespace {

constexpr std::size_t name_max = 255;

} // namespace

lacking attempt_self(directory_inode& of, kernel_op& op, const lookup_op& what) {
  if (what.name.size() > name_max) {
    op.answer.error(ENAMETOOLONG);
    return {};
  }
  if (lacking instead; !ensure_listing(of, op, instead))
    return instead;
  dentry_table& entries = of.listing.entries();
  const dentry* found = entries.find(what.name);
  if (found == nullptr) {
    if (of.listing.complete()) {
      of.notices.absence_was_answered();
      op.answer.absent();
    } else {
      op.answer.error(ENOENT); // what a host does not have now it may have later
    }
    return {};
  }
  dentry& entry = *entries.at(entries.index_of(*found));
  if (!is_directory(entry) && !directory_listing::fill_size_here(entry, of.outside()))
    return sizes_for(of, entry);
  node_entry out;
  if (!reveal(of, entry, out)) {
    op.answer.error(ENFILE);
    return {};
  }
  if (!op.answer.entry(out))
    drop_reference(of, entry, 1); // the caller was interrupted: the kernel took no reference
  return {};
}

// Of the children only a submodule is a directory that is answered here, and it is empty.
lacking attempt_child(directory_inode&, kernel_op& op, const dentry& child, const lookup_op&) {
  is_directory(child) ? op.answer.absent() : op.answer.error(ENOTDIR);
  return {};
}

} // namespace gitfs
