// Large blobs, inflated once into files without a name.
#pragma once

#include "backend/cache/memory_budget.hpp"
#include "backend/git/object_db.hpp"
#include "backend/os/unlinked_file.hpp"
#include "config/lru_map.hpp"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace gitfs {

/// The whole contents of one blob on disk; never changes. Whoever reads it holds it.
class blob_file {
public:
  blob_file(unlinked_file file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  const unlinked_file& file() const { return file_; }
  std::uint64_t size() const { return size_; }

private:
  unlinked_file file_;
  std::uint64_t size_;
};

/// A large file is read in many pieces, in any order, and deflated data can only be read from their beginning. So the
/// first read inflates all of it to disk, hash checked, and the page cache does the rest. Least recently used first
/// out. Thread-safe; the lock covers the index only.
class blob_files {
public:
  /// `folder`: where the files are; on a disk, not in memory. `space`: bytes to keep there, together
  /// with the others of the budget. The four most recent stay,
  /// however large, so that as many readers of files larger than that do not have each piece inflated anew.
  blob_files(object_db& db, memory_budget& budget, std::filesystem::path folder, std::uint64_t space)
    : db_(db),
      budget_(budget),
      folder_(std::move(folder)),
      space_(space) {}
  ~blob_files() { clear(); }
  blob_files(const blob_files&) = delete;
  blob_files& operator=(const blob_files&) = delete;

  /// None unless it is there already.
  std::shared_ptr<const blob_file> find(const oid& id);

  /// Inflates it unless it is there. Errors as object_db::copy. Blocks as long as that takes; of several who want the
  /// same, one works and the others wait.
  result<std::shared_ptr<const blob_file>> load(const oid& id);

  /// Ends loads that run, with ECANCELED, and every later one.
  void stop() { stopped_ = true; }

  void clear();

private:
  using kept_files = lru_map<oid, std::shared_ptr<const blob_file>>;
  struct work;

  result<std::shared_ptr<const blob_file>> inflate(const oid& id);
  std::shared_ptr<const blob_file> touch(const oid& id);
  void keep(const oid& id, const std::shared_ptr<const blob_file>& blob, kept_files::items& dropped);
  kept_files::items counted_out(kept_files::items gone);

  object_db& db_;
  memory_budget& budget_;
  const std::filesystem::path folder_;
  const std::uint64_t space_;
  std::atomic<bool> stopped_{false};
  std::mutex lock_;
  std::condition_variable loaded_;
  std::unordered_set<oid> loading_;
  kept_files recent_;
  std::uint64_t bytes_ = 0;
};

} // namespace gitfs
