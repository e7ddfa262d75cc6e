// Side tables: tables that other parts of the program keep in a store's folder beside its objects.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>

namespace gitfs {

/// What the upkeep of stores has to know about such a table. With this interface a store does not depend on code above
/// it. Any thread; any number of processes may have the table open.
struct side_table {
  struct report {
    std::uint64_t sound = 0; ///< entries that are right
    std::uint64_t damaged = 0;
    bool anew = false; ///< the file itself was damaged, was set aside, and begins anew
  };

  std::filesystem::path (*file)(const std::filesystem::path& store);
  /// Checks all entries of the table, and removes those that are damaged. Makes no table if there is none.
  report (*check)(const std::filesystem::path& store);
  /// Removes the table, unless this process has it open. What another process writes to it after that is lost.
  void (*remove)(const std::filesystem::path& store);
};

/// The rows live as long as the process.
using side_tables = std::span<const side_table>;

} // namespace gitfs
