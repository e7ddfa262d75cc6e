#include "backend/store/disk/folder_lock.hpp"

#include "backend/os/disk_room.hpp"
#include "config/unique_fd.hpp"

#include <cerrno>
#include <fcntl.h>

namespace gitfs {

folder_lock::folder_lock(const std::filesystem::path& folder, const char* name, file_lock::mode how, bool wait) {
  const std::filesystem::path path = folder / name;
  const unique_fd made{::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0600)};
  const bool no_room = !made && is_want_of_room(errno);
  if (how == file_lock::mode::exclusive || no_room) {
    folder_ = file_lock{folder, how, wait};
    failure_ = folder_.failure();
  }
  if (failure_ == 0 && !no_room) {
    file_ = file_lock{path, how, wait};
    failure_ = file_.failure();
  }
}

folder_lock maintenance_lock(const std::filesystem::path& cache_dir, bool wait) {
  return {cache_dir, maintenance_file, file_lock::mode::exclusive, wait};
}

folder_lock use_lock(const std::filesystem::path& store, file_lock::mode how, bool wait) {
  return {store, "in-use.lock", how, wait};
}

} // namespace gitfs
