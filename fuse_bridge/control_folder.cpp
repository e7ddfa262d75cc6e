#include "fuse_bridge/control_folder.hpp"

#include <cerrno>
#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace gitfs::control {

namespace {

namespace fs = std::filesystem;

constexpr const char* name = "gitfs-actor";

// The XDG specification says that relative paths must be ignored.
fs::path runtime_folder() {
  const char* set = std::getenv("XDG_RUNTIME_DIR");
  const fs::path out = set == nullptr ? "" : set;
  return out.is_absolute() ? out : fs::path{};
}

fs::path folder_in_tmp(uid_t owner) {
  return "/tmp/gitfs-actor-" + std::to_string(owner);
}

} // namespace

result<fs::path> private_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), 0755) == 0)
    ::chmod(folder.c_str(), 0755); // whatever the umask
  else if (errno != EEXIST)
    return system_failure(errno, "cannot make " + folder.string());
  struct stat st {};
  if (::lstat(folder.c_str(), &st) != 0)
    return system_failure(errno, "cannot use " + folder.string());
  if (!S_ISDIR(st.st_mode) || st.st_uid != ::geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0)
    return fail(EPERM, folder.string() + " is not a folder that only this user can write to");
  return folder;
}

result<fs::path> socket_folder() {
  if (::geteuid() == 0)
    if (auto out = private_folder(fs::path{"/run"} / name))
      return out;
  if (const fs::path runtime = runtime_folder(); !runtime.empty())
    if (auto out = private_folder(runtime / name))
      return out;
  return private_folder(folder_in_tmp(::geteuid()));
}

std::vector<fs::path> socket_folders_of(uid_t owner) {
  std::vector<fs::path> out;
  if (owner == 0)
    out.push_back(fs::path{"/run"} / name);
  if (const fs::path runtime = runtime_folder(); !runtime.empty())
    out.push_back(runtime / name);
  out.push_back(fs::path{"/run/user"} / std::to_string(owner) / name);
  out.push_back(folder_in_tmp(owner));
  return out;
}

std::string socket_name(dev_t device) {
  return std::to_string(major(device)) + "-" + std::to_string(minor(device)) + ".sock";
}

} // namespace gitfs::control
