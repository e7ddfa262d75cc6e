#include "backend/store/upkeep/store_quota.hpp"

#include "backend/os/disk_room.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/table/size_table.hpp"
#include "backend/store/upkeep/store_maintenance.hpp"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <vector>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t index_bytes = 28; // an object takes so many bytes in the index of its pack

/// Decides for one object after the other whether it is evicted.
class chooser {
public:
  chooser(std::time_t now, age_histogram::cut at) : now_(now), cut_(at) {}

  /// True if the object is evicted.
  bool goes(std::uint64_t age, std::uint64_t bytes) {
    const std::uint64_t rounded = age_histogram::rounded(age);
    if (rounded != cut_.age)
      return rounded > cut_.age;
    if (cut_.at_age == 0)
      return false;
    cut_.at_age -= std::min(cut_.at_age, bytes);
    return true;
  }

  std::uint64_t age(std::int64_t used) const { return used >= now_ ? 0 : static_cast<std::uint64_t>(now_ - used); }

private:
  std::time_t now_;
  age_histogram::cut cut_;
};

struct pack_ages {
  pack_file file;
  std::vector<std::uint64_t> ages;
};

/// The time since each object of the pack was used or has arrived, whichever is later. The base of a delta is as young
/// as the youngest object that needs it, because evicting the base would evict that object.
result<pack_ages> ages_of(const seen_pack& pack, size_table& uses, const chooser& clock) {
  GITFS_TRY(file, pack_file::open(pack.path));
  std::vector<oid> ids;
  for (const auto& entry : file.entries())
    ids.push_back(entry.id);
  std::vector<std::uint32_t> used(ids.size());
  uses.last_uses(ids, used);
  std::vector<std::uint64_t> ages(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i)
    ages[i] = clock.age(std::max<std::int64_t>(used[i], pack.changed));
  std::vector<std::uint32_t> bases(ids.size());
  for (std::uint32_t i = 0; i < ids.size(); ++i) {
    auto head = file.read_head(i);
    bases[i] = head && head.value().base ? *head.value().base : i;
  }
  for (std::uint32_t i = 0; i < ids.size(); ++i)
    for (std::uint32_t base = bases[i]; ages[base] > ages[i]; base = bases[base])
      ages[base] = ages[i];
  return pack_ages{std::move(file), std::move(ages)};
}

std::uint64_t bytes_of(const pack_file::entry& entry) {
  return entry.end - entry.begin + index_bytes;
}

void evict_loose(const store_files& files, size_table& uses, chooser& choice, eviction_report& out) {
  std::vector<oid> ids;
  for (const seen_loose& each : files.loose)
    ids.push_back(each.id);
  std::vector<std::uint32_t> used(ids.size());
  uses.last_uses(ids, used);
  std::vector<seen_loose> gone;
  std::vector<oid> gone_ids;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (choice.goes(choice.age(std::max<std::int64_t>(used[i], files.loose[i].changed)), files.loose[i].bytes)) {
      gone.push_back(files.loose[i]);
      gone_ids.push_back(ids[i]);
      out.bytes += files.loose[i].bytes;
    }
  out.objects += remove_loose(files.store, gone);
  uses.forget_uses(gone_ids);
}

