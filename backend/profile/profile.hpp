// Profiles: what a job reads of a repository, in which order and by which program, as text that people may share.
//
//     gitfs-actor profile 1
//     source https://git.example/linux.git
//     folder drivers/net
//     1 12 cc1 ethernet/Kconfig
//     2 - make ethernet/
//
// `source` and `folder` are where it was recorded, and paths are below that folder of the repository. Of each path
// there is a line with its rank, its size class (the file has at most 2 to the power of that many bytes; "-": unknown)
// and the program that was the first to read it ("-": unknown). A path with a slash at its end is a folder that
// was listed, or of whose files the sizes were asked. Bytes that would break a line are written as `escaped` does.
// There are no contents, no object ids, no commit and no users, so a profile holds for other commits too.
#pragma once

#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

inline constexpr std::uint8_t unknown_size_class = 0xff;

/// The size class of a file of so many bytes, and the most bytes that a file of this class has.
std::uint8_t size_class_of(std::uint64_t bytes);
std::uint64_t most_bytes_of(std::uint8_t size_class);

struct profile_entry {
  std::uint32_t rank = 0; ///< from 1 on; what was read first has the lowest
  std::uint8_t size_class = unknown_size_class;
  std::string program{}; ///< as the kernel calls it (comm); empty: unknown
  std::string path{};    ///< relative, without "." and ".."; of a folder with a slash at its end

  bool is_folder() const { return path.ends_with('/'); }
  bool operator==(const profile_entry&) const = default;
};

struct profile {
  static constexpr std::size_t most_entries = 16'384;
  static constexpr std::size_t longest_line = 1000; ///< in bytes, without its end
  static constexpr std::size_t most_bytes = std::size_t{4} << 20;

  std::string source; ///< without credentials; empty: not said
  std::string folder; ///< of the repository, without slashes at its ends; empty: all of it
  std::vector<profile_entry> entries;

  bool operator==(const profile&) const = default;
};

/// One line, without its end.
std::string profile_line(const profile_entry& entry);
/// EINVAL, and what is wrong with the line.
result<profile_entry> parse_profile_line(std::string_view line);
/// True if the entry can stand in a profile: its path is relative and plain, and its line is not too long.
bool fits_a_profile(const profile_entry& entry);

/// The lines before those of paths.
std::string profile_head(const std::string& source, const std::string& folder);
std::string profile_text(const profile& what);
/// EINVAL: "NAME:LINE: what is wrong". Never takes more memory than some times the text.
result<profile> parse_profile(std::string_view text, const std::string& name);
/// Reads a file. The disk's error, or that of parse_profile; also EFBIG: it is larger than `most_bytes`.
result<profile> read_profile(const std::filesystem::path& file);

/// All that any of them names, by their mean ranks; of the repository as a whole, if their folders differ. EINVAL: they
/// are of different sources. What is too much for one profile is left out from its end.
result<profile> merge_profiles(std::span<const profile> all);

/// The entries with paths from the root of the repository.
std::vector<profile_entry> entries_from_root(const profile& what);

} // namespace gitfs
