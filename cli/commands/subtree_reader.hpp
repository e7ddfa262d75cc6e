// Walks folders and reads the files in them in the order of the walk, because a mount recognises that order and fetches
// ahead.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

class subtree_reader {
public:
  struct progress {
    bool walking = true; ///< the walk goes on, so the totals still grow
    std::uint64_t folders = 0, links = 0;
    std::uint64_t files = 0, bytes = 0; ///< found by the walk, read or not
    std::uint64_t files_read = 0, bytes_read = 0;
    std::uint64_t failures = 0;
  };
  /// Called for each path that cannot be read, with the errno. It is called on any thread.
  using on_failure = std::function<void(const std::string& path, int code)>;

  /// `roots`: files or folders. A root that is a symbolic link is followed; links below are not. Without `contents` the
  /// reader only walks.
  subtree_reader(std::vector<std::string> roots, unsigned readers, bool contents, on_failure failed);

  /// Add a root, and add the counts of files that were read in another way. Called before `run`, by the same thread.
  void add_root(std::string path) { roots_.push_back(std::move(path)); }
  void add_done(const progress& more);
  /// Counts and reports a path that could not be read. Any thread.
  void fail(const std::string& path, int code);

  /// Walks all roots, then reads the files with `readers` threads. A file below several roots is read once. File
  /// systems that are mounted in a folder are passed over. Blocks until all is done.
  void run();

  /// Any thread, while it runs.
  progress now() const;

private:
  void visit(const std::string& path, bool is_root);
  void walk(const std::string& folder);
  void read_files();
  void read(const std::string& path, std::vector<char>& buffer);

  std::vector<std::string> roots_;
  const unsigned readers_;
  const bool contents_;
  const on_failure failed_;

  std::uint64_t device_ = 0;                               // the device of the root that is being walked
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_; // devices and inodes of what was walked
  std::vector<std::string> files_;                         // complete before the first file is read
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> walking_{true};
  std::atomic<std::uint64_t> folders_{0}, links_{0}, found_{0}, bytes_{0}, files_read_{0}, bytes_read_{0}, failures_{0};
};

} // namespace gitfs
