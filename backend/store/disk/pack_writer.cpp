#include "backend/store/disk/pack_writer.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/file_io.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/store/disk/store_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <libdeflate.h>
#include <zlib.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t buffered = 1 << 20;

} // namespace

pack_writer::pack_writer(const fs::path& objects, fs::path lock_file, incoming_pack incoming)
  : failure_("cannot write a pack in " + objects.string()),
    lock_file_(std::move(lock_file)),
    incoming_(std::move(incoming)),
    buffer_(pack_header(0)) {}

result<std::unique_ptr<pack_writer>> pack_writer::begin(const fs::path& store) {
  const fs::path objects = store / "objects";
  GITFS_TRY(incoming, incoming_pack::make(objects, store_lock(store)));
  return std::unique_ptr<pack_writer>{new pack_writer{objects, store_lock(store), std::move(incoming)}};
}

result<void> pack_writer::flush() {
  GITFS_TRYV(write_at(incoming_.fd(), buffer_, flushed_, failure_));
  flushed_ += buffer_.size();
  buffer_.clear();
  return success();
}

result<void> pack_writer::put(std::string_view bytes) {
  crc_ = libdeflate_crc32(crc_, bytes.data(), bytes.size());
  buffer_ += bytes;
  return buffer_.size() < buffered ? success() : flush();
}

result<void> pack_writer::begin_entry(const entry_header& header) {
  entry_begin_ = next_offset();
  crc_ = 0;
  return put(header.text());
}

void pack_writer::end_entry(const oid& id) {
  entries_.push_back({id, crc_, entry_begin_});
  offsets_.emplace(id, entry_begin_);
}

// The base of a delta is written before the delta. So offsets always point back, and there can be no circle of deltas,
// even if the two are from different packs.
result<void> pack_writer::copy(const pack_file& from, std::uint32_t number) {
  std::vector<std::pair<std::uint32_t, pack_file::head>> chain;
  while (!has(from.entries()[number].id)) {
    GITFS_TRY(head, from.read_head(number));
    chain.emplace_back(number, head);
    if (!head.base)
      break;
    if (chain.size() > from.entries().size())
      return fail(EBADMSG, "deltas in a circle in the pack of " + from.index().string());
    number = *head.base;
  }
  for (; !chain.empty(); chain.pop_back()) {
    GITFS_TRYV(copy_one(from, chain.back().first, chain.back().second));
  }
  return success();
}

result<void> pack_writer::copy_one(const pack_file& from, std::uint32_t number, const pack_file::head& head) {
  const pack_file::entry& e = from.entries()[number];
  GITFS_TRY(sound, from.is_sound(number)); // damage must not get a new checksum that makes it look right
  if (!sound || left_out_.contains(e.id))
    return fail(EBADMSG, "object " + e.id.hex() + " in the pack of " + from.index().string() + " is damaged");
  entry_header header{head.type, head.size};
  if (head.base) { // the source may name the base by its id; an offset is shorter
    header.type = ofs_delta;
    header.back = next_offset() - offsets_.at(from.entries()[*head.base].id);
  }
  GITFS_TRYV(begin_entry(header));
  GITFS_TRYV(from.read(e.begin + head.length, e.end, [this](std::string_view bytes) { return put(bytes); }));
  end_entry(e.id);
  return success();
}

result<void> pack_writer::add(const oid& id, object_type type, std::string_view data) {
  if (has(id))
    return success();
  uLongf size = compressBound(data.size());
  std::string deflated(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(deflated.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
                data.size(), fast_compression)
      != Z_OK)
    return fail(ENOMEM, "cannot deflate object " + id.hex());
  GITFS_TRYV(begin_entry({static_cast<unsigned>(type), data.size()}));
  GITFS_TRYV(put(std::string_view{deflated}.substr(0, size)));
  end_entry(id);
  return success();
}

/// The header has the number of objects, which is known only now, so the pack is read once more for its checksum. The
/// pages are still in memory, and hashing takes a tenth of a second for 100 MB.
result<oid> pack_writer::finish_pack() {
  GITFS_TRYV(flush());
  GITFS_TRYV(write_at(incoming_.fd(), pack_header(static_cast<std::uint32_t>(entries_.size())), 0, failure_));
  sha1 sum;
  std::string piece(buffered, '\0');
  for (std::uint64_t at = 0; at < flushed_; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(buffered, flushed_ - at));
    GITFS_TRYV(read_at(incoming_.fd(), piece.data(), piece.size(), at, failure_));
    sum.update(piece);
  }
  const oid checksum = sum.finish();
  GITFS_TRYV(write_at(incoming_.fd(), raw_name(checksum), flushed_, failure_));
  return checksum;
}

result<fs::path> pack_writer::install(std::time_t arrived) {
  if (entries_.empty())
    return fs::path{};
  GITFS_TRY(checksum, finish_pack());
  GITFS_TRYV(incoming_.write_index(make_index(entries_, checksum)));
  // The sources of this pack are removed next. So, unlike an arriving pack, this one must have reached the disk before.
  GITFS_TRYV(incoming_.sync(arrived));
  const file_lock moving{lock_file_, file_lock::mode::shared, true};
  return incoming_.install(checksum);
}

} // namespace gitfs
