// The keys of a config file that say how to mount; what is mounted, its tree, is read by config_tree.
#pragma once

#include "config/options.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// What the value of a key becomes before it is handed to its option.
enum class config_kind : std::uint8_t {
  text,
  number, ///< text, as the next two
  size,   ///< of bytes
  time,
  path,    ///< expanded, from the file's folder on
  address, ///< the same behind "unix:"
  toggle,  ///< true: the option or word; false: its opposite
  list,    ///< of texts, the option once for each
  headers, ///< the option once for each, NAME=VALUE; or a secret's place
};

/// One row: a key, and the option of `gitfs-actor mount` whose setter takes its value.
struct config_key {
  std::string_view pointer; ///< JSON pointer
  /// Its long name in mount_option_table(), or "MOUNTPOINT".
  std::string_view option;
  std::string_view word;     ///< of "-o" only: what true says, or the NAME of NAME=VALUE
  std::string_view opposite; ///< what false says; empty: nothing, it is the default
  config_kind kind;
  std::string (*show)(const mount_options& options); ///< the value in effect, without secrets
};

/// In the order of `gitfs-actor config show`.
std::span<const config_key> config_key_table();

/// The variable that says the same as this option, "GITFS_ACTOR_CACHE_SIZE"; empty: none of ours.
std::string variable_for(std::string_view option);

/// The keys that an option's value, as a flag or variable has it, says something of.
std::vector<const config_key*> keys_of(std::string_view option, const std::string& value);

} // namespace gitfs
