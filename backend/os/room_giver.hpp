// Files that can be let go of when their disk is tight, or the memory for those that no disk takes.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

namespace gitfs {

/// Who keeps files in a folder that nobody needs at the moment. While one of these is there, whoever lacks room on that
/// disk may ask for some, on a thread of its own. The destructor waits for a call that runs.
class room_giver {
public:
  enum class room { disk, memory };
  /// `give` lets go of as many bytes as it is asked for, or of what it can. Where memory is lacking, the one who asks
  /// fails without it.
  room_giver(std::filesystem::path folder, std::function<void(std::uint64_t, room)> give);
  ~room_giver();
  room_giver(const room_giver&) = delete;
  room_giver& operator=(const room_giver&) = delete;

  /// Asks all of this process whose folder is on the file system of `path`. Any thread, but none that holds what
  /// `give` locks.
  static void ask(const std::filesystem::path& path, std::uint64_t bytes);
  /// Asks all of this process to let go of files that are in memory (unlinked_file), likewise.
  static void ask_for_memory(std::uint64_t bytes);

private:
  const std::filesystem::path folder_;
  const std::function<void(std::uint64_t, room)> give_;
};

} // namespace gitfs
