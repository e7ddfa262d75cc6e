#include "backend/store/object_store.hpp"

#include "backend/cache/prefetched_blobs.hpp"
#include "backend/git/sha1.hpp"
#include "backend/os/disk_room.hpp"
#include "backend/os/file_io.hpp"
#include "backend/pack/loose_objects.hpp"
#include "backend/pack/object_reader.hpp"
#include "backend/store/disk/cache_disk.hpp"
#include "backend/store/disk/folder_lock.hpp"
#include "backend/store/disk/held_packs.hpp"
#include "backend/store/disk/incoming_pack.hpp"
#include "backend/store/disk/lost_object.hpp"
#include "backend/store/disk/pack_ingest.hpp"
#include "backend/store/disk/store_files.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/table/size_table.hpp"
#include "backend/store/upkeep/cache_keeper.hpp"
#include "backend/store/upkeep/store_repack.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t default_memory = std::uint64_t{48} << 20;
constexpr std::size_t uses_kept = 4096;                          // uses in one batch
constexpr std::size_t most_full_uses = 256;                      // batches that wait for the keeper
constexpr std::size_t trees_kept = 8192;                         // so many are written at once if no tick came before
constexpr std::uint64_t moved_at_once = std::uint64_t{64} << 20; // bytes of held packs that one tick writes to the disk
constexpr std::size_t few_files = 4;                             // fewer sizes cost no more one by one than as a tree

bool is_sound(const result<object>& copy, const oid& id) {
  return copy && name_of(copy.value().type(), copy.value().data()) == id;
}

/// True if there is a copy whose hash is wrong, or that the disk cannot read.
bool is_damaged(const result<object>& copy, const oid& id) {
  return copy ? !is_sound(copy, id) : copy.error().code == EBADMSG || copy.error().code == EIO;
}

} // namespace

struct object_store::impl {
  fs::path cache_dir, folder, objects;
  std::string key;
  folder_lock in_use; // see use_lock
  std::unique_ptr<object_reader> reader;
  std::shared_ptr<size_table> table;
  prefetched_blobs fresh;
  held_packs held;
  std::unique_ptr<cache_disk> own_disk; // null if there is a keeper
  cache_disk* disk = nullptr;           // own_disk, or that of the keeper
  std::mutex unreadable_mutex;
  std::unordered_set<oid> unreadable; // objects that the disk has and cannot read: misses until they were fetched again
  std::atomic<std::size_t> unreadable_count{0};
  std::atomic<std::uint64_t> read_from_memory{0}, read_from_disk{0}; // bytes of contents
  std::mutex quarantine_mutex;
  std::mutex uses_mutex;
  std::vector<oid> uses;
  std::vector<std::vector<oid>> full_uses;
  std::mutex trees_mutex;
  std::vector<tree_sizes> trees; // trees of which all sizes are known, to be written to the table
  std::atomic<bool> is_ending{false};
  std::shared_ptr<cache_keeper> keeper; // null without a quota

  impl(std::shared_ptr<memory_budget> memory, const fs::path& cache) : fresh(std::move(memory), cache) {}
  ~impl() {
    is_ending = true; // ends a running tick early, because `leave` waits for it
    if (keeper)
      keeper->leave(this);
    write_uses();
    write_trees();
  }

  void join_keeper(std::uint64_t quota);
  void tick();
  void note_use(const oid& id);
  void write_uses();
  void note_tree(tree_sizes known);
  void write_trees();
  void lose_pack(const fs::path& index, const error& why);
  bool quarantine(const oid& id);
  result<object> read(const oid& id);
  error disk_failed(const oid& id, error why);
  bool is_unreadable(const oid& id);
  void readable_again(const oid& id);
  bool mend_folder();
  void installed(const ingested& what);
  void move_held_to_disk();
};

/// Makes an object that the disk cannot read a miss, so that it is fetched again and then held in memory.
error object_store::impl::disk_failed(const oid& id, error why) {
  constexpr std::size_t most = 1 << 16;
  {
    const std::lock_guard lock{unreadable_mutex};
    if (unreadable.size() >= most)
      unreadable.clear();
    unreadable.insert(id);
    unreadable_count = unreadable.size();
  }
  disk->failed(why);
  return {ENOENT, std::move(why.message)};
}

void object_store::impl::readable_again(const oid& id) {
  const std::lock_guard lock{unreadable_mutex};
  unreadable.erase(id);
  unreadable_count = unreadable.size();
}

bool object_store::impl::is_unreadable(const oid& id) {
  if (unreadable_count == 0)
    return false;
  const std::lock_guard lock{unreadable_mutex};
  return unreadable.contains(id);
}

/// Makes the store's folder again after somebody has removed it.
bool object_store::impl::mend_folder() {
  if (!make_store_folder(cache_dir, key))
    return false;
  reader->refresh();
  return true;
}

