#include "actors/inode/directory_attributes.hpp"

#include "actors/model/inode_number.hpp"

#include <sys/stat.h>

namespace gitfs {

namespace {

constexpr std::uint64_t directory_size = 4096; // as on ext4; a git tree has no size of its own

// A clone's modes under umask 022. By entry_kind.
constexpr std::uint32_t modes[] = {
    S_IFREG | 0644, // file
    S_IFREG | 0755, // executable
    S_IFLNK | 0777, // symlink
    S_IFDIR | 0755, // directory
    S_IFDIR | 0755, // gitlink: an empty directory, as in a clone without its submodules
};

} // namespace

bool is_directory(const dentry& entry) {
  return entry.kind == entry_kind::directory || entry.kind == entry_kind::gitlink;
}

node_attr own_attr(const directory_inode& of) {
  return {of.context.inodes.ino_of(of.self), of.location()->key, modes[static_cast<int>(entry_kind::directory)],
          directory_size, of.since()};
}

node_attr attr_of(const directory_inode& of, const dentry& entry) {
  const directory_location& here = *of.location();
  const path_key key = child_key(here.key, entry.name);
  const std::uint64_t ino = entry.slot != no_slot ? of.context.inodes.ino_of(entry.slot)
                                                  : inode_number({here.key, here.name}, entry.name, key);
  return {ino, key, modes[static_cast<int>(entry.kind)], is_directory(entry) ? directory_size : entry.size, entry.time};
}

} // namespace gitfs
