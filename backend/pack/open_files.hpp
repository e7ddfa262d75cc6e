// Descriptors of files that are read again and again: a repository can have more packs than a process may have open.
#pragma once

#include "config/error.hpp"
#include "config/lru_map.hpp"
#include "config/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <sys/stat.h>

namespace gitfs {

/// Tells a file from another that has taken its name.
struct file_identity {
  std::uint64_t device = 0, inode = 0, size = 0;
  std::int64_t changed = 0; ///< ns since 1970

  static file_identity of(const struct stat& info);
  bool operator==(const file_identity&) const = default;
  /// The same but for the time: git touches packs that have an object which it would write.
  bool is_same_file(const file_identity& other) const {
    return device == other.device && inode == other.inode && size == other.size;
  }
};

class reopened_file;

/// Keeps the files open that were used last, as many as a quarter of the descriptors that this process may have.
/// Thread-safe. Outlives its files.
class open_files {
public:
  /// `most`: so many, whatever the process may have; 0: by the limit of the process.
  explicit open_files(std::size_t most = 0) : most_(most) {}
  open_files(const open_files&) = delete;
  open_files& operator=(const open_files&) = delete;

  std::size_t open_now();

private:
  friend class reopened_file;
  using descriptor = std::shared_ptr<const unique_fd>;

  descriptor known(const reopened_file& of);
  void keep(const reopened_file& of, const descriptor& opened);
  void forget(const reopened_file& of);
  bool close_oldest();
  std::size_t most() const;

  const std::size_t most_;
  std::mutex mutex_;
  lru_map<const reopened_file*, descriptor> open_;
};

/// One file, open while it is used and for a while after. Thread-safe.
class reopened_file {
public:
  reopened_file(std::filesystem::path path, open_files& pool) : path_(std::move(path)), pool_(pool) {}
  ~reopened_file() { close(); }
  reopened_file(const reopened_file&) = delete;
  reopened_file& operator=(const reopened_file&) = delete;

  const std::filesystem::path& path() const { return path_; }

  /// A descriptor that stays open while somebody holds it. The errors are the system's.
  result<std::shared_ptr<const unique_fd>> open();
  /// Of the file that was opened last; 0 before.
  std::uint64_t size() const;
  /// Grows when another file than before was opened under this name; 0 before the first.
  std::uint64_t version() const { return version_.load(std::memory_order_acquire); }
  void close() { pool_.forget(*this); }

private:
  const std::filesystem::path path_;
  open_files& pool_;
  mutable std::mutex mutex_;
  std::optional<file_identity> is_; // what was opened last
  std::atomic<std::uint64_t> version_{0};
};

} // namespace gitfs
