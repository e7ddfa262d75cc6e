// Memory for the blocks of a trace: threads fill them, the oldest is used again.
//
// Without a lock, and readable at any moment: by a request for the trace, by the thread that writes it to a file, and
// by the handler of a fatal signal.
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
  /// `bytes`: of memory, taken from the system as it is used. `for_file`: a full block is not used again until
  /// `next_for_file` has given it out.
  block_ring(std::size_t bytes, bool for_file);
  ~block_ring();
  block_ring(const block_ring&) = delete;
  block_ring& operator=(const block_ring&) = delete;

  // Each on a cache line of its own: its thread writes to it with each record.
  class alignas(64) slot {
    friend class block_ring;
    // What it is used for, how often it was, and how many bytes of the payload are valid: one word, so that they are
    // seen together.
    std::atomic<std::uint64_t> word{0};
    std::atomic<std::uint32_t> readers{0};
    char* bytes = nullptr;
  };

  /// A block for the calling thread to fill (see block_writer), or null: all are in use. Then what would be recorded is
  /// lost.
  slot* claim();
  char* bytes_of(slot& s) const { return s.bytes; }
  /// What `writer` has put into the block so far can be read from now on.
  static void publish(slot& s, const block_writer& writer);
  /// The owner is done with it.
  void finish(slot& s);

  std::size_t size() const { return count_; }
  /// Header and payload of block `index` as it is now. Empty: there is nothing in it. Any thread.
  std::string read(std::size_t index);
  /// What was added to the payload of block `index` behind its first `read` bytes of use `generation`, or all of it if
  /// it is in another use by now; with that, `order` and `time` become what it is counted from. Empty: nothing. One
  /// thread for each block.
  std::string read_from(std::size_t index, std::uint64_t& generation, std::size_t& read, std::uint64_t& order,
                        std::uint64_t& time);
  /// The same as `read` if a thread still fills it; else empty.
  std::string read_unfinished(std::size_t index);
  /// The same to a file, from a signal handler. False: it could not be written.
  bool write(std::size_t index, int fd);

  /// A full block that waits for the file, oldest first; empty if there is none. One thread.
  std::string next_for_file();
  /// Waits until there may be one (or `wake` was called) since `seen` was given; gives the new `seen`.
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
