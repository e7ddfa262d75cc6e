#include "backend/store/upkeep/store_maintenance.hpp"

#include "backend/os/disk_room.hpp"
#include "backend/store/disk/folder_lock.hpp"
#include "backend/store/disk/incoming_pack.hpp"
#include "backend/store/disk/store_files.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/upkeep/store_quota.hpp"
#include "backend/store/upkeep/store_removal.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr int most_rounds = 3;

/// Removes the LMDB files of versions before 0.2. They stay until nobody has written to them for a week, because such a
/// version may still be in use.
void remove_older_tables(const fs::path& store) {
  constexpr std::chrono::hours kept{7 * 24};
  const std::int64_t too_old = std::time(nullptr) - std::chrono::seconds{kept}.count();
  for (const char* name : {"sizes.mdb", "mesa"}) {
    struct stat info {};
    if (::stat((store / name).c_str(), &info) == 0 && info.st_mtim.tv_sec < too_old)
      for (const char* suffix : {"", "-lock", "-unsynced", ".damaged"})
        ::unlink((store / (name + std::string{suffix})).c_str());
  }
}

/// Removes the old files of the quarantine, or all files of it.
void clean_quarantine(const fs::path& store, bool all) {
  std::vector<std::pair<std::int64_t, fs::path>> files;
  std::error_code status;
  std::uint64_t bytes = 0;
  for (const auto& entry : fs::directory_iterator{quarantine_folder(store), status}) {
    struct stat info;
    if (::lstat(entry.path().c_str(), &info) != 0)
      continue;
    files.emplace_back(info.st_ctim.tv_sec, entry.path()); // moving a file into the quarantine sets its ctime
    bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  std::sort(files.begin(), files.end());
  const std::int64_t too_old = std::time(nullptr) - std::chrono::seconds{quarantine_age}.count();
  for (const auto& [moved, file] : files) {
    if (!all && moved >= too_old && bytes <= quarantine_bytes)
      break;
    bytes -= std::min(bytes, disk_use(file));
    fs::remove_all(file, status);
  }
}

/// The bytes to remove so that the reserve is free again, and a quarter of the reserve more. Without that quarter every
/// pack that arrives would start another eviction.
std::uint64_t lacking(const fs::path& cache_dir, std::uint64_t min_free) {
  const auto room = disk_room::of(cache_dir);
  return room && room->free < min_free ? min_free - room->free + min_free / 4 : 0;
}

bool is_tight(const fs::path& cache_dir, const maintenance_plan& plan) {
  return lacking(cache_dir, plan.min_free) != 0;
}

result<void> keep_quota(const fs::path& cache_dir, const std::vector<fs::path>& stores, const maintenance_plan& plan,
                        const store_watcher& watcher, maintenance_report& out) {
  std::uint64_t total = disk_use(cache_dir);
  // If the disk has too little room, the cache is kept within the size that the disk can bear.
  const std::uint64_t lack = std::max(lacking(cache_dir, plan.min_free), plan.shrink ? total / 10 + 1 : 0);
  const std::uint64_t borne = lack == 0 ? ~std::uint64_t{0} : total - std::min(total, lack);
  const std::uint64_t quota = std::min(plan.quota.value_or(~std::uint64_t{0}), borne);
  if (total <= quota)
    return success();
  for (const fs::path& store : stores)
    clean_quarantine(store, true);
  // Several rounds, because the oldest objects may be spread over packs of which the first round evicts nothing:
  // writing a pack anew for a few objects is not worth it.
  for (int round = 0; round < most_rounds && (total = disk_use(cache_dir)) > quota; ++round) {
    GITFS_TRY(gone, evict(stores, total - (quota - quota / 10), std::time(nullptr), round > 0, watcher));
    out.evicted_objects += gone.objects;
    out.evicted_bytes += gone.bytes;
    if (gone.bytes == 0 && round > 0) // after the first round nothing means that nothing may be evicted
      break;
  }
  // Side tables only save requests, and are of no use once a store has lost its last object.
  for (const fs::path& store : stores)
    if (const store_files files = list_files(store); files.packs.empty() && files.loose.empty())
      for (const side_table& each : plan.beside)
        each.remove(store);
  return success();
}

} // namespace

result<maintenance_report> maintain(const fs::path& cache_dir, const maintenance_plan& plan,
                                    const store_watcher& watcher) {
  GITFS_TRY(stores, list_stores(cache_dir));
  const folder_lock alone = maintenance_lock(cache_dir, plan.wait);
  if (!alone.held() && alone.failure() != EWOULDBLOCK)
    return system_failure(alone.failure(), "cannot lock " + cache_dir.string());
  if (!alone.held())
    return fail(EBUSY, "another process is tidying " + cache_dir.string());
  maintenance_report out;
  out.before = disk_use(cache_dir);
  std::erase_if(stores, remove_if_unused);
  for (const fs::path& store : stores) {
    remove_older_tables(store);
    const std::uint64_t with = disk_use(store);
    incoming_pack::clean(store / "objects", store_lock(store));
    out.leftover_bytes += with - std::min(with, disk_use(store));
    out.salvaged += salvage(store, watcher); // before cleaning, because one pack can exceed the limit of the quarantine
    if (watcher.stop())
      return fail(ECANCELED, "stopped");
    const std::uint64_t before = disk_use(quarantine_folder(store));
    clean_quarantine(store, false);
    out.leftover_bytes += before - std::min(before, disk_use(quarantine_folder(store)));
  }
  if (plan.quota || plan.min_free != 0 || plan.shrink) {
    GITFS_TRYV(keep_quota(cache_dir, stores, plan, watcher, out));
  }
  for (const fs::path& store : stores) {
    if (watcher.stop())
      return fail(ECANCELED, "stopped");
    if (plan.shrink || is_tight(cache_dir, plan))
      break; // consolidating needs room for the new pack before it removes the old ones
    auto merged = consolidate(store, plan.thorough, watcher);
    if (!merged) {
      if (merged.error().code == ECANCELED)
        return merged.error();
      log::info("{} is not consolidated: {}", store.string(), merged.error().message);
      continue;
    }
    out.packs_merged += merged.value().packs;
    out.loose_merged += merged.value().loose;
    out.consolidations += merged.value().packs + merged.value().loose > 0 ? 1 : 0;
  }
  out.after = disk_use(cache_dir);
  return out;
}

} // namespace gitfs