result<void> evict_packed(const store_files& files, size_table& uses, chooser& choice, bool all_packs,
                          const store_watcher& watcher, eviction_report& out) {
  std::vector<repack_source> rewritten;
  std::vector<seen_pack> gone;
  std::vector<pack_file> open_packs; // kept open until the end: see repack
  std::vector<oid> gone_ids;
  for (const seen_pack& pack : files.packs) {
    if (watcher.stop())
      return fail(ECANCELED, "stopped");
    if (pack.kept)
      continue;
    auto known = ages_of(pack, uses, choice);
    if (!known)
      continue;
    const auto entries = known.value().file.entries();
    repack_source source{pack, std::vector<bool>(entries.size(), true)};
    std::uint64_t cold = 0, all = 0;
    std::vector<oid> cold_ids;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      all += bytes_of(entries[i]);
      if (!choice.goes(known.value().ages[i], bytes_of(entries[i])))
        continue;
      source.keep[i] = false;
      cold += bytes_of(entries[i]);
      cold_ids.push_back(entries[i].id);
    }
    if (cold == 0 || (cold < all && !all_packs && cold < all / 4))
      continue;
    out.objects += cold_ids.size();
    out.bytes += cold;
    gone_ids.insert(gone_ids.end(), cold_ids.begin(), cold_ids.end());
    if (cold == all) {
      gone.push_back(pack);
      open_packs.push_back(std::move(known.value().file));
    } else {
      rewritten.push_back(std::move(source));
    }
  }
  if (!gone.empty()) {
    remove_packs(files.store, gone);
    watcher.removed(files.store);
  }
  // Each pack is rewritten by itself. All at once would need room for everything that is kept of them, on the disk and
  // in memory.
  for (const repack_source& source : rewritten) {
    const auto done = repack(files.store, {source}, {}, watcher);
    if (done)
      continue;
    if (!is_want_of_room(done.error().code) && done.error().code != EFBIG)
      return done.error();
    // There is no room for the part of the pack that should be kept, so the whole pack is removed.
    if (remove_packs(files.store, {&source.seen, 1}) != 0)
      watcher.removed(files.store);
  }
  uses.forget_uses(gone_ids);
  return success();
}

} // namespace

std::uint64_t age_histogram::rounded(std::uint64_t age) {
  const int surplus = std::bit_width(age) - 10;
  return surplus <= 0 ? age : age >> surplus << surplus;
}

age_histogram::cut age_histogram::oldest(std::uint64_t bytes) const {
  for (const auto& [age, here] : bytes_) {
    if (here >= bytes)
      return {age, bytes};
    bytes -= here;
  }
  return bytes_.empty() ? cut{} : cut{bytes_.rbegin()->first, bytes_.rbegin()->second};
}

// Goes over the packs twice, first for the histogram and then for the eviction, so that only one pack is in memory at a
// time.
result<eviction_report> evict(std::span<const fs::path> stores, std::uint64_t need, std::time_t now, bool all_packs,
                              const store_watcher& watcher) {
  eviction_report out;
  age_histogram ages;
  const chooser clock{now, {}};
  const auto count = [&](std::uint64_t age, std::uint64_t bytes) {
    if (age >= static_cast<std::uint64_t>(eviction_grace.count()))
      ages.add(age, bytes);
  };
  for (const fs::path& store : stores) {
    const store_files files = list_files(store);
    const auto uses = size_table::open(size_file(store));
    std::vector<oid> ids;
    for (const seen_loose& each : files.loose)
      ids.push_back(each.id);
    std::vector<std::uint32_t> used(ids.size());
    uses->last_uses(ids, used);
    for (std::size_t i = 0; i < ids.size(); ++i)
      count(clock.age(std::max<std::int64_t>(used[i], files.loose[i].changed)), files.loose[i].bytes);
    for (const seen_pack& pack : files.packs) {
      if (watcher.stop())
        return fail(ECANCELED, "stopped");
      if (pack.kept)
        continue;
      const auto known = ages_of(pack, *uses, clock);
      if (!known && known.error().code == EBADMSG) { // nobody can read the pack, so it is evicted before all others
        if (remove_packs(store, {&pack, 1}) != 0)
          out.bytes += pack.bytes;
        watcher.removed(store);
      }
      if (!known)
        continue; // the pack is gone, or the disk fails
      for (std::size_t i = 0; i < known.value().ages.size(); ++i)
        count(known.value().ages[i], bytes_of(known.value().file.entries()[i]));
    }
  }
  if (out.bytes >= need)
    return out;
  const age_histogram::cut at = ages.oldest(need - out.bytes);
  if (at.at_age == 0)
    return out; // all objects are too young to be evicted
  chooser choice{now, at};
  for (const fs::path& store : stores) {
    const store_files files = list_files(store);
    const auto uses = size_table::open(size_file(store));
    evict_loose(files, *uses, choice, out);
    GITFS_TRYV(evict_packed(files, *uses, choice, all_packs, watcher, out));
  }
  return out;
}

} // namespace gitfs
