// What file, environment and command line say, put together: for each option the last of these that speaks of it.
#pragma once

#include "config/options.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

struct setting_origin {
  enum class kind_type : std::uint8_t { preset, file, environment, flag };
  kind_type kind = kind_type::preset;
  std::string name{};   ///< the file, the variable, the flag
  std::size_t line = 0; ///< of a file
};

/// One value of one option.
struct setting {
  std::string_view option; ///< its long name in mount_option_table(), or "MOUNTPOINT"
  std::string value;       ///< as the option's setter takes it; of a header that is a secret, its name
  setting_origin from{};
  bool off = false;                     ///< a switch that is said to be off
  std::optional<secret_place> secret{}; ///< of a header
  std::string_view key{};               ///< JSON pointer; of a file only
};

/// GITFS_ACTOR_...; a variable that is empty counts as not set. EINVAL: a switch that is neither on nor off.
result<std::vector<setting>> environment_settings();

/// A sentence for each GITFS_ACTOR_... of the environment that says nothing to us, mostly a mistyped one. Without
/// values.
std::vector<std::string> unknown_variables();

/// By JSON pointer; what is not in it has its default.
using origin_map = std::map<std::string_view, setting_origin>;

/// Sets each option from the last layer (file, environment, flags) that has it; words of -o add up. The file's
/// collectors give way to OpenTelemetry's variables too, and its headers go to none but its own collectors. EINVAL: the
/// message begins with the flag or variable.
result<origin_map> settle(mount_options& out, const std::vector<setting>& file, const std::vector<setting>& environment,
                          const std::vector<setting>& flags);

/// Hands one value to the setter of its option.
result<void> apply_setting(mount_options& out, const setting& one);

} // namespace gitfs
