// The files that the arguments of `gitfs-actor prefetch` name, and how they are fetched.
#pragma once

#include "cli/commands/subtree_reader.hpp"
#include "cli/system/mount_table.hpp"
#include "config/error.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gitfs {

/// Sorts paths and patterns by the mount that each is in. This looks only at the text, because touching a path would
/// fetch it one by one: `a/../b` is `b`. Not thread-safe.
class named_files {
public:
  /// `below`: the folder that relative paths start from; empty: the current folder.
  explicit named_files(const std::filesystem::path& below);

  void add(const std::string& path);
  /// Adds all paths of a list, which has `end` behind each path. `from` is the list's file descriptor. Empty paths are
  /// passed over.
  result<void> add_list(int from, char end);

  /// The paths that are in no mount of gitfs-actor, as they were given.
  const std::vector<std::string>& outside() const { return outside_; }
  std::vector<std::string> mounts() const;

  /// Has the mounts fetch the files. Folders, and paths that a mount leaves to the caller, become roots of `reader`;
  /// with `walk_only` all paths do. Each path that cannot be fetched is reported to `reader`. Blocks.
  void bring(subtree_reader& reader, bool walk_only);

private:
  struct one {
    std::string shown;  ///< the path as it was given, for messages
    std::string inside; ///< the path below the mountpoint
  };
  void bring(subtree_reader& reader, const std::filesystem::path& folder, const std::vector<one>& what, bool walk_only);
  static void walk(subtree_reader& reader, const std::filesystem::path& folder, const one& what);

  std::filesystem::path below_;
  std::vector<mounted_at> table_; // only mounts of gitfs-actor
  std::map<std::string, std::vector<one>> by_mount_;
  std::vector<std::string> outside_;
};

/// The reason in words why a path could not be read, from an errno.
std::string why_not(int code);

} // namespace gitfs
