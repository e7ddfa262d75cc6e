// The files of a pack that is being made in a repository's objects folder.
#pragma once

#include "backend/git/oid.hpp"
#include "backend/os/file_lock.hpp"
#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <ctime>
#include <filesystem>
#include <string_view>

namespace gitfs {

/// The pack's file is in a folder of its own below `objects`, where readers do not see it, and which is locked while
/// this process lives. The destructor removes both, unless `install` has moved the pack to where readers look.
class incoming_pack {
public:
  /// `lock`: a file; while its lock is held, `clean` removes nothing.
  static result<incoming_pack> make(const std::filesystem::path& objects, const std::filesystem::path& lock);

  incoming_pack(incoming_pack&& other) noexcept { *this = std::move(other); }
  incoming_pack& operator=(incoming_pack&& other) noexcept;
  ~incoming_pack();

  /// The pack's file, empty at first, for reading and writing.
  int fd() const { return pack_.get(); }

  /// Writes the whole index file of the pack. Called once.
  result<void> write_index(std::string_view text);
  /// Waits until both files are on the disk, and sets their time to `changed`.
  result<void> sync(std::time_t changed);
  /// Moves the pack to where readers see it, and returns the path of its index. `checksum`: the pack's trailer. The
  /// caller holds the lock.
  result<std::filesystem::path> install(const oid& checksum);
  /// The name of a further file in the folder.
  std::filesystem::path beside(const char* name) const { return folder_ / name; }

  /// Removes what killed processes have left below `objects`. What living processes make there stays.
  static void clean(const std::filesystem::path& objects, const std::filesystem::path& lock);

private:
  incoming_pack() = default;

  std::filesystem::path objects_, folder_;
  file_lock alive_;
  unique_fd pack_, index_;
};

} // namespace gitfs
