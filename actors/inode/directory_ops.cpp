// The operations of a directory and of the files in it: each answered from what is here, or what it lacks.
#include "actors/inode/directory_state.hpp"
#include "actors/model/inode_number.hpp"
#include "actors/model/visible_errno.hpp"
#include "actors/mount/mounted_ref.hpp"
#include "config/overloaded.hpp"

#include <sys/stat.h>

#include <algorithm>

namespace gitfs {

namespace {

constexpr std::size_t name_max = 255;
constexpr std::uint64_t directory_size = 4096; // as on ext4; a git tree has no size of its own

// Inflating this much takes about 5 ms: up to here it is done on the thread that brought the request.
constexpr std::uint64_t inline_load_limit = 1 << 20;

// A clone's modes under umask 022. By entry_kind.
constexpr std::uint32_t modes[] = {
    S_IFREG | 0644, // file
    S_IFREG | 0755, // executable
    S_IFLNK | 0777, // symlink
    S_IFDIR | 0755, // directory
    S_IFDIR | 0755, // gitlink: an empty directory, as in a clone without its submodules
};

bool is_directory(const dentry& entry) {
  return entry.kind == entry_kind::directory || entry.kind == entry_kind::gitlink;
}

// As entry_attribute has it.
std::string object_text(entry_kind kind, const oid& id) {
  constexpr std::string_view types[] = {"blob", "blob", "link", "tree", "commit"}; // by entry_kind
  return std::string{types[static_cast<std::size_t>(kind)]} + ' ' + id.hex();
}

// Where a reader is in which listing: what the kernel keeps of a reader between two requests, and of each entry in its
// cache. A listing that never changed has number 0, so that it is the place alone.
constexpr std::uint64_t cookie(std::uint32_t number, std::uint64_t place) {
  return (std::uint64_t{number} << 32) | place;
}
constexpr std::uint32_t listing_number(std::uint64_t offset) {
  return static_cast<std::uint32_t>(offset >> 32);
}
constexpr std::uint64_t place_in_listing(std::uint64_t offset) {
  return static_cast<std::uint32_t>(offset);
}

constexpr std::string_view oid_attribute = "user.gitfs.oid";
constexpr std::string_view commit_attribute = "user.gitfs.commit";

} // namespace

node_attr directory_state::own_attr() const {
  return {context_.inodes.ino_of(self_), location_->key, modes[static_cast<int>(entry_kind::directory)], directory_size,
          since()};
}

node_attr directory_state::attr_of(const dentry& entry) const {
  const path_key key = child_key(location_->key, entry.name);
  const std::uint64_t ino = entry.slot != no_slot ? context_.inodes.ino_of(entry.slot)
                                                  : inode_number({location_->key, location_->name}, entry.name, key);
  return {ino, key, modes[static_cast<int>(entry.kind)], is_directory(entry) ? directory_size : entry.size, entry.time};
}

// Fills `out` with a node that the kernel may refer to, and counts the reference.
bool directory_state::reveal(dentry& entry, node_entry& out) {
  const child_index index = dentries_.index_of(entry);
  out.attr = attr_of(entry);
  if (entry.slot == no_slot) {
    const auto slot = entry.kind == entry_kind::directory
                          ? outside_->allocate(self_, out.attr.ino, child_link(index, entry))
                          : context_.inodes.allocate_leaf(self_, index, entry.kind, out.attr.ino);
    if (!slot)
      return false;
    dentries_.set_slot(entry, *slot);
  }
  out.nodeid = nodeid_of(entry.slot);
  out.generation = context_.inodes.generation_of(entry.slot);
  out.address = is_leaf(entry.slot) ? node_address{self_, index + 1} : node_address{entry.slot, self_child};
  out.lasting = !is_assumed(entry.name);
  dentries_.ref(entry);
  return true;
}

directory_state::lacking directory_state::attempt(kernel_op& op) {
  if (op.at == self_child)
    return attempt_self(op);
  const dentry* child = dentries_.at(op.at - 1);
  if (child == nullptr) {
    op.answer.error(ESTALE);
    return {};
  }
  return attempt_child(op, *child);
}

directory_state::lacking directory_state::attempt_self(kernel_op& op) {
  return std::visit(overloaded{
                        [&](const lookup_op& what) { return lookup(op, what); },
                        [&](const readdir_op& what) { return readdir(op, what); },
                        [&](const getattr_op&) -> lacking {
                          op.answer.attr(own_attr());
                          return {};
                        },
                        [&](const readlink_op&) -> lacking {
                          op.answer.error(EINVAL);
                          return {};
                        },
                        [&](const read_op&) -> lacking {
                          op.answer.error(EISDIR);
                          return {};
                        },
                        [&](const getxattr_op& what) -> lacking {
                          if (!location_->shown) {
                            op.answer.error(ENODATA);
                            return {};
                          }
                          if (what.name.starts_with(entry_attribute))
                            return entry_object(op, what.name.substr(entry_attribute.size()));
                          xattr(op, location_->tree);
                          return {};
                        },
                        [&](const listxattr_op&) -> lacking {
                          xattr(op, location_->tree);
                          return {};
                        },
                    },
                    op.what);
}

directory_state::lacking directory_state::attempt_child(kernel_op& op, const dentry& child) {
  return std::visit(overloaded{
                        [&](const lookup_op&) -> lacking {
                          // Of the children only a gitlink is a directory that is answered here, and it is empty.
                          is_directory(child) ? op.answer.absent() : op.answer.error(ENOTDIR);
                          return {};
                        },
                        [&](const readdir_op& what) -> lacking {
                          if (!is_directory(child)) {
                            op.answer.error(ENOTDIR);
                            return {};
                          }
                          const node_attr attr = attr_of(child);
                          const bool room = what.offset != 0 || op.answer.dirent(".", attr, nullptr, 1);
                          if (room && what.offset <= 1)
                            op.answer.dirent("..", own_attr(), nullptr, 2);
                          (void)op.answer.dirents_end(); // no entry carried a reference
                          return {};
                        },
                        [&](const getattr_op&) -> lacking {
                          if (!is_directory(child) && child.size == unknown_size)
                            return missing{missing::sizes, {}};
                          op.answer.attr(attr_of(child));
                          return {};
                        },
                        [&](const readlink_op&) { return readlink(op, child); },
                        [&](const read_op& what) { return read(op, child, what); },
                        [&](const getxattr_op&) -> lacking {
                          xattr(op, child.id);
                          return {};
                        },
                        [&](const listxattr_op&) -> lacking {
                          xattr(op, child.id);
                          return {};
                        },
                    },
                    op.what);
}

directory_state::lacking directory_state::lookup(kernel_op& op, const lookup_op& what) {
  if (what.name.size() > name_max) {
    op.answer.error(ENAMETOOLONG);
    return {};
  }
  if (lacking instead; !ensure_listing(op, instead))
    return instead;
  const dentry* found = dentries_.find(what.name);
  if (found == nullptr) {
    answered_absent_ = answered_absent_ || complete_;
    // What a host does not have now it may have later.
    complete_ ? op.answer.absent() : op.answer.error(ENOENT);
    return {};
  }
  if (!is_directory(*found) && found->size == unknown_size)
    return sizes_for(*found);
  dentry& entry = *dentries_.at(dentries_.index_of(*found));
  node_entry out;
  if (!reveal(entry, out)) {
    op.answer.error(ENFILE);
    return {};
  }
  if (!op.answer.entry(out))
    drop_reference(entry, 1); // the caller was interrupted: the kernel took no reference
  return {};
}

// "." and ".." if the reader has not had them. False: there is no more room.
bool directory_state::dots(kernel_op& op, std::uint32_t number, std::uint64_t& next) const {
  if (next == 0 && !op.answer.dirent(".", own_attr(), nullptr, cookie(number, ++next)))
    return false;
  if (next != 1)
    return true;
  node_attr parent = own_attr();
  if (location_->parent) {
    parent.ino = context_.inodes.ino_of(context_.inodes.parent_of(self_));
    parent.key = location_->parent->key;
  }
  return op.answer.dirent("..", parent, nullptr, cookie(number, ++next));
}

directory_state::lacking directory_state::readdir(kernel_op& op, const readdir_op& what) {
  if (what.offset != 0 && listing_number(what.offset) != number_)
    return readdir_past(op, what);
  if (lacking instead; !ensure_listing(op, instead))
    return instead;
  const auto order = dentries_.sorted();
  std::vector<child_index> revealed;
  std::uint64_t next = place_in_listing(what.offset);
  const bool at_end = next >= order.size() + 2;
  bool fits = dots(op, number_, next);
  for (std::uint64_t i = next - 2; fits && i < order.size(); ++i) {
    dentry& entry = *dentries_.at(order[i]);
    node_entry node;
    // A size that is not known yet: by name only, so that a listing never waits for it.
    const bool with_node = what.plus && (is_directory(entry) || entry.size != unknown_size) && reveal(entry, node);
    fits = op.answer.dirent(entry.name, with_node ? node.attr : attr_of(entry), with_node ? &node : nullptr,
                            cookie(number_, i + 3));
    if (with_node && fits)
      revealed.push_back(order[i]);
    else if (with_node)
      drop_reference(entry, 1);
  }
  if (!op.answer.dirents_end())
    for (child_index i : revealed)
      drop_reference(*dentries_.at(i), 1);
  if (what.offset == 0)
    after_listing();
  // A host's listing is never complete. The kernel would take it for that now, and never ask again.
  if (at_end && !complete_)
    port_.tell_kernel({nodeid_of(self_), {}, {}});
  return {};
}

// The rest of a listing that is not shown any more, for who has begun it: by name only, but for what is still the same.
directory_state::lacking directory_state::readdir_past(kernel_op& op, const readdir_op& what) {
  const std::uint32_t number = listing_number(what.offset);
  const std::uint32_t ago = number_ - number;
  if (number > number_ || ago > past_.size()) {
    op.answer.error(ESTALE); // too long ago: the reader has to begin anew
    return {};
  }
  const oid tree = past_[past_.size() - ago];
  const auto listing = outside_->listing(tree);
  if (!listing) {
    op.lacked = listing.error().message;
    if (listing.error().code == ENOENT)
      return missing{missing::listing, tree};
    refuse(op, EIO, {});
    return {};
  }
  const std::vector<tree_entry>& entries = listing.value()->entries;
  std::vector<child_index> revealed;
  std::uint64_t next = place_in_listing(what.offset);
  const bool at_end = next >= entries.size() + 2;
  bool fits = dots(op, number, next);
  for (std::uint64_t i = next - 2; fits && i < entries.size(); ++i) {
    const tree_entry& each = entries[i];
    dentry past;
    past.name = each.name;
    past.kind = each.kind;
    const dentry* now = dentries_.find(each.name);
    dentry* same = now != nullptr && now->kind == each.kind && now->id == each.id
                       ? dentries_.at(dentries_.index_of(*now))
                       : nullptr;
    node_entry node;
    const bool with_node =
        same != nullptr && what.plus && (is_directory(*same) || same->size != unknown_size) && reveal(*same, node);
    fits = op.answer.dirent(each.name, with_node ? node.attr : attr_of(past), with_node ? &node : nullptr,
                            cookie(number, i + 3));
    if (with_node && fits)
      revealed.push_back(dentries_.index_of(*same));
    else if (with_node)
      drop_reference(*same, 1);
  }
  if (!op.answer.dirents_end())
    for (child_index i : revealed)
      drop_reference(*dentries_.at(i), 1);
  if (at_end) // the kernel takes its cache of the listing for complete now, and it is the old one
    port_.tell_kernel({nodeid_of(self_), {}, {}});
  return {};
}

directory_state::lacking directory_state::readlink(kernel_op& op, const dentry& child) {
  if (child.kind != entry_kind::symlink) {
    op.answer.error(EINVAL);
    return {};
  }
  auto target = outside_->read(child.id);
  if (!target) {
    op.lacked = target.error().message;
    if (target.error().code == ENOENT)
      return missing{missing::blob, child.id};
    refuse(op, visible_errno(target.error().code, requested::object), {});
    return {};
  }
  op.answer.link(target.value().data());
  return {};
}

directory_state::lacking directory_state::read(kernel_op& op, const dentry& child, const read_op& what) {
  if (is_directory(child)) {
    op.answer.error(EISDIR);
    return {};
  }
  const bool begins = what.offset == 0 && op.brought == 0 && child.present;
  // A listing that was dropped does not say which files come next.
  const bool foreseeable = begins && complete_ && context_.prefetch;
  if (begins) {
    if (!probed_.empty() && std::erase(probed_, child.id) != 0)
      port_.probe_was_read();
    if (foreseeable)
      port_.read_started(dentries_.position_of(op.at - 1), child.name, child.id);
  }
  if (child.size != unknown_size && child.size >= context_.memory.blob_files_from())
    return read_blob_file(op, child, what);
  if (child.size != unknown_size && child.size > inline_load_limit && (op.brought & missing::loaded) == 0) {
    if (auto blob = outside_->cached_blob(child.id, what.size)) {
      op.answer.data(*blob, what.offset, what.size);
      return {};
    }
    if (outside_->contains(child.id))
      return missing{missing::loaded, child.id};
  }
  auto blob = outside_->blob(child.id, what.size);
  if (!blob) {
    op.lacked = blob.error().message;
    if (blob.error().code == ENOENT) {
      if (foreseeable)
        port_.read_missed(dentries_.position_of(op.at - 1), child.id);
      return missing{missing::blob, child.id};
    }
    refuse(op, visible_errno(blob.error().code, requested::object), {});
    return {};
  }
  op.answer.data(blob.value(), what.offset, what.size);
  return {};
}

directory_state::lacking directory_state::read_blob_file(kernel_op& op, const dentry& child, const read_op& what) {
  if (auto blob = outside_->blob_file_of(child.id)) {
    op.answer.file(*blob, what.offset, what.size);
    return {};
  }
  if (outside_->contains(child.id))
    return missing{missing::blob_file, child.id};
  op.lacked = "object " + child.id.hex() + " is not on this machine";
  return missing{missing::blob, child.id};
}

directory_state::lacking directory_state::entry_object(kernel_op& op, const std::string& name) {
  if (name.empty()) {
    op.answer.xattr("tree " + location_->tree.hex());
    return {};
  }
  if (lacking instead; !ensure_listing(op, instead))
    return instead;
  if (const dentry* found = dentries_.find(name))
    op.answer.xattr(object_text(found->kind, found->id));
  else
    op.answer.error(ENOENT);
  return {};
}

// Not through `outside_`, which notes what handlers are told.
void directory_state::tell(kernel_op& op) const {
  const auto* query = std::get_if<getxattr_op>(&op.what);
  if (query != nullptr && op.at == self_child && query->name == commit_attribute && location_->shown)
    return op.answer.xattr(location_->shown->facts.commit.hex());
  if (query == nullptr || op.at != self_child || !query->name.starts_with(entry_attribute))
    return op.answer.error(EINVAL);
  const std::string name = query->name.substr(entry_attribute.size());
  if (name.empty())
    return op.answer.xattr("tree " + location_->tree.hex());
  if (complete_) {
    const dentry* found = dentries_.find(name);
    return found != nullptr ? op.answer.xattr(object_text(found->kind, found->id)) : op.answer.error(ENOENT);
  }
  if (!location_->shown)
    return op.answer.error(ENODATA);
  const auto raw = location_->shown->of->repository->db->read(location_->tree);
  const auto listing = raw ? parse_tree(raw.value().data()) : result<parsed_tree>{raw.error()};
  if (!listing)
    return op.answer.error(ENODATA); // nobody can have fetched anything of what is in it
  const auto& entries = listing.value().entries;
  const auto found = std::ranges::find(entries, name, &tree_entry::name);
  found != entries.end() ? op.answer.xattr(object_text(found->kind, found->id)) : op.answer.error(ENOENT);
}

void directory_state::xattr(kernel_op& op, const oid& id) {
  if (std::holds_alternative<listxattr_op>(op.what)) {
    std::string names{oid_attribute};
    names += '\0';
    names += commit_attribute;
    names += '\0';
    op.answer.xattr(names);
    return;
  }
  const std::string& name = std::get<getxattr_op>(op.what).name;
  if (name == oid_attribute)
    op.answer.xattr(id.hex());
  else if (name == commit_attribute && location_->shown)
    op.answer.xattr(location_->shown->facts.commit.hex());
  else
    op.answer.error(ENODATA);
}

} // namespace gitfs
