// Everything that can be seen of a folder, to compare two of them.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace gitfs::test {

/// One line per entry, sorted by path: mode (type and permissions), size or link target, hash of the bytes. A `.git` at
/// the top is left out: a clone has one, a mount has none. What cannot be read is a line with the error.
std::vector<std::string> manifest(const std::filesystem::path& root);

/// The first lines that only one of them has, "-" before those that are missing and "+" before those too many; "" if
/// they are equal.
std::string difference(const std::vector<std::string>& expected, const std::vector<std::string>& found);

/// A clone's working tree, as `git clone` makes it with umask 022, below `folder`.
std::filesystem::path checkout(const std::filesystem::path& repository, const std::string& branch,
                               const std::filesystem::path& folder);

} // namespace gitfs::test