/// Notes that an object was used, because eviction removes the objects first that were not used for longest. Readers do
/// not wait for the table on disk: the keeper writes it. Without a keeper nobody evicts while the store is open, so
/// notes may be lost.
void object_store::impl::note_use(const oid& id) {
  std::lock_guard lock{uses_mutex};
  uses.push_back(id);
  if (uses.size() < uses_kept)
    return;
  if (full_uses.size() == most_full_uses)
    full_uses.clear(); // the disk is too slow for so many uses, and memory must stay bounded
  full_uses.push_back(std::move(uses));
  uses = {};
  uses.reserve(uses_kept);
}

void object_store::impl::write_uses() {
  std::vector<std::vector<oid>> all;
  {
    std::lock_guard lock{uses_mutex};
    all.swap(full_uses);
    if (!uses.empty())
      all.push_back(std::exchange(uses, {}));
  }
  if (!all.empty())
    note_store_use(folder);
  std::vector<oid> together;
  for (const auto& some : all)
    together.insert(together.end(), some.begin(), some.end());
  table->touch(together, static_cast<std::uint32_t>(std::time(nullptr)));
}

void object_store::impl::note_tree(tree_sizes known) {
  std::unique_lock lock{trees_mutex};
  trees.push_back(std::move(known));
  const bool many = trees.size() >= trees_kept;
  lock.unlock();
  if (many)
    write_trees();
}

void object_store::impl::write_trees() {
  std::unique_lock lock{trees_mutex};
  const auto all = std::exchange(trees, {});
  lock.unlock();
  table->put_trees(all);
}

/// Called when the store is complete, because the keeper's thread calls it from here on.
void object_store::impl::join_keeper(std::uint64_t quota) {
  keeper->join(this, {folder, quota, [this] { reader->refresh(); }, [this] { reader->refresh(); }, [this] { tick(); }});
}

/// Keeps up with other processes: objects of theirs are looked for, and those that they removed are closed, for an open
/// file keeps its room on the disk.
void object_store::impl::tick() {
  write_uses();
  write_trees();
  reader->look_for_loose();
  reader->refresh_if_changed();
  move_held_to_disk();
}

/// Before readers may ask for the objects.
void object_store::impl::installed(const ingested& what) {
  if (keeper && !what.held)
    keeper->arrived(what.bytes);
  if (what.new_pack)
    reader->refresh();
  else if (!what.held)
    reader->look_for_loose();
  table->put(what.blobs);
}

/// Writes packs to the disk that the disk has refused when they arrived. One call does a bounded amount of work.
void object_store::impl::move_held_to_disk() {
  const auto go_on = [this] { return !is_ending && disk->has_room(); };
  std::uint64_t moved = 0;
  const auto write = [&](const pack_bytes& pack) {
    pack_destination to;
    to.objects = objects;
    to.lock = store_lock(folder);
    to.installed = [this](const ingested& what) { installed(what); };
    to.outside = [this](const oid& id) { return read(id); };
    to.mend = [this] { return mend_folder(); };
    auto written = take_in_again(pack, std::move(to), go_on);
    if (written) {
      moved += pack.size();
      disk->worked();
    } else if (is_failure_of_disk(written.error().code)) {
      disk->failed(written.error());
    }
    return written;
  };
  while (held.bytes() != 0 && moved < moved_at_once && !is_ending && disk->is_usable() && held.move_oldest(write))
    ;
}

/// Gives up a pack that cannot be used. Its objects are fetched again when they are needed.
void object_store::impl::lose_pack(const fs::path& index, const error& why) {
  if (why.code != EBADMSG) { // the disk fails; another process, or this one later, may be able to read the pack
    log::warn("{}; the pack is not used any more, and what was in it is fetched again", why.message);
    return;
  }
  const fs::path away = quarantine_folder(folder);
  if (const auto pack = see_pack(index))
    remove_packs(folder, {&*pack, 1}, away);
  log::warn("{}; the pack is now in {}, and what was in it is fetched again", why.message, away.string());
  if (keeper != nullptr)
    keeper->arrived(0); // wakes the keeper, which salvages sound objects if the index is sound
}

