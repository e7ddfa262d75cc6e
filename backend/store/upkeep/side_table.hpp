// Tables that others keep in a store's folder beside its objects.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace gitfs {

/// What whoever looks after stores has to know of such a table; no more, so that a store depends on nobody who is
/// above it. Any thread; any number of processes may have the table open.
struct side_table {
  struct report {
    std::uint64_t sound = 0; ///< entries
    std::uint64_t damaged = 0;
    bool anew = false; ///< the file itself was damaged, and set aside
  };

  std::filesystem::path (*file)(const std::filesystem::path& store);
  /// Looks at all that the table has, and removes what is damaged. Makes no table.
  report (*check)(const std::filesystem::path& store);
  /// Removes the table, unless this process has it open. What another one writes then is lost.
  void (*remove)(const std::filesystem::path& store);
};

/// Lives as long as the process.
using side_tables = std::span<const side_table>;

} // namespace gitfs
