// GETATTR
#include "actors/inode/directory_attributes.hpp"
#include "actors/inode/directory_operations.hpp"

namespace gitfs {

lacking attempt_self(directory_inode& of, kernel_op& op, const getattr_op&) {
  op.answer.attr(own_attr(of));
  return {};
}

lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const getattr_op&) {
  if (!is_directory(child) && !directory_listing::fill_size_here(*of.listing.entries().at(op.at - 1), of.outside()))
    return missing{missing::sizes, {}};
  op.answer.attr(attr_of(of, child));
  return {};
}

} // namespace gitfs
