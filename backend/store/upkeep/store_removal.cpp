#include "backend/store/upkeep/store_removal.hpp"

#include "backend/store/disk/folder_lock.hpp"
#include "backend/store/disk/store_files.hpp"
#include "backend/store/disk/store_folder.hpp"

#include <cerrno>

namespace gitfs {

namespace fs = std::filesystem;

bool is_unused_store(const fs::path& store) {
  const store_files files = list_files(store);
  std::error_code status;
  if (!files.packs.empty() || !files.loose.empty() || fs::exists(quarantine_folder(store), status))
    return false;
  for (const auto& entry : fs::directory_iterator{store, status})
    if (entry.path().extension() == table_extension)
      return false;
  return true;
}

bool remove_if_unused(const fs::path& store) {
  if (!is_unused_store(store))
    return false;
  const folder_lock alone = use_lock(store, file_lock::mode::exclusive, false);
  return alone.held() && is_unused_store(store) && remove_store_folder(store);
}

result<std::uint64_t> remove_store(const fs::path& cache_dir, const std::string& key, bool force) {
  GITFS_TRY(stores, list_stores(cache_dir));
  const folder_lock upkeep = maintenance_lock(cache_dir, true);
  const std::string normal = normal_key(key);
  std::uint64_t bytes = 0;
  bool any = false;
  for (const fs::path& store : stores) {
    if (normal_key(store_key(store)) != normal)
      continue;
    const folder_lock alone = use_lock(store, file_lock::mode::exclusive, false);
    if (!alone.held() && alone.failure() == EWOULDBLOCK && !force)
      return fail(EBUSY,
                  key + " is mounted: unmount it first, or say --force, and the mount fetches again what it needs");
    const std::uint64_t here = disk_use(store);
    GITFS_TRYV(remove_store_folder(store));
    bytes += here;
    any = true;
  }
  if (!any)
    return fail(ENOENT, "nothing of " + key + " is in " + cache_dir.string()
                            + "; 'gitfs-actor cache info' names what is there");
  return bytes;
}

} // namespace gitfs
