// An arriving pack on its way into a repository's objects folder.
#pragma once

#include "backend/fresh_blobs.hpp"
#include "backend/git_odb.hpp"
#include "backend/pack_sink.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// A lock on a file or folder (flock), held until destruction. Other processes, and other locks of this one, see it;
/// the kernel drops it with the process.
class file_lock {
public:
  enum class mode { shared, exclusive };

  file_lock() = default;

  /// Waits for the lock, or not: see `held`. Where locks do not work at all, none is ever held.
  file_lock(const std::filesystem::path& path, mode how, bool wait);
  ~file_lock();
  file_lock(file_lock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  file_lock& operator=(file_lock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

  bool held() const { return fd_ >= 0; }

private:
  int fd_ = -1;
};

/// A folder below `objects` in which a pack is made, out of readers' sight and locked while its process lives. It is
/// removed with its object.
class incoming_folder {
public:
  /// `lock`: the file whose lock keeps `pack_ingest::clean` away.
  static result<incoming_folder> make(const std::filesystem::path& objects, const std::filesystem::path& lock);

  incoming_folder() = default;
  ~incoming_folder();
  incoming_folder(incoming_folder&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      lock_(std::move(other.lock_)) {}
  incoming_folder& operator=(incoming_folder&& other) noexcept {
    std::swap(path_, other.path_);
    std::swap(lock_, other.lock_);
    return *this;
  }

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
  file_lock lock_;
};

/// What the ingestion did, told to the store before readers may ask for the objects.
struct ingested {
  std::uint32_t objects = 0;
  std::uint64_t bytes = 0;                          ///< of the pack as it came
  bool new_pack = false;                            ///< the folder `pack` has changed
  std::vector<std::pair<oid, std::uint64_t>> blobs; ///< and their sizes
};

/// Bytes go into a folder of their own below `objects`, locked while its process lives, and through pack_indexer, which
/// checks everything; from there, whole and by renaming only, to where readers look.
class pack_ingest final : public pack_sink {
public:
  /// `objects`: the repository's objects folder. `lock`: the file whose lock keeps `clean` away. `installed` is called
  /// by a successful commit. `fresh`, if any, outlives the sink and gets the blobs that came, inflated.
  static result<std::unique_ptr<pack_ingest>> begin(const std::filesystem::path& objects,
                                                    const std::filesystem::path& lock,
                                                    std::function<void(const ingested&)> installed,
                                                    fresh_blobs* fresh = nullptr);
  ~pack_ingest() override;

  result<void> append(std::string_view bytes) override;
  result<std::uint32_t> commit() override;

  /// Removes what killed processes have left below `objects`, without disturbing those that live.
  static void clean(const std::filesystem::path& objects, const std::filesystem::path& lock);

private:
  struct impl;
  explicit pack_ingest(std::unique_ptr<impl> state);

  std::unique_ptr<impl> impl_;
};

} // namespace gitfs
