#include "backend/store/upkeep/cache_keeper.hpp"

#include "backend/os/edge_thread.hpp"
#include "backend/os/room_giver.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <ranges>

namespace gitfs {

namespace {

constexpr std::chrono::seconds tick_every{5}, pause_between{1}, patience{30};

} // namespace

cache_keeper::cache_keeper(std::filesystem::path cache_dir, side_tables beside)
  : cache_dir_(std::move(cache_dir)),
    disk_(cache_dir_),
    beside_(beside) {
  disk_.make_room = [this] {
    const std::lock_guard lock{mutex_};
    due_ = hurry_ = true;
    changed_.notify_all();
  };
  watcher_.stop = [this] { return stop_.load(std::memory_order_relaxed); };
  watcher_.added = [this](const std::filesystem::path& store) { tell(store, &kept_store::added); };
  watcher_.removed = [this](const std::filesystem::path& store) { tell(store, &kept_store::removed); };
  thread_ = edge_thread("cache_keeper", [this] { run(); });
}

cache_keeper::~cache_keeper() {
  {
    std::lock_guard lock{mutex_};
    stop_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void cache_keeper::join(const void* who, kept_store what) {
  const std::lock_guard stores{stores_mutex_};
  stores_.insert_or_assign(who, std::move(what));
  take_quota();
}

void cache_keeper::leave(const void* who) {
  const std::lock_guard stores{stores_mutex_};
  stores_.erase(who);
  take_quota();
}

/// The caller holds the stores' mutex. Without any store the quota stays as it was, because the last store may have
/// left the cache over it.
void cache_keeper::take_quota() {
  if (stores_.empty())
    return;
  const std::uint64_t least =
      std::ranges::min(stores_ | std::views::values | std::views::transform(&kept_store::quota));
  const std::lock_guard lock{mutex_};
  due_ = due_ || least != quota_;
  quota_ = least;
  soon_ = std::clamp(least / 32, std::uint64_t{1} << 18, std::uint64_t{1} << 26);
}

void cache_keeper::tell(const std::filesystem::path& store, std::function<void()> kept_store::*what) {
  const std::lock_guard stores{stores_mutex_};
  for (const auto& [who, each] : stores_)
    if (each.folder == store && each.*what)
      (each.*what)();
}

/// Releases the mutex between two stores, so that a thread that opens or closes a store waits for one callback at most.
void cache_keeper::tick_all() {
  const void* last = nullptr;
  for (;;) {
    const std::lock_guard stores{stores_mutex_};
    const auto next = stores_.upper_bound(last);
    if (next == stores_.end())
      return;
    last = next->first;
    try {
      if (next->second.tick)
        next->second.tick();
    } catch (const std::exception& thrown) { // the other stores get their turn all the same
      complain(thrown.what());
    }
  }
}

void cache_keeper::arrived(std::uint64_t bytes) {
  std::lock_guard lock{mutex_};
  due_ = true;
  const bool was_soon = arrived_ >= soon_;
  arrived_ += bytes;
  if (!was_soon && arrived_ >= soon_)
    changed_.notify_all();
}

void cache_keeper::run() {
  become_unimportant();
  std::unique_lock lock{mutex_};
  while (!stop_) {
    changed_.wait_for(lock, tick_every, [this] { return stop_ || hurry_ || (arrived_ != 0 && arrived_ >= soon_); });
    if (stop_)
      break;
    hurry_ = false;
    const bool due = std::exchange(due_, false);
    const bool news = std::exchange(arrived_, 0) != 0;
    const auto quota = quota_;
    lock.unlock();
    bool done = false;
    try {
      tick_all();
      done = !due || !quota || maintain_once(news, *quota);
    } catch (const std::exception& thrown) { // memory is short, or the disk fails: the next round tries again
      complain(thrown.what());
    }
    lock.lock();
    due_ = due_ || !done;
    changed_.wait_for(lock, pause_between, [this] { return stop_.load(); });
  }
}

void cache_keeper::complain(const std::string& what) {
  if (std::exchange(complaint_, what) != what)
    log::warn("the cache is not kept within its size: {}", what);
}

bool cache_keeper::maintain_once(bool news, std::uint64_t quota) {
  const std::uint64_t min_free = disk_.min_free(), lack = disk_.lacking();
  if (disk_.take_want_of_room()) {
    wanting_ = true;
    changed_at_ = std::chrono::steady_clock::now();  // objects that are too young to be evicted now are old enough soon
  } else if (disk_.trouble().empty() || lack != 0) { // writes succeed again, or the disk says how much room it lacks
    wanting_ = false;
  }
  const bool shrink = wanting_;
  if (shrink || lack != 0) // blob files go before objects, because inflating costs less than fetching
    room_giver::ask(cache_dir_, shrink ? ~std::uint64_t{0} : lack + min_free / 4);
  auto done =
      maintain(cache_dir_, {.quota = quota, .min_free = min_free, .shrink = shrink, .beside = beside_}, watcher_);
  if (!done) {
    // If the disk fails, cache_disk has logged that already.
    if (disk_.trouble().empty() && done.error().code != EBUSY && done.error().code != ECANCELED)
      complain(done.error().message);
    return false;
  }
  complaint_.clear();
  const maintenance_report& report = done.value();
  counters_.evicted_objects += report.evicted_objects;
  counters_.evicted_bytes += report.evicted_bytes;
  counters_.consolidations += report.consolidations;
  counters_.cache_bytes = report.after;
  if (report.evicted_objects != 0)
    log::debug("evicted {} objects, {} bytes; the cache has {} bytes", report.evicted_objects, report.evicted_bytes,
               report.after);
  const auto now = std::chrono::steady_clock::now();
  if (news || report.evicted_objects != 0)
    changed_at_ = now;
  // Objects that have just arrived or were read are old enough for eviction some seconds later, and later still on a
  // busy machine. If nothing was evicted for `patience`, nothing will be until more arrives.
  const bool given_up = now - changed_at_ > patience;
  wanting_ = wanting_ && report.evicted_objects == 0 && !given_up; // the next write that fails sets it again
  const bool fits = report.after <= quota && disk_.lacking() == 0 && !wanting_;
  return fits || given_up;
}

} // namespace gitfs
