#include "backend/pack/pack_indexer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <libdeflate.h>
#include <optional>
#include <zlib.h>

namespace gitfs {

namespace {

// Larger blobs are hashed as they come, in pieces: they are not held in memory.
constexpr std::uint64_t large_from = std::uint64_t{8} << 20;

// What is consumed leaves the buffer in pieces of this size, so that the buffer stays in the processor's cache.
constexpr std::size_t compact_from = std::size_t{256} << 10;

auto broken(const std::string& why) {
  return fail(EIO, "a pack cannot be taken in: " + why);
}

} // namespace

struct pack_indexer::large_blob {
  pack_position index = 0;
  std::uint64_t left = 0; // bytes that were not inflated yet
  z_stream stream{};
  sha1 hash;
  std::optional<unlinked_file> copy; // for who reads it soon

  large_blob(pack_position which, std::uint64_t size, std::optional<unlinked_file> to)
    : index(which),
      left(size),
      copy(std::move(to)) {
    inflateInit(&stream);
    hash.update(object_preamble(object_type::blob, size));
  }
  ~large_blob() { inflateEnd(&stream); }
  large_blob(const large_blob&) = delete;
  large_blob& operator=(const large_blob&) = delete;
};

pack_indexer::pack_indexer(pack_bytes& file, prefetched_blobs* fresh, outside_objects outside)
  : file_(file),
    fresh_(fresh),
    outside_(std::move(outside)),
    contents_(file) {}

pack_indexer::~pack_indexer() = default;

result<void> pack_indexer::append(std::string_view bytes) {
  buffer_ += bytes;
  for (;;) {
    GITFS_TRY(stepped, step(false));
    if (!stepped)
      return success();
  }
}

result<void> pack_indexer::finish() {
  for (;;) {
    GITFS_TRY(stepped, step(true));
    if (!stepped)
      break;
  }
  if (stage_ != stage::done)
    return broken("it is cut off after " + std::to_string(position_ + rest().size()) + " bytes");
  return success();
}

result<bool> pack_indexer::step(bool last) {
  switch (stage_) {
  case stage::header:
    return take_header();
  case stage::entries:
    return take_entry(last);
  case stage::large_blob:
    return take_large_blob();
  case stage::trailer:
    return take_trailer();
  case stage::done:
    if (!rest().empty())
      return broken("there are bytes behind its end");
    return false;
  }
  return false;
}

void pack_indexer::consume(std::size_t bytes) {
  const std::string_view taken = rest().substr(0, bytes);
  hash_.update(taken);
  crc_ = libdeflate_crc32(crc_, taken.data(), taken.size());
  position_ += bytes;
  used_ += bytes;
  if (used_ == buffer_.size() || used_ >= compact_from) {
    buffer_.erase(0, used_);
    used_ = 0;
  }
}

result<bool> pack_indexer::take_header() {
  if (rest().size() < pack_header_size)
    return false;
  const auto count = parse_pack_header(rest());
  if (!count)
    return broken("it is none, or of an unknown version");
  count_ = *count;
  consume(pack_header_size);
  stage_ = count_ == 0 ? stage::trailer : stage::entries;
  return true;
}

result<bool> pack_indexer::take_trailer() {
  if (rest().size() < oid::raw_size)
    return false;
  const oid said = oid::from_raw(rest().data());
  checksum_ = hash_.finish();
  consume(oid::raw_size);
  if (said != checksum_)
    return broken("its checksum is another");
  if (waiting_ != 0) {
    GITFS_TRYV(complete());
  }
  stage_ = stage::done;
  return true;
}

pack_position pack_indexer::begin_entry(const entry_header& header) {
  const auto index = static_cast<pack_position>(objects_.size());
  objects_.emplace_back().offset = position_;
  crc_ = 0;
  consume(header.length);
  pack_entry& entry = contents_.entries().emplace_back();
  entry.data = position_;
  entry.size = header.size;
  if (!header.is_delta())
    entry.type = static_cast<object_type>(header.type);
  return index;
}

void pack_indexer::end_entry() {
  pack_entry& entry = contents_.entries().back();
  entry.packed_size = position_ - entry.data;
  objects_.back().crc = crc_;
  stage_ = objects_.size() == count_ ? stage::trailer : stage::entries;
}

result<bool> pack_indexer::take_entry(bool last) {
  const auto parsed = entry_header::parse(rest());
  if (!parsed)
    return broken(parsed.error().message);
  const auto& header = parsed.value();
  if (!header)
    return false;
  if (header->type == static_cast<unsigned>(object_type::blob) && header->size > large_from) {
    const pack_position index = begin_entry(*header);
    large_ = std::make_unique<large_blob>(index, header->size,
                                          fresh_ == nullptr ? std::nullopt : fresh_->new_file(header->size));
    stage_ = stage::large_blob;
    return true;
  }
  if (header->size > largest_in_memory)
    return broken("an object of " + std::to_string(header->size) + " bytes that is no blob");
  // An entry is inflated at once, which is three times as fast as in pieces. So all of its bytes must have arrived.
  if (!last && rest().size() < header->length + longest_deflated(header->size))
    return false;
  const pack_position index = begin_entry(*header);
  GITFS_TRYV(header->is_delta() ? take_delta(index, *header) : take_whole(index, *header));
  GITFS_TRYV(resolve_waiting(index));
  return true;
}

result<void> pack_indexer::take_whole(pack_position index, const entry_header& header) {
  auto bytes = bytes_for(header.size);
  GITFS_TRY(length, inflate_whole(rest(), bytes.get(), header.size));
  consume(length);
  end_entry();
  const object contents = as_object(contents_.entries()[index].type, std::move(bytes), header.size);
  contents_.keep(index, contents);
  named(index, contents);
  return success();
}

result<void> pack_indexer::take_delta(pack_position index, const entry_header& header) {
  const auto delta = bytes_for(header.size);
  GITFS_TRY(length, inflate_whole(rest(), delta.get(), header.size));
  consume(length);
  end_entry();
  pack_position base = no_object;
  if (header.type == ref_delta) {
    const auto known = by_name_.find(header.base);
    if (known != by_name_.end())
      base = known->second;
  } else {
    const std::uint64_t offset =
        objects_[index].offset - header.back; // if `back` is too large this wraps around, and no object is there
    const auto at = std::lower_bound(objects_.begin(), objects_.begin() + index, offset,
                                     [](const index_entry& o, std::uint64_t want) { return o.offset < want; });
    if (at == objects_.begin() + index || at->offset != offset)
      return broken("a delta's base is at no object's place");
    base = static_cast<pack_position>(at - objects_.begin());
  }
  contents_.entries()[index].base = base;
  if (base == no_object || objects_[base].id.is_zero()) {
    (base == no_object ? waiting_for_name_[header.base] : waiting_for_entry_[base]).push_back(index);
    ++waiting_;
    return success();
  }
  GITFS_TRY(below, contents_.content(base));
  GITFS_TRY(contents, contents_.build(index, below, {delta.get(), header.size}));
  named(index, contents);
  return success();
}

result<bool> pack_indexer::take_large_blob() {
  if (rest().empty())
    return false;
  large_blob& large = *large_;
  z_stream& stream = large.stream;
  const std::string_view in = rest();
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(std::min<std::size_t>(in.size(), compact_from));
  const uInt offered = stream.avail_in;
  std::array<char, std::size_t{64} << 10> out;
  int status = Z_OK;
  do {
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = out.size();
    status = ::inflate(&stream, Z_NO_FLUSH);
    const std::size_t made = out.size() - stream.avail_out;
    if (made > large.left)
      return broken("an object is longer than it says");
    large.left -= made;
    large.hash.update({out.data(), made});
    if (large.copy && !large.copy->write({out.data(), made}, large.copy->size()))
      large.copy.reset(); // it is inflated anew when somebody reads it
  } while (status == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
  consume(offered - stream.avail_in);
  if (status == Z_OK || status == Z_BUF_ERROR)
    return true; // the blob has not ended
  if (status != Z_STREAM_END || large.left != 0)
    return broken("an object is damaged");
  end_entry();
  const pack_position index = large.index;
  const oid id = large.hash.finish();
  named(index, id, contents_.entries()[index].size);
  if (large.copy)
    fresh_->put_file(id, std::move(*large.copy));
  large_.reset();
  GITFS_TRYV(resolve_waiting(index));
  return true;
}

void pack_indexer::named(pack_position index, const object& contents) {
  contents_.entries()[index].type = contents.type();
  const oid id = name_of(contents.type(), contents.data());
  named(index, id, contents.data().size());
  if (fresh_ != nullptr && contents.type() == object_type::blob)
    fresh_->put(id, contents);
}

void pack_indexer::named(pack_position index, const oid& id, std::uint64_t size) {
  objects_[index].id = id;
  contents_.entries()[index].contents = size;
  by_name_.emplace(id, index);
}

void pack_indexer::add_waiting(pack_position base, std::vector<pack_position>& out) {
  if (auto those = waiting_for_entry_.extract(base))
    out.insert(out.end(), those.mapped().begin(), those.mapped().end());
  if (auto those = waiting_for_name_.extract(objects_[base].id))
    for (const pack_position index : those.mapped()) {
      contents_.entries()[index].base = base;
      out.push_back(index);
    }
}

result<void> pack_indexer::resolve_waiting(pack_position base) {
  if (waiting_ == 0 || objects_[base].id.is_zero())
    return success();
  std::vector<pack_position> ready;
  add_waiting(base, ready);
  while (!ready.empty()) {
    const pack_position index = ready.back();
    ready.pop_back();
    GITFS_TRY(contents, contents_.content(index));
    named(index, contents);
    --waiting_;
    add_waiting(index, ready);
  }
  return success();
}

/// Completes a thin pack by the bases of the deltas that still wait.
result<void> pack_indexer::complete() {
  position_ -= oid::raw_size; // the first base overwrites the trailer
  for (bool more = outside_ != nullptr; more && waiting_ != 0;) {
    more = false;
    std::vector<oid> wanted;
    for (const auto& [id, those] : waiting_for_name_)
      wanted.push_back(id);
    for (const oid& id : wanted) {
      if (!waiting_for_name_.contains(id))
        continue; // the pack itself has this base, as a delta that was resolved meanwhile
      if (const auto found = outside_(id)) {
        GITFS_TRYV(add_base(id, found.value()));
        more = true;
      }
    }
  }
  if (waiting_ == 0)
    return seal();
  const std::string what = std::to_string(waiting_) + " of its objects are deltas of objects that are not in it";
  if (outside_ == nullptr)
    return broken(what);
  return fail(ESTALE, "a pack cannot be taken in: " + what + ", nor on this machine");
}

result<void> pack_indexer::add_base(const oid& id, const object& contents) {
  const std::string_view data = contents.data();
  std::string bytes = entry_header{static_cast<unsigned>(contents.type()), data.size()}.text();
  const std::size_t header = bytes.size();
  uLongf deflated = compressBound(data.size());
  bytes.resize(header + deflated);
  if (::compress2(reinterpret_cast<Bytef*>(bytes.data() + header), &deflated,
                  reinterpret_cast<const Bytef*>(data.data()), data.size(), Z_BEST_SPEED)
      != Z_OK)
    return fail(ENOMEM, "an object cannot be deflated");
  bytes.resize(header + deflated);
  GITFS_TRYV(file_.write(bytes, position_));
  const auto index = static_cast<pack_position>(objects_.size());
  index_entry& listed = objects_.emplace_back();
  listed.offset = position_;
  listed.crc = libdeflate_crc32(0, bytes.data(), bytes.size());
  pack_entry& entry = contents_.entries().emplace_back();
  entry.data = position_ + header;
  entry.packed_size = deflated;
  entry.size = data.size();
  entry.type = contents.type();
  position_ += bytes.size();
  contents_.keep(index, contents);
  named(index, id, data.size());
  return resolve_waiting(index);
}

/// Writes the header and the trailer of the completed pack.
result<void> pack_indexer::seal() {
  GITFS_TRYV(file_.write(pack_header(static_cast<std::uint32_t>(objects_.size())), 0));
  sha1 whole;
  std::string piece;
  for (std::uint64_t at = 0; at < position_; at += piece.size()) {
    piece.resize(std::min<std::uint64_t>(position_ - at, compact_from));
    GITFS_TRYV(file_.read(piece.data(), piece.size(), at));
    whole.update(piece);
  }
  checksum_ = whole.finish();
  return file_.write(raw_name(checksum_), position_);
}

} // namespace gitfs
