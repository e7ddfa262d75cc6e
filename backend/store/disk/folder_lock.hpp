// Locks of a store, and of a cache folder, between processes.
#pragma once

#include "backend/os/file_lock.hpp"

#include <filesystem>

namespace gitfs {

/// The lock of a folder, by a file in it, which is made if it is missing. Where no file can be made for want of room it
/// is that of the folder itself, because just then somebody has to be able to remove files. Who shares it holds one of
/// the two, and so one descriptor; who wants it alone takes both.
class folder_lock {
public:
  folder_lock() = default;
  folder_lock(const std::filesystem::path& folder, const char* name, file_lock::mode how, bool wait);

  bool held() const { return failure_ == 0 && (folder_.held() || file_.held()); }
  /// As file_lock::failure.
  int failure() const { return failure_; }

private:
  file_lock folder_, file_;
  int failure_ = 0;
};

inline constexpr const char* maintenance_file = "maintenance.lock";

/// Held by the one process that removes and rewrites files in this cache.
folder_lock maintenance_lock(const std::filesystem::path& cache_dir, bool wait);
/// Held shared by every open store, and alone by who removes the store.
folder_lock use_lock(const std::filesystem::path& store, file_lock::mode how, bool wait);

} // namespace gitfs
