// Large blobs, inflated once into files without a name.
#pragma once

#include "backend/cache/memory_budget.hpp"
#include "backend/git/object_db.hpp"
#include "backend/os/room_giver.hpp"
#include "backend/os/unlinked_file.hpp"
#include "config/lru_map.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <unordered_set>

namespace gitfs {

/// The whole contents of one blob on disk. They never change, and stay while somebody holds this object.
class blob_file {
public:
  blob_file(unlinked_file file, std::uint64_t size) : file_(std::move(file)), size_(size) {}

  const unlinked_file& file() const { return file_; }
  std::uint64_t size() const { return size_; }

private:
  unlinked_file file_;
  std::uint64_t size_;
};

/// A large file is read in many pieces, in any order, and deflated data can only be read from the beginning. So the
/// first read inflates the whole blob to disk and checks its hash, and the page cache does the rest. The least recently
/// used blob is dropped first. When somebody lacks room on the disk (room_giver), those without a reader go.
/// Thread-safe; the lock covers the index only.
class blob_files {
public:
  /// Who has read a piece within that time reads on: a file that is dropped between two of them is inflated anew.
  static constexpr std::chrono::seconds reading_for{10};

  /// `folder`: where the files are made; it should be on a disk. `space`: bytes that all blob files of the budget may
  /// take together. The four most recent blobs stay, however large, so that as many readers of very large files do not
  /// have each piece inflated anew.
  blob_files(object_db& db, memory_budget& budget, std::filesystem::path folder, std::uint64_t space)
    : db_(db),
      budget_(budget),
      folder_(std::move(folder)),
      space_(space),
      giver_(folder_, [this](std::uint64_t bytes, room_giver::room what) {
        let_go(bytes, what == room_giver::room::memory ? std::chrono::seconds{0} : reading_for);
      }) {}
  ~blob_files() { clear(); }
  blob_files(const blob_files&) = delete;
  blob_files& operator=(const blob_files&) = delete;

  /// The blob if it is on disk already, else null.
  std::shared_ptr<const blob_file> find(const oid& id);

  /// Inflates the blob unless it is on disk already. Errors as object_db::copy. Blocks for as long as that takes. If
  /// several threads want the same blob, one inflates it and the others wait.
  result<std::shared_ptr<const blob_file>> load(const oid& id);

  /// Ends running loads with ECANCELED, and every later one.
  void stop() { stopped_ = true; }

  /// Drops what nobody holds and nobody has read for `unread`, the least recently used first, until so many bytes went.
  void let_go(std::uint64_t bytes, std::chrono::steady_clock::duration unread);

  void clear();

private:
  struct kept {
    std::shared_ptr<const blob_file> blob;
    std::chrono::steady_clock::time_point used;
  };
  using kept_files = lru_map<oid, kept>;
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
  const room_giver giver_; // the last, since it uses the rest
};

} // namespace gitfs
