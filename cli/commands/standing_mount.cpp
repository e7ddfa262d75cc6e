#include "cli/commands/standing_mount.hpp"

#include "cli/system/control.hpp"
#include "cli/system/mount_table.hpp"

#include <cerrno>
#include <utility>

namespace gitfs {

namespace {

std::string fact(const mount_status& of, const char* name) {
  const auto found = of.facts.find(name);
  return found == of.facts.end() ? "" : found->second;
}

} // namespace

std::optional<standing_mount> standing_mount::at(const std::filesystem::path& mountpoint) {
  const auto what = mounted_on(mountpoint);
  if (!what || what->type != "fuse.gitfs")
    return std::nullopt;
  auto shows = ask_status(what->path);
  // Only EACCES means that a living mount is here. Any other error means that its process has died, perhaps between two
  // questions; then the caller clears the mountpoint.
  if (!shows && shows.error().code != EACCES)
    return std::nullopt;
  standing_mount out;
  out.path_ = what->path;
  if (shows)
    out.shows_ = std::move(shows.value());
  return out;
}

bool standing_mount::is_same(const mount_options& options) const {
  const mount_status requested = status_of(options);
  if (!shows_ || fact(requested, "config") != fact(*shows_, "config")
      || fact(requested, "source") != fact(*shows_, "source"))
    return false;
  if (!fact(requested, "config").empty()) // changes in the file need only a reload, not another mount
    return true;
  if (shows_->entries.size() != 1)
    return false;
  const entry_status &here = shows_->entries.front(), &there = requested.entries.front();
  return here.ref == there.ref && here.follow == there.follow;
}

std::string standing_mount::describe() const {
  if (!shows_)
    return "a mount of gitfs-actor that you may not ask is on " + path_ + " already";
  if (const std::string config = fact(*shows_, "config"); !config.empty())
    return "config " + config + " is already mounted on " + path_;
  std::string out = fact(*shows_, "source");
  if (shows_->entries.size() == 1) {
    const entry_status& only = shows_->entries.front();
    out += (only.ref.empty() ? "" : ' ' + only.ref) + ", followed: " + only.follow + ',';
  }
  return out + " is already mounted on " + path_;
}

std::string standing_mount::remedy(const mount_options& options) const {
  if (is_same(options))
    return ", as asked: nothing is to be done (--if-needed makes this no error)";
  return ": give another mountpoint, or first 'gitfs-actor unmount " + path_ + "'";
}

} // namespace gitfs
