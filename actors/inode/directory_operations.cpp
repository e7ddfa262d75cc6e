#include "actors/inode/directory_operations.hpp"

#include <cerrno>
#include <variant>

namespace gitfs {

lacking attempt(directory_inode& of, kernel_op& op) {
  if (op.at == self_child)
    return std::visit([&](const auto& what) { return attempt_self(of, op, what); }, op.what);
  const dentry* child = of.listing.entries().at(op.at - 1);
  if (child == nullptr) {
    op.answer.error(ESTALE);
    return {};
  }
  return std::visit([&](const auto& what) { return attempt_child(of, op, *child, what); }, op.what);
}

} // namespace gitfs
