// Inflated blobs that arrived a moment ago and are about to be read.
#pragma once

#include "backend/cache/once_cache.hpp"
#include "backend/git/object.hpp"
#include "backend/os/room_giver.hpp"
#include "backend/os/unlinked_file.hpp"
#include "config/lru_map.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <utility>

namespace gitfs {

/// A pack is cheap to read in its own order, in which each delta follows its base, and several times more expensive to
/// read in the order of paths, in which its blobs are asked for (scripts/bench --row mount-tar). So blobs that arrive
/// ahead of a reader are read once in the order of the pack, and kept here until they are taken. Each blob is taken
/// once, because the kernel keeps what it has read. Thread-safe.
///
/// Blobs that are too large for memory wait in files, into which whoever checks their hashes writes them: else their
/// reader would inflate and hash them once more. These are few, since their reader waits for them.
class prefetched_blobs {
public:
  /// Larger blobs are never whole in memory: see blob_files.
  static constexpr std::size_t largest = std::size_t{8} << 20;
  /// So many files wait at most, and so many bytes in them.
  static constexpr std::size_t most_files = 8;
  static constexpr std::uint64_t most_bytes_in_files = std::uint64_t{256} << 20;

  /// The oldest blobs are dropped when all exceed what `budget` leaves to them. `folder`: where the files are made;
  /// empty: there are none.
  explicit prefetched_blobs(std::shared_ptr<memory_budget> budget, std::filesystem::path folder = {})
    : budget_(std::move(budget)),
      blobs_(*budget_, memory_budget::kind::fresh, &memory_budget::fresh_limit),
      folder_(std::move(folder)) {
    if (!folder_.empty())
      giver_.emplace(folder_, [this](std::uint64_t, room_giver::room) { clear_files(); });
  }
  ~prefetched_blobs() {
    giver_.reset();
    clear_files();
  }
  prefetched_blobs(const prefetched_blobs&) = delete;
  prefetched_blobs& operator=(const prefetched_blobs&) = delete;

  /// The hash of `blob` must have been checked.
  void put(const oid& id, object blob) {
    const std::string_view data = blob.data();
    if (data.size() <= largest)
      return blobs_.put(id, std::move(blob), data.size());
    if (auto file = new_file(data.size()); file && file->write(data, 0))
      put_file(id, std::move(*file));
  }

  /// Takes the blob out of the cache.
  std::optional<object> take(const oid& id) { return blobs_.take(id); }

  /// A file for a blob of `size` bytes; none if it is not to be kept.
  std::optional<unlinked_file> new_file(std::uint64_t size) const {
    if (folder_.empty() || size > most_bytes_in_files)
      return std::nullopt;
    auto made = unlinked_file::make(folder_);
    return made ? std::optional{std::move(made).value()} : std::nullopt;
  }

  /// `file` has the whole blob, whose hash was checked.
  void put_file(const oid& id, unlinked_file file) {
    files::items dropped; // closed behind the lock: freeing the blocks takes time
    const std::lock_guard lock{files_mutex_};
    const std::uint64_t size = file.size();
    if (files_.add(id, std::move(file)) == nullptr)
      return;
    bytes_in_files_ += size;
    budget_->add(memory_budget::kind::blob_files, size);
    while (files_.size() > most_files || bytes_in_files_ > most_bytes_in_files)
      dropped.splice(dropped.begin(), counted_out(files_.take_oldest()));
  }

  /// Takes the file of a blob out of the cache.
  std::optional<unlinked_file> take_file(const oid& id) {
    const std::lock_guard lock{files_mutex_};
    auto taken = counted_out(files_.take(id));
    return taken.empty() ? std::nullopt : std::optional{std::move(taken.front().second)};
  }

  void clear() {
    blobs_.clear();
    clear_files();
  }

private:
  using files = lru_map<oid, unlinked_file>;

  void clear_files() {
    files::items dropped;
    const std::lock_guard lock{files_mutex_};
    dropped = counted_out(files_.take_all());
  }
  files::items counted_out(files::items gone) {
    for (const auto& [id, file] : gone) {
      bytes_in_files_ -= file.size();
      budget_->subtract(memory_budget::kind::blob_files, file.size());
    }
    return gone;
  }

  const std::shared_ptr<memory_budget> budget_;
  once_cache<object> blobs_;
  const std::filesystem::path folder_;
  std::mutex files_mutex_;
  files files_;
  std::uint64_t bytes_in_files_ = 0;
  std::optional<room_giver> giver_; // the last, since it uses the rest
};

} // namespace gitfs
