#include "backend/store/disk/held_packs.hpp"

#include "backend/git/sha1.hpp"
#include "config/log.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <vector>
#include <zlib.h>

namespace gitfs {

namespace {

constexpr std::uint64_t most_in_memory = std::uint64_t{32} << 20, most_elsewhere = std::uint64_t{1} << 30;
constexpr std::size_t copied_at_once = std::size_t{128} << 10;
constexpr std::uint64_t whole_up_to = std::uint64_t{8} << 20; // larger blobs are written in pieces

/// Inflates one entry into the target in pieces, so that a large blob is never whole in memory.
result<void> inflate_in_pieces(const pack_bytes& from, const pack_entry& entry, const oid& id, const blob_target& to) {
  z_stream stream{};
  if (::inflateInit(&stream) != Z_OK)
    return fail(ENOMEM, "cannot inflate object " + id.hex());
  const std::unique_ptr<z_stream, int (*)(z_stream*)> owner{&stream, ::inflateEnd};
  std::vector<char> in(copied_at_once), out(copied_at_once);
  sha1 hash;
  hash.update(object_preamble(object_type::blob, entry.size));
  std::uint64_t taken = 0, written = 0;
  for (int status = Z_OK; status != Z_STREAM_END;) {
    if (to.stop.load(std::memory_order_relaxed))
      return fail(ECANCELED, "the mount is ending");
    if (stream.avail_in == 0 && taken < entry.packed_size) {
      const std::size_t count = std::min<std::uint64_t>(in.size(), entry.packed_size - taken);
      GITFS_TRYV(from.read(in.data(), count, entry.data + taken));
      taken += count;
      stream.next_in = reinterpret_cast<Bytef*>(in.data());
      stream.avail_in = static_cast<uInt>(count);
    }
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    status = ::inflate(&stream, Z_NO_FLUSH);
    const std::string_view made{out.data(), out.size() - stream.avail_out};
    if ((status != Z_OK && status != Z_STREAM_END) || (made.empty() && status == Z_OK && taken == entry.packed_size))
      return fail(ENOENT, "object " + id.hex() + " cannot be read again");
    hash.update(made);
    GITFS_TRYV(to.file.write(made, written));
    written += made.size();
  }
  if (hash.finish() != id)
    return fail(ENOENT, "object " + id.hex() + " cannot be read again");
  return success();
}

} // namespace

struct held_packs::pack {
  std::mutex mutex;
  const std::unique_ptr<pack_bytes> bytes;
  pack_contents contents;
  std::vector<oid> ids;
  std::list<std::shared_ptr<pack>>::iterator here; // place in the list of packs; used under the list's lock
  bool is_dropped = false;                         // used under the same lock

  explicit pack(std::unique_ptr<pack_bytes> its) : bytes(std::move(its)), contents(*bytes) {}

  std::uint64_t index_bytes() const { return ids.size() * (sizeof(pack_entry) + 3 * sizeof(place)); }
  std::uint64_t in_memory() const { return bytes->memory() + index_bytes(); }
  std::uint64_t elsewhere() const { return bytes->memory() == 0 ? bytes->size() : 0; }
};

void held_packs::add(std::unique_ptr<pack_bytes> bytes, pack_indexer& indexer) {
  auto fresh = std::make_shared<pack>(std::move(bytes));
  fresh->ids.reserve(indexer.objects().size());
  for (const index_entry& each : indexer.objects())
    fresh->ids.push_back(each.id);
  fresh->contents.entries() = indexer.take_entries();
  const std::lock_guard lock{mutex_};
  for (pack_position at = 0; at < fresh->ids.size(); ++at)
    index_[fresh->ids[at]] = {fresh, at};
  memory_ += fresh->in_memory();
  elsewhere_ += fresh->elsewhere();
  packs_.push_front(fresh);
  fresh->here = packs_.begin();
  bytes_ = memory_ + elsewhere_;
  drop_oldest();
}

/// The caller holds the lock, and the pack is in the list.
void held_packs::drop(const std::shared_ptr<pack>& which) {
  memory_ -= which->in_memory();
  elsewhere_ -= which->elsewhere();
  bytes_ = memory_ + elsewhere_;
  for (const oid& id : which->ids)
    if (const auto at = index_.find(id); at != index_.end() && at->second.in == which)
      index_.erase(at);
  which->is_dropped = true;
  packs_.erase(which->here);
}

/// The caller holds the lock.
void held_packs::drop_oldest() {
  while (packs_.size() > 1 && (memory_ > most_in_memory || elsewhere_ > most_elsewhere)) {
    const auto last = packs_.back(); // a copy, which keeps the pack alive until it is out of the index
    drop(last);
  }
}

bool held_packs::move_oldest(const std::function<result<void>(const pack_bytes&)>& write) {
  std::unique_lock lock{mutex_};
  if (packs_.empty())
    return false;
  const auto oldest = packs_.back();
  lock.unlock();
  const auto written = write(*oldest->bytes); // no lock is needed, because these bytes never change
  if (!written && written.error().code != EBADMSG)
    return false;
  if (!written)
    log::warn("a pack that was held cannot be written to the disk, and what was in it is fetched again: {}",
              written.error().message);
  lock.lock();
  if (!oldest->is_dropped)
    drop(oldest);
  return true;
}

held_packs::place held_packs::find(const oid& id) {
  if (bytes() == 0)
    return {};
  const std::lock_guard lock{mutex_};
  const auto at = index_.find(id);
  if (at == index_.end())
    return {};
  packs_.splice(packs_.begin(), packs_, at->second.in->here);
  return at->second;
}

bool held_packs::contains(const oid& id) {
  return find(id).in != nullptr;
}

std::optional<object_header> held_packs::header(const oid& id) {
  const place found = find(id);
  if (!found.in)
    return std::nullopt;
  const pack_entry& entry = std::as_const(found.in->contents).entries()[found.at];
  return object_header{entry.type, entry.contents};
}

result<object> held_packs::read(const oid& id) {
  const place found = find(id);
  if (!found.in)
    return fail(ENOENT, "object " + id.hex() + " is not on this machine");
  const std::lock_guard lock{found.in->mutex};
  auto out = found.in->contents.content(found.at);
  found.in->contents.forget();
  return out;
}

result<void> held_packs::copy(const oid& id, const blob_target& to) {
  const place found = find(id);
  if (!found.in)
    return fail(ENOENT, "object " + id.hex() + " is not on this machine");
  const std::unique_lock lock{found.in->mutex};
  const pack_entry& entry = std::as_const(found.in->contents).entries()[found.at];
  if (entry.type != object_type::blob)
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  if (entry.base == no_object && entry.size > whole_up_to)
    return inflate_in_pieces(*found.in->bytes, entry, id, to);
  GITFS_TRY(whole, found.in->contents.content(found.at));
  found.in->contents.forget();
  return to.file.write(whole.data(), 0);
}

} // namespace gitfs
