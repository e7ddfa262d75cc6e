// Where in a repository the objects are that its listings name: the mesa service is asked by path, not by id.
#pragma once

#include "backend/git/oid.hpp"
#include "backend/git/tree.hpp"

#include <cstddef>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace gitfs {

/// One of the places of a directory.
struct mesa_place {
  std::string ref;                ///< by which it can be asked for
  std::vector<oid> trees;         ///< from the root to the directory itself
  std::vector<std::string> names; ///< of all but the root

  /// Of the first `levels` directories below the root.
  std::string path(std::size_t levels) const;
  std::string path() const { return path(names.size()); }
};

/// Each object is remembered at the place where it was listed last, which is in the newest snapshot that has it.
/// Memory: some 60 bytes for a file, 120 for a directory. Thread-safe.
class mesa_index {
public:
  void add_root(const oid& root, std::string ref);
  void learn(const oid& tree, std::span<const tree_entry> entries);

  std::optional<mesa_place> find_tree(const oid& tree) const;
  /// The directory that names this file or link.
  std::optional<oid> find_parent(const oid& blob) const;
  /// Directories that were named, but whose listing was not learned.
  std::vector<oid> unread() const;
  /// How many directories are in this one, as far as it was learned.
  std::size_t directories_in(const oid& tree) const;

private:
  struct known_tree {
    oid parent;
    std::string name;
    bool learned = false;
    std::uint32_t directories = 0;
  };

  mutable std::mutex mutex_;
  std::unordered_map<oid, std::string> roots_; ///< and the ref of each
  std::unordered_map<oid, known_tree> trees_;
  std::unordered_map<oid, oid> blobs_; ///< to the tree that names them
};

/// Something to ask for: a directory and what is below it.
struct mesa_question {
  oid tree;
  std::string ref, path;
  std::size_t depth = 1;
};

/// Few questions whose answers list all of these directories. Where most directories of one are wanted, it is asked for
/// with a greater depth.
std::vector<mesa_question> plan_questions(const mesa_index& index, std::span<const mesa_place> wanted);

} // namespace gitfs
