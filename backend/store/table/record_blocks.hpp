// What was last read of a record_file.
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
/// calls of a walk, whose look-ups are spread over the whole table (`scripts/bench --row stored-find`). All goes when
/// the file has changed, and nothing is kept while the last change is so fresh that its time would not tell of a
/// further one: then a block would be read for each entry that is looked up between two writes. All tables of the
/// process have 16 MB together, and one of more than 8 MB has none of it, since what is read next of that is hardly
/// ever in a block that is here. Thread-safe.
class record_blocks {
public:
  static constexpr std::size_t buckets_in_block = 16;
  static constexpr std::chrono::seconds used_for{1}; ///< should the time of a change be wrong

  /// `file` outlives this object. Nobody changes it, unless `see` is called before each look-up.
  record_blocks(int file, std::uint64_t buckets);
  ~record_blocks();
  record_blocks(const record_blocks&) = delete;
  record_blocks& operator=(const record_blocks&) = delete;

  /// What fstat says of the file now.
  void see(const struct stat& now);

  struct view {
    std::shared_ptr<const char[]> block; ///< holds the bytes
    const char* slots = nullptr;         ///< null: blocks are not kept, or the disk fails
  };
  view bucket(std::uint64_t number);

  /// Copies bytes of the file from there on. False: the disk does not give them.
  bool read(char* out, std::size_t size, std::uint64_t offset);

  /// Drops all.
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
  std::uint64_t generation_ = 0; // how often all was dropped: what was being read meanwhile is not kept
  timespec changed_{};           // when the file was
  bool is_settled_ = true;       // and that is so long ago that a further change would show
  std::vector<part> parts_;      // empty: no blocks are kept
  std::uint64_t kept_ = 0;       // bytes
  std::array<char, 4096> around_;
  std::uint64_t around_at_ = 0;
  std::size_t around_size_ = 0;
};

} // namespace gitfs