/// Moves every damaged copy of the object to the quarantine. A pack is moved as a whole. True if a copy was moved.
bool object_store::impl::quarantine(const oid& id) {
  std::lock_guard lock{quarantine_mutex};
  const fs::path away = quarantine_folder(folder);
  const std::string hex = id.hex();
  bool moved = false;
  if (is_damaged(read_loose(objects, id), id)) {
    move_away(loose_file(objects, id), away / hex);
    moved = true;
  }
  std::vector<seen_pack> damaged;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator{objects / "pack", status}) {
    if (entry.path().extension() != ".idx")
      continue;
    const auto seen = see_pack(entry.path());
    pack_reader pack{entry.path(), shared_pack_resources()};
    const auto at = pack.find(id);
    const bool bad = at ? at.value() && is_damaged(pack.read(*at.value()), id) : at.error().code == EBADMSG;
    if (seen && bad)
      damaged.push_back(*seen);
  }
  for (const seen_pack& pack : damaged)
    note_damage(folder, pack.path, id);
  remove_packs(folder, damaged, away);
  reader->refresh(); // even if nothing was moved: this process may have a pack open that another process has moved
  if (moved || !damaged.empty())
    log::warn("object {} was damaged on disk; it is now in {} and will be fetched again", hex, away.string());
  if (keeper != nullptr && !damaged.empty())
    keeper->arrived(0); // wakes the keeper, which salvages the sound objects of the pack
  return moved || !damaged.empty();
}

result<object> object_store::impl::read(const oid& id) {
  std::uint64_t searched = reader->generation();
  auto out = reader->read(id);
  // The object may have been moved to another pack meanwhile, so packs that have come are searched.
  for (int again = 0; again < 3 && !out && out.error().code == ENOENT
                      && (reader->refresh_if_changed() || reader->generation() != searched);
       ++again) {
    searched = reader->generation();
    out = reader->read(id);
  }
  if (!out && (out.error().code == EBADMSG || out.error().code == EIO)) {
    reader->refresh(); // the error may come from a pack that was removed meanwhile, which is no damage
    out = reader->read(id);
  }
  if (!out && (out.error().code == EBADMSG || out.error().code == EIO)) {
    quarantine(id);
    out = reader->read(id); // another copy may be sound
    if (!out && out.error().code == EBADMSG)
      return disk_failed(id, {EIO, out.error().message + ", and it cannot be moved away"});
  }
  if (!out && out.error().code != ENOENT && is_failure_of_disk(out.error().code)
      && limit_remedy(out.error().code).empty() && out.error().code != EFBIG)
    return disk_failed(id, out.error());
  if (is_lost(
          out, [&] { return reader->contains(id); }, [&] { return reader->read(id); }))
    return disk_failed(id, {EIO, "object " + id.hex() + " is not where it should be"});
  if (out && is_unreadable(id))
    readable_again(id);
  return out;
}

object_store::object_store(std::shared_ptr<impl> state) : impl_(std::move(state)) {}

object_store::~object_store() = default;

result<std::shared_ptr<object_store>> object_store::open(const fs::path& cache_dir, const std::string& key,
                                                         std::optional<std::uint64_t> quota,
                                                         std::shared_ptr<memory_budget> memory,
                                                         const keeper_source& keeper_of,
                                                         std::optional<std::uint64_t> min_free) {
  const fs::path cache = fs::absolute(cache_dir).lexically_normal();
  const auto made = make_store_folder(cache, key);
  constexpr int mistakes[] = {EEXIST, ENOTDIR, ELOOP, ENAMETOOLONG};
  if (!made
      && (!is_failure_of_disk(made.error().code)
          || std::ranges::find(mistakes, made.error().code) != std::end(mistakes)))
    return made.error();
  const fs::path folder = made ? made.value() : store_path(cache, key);
  const fs::path objects = folder / "objects";
  folder_lock in_use = use_lock(folder, file_lock::mode::shared, true);
  incoming_pack::clean(objects, store_lock(folder));
  auto state =
      std::make_shared<impl>(memory ? std::move(memory) : std::make_shared<memory_budget>(default_memory), cache);
  state->in_use = std::move(in_use);
  state->cache_dir = cache;
  state->key = key;
  state->folder = folder;
  state->objects = objects;
  object_reader::options how;
  how.disk_errors_are_misses = true;
  how.loose_are_told = true;
  how.put_aside = [self = state.get()](const fs::path& index, const error& why) { self->lose_pack(index, why); };
  GITFS_TRY(reader, object_reader::open(objects, std::move(how)));
  state->reader = std::move(reader);
  state->table = size_table::open(size_file(folder));
  if (quota) {
    note_quota(cache, *quota);
    state->keeper = keeper_of ? keeper_of(cache) : std::make_shared<cache_keeper>(cache);
  } else {
    state->own_disk = std::make_unique<cache_disk>(cache);
  }
  state->disk = state->own_disk ? state->own_disk.get() : &state->keeper->disk();
  state->disk->keep_free(min_free);
  if (!made)
    state->disk->failed(made.error());
  if (quota)
    state->join_keeper(*quota);
  return std::shared_ptr<object_store>{new object_store{std::move(state)}};
}

