// Finds files by path and by pattern in the trees of a snapshot, as far as these are here.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/git/tree.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// All paths are followed together, so each directory is read once, and the trees that are missing are known for a
/// whole level. Patterns are those of git's pathspec magic `glob`: * ? [...] match no "/", and ** any number of
/// folders. A name that is there as it is written is no pattern. Not thread-safe.
class path_selection {
public:
  enum class outcome : std::uint8_t {
    absent,
    file,   ///< it is among `blobs`
    folder, ///< what is below it was not looked at
    link,   ///< a symbolic link is on its way, or is what it names: not followed
    failed, ///< see `code_of`
  };

  /// What the characters of paths mean: `names`: themselves, and no folder is looked into but those on the way.
  enum class reading : std::uint8_t { patterns, names };

  /// Paths below the tree `root`; slashes at their ends do not matter. A path holds no NUL.
  path_selection(const oid& root, std::vector<std::string> paths, reading how = reading::patterns);

  /// Goes on, through at most `most` trees. False: all that is here has been read.
  bool step(object_db& db, std::size_t most);
  /// After `step` has returned false: the trees without which nothing goes on; each once. Empty: all is found.
  std::vector<oid> missing() const;
  /// The missing trees were asked for: what is not here now fails with `code`.
  void came(int code);

  /// The files that are named, each as often as it is found.
  const std::vector<std::pair<oid, std::uint32_t>>& files() const { return files_; } ///< with the number of its path
  /// The links that patterns match.
  const std::vector<std::pair<oid, std::uint32_t>>& links() const { return links_; }
  std::size_t folders() const { return folders_; } ///< below a folder that a pattern matches

  /// A folder that was read on the way to names.
  struct folder {
    oid tree;
    std::size_t files = 0; ///< so many of its files are named
    bool named = false;    ///< and so is the folder itself
  };
  const std::vector<folder>& folders_read() const { return folders_read_; } ///< of reading::names alone

  std::size_t size() const { return paths_.size(); }
  outcome outcome_of(std::size_t path) const { return paths_[path].is; }
  int code_of(std::size_t path) const { return paths_[path].code; } ///< errno; 0: it did not fail
  void fail(std::size_t path, int code) { paths_[path].is = outcome::failed, paths_[path].code = code; }

private:
  // A path, and its part that is looked for next; behind the last one: everything below is named.
  using item = std::pair<std::uint32_t, std::uint32_t>;
  struct state {
    oid tree;
    std::vector<item> items;
    bool covered = false;   // a folder above is named as a whole: it only matters whether they are there
    bool requested = false; // and its tree did not come
  };
  struct path {
    std::string text;
    std::vector<std::string_view> parts;
    bool pattern = false;
    outcome is = outcome::absent;
    int code = 0;
  };
  using children = std::map<std::size_t, state>; // by the index of the entry

  void read(state& at, const parsed_tree& tree);
  void read_names(const state& at, const parsed_tree& tree);
  void meet(const tree_entry& entry, std::size_t index, item next, children& below, std::vector<char>& taken,
            bool covered);
  void take(const tree_entry& entry, std::size_t index, std::uint32_t by, std::vector<char>& taken, bool covered);
  void fail_all(const state& at, int code);

  std::vector<path> paths_;
  std::vector<state> next_, missing_;
  // What was read: else a tree that holds itself many times over, a few levels deep, would take for ever under **.
  std::map<std::pair<oid, bool>, std::vector<std::vector<item>>> seen_; // and whether it was covered
  std::vector<std::pair<oid, std::uint32_t>> files_, links_;
  std::vector<folder> folders_read_;
  std::size_t folders_ = 0;
  const reading how_;
  int failure_ = 0; // why the trees did not come that were asked for
};

} // namespace gitfs
