#include "backend/object_store.hpp"

#include "backend/fresh_blobs.hpp"
#include "backend/git_odb.hpp"
#include "backend/large_blob.hpp"
#include "backend/loose_objects.hpp"
#include "backend/pack_ingest.hpp"
#include "backend/sha1.hpp"
#include "backend/size_table.hpp"
#include "backend/store_folder.hpp"

#include <git2.h>
#include <git2/sys/odb_backend.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <mutex>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t uses_kept = 4096; // in memory, before they are written
constexpr std::size_t fresh_budget = std::size_t{96} << 20;

/// Looks at one place where a copy of an object may be.
enum class copy_state { absent, sound, damaged };

struct free_backend {
  void operator()(git_odb_backend* backend) const { backend->free(backend); }
};

copy_state look(git_odb_backend* raw_backend, const oid& id) {
  const std::unique_ptr<git_odb_backend, free_backend> backend{raw_backend};
  const auto* name = reinterpret_cast<const git_oid*>(id.bytes.data());
  if (backend->exists(backend.get(), name) == 0)
    return copy_state::absent;
  void* data = nullptr;
  std::size_t size = 0;
  git_object_t type = GIT_OBJECT_INVALID;
  if (backend->read(&data, &size, &type, backend.get(), name) != 0)
    return copy_state::damaged;
  const bool sound = type >= GIT_OBJECT_COMMIT && type <= GIT_OBJECT_TAG
                     && name_of(static_cast<object_type>(type), {static_cast<const char*>(data), size}) == id;
  git_odb_backend_data_free(backend.get(), data);
  return sound ? copy_state::sound : copy_state::damaged;
}

void move_away(const fs::path& file, const fs::path& to) {
  ::mkdir(to.parent_path().c_str(), 0700);
  // On a disk where nothing can be moved, what is damaged is better gone than met again.
  if (::rename(file.c_str(), to.c_str()) != 0 && errno != ENOENT)
    ::unlink(file.c_str());
}

} // namespace

struct object_store::impl {
  fs::path folder, objects;
  std::unique_ptr<odb_reader> reader;
  std::shared_ptr<size_table> table;
  fresh_blobs fresh{fresh_budget};
  std::mutex quarantine_mutex;
  std::mutex uses_mutex;
  std::vector<oid> uses;

  ~impl() { table->touch(uses, static_cast<std::uint32_t>(std::time(nullptr))); }

  void note_use(const oid& id);
  bool quarantine(const oid& id);
  result<object> read(const oid& id);
};

/// For a quota that evicts what has not been used for longest.
void object_store::impl::note_use(const oid& id) {
  std::vector<oid> full;
  {
    std::lock_guard lock{uses_mutex};
    uses.push_back(id);
    if (uses.size() < uses_kept)
      return;
    full.swap(uses);
  }
  table->touch(full, static_cast<std::uint32_t>(std::time(nullptr)));
  table->trim(); // after so many reads most of its file is mapped: 17 MB for the Linux tree
}

/// Moves every damaged copy of the object out of readers' sight; with a pack goes all that is in it. True if there was
/// any.
bool object_store::impl::quarantine(const oid& id) {
  std::lock_guard lock{quarantine_mutex};
  const fs::path away = folder / "quarantine";
  const std::string hex = id.hex();
  bool moved = false;
  git_odb_backend* backend = make_loose_backend(objects);
  if (backend != nullptr && look(backend, id) == copy_state::damaged) {
    move_away(loose_file(objects, id), away / hex);
    moved = true;
  }
  std::vector<fs::path> packs;
  std::error_code status;
  for (const auto& entry : fs::directory_iterator{objects / "pack", status})
    if (entry.path().extension() == ".idx" && git_odb_backend_one_pack(&backend, entry.path().c_str()) == 0
        && look(backend, id) == copy_state::damaged)
      packs.push_back(fs::path{entry.path()}.replace_extension());
  // Also without a pack to move: this process may have one open that another process has moved.
  reader->reopen([&] {
    for (const fs::path& stem : packs)
      for (const char* suffix : {".idx", ".pack", ".rev", ".bitmap"}) // the index first: none is seen without its pack
        move_away(stem.string() + suffix, away / (stem.filename().string() + suffix));
  });
  if (moved || !packs.empty())
    spdlog::warn("object {} was damaged on disk; it is now in {} and will be fetched again", hex, away.string());
  return moved || !packs.empty();
}

