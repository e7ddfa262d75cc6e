// Reads objects of a pack.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "backend/pack/base_cache.hpp"
#include "backend/pack/index_reader.hpp"
#include "backend/pack/open_files.hpp"
#include "backend/pack/pack_format.hpp"
#include "config/error.hpp"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>

namespace gitfs {

struct object_header {
  object_type type;
  std::uint64_t size; ///< size of the contents, in bytes
};

/// What the packs of a process share. Outlives them.
struct pack_resources {
  open_files files{};
  index_reader::budget indexes{};
  base_cache bases{std::uint64_t{16} << 20};
};

/// The one of this process.
const std::shared_ptr<pack_resources>& shared_pack_resources();

/// A pack of version 2 or 3 with its index. Nothing is opened before it is asked for something, and everything is read
/// by pread: so neither damage nor an error of the disk is more than an error of one call. Hashes of objects are for
/// the caller to check. Errors of all calls: EBADMSG: damaged; ENOENT: the pack is gone; EFBIG: the object cannot be
/// made in memory; otherwise the disk's. Thread-safe.
class pack_reader {
public:
  pack_reader(const std::filesystem::path& index, std::shared_ptr<pack_resources> shared);

  const std::filesystem::path& index() const { return index_path_; }
  const std::filesystem::path& path() const { return pack_.path(); }

  /// Where the object is in the pack. None: it is not in it.
  result<std::optional<std::uint64_t>> find(const oid& id);
  result<void> find(const id_prefix& prefix, prefix_found& out);
  /// How many objects the index has.
  result<std::uint64_t> objects();

  result<object> read(std::uint64_t offset);
  result<object_header> header(std::uint64_t offset);

  /// The longest chain of deltas that is followed: git itself makes none beyond 4095.
  static constexpr std::size_t longest_chain = 4096;

  /// An entry as it is stored.
  struct stored {
    entry_header header;
    std::uint64_t data = 0; ///< offset of the deflated bytes
    std::uint64_t base = 0; ///< of a delta: offset of its base
  };
  result<stored> entry_at(std::uint64_t offset);
  /// The pack's file. It stays open while somebody holds it.
  result<std::shared_ptr<const unique_fd>> file();

  /// Set: neither the index nor the pack as a whole can be used, for this reason.
  std::optional<error> unusable();
  /// Leaves the pack alone from now on. False: it was left alone before.
  bool put_aside() { return !aside_.exchange(true); }
  bool is_aside() const { return aside_.load(std::memory_order_relaxed); }

  /// Closes the files, which are opened again when they are needed.
  void close();

private:
  struct peeked;

  result<index_reader*> table();
  result<void> check(const unique_fd& fd, std::uint64_t version, index_reader& table);
  result<peeked> peek(const unique_fd& fd, std::uint64_t offset, char* buffer, std::size_t size);
  result<std::unique_ptr<char[]>> inflated(const unique_fd& fd, const stored& entry, std::string_view already);
  result<object> build(const unique_fd& fd, const stored& delta, const object& base);
  error damaged(const std::string& how) const;

  const std::filesystem::path index_path_;
  const std::shared_ptr<pack_resources> shared_;
  const std::uint64_t number_;
  reopened_file pack_;
  std::atomic<index_reader*> ready_{nullptr};
  std::atomic<std::uint64_t> checked_{0}; // the version of the file
  std::atomic<bool> aside_{false};
  std::atomic<std::uint64_t> end_{0}; // of the entries, once it was checked
  std::mutex mutex_;
  std::unique_ptr<index_reader> table_;
  std::optional<error> broken_; // for good
  std::optional<error> failed_; // of the disk, when it was last tried
  std::chrono::steady_clock::time_point tried_{};
};

} // namespace gitfs
