// The file of `gitfs-actor mount --config FILE`: JSON with comments, by the schema in config/schema.json.
#pragma once

#include "config/deployment.hpp"
#include "config/settings.hpp"

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace gitfs {

struct config_file {
  std::vector<setting> settings;
  deployment tree;
  std::map<std::string, std::size_t> lines; ///< of what is in the tree, by its path
};

/// `text` as what stands in `file`, which is absolute and says where relative paths begin; `name`: the file as messages
/// call it. EINVAL: all that is wrong, a line for each mistake, at most 20 (config_errors).
result<config_file> parse_config_file(std::string text, const std::filesystem::path& file, const std::string& name);

/// The same of a file on disk. ENOENT and others: it cannot be read.
result<config_file> read_config_file(const std::filesystem::path& file, const std::string& name);

/// "3 repositories, 2 hosts, mountpoint /mnt".
std::string describe(const config_file& config);

} // namespace gitfs
