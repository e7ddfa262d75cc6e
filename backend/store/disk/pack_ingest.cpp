#include "backend/store/disk/pack_ingest.hpp"

#include "backend/os/disk_room.hpp"
#include "backend/os/free_memory.hpp"
#include "backend/pack/loose_objects.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/pack/pack_index.hpp"
#include "backend/pack/pack_indexer.hpp"
#include "backend/store/disk/incoming_pack.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/stat.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

// Smaller packs become loose objects, as with git's fetch.unpackLimit. Packs of many bytes do not: to deflate their
// objects again takes longer than all else that is done with what arrives. With a limit of 16 MB it was a tenth of the
// processor time of reading a whole tree (scripts/bench --row mount-tar), whose large files come a few at a time.
constexpr std::size_t unpack_limit = 100;
constexpr std::uint64_t unpack_bytes = std::uint64_t{1} << 20;

} // namespace

struct pack_ingest::impl {
  pack_destination to;
  std::optional<incoming_pack> incoming; // none: the pack is not on the disk of the cache
  std::unique_ptr<pack_bytes> bytes;
  std::optional<pack_indexer> indexer;
  std::uint64_t received = 0, checked_at = 0;
  std::optional<error> failure;

  result<void> take(std::string_view some);
  result<ingested> finish();
  result<void> store(const ingested& done);
  result<void> install();
  result<void> explode();
  bool is_held_instead(const error& of) const { return to.held != nullptr && is_failure_of_disk(of.code); }
  result<void> leave_disk();
  result<void> check_file();
};

pack_ingest::pack_ingest(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

pack_ingest::~pack_ingest() = default;

result<std::unique_ptr<pack_ingest>> pack_ingest::begin(pack_destination to) {
  auto state = std::make_unique<impl>();
  state->to = std::move(to);
  if (state->to.disk == nullptr || state->to.disk->is_usable()) {
    auto made = incoming_pack::make(state->to.objects, state->to.lock);
    if (!made && made.error().code == ENOENT && state->to.mend && state->to.mend())
      made = incoming_pack::make(state->to.objects, state->to.lock);
    if (made)
      state->incoming.emplace(std::move(made.value()));
    else if (!state->is_held_instead(made.error()))
      return made.error();
    else if (state->to.disk != nullptr)
      state->to.disk->failed(made.error());
  }
  state->bytes = std::make_unique<pack_bytes>(state->incoming ? state->incoming->fd() : -1);
  state->indexer.emplace(*state->bytes, state->to.fresh, state->to.outside);
  return std::unique_ptr<pack_ingest>{new pack_ingest{std::move(state)}};
}

result<void> pack_ingest::append(std::string_view bytes) {
  impl& self = *impl_;
  if (!self.failure)
    if (auto taken = self.take(bytes); !taken)
      self.failure = taken.error();
  if (self.failure)
    return *self.failure;
  return success();
}

/// Moves the pack out of the cache folder, and goes on with it.
result<void> pack_ingest::impl::leave_disk() {
  auto left = bytes->leave();
  incoming.reset();
  return left;
}

/// Called after a write, which may have left the disk of the cache.
result<void> pack_ingest::impl::check_file() {
  if (!bytes->failure() || !incoming)
    return success();
  if (to.held == nullptr)
    return *bytes->failure();
  if (to.disk != nullptr)
    to.disk->failed(*bytes->failure());
  incoming.reset();
  return success();
}

result<void> pack_ingest::impl::take(std::string_view some) {
  constexpr std::uint64_t check_every = std::uint64_t{4} << 20;
  if (incoming && to.disk != nullptr && to.held != nullptr && received - checked_at >= check_every) {
    checked_at = received;
    if (!to.disk->has_room()) {
      GITFS_TRYV(leave_disk());
    }
  }
  GITFS_TRYV(bytes->write(some, received));
  GITFS_TRYV(check_file());
  received += some.size();
  return indexer->append(some);
}

result<std::uint32_t> pack_ingest::commit() {
  impl& self = *impl_;
  if (self.failure)
    return *self.failure;
  auto done = self.finish();
  self.failure = done ? error{EINVAL, "this pack was taken in before"} : done.error();
  self.indexer.reset(); // frees the memory of it
  if (!done)
    return done.error();
  passed_through_memory(done.value().contents);
  self.to.installed(done.value());
  return done.value().objects;
}

result<ingested> pack_ingest::impl::finish() {
  GITFS_TRYV(indexer->finish());
  GITFS_TRYV(check_file());
  ingested done;
  std::uint64_t total = 0;
  for (pack_position i = 0; i < indexer->objects().size(); ++i) {
    total += indexer->size_of(i);
    if (indexer->type_of(i) == object_type::blob)
      done.blobs.emplace_back(indexer->objects()[i].id, indexer->size_of(i));
  }
  done.bytes = received;
  done.contents = total;
  const std::size_t count = indexer->objects().size();
  done.objects = indexer->arrived();
  done.new_pack = count >= unpack_limit || total > unpack_bytes;
  if (bytes->is_in_file()) {
    auto stored = store(done);
    if (stored && to.disk != nullptr)
      to.disk->worked();
    if (stored)
      return done;
    if (!is_held_instead(stored.error()))
      return stored.error();
    if (to.disk != nullptr)
      to.disk->failed(stored.error());
    GITFS_TRYV(leave_disk());
  }
  incoming.reset();
  done.new_pack = false;
  done.held = true;
  to.held->add(std::move(bytes), *indexer);
  return done;
}

result<void> pack_ingest::impl::store(const ingested& done) {
  const file_lock moving{to.lock, file_lock::mode::shared, true};
  return done.new_pack ? install() : explode();
}

result<void> pack_ingest::impl::install() {
  GITFS_TRYV(incoming->write_index(make_index(indexer->objects(), indexer->checksum())));
  GITFS_TRYV(incoming->install(indexer->checksum()));
  return success();
}

/// Writes the objects of the pack as loose objects.
result<void> pack_ingest::impl::explode() {
  const fs::path fresh = incoming->beside("object");
  for (pack_position i = 0; i < indexer->arrived(); ++i) { // objects behind these completed a thin pack, and are here
    const oid& id = indexer->objects()[i].id;
    // An object that is there already is not written again, because ext4 waits for the disk when a file is replaced. If
    // the present copy is damaged, a reader will notice it and the object will be fetched again. As git does it, the
    // copy gets a new time, so that it is not evicted before the reader that asked for it has read it.
    if (::utimensat(AT_FDCWD, loose_file(to.objects, id).c_str(), nullptr, 0) == 0)
      continue;
    GITFS_TRY(contents, indexer->content(i));
    GITFS_TRYV(write_loose(to.objects, fresh, id, contents));
  }
  return success();
}

result<void> take_in_again(const pack_bytes& pack, pack_destination to, const std::function<bool()>& go_on) {
  constexpr std::uint64_t at_once = std::uint64_t{1} << 20;
  GITFS_TRY(sink, pack_ingest::begin(std::move(to)));
  std::string piece;
  for (std::uint64_t at = 0; at < pack.size(); at += piece.size()) {
    if (!go_on())
      return fail(ECANCELED, "a pack that was held is not written now");
    piece.resize(std::min(at_once, pack.size() - at));
    if (const auto got = pack.read(piece.data(), piece.size(), at); !got)
      return fail(EBADMSG, got.error().message);
    GITFS_TRYV(sink->append(piece));
  }
  GITFS_TRYV(sink->commit());
  return success();
}

} // namespace gitfs
