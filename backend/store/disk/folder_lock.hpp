// Locks of a store, and of a cache folder, between processes.
#pragma once

#include "backend/os/file_lock.hpp"

#include <filesystem>

namespace gitfs {

/// The lock of a folder. It is a lock of a file in the folder, which is made if it is missing. If the disk has no room
/// for that file, the folder itself is locked, because just then somebody must be able to remove files. So a shared
/// lock holds one of the two, which takes one descriptor, and an exclusive lock holds both.
class folder_lock {
public:
  folder_lock() = default;
  folder_lock(const std::filesystem::path& folder, const char* name, file_lock::mode how, bool wait);

  bool held() const { return failure_ == 0 && (folder_.held() || file_.held()); }
  /// The errno, as of file_lock::failure.
  int failure() const { return failure_; }

private:
  file_lock folder_, file_;
  int failure_ = 0;
};

inline constexpr const char* maintenance_file = "maintenance.lock";

/// The lock of the one process that removes and rewrites files in this cache.
folder_lock maintenance_lock(const std::filesystem::path& cache_dir, bool wait);
/// The lock that every open store shares, and that a process takes alone to remove the store.
folder_lock use_lock(const std::filesystem::path& store, file_lock::mode how, bool wait);

} // namespace gitfs
