#include "backend/store/disk/pack_ingest.hpp"

#include "backend/os/file_io.hpp"
#include "backend/os/free_memory.hpp"
#include "backend/pack/loose_objects.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/pack/pack_index.hpp"
#include "backend/pack/pack_indexer.hpp"
#include "backend/store/disk/incoming_pack.hpp"

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/stat.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

// As git's fetch.unpackLimit; but to deflate much again, and to read it in a thousand pieces, is no gain.
constexpr std::size_t unpack_limit = 100;
constexpr std::uint64_t unpack_bytes = std::uint64_t{16} << 20;

} // namespace

struct pack_ingest::impl {
  fs::path objects, lock_file;
  std::optional<incoming_pack> incoming;
  std::function<void(const ingested&)> installed;
  std::optional<pack_indexer> indexer;
  std::uint64_t received = 0;
  std::optional<error> failure;

  result<void> take(std::string_view bytes);
  result<ingested> finish();
  result<void> install();
  result<void> explode();
};

pack_ingest::pack_ingest(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

pack_ingest::~pack_ingest() = default;

result<std::unique_ptr<pack_ingest>> pack_ingest::begin(const fs::path& objects, const fs::path& lock,
                                                        std::function<void(const ingested&)> installed,
                                                        prefetched_blobs* fresh, outside_objects outside) {
  auto state = std::make_unique<impl>();
  state->objects = objects;
  state->lock_file = lock;
  state->installed = std::move(installed);
  GITFS_TRY(incoming, incoming_pack::make(objects, lock));
  state->incoming.emplace(std::move(incoming));
  state->indexer.emplace(state->incoming->fd(), fresh, std::move(outside));
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

result<void> pack_ingest::impl::take(std::string_view bytes) {
  GITFS_TRYV(write_at(incoming->fd(), bytes, received, "cannot write an arriving pack"));
  received += bytes.size();
  return indexer->append(bytes);
}

result<std::uint32_t> pack_ingest::commit() {
  impl& self = *impl_;
  if (self.failure)
    return *self.failure;
  auto done = self.finish();
  self.failure = done ? error{EINVAL, "this pack was taken in before"} : done.error();
  self.indexer.reset(); // and what it keeps in memory
  if (!done)
    return done.error();
  passed_through_memory(done.value().contents);
  self.installed(done.value());
  return done.value().objects;
}

result<ingested> pack_ingest::impl::finish() {
  GITFS_TRYV(indexer->finish());
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
  const file_lock moving{lock_file, file_lock::mode::shared, true};
  GITFS_TRYV(done.new_pack ? install() : explode());
  return done;
}

result<void> pack_ingest::impl::install() {
  GITFS_TRYV(incoming->write_index(make_index(indexer->objects(), indexer->checksum())));
  GITFS_TRYV(incoming->install(indexer->checksum()));
  return success();
}

/// Writes the objects as loose ones.
result<void> pack_ingest::impl::explode() {
  const fs::path fresh = incoming->beside("object");
  for (pack_position i = 0; i < indexer->arrived(); ++i) { // what was added is here
    const oid& id = indexer->objects()[i].id;
    // Not over one that is there: ext4 waits for the disk when a file is replaced. If that one is damaged, whoever
    // reads it finds out, and then it is fetched again. As git does, it is made young again: it must not be evicted
    // before whoever asked has read it.
    if (::utimensat(AT_FDCWD, loose_file(objects, id).c_str(), nullptr, 0) == 0)
      continue;
    GITFS_TRY(contents, indexer->content(i));
    GITFS_TRYV(write_loose(objects, fresh, id, contents));
  }
  return success();
}

} // namespace gitfs
