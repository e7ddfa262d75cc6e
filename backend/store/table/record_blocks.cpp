#include "backend/store/table/record_blocks.hpp"

#include "backend/store/table/record_slots.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

using layout = record_layout;

constexpr std::uint64_t most_of_all = std::uint64_t{16} << 20, most_of_one = std::uint64_t{8} << 20;
std::atomic<std::uint64_t> all_kept{0};

/// False if a further change could have the same time as this one: file systems take the time of the last timer tick,
/// and take it before they copy the bytes that are written.
bool is_settled(const timespec& changed) {
  constexpr std::int64_t second = 1'000'000'000, settled = 50'000'000;
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  return (now.tv_sec - changed.tv_sec) * second + (now.tv_nsec - changed.tv_nsec) >= settled;
}

} // namespace

record_blocks::record_blocks(int file, std::uint64_t buckets) : file_(file), buckets_(buckets) {
  if (buckets <= most_of_one / layout::bucket_size)
    parts_.resize((buckets + buckets_in_block - 1) / buckets_in_block);
}

record_blocks::~record_blocks() {
  forget();
}

void record_blocks::forget() {
  const std::lock_guard lock{mutex_};
  drop_all();
}

/// The caller holds the lock.
void record_blocks::drop_all() {
  ++generation_;
  around_size_ = 0;
  if (kept_ == 0)
    return;
  for (part& each : parts_)
    each = {};
  all_kept -= std::exchange(kept_, 0);
}

void record_blocks::see(const struct stat& now) {
  const std::lock_guard lock{mutex_};
  const bool same = now.st_mtim.tv_sec == changed_.tv_sec && now.st_mtim.tv_nsec == changed_.tv_nsec;
  if (same && is_settled_)
    return;
  drop_all();
  changed_ = now.st_mtim;
  is_settled_ = is_settled(changed_);
}

record_blocks::view record_blocks::bucket(std::uint64_t number) {
  const std::uint64_t block = number / buckets_in_block;
  if (block >= parts_.size())
    return {};
  const std::size_t at = (number % buckets_in_block) * layout::bucket_size;
  const auto now = clock::now();
  std::unique_lock lock{mutex_};
  if (!is_settled_)
    return {};
  if (const part& known = parts_[block]; known.bytes && now - known.read_at < used_for)
    return {known.bytes, known.bytes.get() + at};
  const std::uint64_t generation = generation_;
  lock.unlock();
  const std::size_t size =
      std::min<std::uint64_t>(buckets_in_block, buckets_ - block * buckets_in_block) * layout::bucket_size;
  const auto bytes = std::make_shared_for_overwrite<char[]>(size);
  if (!read_fully(file_, bytes.get(), size, layout::records_at(block * buckets_in_block)))
    return {};
  lock.lock();
  part& here = parts_[block];
  if (generation == generation_ && (here.bytes || all_kept + size <= most_of_all)) {
    if (!here.bytes) {
      kept_ += size;
      all_kept += size;
    }
    here = {bytes, now};
  }
  return {bytes, bytes.get() + at};
}

bool record_blocks::read(char* out, std::size_t size, std::uint64_t offset) {
  std::unique_lock lock{mutex_};
  if (size > around_.size() || !is_settled_) {
    lock.unlock();
    return read_fully(file_, out, size, offset);
  }
  if (offset >= around_at_ && offset + size <= around_at_ + around_size_) {
    std::memcpy(out, around_.data() + (offset - around_at_), size);
    return true;
  }
  const std::uint64_t generation = generation_;
  lock.unlock();
  // More than `size` bytes are read, because records are stored in the order of a walk, and the next walk has the same
  // order.
  std::array<char, sizeof around_> bytes;
  std::size_t got = 0;
  while (got < size) {
    const ssize_t n = ::pread(file_, bytes.data() + got, bytes.size() - got, static_cast<off_t>(offset + got));
    if (n == 0 || (n < 0 && errno != EINTR))
      return false;
    got += n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  std::memcpy(out, bytes.data(), size);
  lock.lock();
  if (generation == generation_) {
    std::memcpy(around_.data(), bytes.data(), got);
    around_at_ = offset;
    around_size_ = got;
  }
  return true;
}

} // namespace gitfs
