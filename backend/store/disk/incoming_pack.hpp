// A pack that is being made in a repository's objects folder.
#pragma once

#include "backend/git/oid.hpp"
#include "backend/os/file_lock.hpp"
#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <ctime>
#include <filesystem>
#include <string_view>

namespace gitfs {

/// A pack's file in a folder of its own below `objects`, out of readers' sight and locked while its process lives. Both
/// are removed with their object, unless `install` moved the pack to where readers look.
class incoming_pack {
public:
  /// `lock`: the file whose lock keeps `clean` away.
  static result<incoming_pack> make(const std::filesystem::path& objects, const std::filesystem::path& lock);

  incoming_pack(incoming_pack&& other) noexcept { *this = std::move(other); }
  incoming_pack& operator=(incoming_pack&& other) noexcept;
  ~incoming_pack();

  /// The pack's file, empty at first, for reading and writing.
  int fd() const { return pack_.get(); }

  /// Writes its index, the whole text. Once.
  result<void> write_index(std::string_view text);
  /// Waits until both are on the disk, with `changed` as their time.
  result<void> sync(std::time_t changed);
  struct installed {
    std::filesystem::path index;
    bool replaced = false; ///< there was an index of the same name
  };
  /// Lets readers see it. `checksum`: its trailer. The caller holds the lock.
  result<installed> install(const oid& checksum);

  /// Removes what killed processes have left below `objects`, without disturbing those that live.
  static void clean(const std::filesystem::path& objects, const std::filesystem::path& lock);

private:
  incoming_pack() = default;

  std::filesystem::path objects_, folder_;
  file_lock alive_;
  unique_fd pack_, index_;
};

} // namespace gitfs
