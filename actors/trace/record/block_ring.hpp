// A ring of blocks in memory for a trace. Threads fill blocks, and the oldest block is used again.
//
// There is no lock. Blocks can be read at any moment: by a question for the trace, by the thread that writes the trace
// to a file, and by the handler of a fatal signal.
#pragma once

#include "actors/trace/record/trace_format.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace gitfs::trace {

class block_ring {
public:
  /// `bytes`: the size of the ring; memory is taken from the system as it is used. `for_file`: a full block is not used
  /// again until `next_for_file` has given it out.
  block_ring(std::size_t bytes, bool for_file);
  ~block_ring();
  block_ring(const block_ring&) = delete;
  block_ring& operator=(const block_ring&) = delete;

  // Each slot has a cache line of its own, because its thread writes to it with each record.
  class alignas(64) slot {
    friend class block_ring;
    // The state of the block, how often it was used, and how many bytes of its payload are valid. They are in one word,
    // so that a reader sees them together.
    std::atomic<std::uint64_t> word{0};
    std::atomic<std::uint32_t> readers{0};
    char* bytes = nullptr;
  };

  /// A block for the calling thread to fill with a block_writer. Null: all blocks are in use, so the record is lost.
  slot* claim();
  char* bytes_of(slot& s) const { return s.bytes; }
  /// Makes readable what `writer` has put into the block so far.
  static void publish(slot& s, const block_writer& writer);
  /// The thread that has claimed the block has filled it.
  void finish(slot& s);

  std::size_t size() const { return count_; }
  /// Header and payload of block `index` as it is now; empty if the block holds nothing. Any thread.
  std::string read(std::size_t index);
  /// What was added to the payload of block `index` behind its first `read` bytes since the block was used for the
  /// `generation`th time; the whole payload if the block has been used anew since. Then `order` and `time` become those
  /// from which the first record is counted. Empty: nothing was added. One thread for each block.
  std::string read_from(std::size_t index, std::uint64_t& generation, std::size_t& read, std::uint64_t& order,
                        std::uint64_t& time);
  /// As `read` if a thread still fills the block; else empty.
  std::string read_unfinished(std::size_t index);
  /// Writes the block to a file; safe in a signal handler. False: it could not be written.
  bool write(std::size_t index, int fd);

  /// The oldest full block that waits for the file; empty if there is none. One thread.
  std::string next_for_file();
  /// Waits until a block has become full since `seen` was returned, or until `wake` is called. Returns the new `seen`.
  std::uint32_t wait_for_full(std::uint32_t seen) const;
  std::uint32_t full_count() const { return fulls_.load(std::memory_order_acquire); }
  void wake();

private:
  const std::size_t count_;
  const bool for_file_;
  char* memory_ = nullptr;
  std::unique_ptr<slot[]> slots_;
  std::atomic<std::uint64_t> next_{0};
  std::atomic<std::uint32_t> fulls_{0};
};

} // namespace gitfs::trace
