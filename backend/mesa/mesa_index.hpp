// Finds the path of an object that a listing has named, because the mesa service is asked by path and not by id.
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

/// One of the paths at which a directory is.
struct mesa_place {
  std::string ref;                ///< the ref by which the service can be asked for it
  std::vector<oid> trees;         ///< from the root to the directory itself
  std::vector<std::string> names; ///< the names of these, without the root

  /// The path of the directory that is `levels` levels below the root.
  std::string path(std::size_t levels) const;
  std::string path() const { return path(names.size()); }
};

/// Remembers for each object the place where it was listed last, which is in the newest snapshot that has it. Takes
/// some 60 bytes of memory for a file, and 120 for a directory. Thread-safe.
class mesa_index {
public:
  void add_root(const oid& root, std::string ref);
  void learn(const oid& tree, std::span<const tree_entry> entries);

  std::optional<mesa_place> find_tree(const oid& tree) const;
  /// The directory that names this file or link.
  std::optional<oid> find_parent(const oid& blob) const;
  /// Directories that a listing has named, but whose own listing was not learned.
  std::vector<oid> unread() const;
  /// How many directories are in this one; 0 if its listing was not learned.
  std::size_t directories_in(const oid& tree) const;

private:
  struct known_tree {
    oid parent;
    std::string name;
    bool learned = false;
    std::uint32_t directories = 0;
  };

  mutable std::mutex mutex_;
  std::unordered_map<oid, std::string> roots_; ///< root directories with the ref of each
  std::unordered_map<oid, known_tree> trees_;
  std::unordered_map<oid, oid> blobs_; ///< each blob with the tree that names it
};

/// Something to ask for: a directory and what is below it.
struct mesa_question {
  oid tree;
  std::string ref, path;
  std::size_t depth = 1;
};

/// A small number of questions whose answers list all of these directories. A directory is asked for with a greater
/// depth if most directories in it are wanted.
std::vector<mesa_question> plan_questions(const mesa_index& index, std::span<const mesa_place> wanted);

} // namespace gitfs
