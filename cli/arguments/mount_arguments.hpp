// The command line of `gitfs-actor mount`, together with its config file and the environment.
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
  all,     ///< to mount: SOURCE and MOUNTPOINT must be given, and the secrets of headers are read
  nothing, ///< only to show the settings
};

/// EINVAL: a mistake in the arguments, with the help to read, or in the config file, as read_config_file says. The
/// message names no credential.
result<mount_arguments> read_mount_arguments(std::vector<std::string> arguments, mount_needs needs);

/// The options of `gitfs-actor mount --config FILE` without other arguments. A running mount reads its file again by
/// this. Errors as of read_config_file, all in one message.
result<mount_options> read_config(const std::filesystem::path& file);

} // namespace gitfs
