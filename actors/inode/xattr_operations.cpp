// GETXATTR and LISTXATTR, and the questions about a mount that are asked as an extended attribute.
#include "actors/inode/directory_operations.hpp"
#include "actors/inode/directory_tree.hpp"
#include "actors/mount/mounted_ref.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

namespace gitfs {

namespace {

constexpr std::string_view oid_attribute = "user.gitfs.oid";
constexpr std::string_view commit_attribute = "user.gitfs.commit";

// As entry_attribute has it.
std::string object_text(entry_kind kind, const oid& id) {
  constexpr std::string_view types[] = {"blob", "blob", "link", "tree", "commit"}; // by entry_kind
  return std::string{types[static_cast<std::size_t>(kind)]} + ' ' + id.hex();
}

lacking answer_value(const directory_inode& of, kernel_op& op, const getxattr_op& what, const oid& id) {
  if (what.name == oid_attribute)
    op.answer.xattr(id.hex());
  else if (what.name == commit_attribute && of.in_repository())
    op.answer.xattr(commit_of(*of.location()).hex());
  else
    op.answer.error(ENODATA);
  return {};
}

lacking answer_names(kernel_op& op) {
  std::string names;
  for (const std::string_view each : {oid_attribute, commit_attribute}) {
    names += each;
    names += '\0';
  }
  op.answer.xattr(names);
  return {};
}

void answer_object(kernel_op& op, const dentry* found) {
  found != nullptr ? op.answer.xattr(object_text(found->kind, found->id)) : op.answer.error(ENOENT);
}

lacking entry_object(directory_inode& of, kernel_op& op, const std::string& name) {
  if (name.empty()) {
    op.answer.xattr("tree " + of.location()->tree.hex());
    return {};
  }
  if (lacking instead; !ensure_listing(of, op, instead))
    return instead;
  answer_object(op, of.listing.entries().find(name));
  return {};
}

} // namespace

lacking attempt_self(directory_inode& of, kernel_op& op, const getxattr_op& what) {
  if (!of.in_repository()) {
    op.answer.error(ENODATA);
    return {};
  }
  if (what.name.starts_with(entry_attribute))
    return entry_object(of, op, what.name.substr(entry_attribute.size()));
  return answer_value(of, op, what, of.location()->tree);
}

lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const getxattr_op& what) {
  return answer_value(of, op, what, child.id);
}

lacking attempt_self(directory_inode&, kernel_op& op, const listxattr_op&) {
  return answer_names(op);
}

lacking attempt_child(directory_inode&, kernel_op& op, const dentry&, const listxattr_op&) {
  return answer_names(op);
}

// Not through the environment, which records what handlers learn from it.
void answer_question(const directory_inode& of, kernel_op& op) {
  const auto* question = std::get_if<getxattr_op>(&op.what);
  const directory_location& here = *of.location();
  if (question != nullptr && op.at == self_child && question->name == commit_attribute && here.shown)
    return op.answer.xattr(commit_of(here).hex());
  if (question == nullptr || op.at != self_child || !question->name.starts_with(entry_attribute))
    return op.answer.error(EINVAL);
  const std::string name = question->name.substr(entry_attribute.size());
  if (name.empty())
    return op.answer.xattr("tree " + here.tree.hex());
  if (of.listing.complete())
    return answer_object(op, of.listing.entries().find(name));
  if (!here.shown)
    return op.answer.error(ENODATA);
  const auto raw = here.shown->of->repository->db->read(here.tree);
  const auto listing = raw ? parse_tree(raw.value().data()) : result<parsed_tree>{raw.error()};
  if (!listing)
    return op.answer.error(ENODATA); // nobody can have fetched anything of what is in it
  const auto& entries = listing.value().entries;
  const auto found = std::ranges::find(entries, name, &tree_entry::name);
  found != entries.end() ? op.answer.xattr(object_text(found->kind, found->id)) : op.answer.error(ENOENT);
}

} // namespace gitfs
