#include "actors/trace/record/block_ring.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace gitfs::trace {

namespace {

enum class use : std::uint64_t { idle, filling, queued };

// The word of a slot: 2 bits for the state, 30 bits for the generation, 32 bits for the bytes of the payload.
constexpr std::uint64_t packed(use what, std::uint64_t generation, std::uint64_t bytes) {
  return static_cast<std::uint64_t>(what) << 62 | (generation & 0x3fffffff) << 32 | bytes;
}
constexpr use use_of(std::uint64_t word) {
  return static_cast<use>(word >> 62);
}
constexpr std::uint64_t generation_of(std::uint64_t word) {
  return (word >> 32) & 0x3fffffff;
}
constexpr std::size_t bytes_of_word(std::uint64_t word) {
  return static_cast<std::uint32_t>(word);
}

// Order and time of the first record, kept where the block's header will be, which is made when the block is read.
struct bases {
  std::uint64_t order;
  std::uint64_t time;
};

bool write_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t n = ::write(fd, bytes, size);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    bytes += n;
    size -= static_cast<std::size_t>(n);
  }
  return true;
}

} // namespace

block_ring::block_ring(std::size_t bytes, bool for_file)
  : count_(std::max<std::size_t>(bytes / block_size, 8)),
    for_file_(for_file) {
  void* at = ::mmap(nullptr, count_ * block_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED)
    throw std::bad_alloc{};
  memory_ = static_cast<char*>(at);
  slots_ = std::make_unique<slot[]>(count_);
  for (std::size_t i = 0; i < count_; ++i)
    slots_[i].bytes = memory_ + i * block_size;
}

block_ring::~block_ring() {
  ::munmap(memory_, count_ * block_size);
}

// A reader announces itself and then reads the word; this thread changes the word and then checks for readers. So
// either the reader sees the new word, of an empty block, or this thread sees the reader and leaves the block to it.
block_ring::slot* block_ring::claim() {
  for (std::size_t tries = 0; tries < 2 * count_; ++tries) {
    slot& s = slots_[next_.fetch_add(1, std::memory_order_relaxed) % count_];
    std::uint64_t old = s.word.load();
    if (use_of(old) != use::idle)
      continue;
    if (!s.word.compare_exchange_strong(old, packed(use::filling, generation_of(old) + 1, 0)))
      continue;
    if (s.readers.load() == 0)
      return &s;
    s.word.store(old);
  }
  return nullptr;
}

void block_ring::publish(slot& s, const block_writer& writer) {
  const std::uint64_t old = s.word.load(std::memory_order_relaxed);
  if (bytes_of_word(old) == 0) {
    const bases from{writer.first_order(), writer.first_time()};
    std::memcpy(s.bytes, &from, sizeof from);
  }
  s.word.store(packed(use::filling, generation_of(old), writer.used()), std::memory_order_release);
}

void block_ring::finish(slot& s) {
  const std::uint64_t old = s.word.load(std::memory_order_relaxed);
  const bool queued = for_file_ && bytes_of_word(old) != 0;
  s.word.store(packed(queued ? use::queued : use::idle, generation_of(old), bytes_of_word(old)));
  if (queued)
    wake();
}

std::string block_ring::read(std::size_t index) {
  slot& s = slots_[index];
  std::string out;
  s.readers.fetch_add(1);
  if (const std::size_t used = bytes_of_word(s.word.load()); used != 0) {
    bases from{};
    std::memcpy(&from, s.bytes, sizeof from);
    const std::string_view payload{s.bytes + block_header_size, used};
    char head[block_header_size];
    put_block_header(head, from.order, from.time, payload);
    out.assign(head, sizeof head).append(payload);
  }
  s.readers.fetch_sub(1);
  return out;
}

std::string block_ring::read_from(std::size_t index, std::uint64_t& generation, std::size_t& read, std::uint64_t& order,
                                  std::uint64_t& time) {
  slot& s = slots_[index];
  const auto is_old = [&](std::uint64_t word) {
    return bytes_of_word(word) == 0 || (generation_of(word) == generation && bytes_of_word(word) == read);
  };
  // Most blocks have nothing new. They are skipped before the reader announces itself, because a block with a reader
  // cannot be used again.
  if (is_old(s.word.load()))
    return {};
  std::string out;
  s.readers.fetch_add(1);
  if (const std::uint64_t word = s.word.load(); !is_old(word)) {
    if (generation_of(word) != generation) {
      bases from{};
      std::memcpy(&from, s.bytes, sizeof from);
      generation = generation_of(word);
      read = 0;
      order = from.order;
      time = from.time;
    }
    out.assign(s.bytes + block_header_size + read, bytes_of_word(word) - read);
    read = bytes_of_word(word);
  }
  s.readers.fetch_sub(1);
  return out;
}

std::string block_ring::read_unfinished(std::size_t index) {
  return use_of(slots_[index].word.load()) == use::filling ? read(index) : std::string{};
}

bool block_ring::write(std::size_t index, int fd) {
  slot& s = slots_[index];
  s.readers.fetch_add(1);
  bool done = true;
  if (const std::size_t used = bytes_of_word(s.word.load()); used != 0) {
    bases from{};
    std::memcpy(&from, s.bytes, sizeof from);
    char head[block_header_size];
    put_block_header(head, from.order, from.time, {s.bytes + block_header_size, used});
    done = write_all(fd, head, sizeof head) && write_all(fd, s.bytes + block_header_size, used);
  }
  s.readers.fetch_sub(1);
  return done;
}

std::string block_ring::next_for_file() {
  std::size_t oldest = count_;
  std::uint64_t order = ~std::uint64_t{0};
  for (std::size_t i = 0; i < count_; ++i)
    if (use_of(slots_[i].word.load()) == use::queued) {
      bases from{};
      std::memcpy(&from, slots_[i].bytes, sizeof from);
      if (from.order < order) {
        order = from.order;
        oldest = i;
      }
    }
  if (oldest == count_)
    return {};
  std::string out = read(oldest);
  slot& s = slots_[oldest];
  const std::uint64_t word = s.word.load();
  s.word.store(packed(use::idle, generation_of(word), bytes_of_word(word)));
  return out;
}

std::uint32_t block_ring::wait_for_full(std::uint32_t seen) const {
  fulls_.wait(seen, std::memory_order_acquire);
  return fulls_.load(std::memory_order_acquire);
}

void block_ring::wake() {
  fulls_.fetch_add(1, std::memory_order_acq_rel);
  fulls_.notify_one();
}

} // namespace gitfs::trace
