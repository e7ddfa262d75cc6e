#include "backend/os/disk_room.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <sys/statvfs.h>

namespace gitfs {

std::optional<disk_room> disk_room::of(const std::filesystem::path& path) {
  struct statvfs info {};
  for (std::filesystem::path at = path;; at = at.parent_path()) {
    if (::statvfs(at.c_str(), &info) == 0)
      break;
    if (errno != ENOENT || at == at.parent_path())
      return std::nullopt;
  }
  if (info.f_blocks == 0)
    return std::nullopt;
  return disk_room{std::uint64_t{info.f_bavail} * info.f_frsize, std::uint64_t{info.f_blocks} * info.f_frsize};
}

bool is_want_of_room(int code) {
  return code == ENOSPC || code == EDQUOT;
}

bool is_failure_of_disk(int code) {
  constexpr int others[] = {EFBIG,     EROFS,     EACCES, EPERM,      EIO,    ENOENT,      ENOTDIR,  ENXIO,
                            ENODEV,    ESTALE,    EMFILE, ENFILE,     ENOLCK, EREMOTEIO,   ENOTCONN, ESHUTDOWN,
                            EHOSTDOWN, ETIMEDOUT, ENOSYS, EOPNOTSUPP, ELOOP,  ENAMETOOLONG};
  return is_want_of_room(code) || std::find(std::begin(others), std::end(others), code) != std::end(others);
}

} // namespace gitfs
