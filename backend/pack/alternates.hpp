// The folders in which the objects of a repository are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

struct object_folders {
  std::vector<std::filesystem::path> here; ///< the `objects` folder itself first
  std::vector<std::filesystem::path> lost; ///< named as alternates, and not there
};

/// The `objects` folder, its alternates, and the alternates of these, as deep as git follows them. Each once.
object_folders find_object_folders(const std::filesystem::path& objects);

/// A path as git quotes it in C's way, with `"` at both ends. None: it is not so quoted.
std::optional<std::string> unquoted(std::string_view text);

} // namespace gitfs