result<object> object_store::read(const oid& id) {
  if (auto blob = impl_->fresh.take(id)) {
    impl_->note_use(id);
    impl_->read_from_memory.fetch_add(blob->data().size(), std::memory_order_relaxed);
    return std::move(*blob);
  }
  if (auto out = impl_->held.read(id); out || out.error().code != ENOENT)
    return out;
  auto out = impl_->read(id);
  if (out) {
    impl_->note_use(id);
    impl_->read_from_disk.fetch_add(out.value().data().size(), std::memory_order_relaxed);
  }
  return out;
}

result<void> object_store::copy(const oid& id, const blob_target& to) {
  if (auto file = impl_->fresh.take_file(id)) {
    to.file = std::move(*file);
    impl_->note_use(id);
    impl_->read_from_memory.fetch_add(to.file.size(), std::memory_order_relaxed);
    return success();
  }
  if (auto out = impl_->held.copy(id, to); out || out.error().code != ENOENT)
    return out;
  auto out = impl_->reader->copy(id, to);
  // `quarantine` reads all copies whole, which is slow; but damage is rare.
  if (!out && (out.error().code == EBADMSG || out.error().code == EIO) && impl_->quarantine(id))
    return fail(ENOENT, out.error().message);
  // A damaged index may name a wrong place for the object, or the disk fails.
  const bool missed = is_lost(
      out, [&] { return impl_->reader->contains(id); }, [&] { return impl_->reader->copy(id, to); });
  if (missed || (!out && (out.error().code == EBADMSG || out.error().code == EIO)))
    return impl_->disk_failed(id, {EIO, out.error().message});
  if (out)
    impl_->note_use(id);
  return out;
}

bool object_store::contains(const oid& id) {
  return impl_->held.contains(id) || (impl_->reader->contains(id) && !impl_->is_unreadable(id));
}

void object_store::sizes(std::span<const oid> ids, std::span<std::uint64_t> out) {
  impl_->table->get(ids, out);
  std::vector<std::pair<oid, std::uint64_t>> learned;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (out[i] != unknown_size)
      continue;
    const auto held = impl_->held.header(ids[i]);
    const auto header = held ? result<object_header>{*held} : impl_->reader->header(ids[i]);
    if (!header || header.value().type != object_type::blob) // a damaged tree may name another tree as a file
      continue;
    out[i] = header.value().size;
    learned.emplace_back(ids[i], out[i]);
  }
  impl_->table->put(learned);
}

void object_store::sizes_in(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) {
  if (ids.size() < few_files)
    return sizes(ids, out);
  if (impl_->table->get_tree(tree, ids, out))
    return;
  sizes(ids, out);
  if (std::find(out.begin(), out.end(), unknown_size) == out.end())
    impl_->note_tree({tree, {ids.begin(), ids.end()}, {out.begin(), out.end()}});
}

result<std::unique_ptr<pack_sink>> object_store::new_pack(pack_use use) {
  pack_destination to;
  to.objects = impl_->objects;
  to.lock = store_lock(impl_->folder);
  to.installed = [state = impl_](const ingested& what) { state->installed(what); }; // `state` keeps all below alive
  to.fresh = use == pack_use::read_soon ? &impl_->fresh : nullptr;
  to.outside = [state = impl_](const oid& id) {
    auto held = state->held.read(id);
    return held ? std::move(held) : state->read(id);
  };
  to.held = &impl_->held;
  to.disk = impl_->disk;
  to.mend = [state = impl_] { return state->mend_folder(); };
  GITFS_TRY(sink, pack_ingest::begin(std::move(to)));
  return std::unique_ptr<pack_sink>{std::move(sink)};
}

void object_store::remember_sizes(std::span<const std::pair<oid, std::uint64_t>> sizes) {
  impl_->table->put(sizes);
}

void object_store::refresh() {
  impl_->reader->refresh_if_changed();
}

std::vector<std::pair<std::string, std::uint64_t>> object_store::counters() const {
  std::vector<std::pair<std::string, std::uint64_t>> out{{"store.read_from_memory_bytes", impl_->read_from_memory},
                                                         {"store.read_from_disk_bytes", impl_->read_from_disk},
                                                         {"store.held_bytes", impl_->held.bytes()}};
  if (impl_->keeper != nullptr) {
    const keeper_counters& c = impl_->keeper->counters();
    out.insert(out.end(), {{"store.evicted_objects", c.evicted_objects},
                           {"store.evicted_bytes", c.evicted_bytes},
                           {"store.consolidations", c.consolidations},
                           {"store.cache_bytes", c.cache_bytes}});
  }
  return out;
}

const fs::path& object_store::folder() const {
  return impl_->folder;
}

void object_store::trim() {
  impl_->fresh.clear();
  impl_->table->trim();
  impl_->reader->trim();
}

} // namespace gitfs
