// READDIR and READDIRPLUS
#include "actors/inode/directory_attributes.hpp"
#include "actors/inode/directory_operations.hpp"
#include "actors/inode/directory_references.hpp"
#include "actors/inode/directory_tree.hpp"
#include "actors/inode/directory_wants.hpp"
#include "actors/inode/reader_errors.hpp"

#include <cerrno>
#include <cstdint>
#include <vector>

namespace gitfs {

namespace {

// One answer with entries. The references that its entries carry are given back if the kernel does not take them.
class entries_answer {
public:
  // `number`: of the listing that is read; `position`: where the reader is in it.
  entries_answer(directory_inode& of, kernel_op& op, const readdir_op& what, reader_cookie from)
    : of_(of),
      op_(op),
      plus_(what.plus),
      number_(from.listing),
      next_(from.position) {
    fits_ = add_dots();
  }

  // Position in the sorted listing of the next entry, of which there are `count`. False: the answer is full, or that
  // was all.
  bool wants(std::size_t count) const { return fits_ && next_ - 2 < count; }
  std::size_t position() const { return next_ - 2; }

  // `shown`: the entry as the listing has it. `node`: the present entry that it stands for; null: there is none any
  // more. With a size that is not known yet it is added by name only, so that a listing never waits for sizes.
  void add(const dentry& shown, dentry* node) {
    node_entry out;
    const bool with_node =
        node != nullptr && plus_ && (is_directory(*node) || node->size != unknown_size) && reveal(of_, *node, out);
    ++next_;
    fits_ = op_.answer.dirent(shown.name, with_node ? out.attr : attr_of(of_, shown), with_node ? &out : nullptr,
                              reader_cookie{number_, next_}.number());
    if (with_node && fits_)
      revealed_.push_back(of_.listing.entries().index_of(*node));
    else if (with_node)
      drop_reference(of_, *node, 1);
  }

  void send() {
    if (op_.answer.dirents_end())
      return;
    for (child_index i : revealed_)
      drop_reference(of_, *of_.listing.entries().at(i), 1);
  }

private:
  // "." and ".." if the reader has not had them. False: there is no more room.
  bool add_dots() {
    if (next_ == 0 && !op_.answer.dirent(".", own_attr(of_), nullptr, reader_cookie{number_, ++next_}.number()))
      return false;
    if (next_ != 1)
      return true;
    node_attr parent = own_attr(of_);
    if (const auto& up = of_.location()->parent) {
      parent.ino = of_.context.inodes.ino_of(of_.context.inodes.parent_of(of_.self));
      parent.key = up->key;
    }
    return op_.answer.dirent("..", parent, nullptr, reader_cookie{number_, ++next_}.number());
  }

  directory_inode& of_;
  kernel_op& op_;
  const bool plus_;
  const std::uint32_t number_;
  std::uint32_t next_; // how many entries the reader has had, with those of this answer
  bool fits_;
  std::vector<child_index> revealed_;
};

// The kernel drops its cache of the listing.
void drop_cached_listing(directory_inode& of) {
  of.port.tell_kernel({nodeid_of(of.self), {}, {}});
}

// The rest of a listing that is not shown any more, for a reader that has begun it: by name only, except for what is
// still the same.
lacking read_earlier_listing(directory_inode& of, kernel_op& op, const readdir_op& what, reader_cookie from) {
  const std::optional<oid> tree = of.listing.history().tree_of(from.listing);
  if (!tree) {
    op.answer.error(ESTALE); // too long ago: the reader has to begin anew
    return {};
  }
  const auto listing = of.outside().listing(*tree);
  if (!listing) {
    op.lacked = listing.error().message;
    if (listing.error().code == ENOENT)
      return missing{missing::listing, *tree};
    refuse(of, op, EIO, {});
    return {};
  }
  const std::vector<tree_entry>& entries = listing.value()->entries;
  dentry_table& present = of.listing.entries();
  const bool at_end = from.position >= entries.size() + 2;
  entries_answer answer{of, op, what, from};
  while (answer.wants(entries.size())) {
    const tree_entry& each = entries[answer.position()];
    dentry past;
    past.name = each.name;
    past.kind = each.kind;
    const dentry* now = present.find(each.name);
    const bool same = now != nullptr && now->kind == each.kind && now->id == each.id;
    answer.add(past, same ? present.at(present.index_of(*now)) : nullptr);
  }
  answer.send();
  if (at_end) // the kernel takes its cache of the listing for complete now, and it is the old one
    drop_cached_listing(of);
  return {};
}

} // namespace

lacking attempt_self(directory_inode& of, kernel_op& op, const readdir_op& what) {
  reader_cookie from = reader_cookie::of(what.offset);
  if (what.offset != 0 && from.listing != of.listing.history().number())
    return read_earlier_listing(of, op, what, from);
  if (lacking instead; !ensure_listing(of, op, instead))
    return instead;
  from.listing = of.listing.history().number();
  dentry_table& entries = of.listing.entries();
  const auto order = entries.sorted();
  const bool at_end = from.position >= order.size() + 2;
  entries_answer answer{of, op, what, from};
  while (answer.wants(order.size())) {
    dentry& entry = *entries.at(order[answer.position()]);
    answer.add(entry, &entry);
  }
  answer.send();
  if (what.offset == 0) {
    of.listing.set_listed();
    want_ahead(of);
  }
  // A host's listing is never complete. The kernel would take it for that now, and never ask again.
  if (at_end && !of.listing.complete())
    drop_cached_listing(of);
  return {};
}

lacking attempt_child(directory_inode& of, kernel_op& op, const dentry& child, const readdir_op& what) {
  if (!is_directory(child)) {
    op.answer.error(ENOTDIR);
    return {};
  }
  const node_attr attr = attr_of(of, child);
  const bool room = what.offset != 0 || op.answer.dirent(".", attr, nullptr, 1);
  if (room && what.offset <= 1)
    op.answer.dirent("..", own_attr(of), nullptr, 2);
  (void)op.answer.dirents_end(); // no entry carried a reference
  return {};
}

} // namespace gitfs
