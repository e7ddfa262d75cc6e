#include "backend/store/disk/cache_disk.hpp"

#include "backend/os/disk_room.hpp"
#include "backend/os/file_io.hpp"
#include "config/byte_size.hpp"
#include "config/log.hpp"

#include <algorithm>

namespace gitfs {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds first_pause = 1s, longest_pause = 60s;
constexpr auto forgotten_after = 5min; // after so long without a failure the pauses begin with the shortest again

} // namespace

std::uint64_t default_min_free(std::uint64_t total) {
  return std::min(total / 20, std::uint64_t{1} << 30);
}

void cache_disk::keep_free(std::optional<std::uint64_t> bytes) {
  if (!bytes)
    return;
  std::uint64_t before = named_;
  while (before < *bytes + 1 && !named_.compare_exchange_weak(before, *bytes + 1))
    ;
}

std::uint64_t cache_disk::min_free() const {
  if (const std::uint64_t named = named_; named != 0)
    return named - 1;
  const auto room = disk_room::of(cache_dir_);
  return room ? default_min_free(room->total) : 0;
}

std::uint64_t cache_disk::lacking() const {
  const auto room = disk_room::of(cache_dir_);
  const std::uint64_t named = named_;
  const std::uint64_t least = !room ? 0 : named != 0 ? named - 1 : default_min_free(room->total);
  return room && room->free < least ? least - room->free : 0;
}

bool cache_disk::has_room() {
  if (lacking() == 0)
    return true;
  const auto room = disk_room::of(cache_dir_);
  change("its disk has " + show_byte_size(room ? room->free : 0) + " free, and " + show_byte_size(min_free())
             + " is to stay free (--cache-min-free)",
         true);
  if (make_room)
    make_room();
  return false;
}

bool cache_disk::is_usable() {
  if (!well_) {
    const std::lock_guard lock{mutex_};
    if (!full_ && std::chrono::steady_clock::now() < again_)
      return false;
  }
  return has_room();
}

void cache_disk::failed(const error& why) {
  change(why.message + limit_remedy(why.code), false);
  if (!is_want_of_room(why.code))
    return;
  want_of_room_ = true;
  if (make_room)
    make_room();
}

/// Logs one line for each change of the state, and none if only the reason has changed.
void cache_disk::change(std::string trouble, bool full) {
  const auto now = std::chrono::steady_clock::now();
  std::unique_lock lock{mutex_};
  const bool news = trouble_.empty();
  if (news && now - since_ > forgotten_after)
    pause_ = 0ms;
  if (!full && (news || now >= again_)) {
    pause_ = std::clamp(pause_ * 2, first_pause, longest_pause);
    again_ = now + pause_;
  }
  full_ = full;
  trouble_ = std::move(trouble);
  well_ = false;
  if (!news)
    return;
  const std::string line = trouble_;
  lock.unlock();
  log::warn("nothing is written to the cache {} at present: {}. What arrives is held in memory, and the disk is tried "
            "again",
            cache_dir_.string(), line);
}

void cache_disk::worked() {
  if (well_)
    return;
  {
    const std::lock_guard lock{mutex_};
    if (trouble_.empty())
      return;
    trouble_.clear();
    since_ = std::chrono::steady_clock::now();
    well_ = true;
  }
  log::info("the cache {} is written to again", cache_dir_.string());
}

std::string cache_disk::trouble() const {
  const std::lock_guard lock{mutex_};
  return trouble_;
}

} // namespace gitfs
