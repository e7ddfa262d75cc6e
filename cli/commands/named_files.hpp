// The files that `gitfs-actor prefetch` is given, and how they are brought.
#pragma once

#include "cli/commands/subtree_reader.hpp"
#include "cli/system/mount_table.hpp"
#include "config/error.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gitfs {

/// Paths and patterns, by the mount that each is in. They are told apart without touching them, by what they are
/// called: `a/../b` is `b`. Not thread-safe.
class named_files {
public:
  /// `below`: what relative paths are below; empty: the current folder.
  explicit named_files(const std::filesystem::path& below);

  void add(const std::string& path);
  /// All of a file, with `end` behind each; empty ones are passed over.
  result<void> add_list(int from, char end);

  /// Those that are in no mount of ours, as they were given.
  const std::vector<std::string>& outside() const { return outside_; }
  std::vector<std::string> mounts() const;

  /// Has the mounts bring the files. Folders, and what a mount leaves, become roots of `reader`; so does everything if
  /// `walk_only`. Each path that cannot be had is told to `reader`. Blocks.
  void bring(subtree_reader& reader, bool walk_only);

private:
  struct one {
    std::string shown;  ///< as it was given
    std::string inside; ///< below the mountpoint
  };
  void bring(subtree_reader& reader, const std::filesystem::path& folder, const std::vector<one>& what, bool walk_only);
  static void walk(subtree_reader& reader, const std::filesystem::path& folder, const one& what);

  std::filesystem::path below_;
  std::vector<mounted_at> table_; // of ours
  std::map<std::string, std::vector<one>> by_mount_;
  std::vector<std::string> outside_;
};

/// What is wrong with a path that cannot be read, from an errno.
std::string why_not(int code);

} // namespace gitfs
