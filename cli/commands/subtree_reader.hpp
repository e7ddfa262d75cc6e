// Walks folders and reads what is in them, in the order of a walk: the order that a mount looks ahead in.
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
    bool walking = true; ///< the totals still grow
    std::uint64_t folders = 0, links = 0;
    std::uint64_t files = 0, bytes = 0; ///< that were found
    std::uint64_t files_read = 0, bytes_read = 0;
    std::uint64_t failures = 0;
  };
  /// Is told of each path that cannot be read, with its errno; on any thread.
  using on_failure = std::function<void(const std::string& path, int code)>;

  /// `roots`: files or folders; links among them are followed, others are not. `contents` false: it only walks.
  subtree_reader(std::vector<std::string> roots, unsigned readers, bool contents, on_failure failed);

  /// What is walked besides, and what was read in another way. Before `run`, by its thread.
  void add_root(std::string path) { roots_.push_back(std::move(path)); }
  void add_done(const progress& more);
  /// One more that could not be read. Any thread.
  void fail(const std::string& path, int code);

  /// Walks, then reads with `readers` threads. Each file once, however many roots it is under; no file system that is
  /// mounted in a folder. Blocks until all is done.
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

  std::uint64_t device_ = 0;                               // of the root that is walked
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_; // device, inode
  std::vector<std::string> files_;                         // complete before the first is read
  std::atomic<std::size_t> next_{0};
  std::atomic<bool> walking_{true};
  std::atomic<std::uint64_t> folders_{0}, links_{0}, found_{0}, bytes_{0}, files_read_{0}, bytes_read_{0}, failures_{0};
};

} // namespace gitfs
