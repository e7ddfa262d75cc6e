// The command line of `gitfs-actor mount`, with what its config file and the environment add.
#pragma once

#include "config/config_file.hpp"
#include "config/options.hpp"
#include "config/settings.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

struct mount_arguments {
  mount_options options;
  origin_map origins;
  std::optional<config_file> config;
};

enum class mount_needs : std::uint8_t {
  all,     ///< SOURCE and MOUNTPOINT, in the file or here; secrets of headers are read
  nothing, ///< to be looked at, not to be mounted
};

/// EINVAL: a usage error with where to read on, or what read_config_file says. Names no credential.
result<mount_arguments> read_mount_arguments(std::vector<std::string> arguments, mount_needs needs);

/// What `gitfs-actor mount --config FILE` would be told now, without other flags: for reading `file` again while its
/// mount runs. Errors as read_config_file: all of them as one message, and nothing is changed.
result<mount_options> read_config(const std::filesystem::path& file);

} // namespace gitfs
