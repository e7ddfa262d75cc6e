// Finds the folders in which a repository has its objects.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

struct object_folders {
  std::vector<std::filesystem::path> here; ///< folders that exist; the first is the repository's own
  std::vector<std::filesystem::path> lost; ///< folders that are named as alternates and do not exist
};

/// The `objects` folder, its alternates, and the alternates of these, as deep as git follows them. Each folder is
/// listed once.
object_folders find_object_folders(const std::filesystem::path& objects);

/// Reads a path that git has quoted like a string of C, with `"` at both ends. None: the text is not quoted so.
std::optional<std::string> unquoted(std::string_view text);

} // namespace gitfs