result<object> object_store::impl::read(const oid& id) {
  auto out = reader->read(id);
  if (out || out.error().code != EBADMSG)
    return out;
  quarantine(id);
  out = reader->read(id); // there may be a sound copy
  if (!out && out.error().code == EBADMSG)
    return fail(EIO, out.error().message + ", and cannot be moved away");
  return out;
}

object_store::object_store(std::shared_ptr<impl> state) : impl_(std::move(state)) {}

object_store::~object_store() = default;

result<std::shared_ptr<object_store>> object_store::open(const fs::path& cache_dir, const std::string& key) {
  use_libgit2();
  BOOST_OUTCOME_TRY(folder, make_store_folder(cache_dir, key));
  const fs::path objects = folder / "objects";
  pack_ingest::clean(objects, store_lock(folder));
  BOOST_OUTCOME_TRY(reader, odb_reader::open(objects));
  auto state = std::make_shared<impl>();
  state->folder = folder;
  state->objects = objects;
  state->reader = std::move(reader);
  state->table = size_table::open(folder / "sizes.mdb");
  return std::shared_ptr<object_store>{new object_store{std::move(state)}};
}

result<object> object_store::read(const oid& id) {
  if (auto blob = impl_->fresh.take(id)) {
    impl_->note_use(id);
    return std::move(*blob);
  }
  auto out = impl_->read(id);
  if (out)
    impl_->note_use(id);
  return out;
}

result<void> object_store::copy(const oid& id, const blob_target& to) {
  auto out = impl_->reader->copy(id, to);
  if (!out && out.error().code == EBADMSG) {
    impl_->quarantine(id); // which reads it whole: rare, and libgit2 has no other way to look at one copy
    return fail(ENOENT, out.error().message);
  }
  if (out)
    impl_->note_use(id);
  return out;
}

bool object_store::contains(const oid& id) {
  return impl_->reader->contains(id);
}

void object_store::sizes(std::span<const oid> ids, std::span<std::uint64_t> out) {
  impl_->table->get(ids, out);
  std::vector<std::pair<oid, std::uint64_t>> learned;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (out[i] != unknown_size)
      continue;
    const auto header = impl_->reader->header(ids[i]);
    if (!header || header->type != object_type::blob) // a tree may name another tree as a file: that has no size
      continue;
    out[i] = header->size;
    learned.emplace_back(ids[i], header->size);
  }
  impl_->table->put(learned);
}

result<std::unique_ptr<pack_sink>> object_store::new_pack(pack_use use) {
  const auto installed = [state = impl_](const ingested& what) {
    if (what.new_pack)
      state->reader->refresh();
    state->table->put(what.blobs);
  };
  fresh_blobs* const fresh = use == pack_use::read_soon ? &impl_->fresh : nullptr; // `installed` keeps it alive
  BOOST_OUTCOME_TRY(sink, pack_ingest::begin(impl_->objects, store_lock(impl_->folder), installed, fresh));
  return std::unique_ptr<pack_sink>{std::move(sink)};
}

void object_store::remember_sizes(std::span<const std::pair<oid, std::uint64_t>> sizes) {
  impl_->table->put(sizes);
}

void object_store::refresh() {
  impl_->reader->refresh_if_changed();
}

result<verify_report> object_store::verify() {
  impl_->reader->refresh();
  BOOST_OUTCOME_TRY(ids, impl_->reader->list());
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  verify_report out;
  for (const oid& id : ids) {
    auto one = impl_->reader->read(id);
    if (one)
      ++out.objects;
    else if (one.error().code == EBADMSG)
      out.corrupt += impl_->quarantine(id) ? 1 : 0;
    else if (one.error().code != ENOENT) // that was in a pack with one that is damaged
      return one.error();
  }
  return out;
}

const fs::path& object_store::folder() const {
  return impl_->folder;
}

void object_store::trim() {
  impl_->table->trim();
  impl_->reader->trim();
}

} // namespace gitfs
