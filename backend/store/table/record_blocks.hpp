// Keeps in memory what was read last of a record_file.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <sys/stat.h>
#include <vector>

namespace gitfs {

/// Blocks of buckets, and the bytes behind the record that was read last, of one inode. They save most of the system
/// calls of a walk, whose look-ups are spread over the whole table (`scripts/bench --row stored-find`). Everything is
/// dropped when the file has changed. Nothing is kept while the last change is so recent that a further change may have
/// the same time; otherwise a whole block would be read for each entry that is looked up between two writes. All tables
/// of the process have 16 MB together. A table of more than 8 MB gets none of it, because its next look-up is hardly
/// ever in a block that is kept. Thread-safe.
class record_blocks {
public:
  static constexpr std::size_t buckets_in_block = 16;
  /// Blocks are dropped after this time, because the time of a change may be wrong.
  static constexpr std::chrono::seconds used_for{1};

  /// `file` outlives this object. If anybody may change the file, `see` is called before each look-up.
  record_blocks(int file, std::uint64_t buckets);
  ~record_blocks();
  record_blocks(const record_blocks&) = delete;
  record_blocks& operator=(const record_blocks&) = delete;

  /// Takes what fstat says of the file now, and drops everything if the file has changed.
  void see(const struct stat& now);

  struct view {
    std::shared_ptr<const char[]> block; ///< owns the bytes
    const char* slots = nullptr;         ///< null: blocks are not kept, or the disk fails
  };
  view bucket(std::uint64_t number);

  /// Copies `size` bytes of the file, from `offset` on. False: the disk cannot read them.
  bool read(char* out, std::size_t size, std::uint64_t offset);

  /// Drops everything.
  void forget();

private:
  using clock = std::chrono::steady_clock;
  struct part {
    std::shared_ptr<const char[]> bytes;
    clock::time_point read_at;
  };

  void drop_all();

  const int file_;
  const std::uint64_t buckets_;
  std::mutex mutex_;
  std::uint64_t generation_ = 0; // how often everything was dropped; a read that began before a drop is not kept
  timespec changed_{};           // when the file was changed last
  bool is_settled_ = true;       // `changed_` is so long ago that a further change would have another time
  std::vector<part> parts_;      // empty: no blocks are kept
  std::uint64_t kept_ = 0;       // bytes of all blocks that are kept
  std::array<char, 4096> around_;
  std::uint64_t around_at_ = 0;
  std::size_t around_size_ = 0;
};

} // namespace gitfs
