// Before mounting: what of ours is on the mountpoint already.
#pragma once

#include "actors/model/mount_status.hpp"
#include "config/options.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace gitfs {

/// A mount that stands exactly at a path, and whose process lives.
class standing_mount {
public:
  /// None: there is none, or what was left of one whose process has died (mountpoint::prepare takes that away).
  static std::optional<standing_mount> at(const std::filesystem::path& mountpoint);

  /// It shows what `options` ask for: the same source at the same ref, followed in the same way, or the same config
  /// file.
  bool is_same(const mount_options& options) const;
  /// What is mounted where, in a sentence without its end.
  std::string describe() const;
  /// The end of that sentence: what to do to have a mount by `options` there.
  std::string remedy(const mount_options& options) const;

private:
  std::string path_;
  std::optional<mount_status> shows_; ///< none: it may not be asked
};

} // namespace gitfs
