// Finds a mount of gitfs-actor that is on a mountpoint already, before another one is made there.
#pragma once

#include "actors/model/mount_status.hpp"
#include "config/options.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace gitfs {

/// A mount that stands exactly at a path, and whose process is alive.
class standing_mount {
public:
  /// None: there is no such mount, or its process has died (then mountpoint::prepare takes away what is left of it).
  static std::optional<standing_mount> at(const std::filesystem::path& mountpoint);

  /// True if the mount shows what `options` ask for: the same source at the same ref, followed in the same way, or the
  /// same config file.
  bool is_same(const mount_options& options) const;
  /// A sentence, without its end, that says what is mounted on which path.
  std::string describe() const;
  /// The end of that sentence, which says what to do to get a mount with `options`.
  std::string remedy(const mount_options& options) const;

private:
  std::string path_;
  std::optional<mount_status> shows_; ///< none: this user may not ask the mount
};

} // namespace gitfs
