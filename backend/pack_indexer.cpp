#include "backend/pack_indexer.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <libdeflate.h>
#include <optional>
#include <zlib.h>

namespace gitfs {

namespace {

constexpr std::size_t header_size = 12;
constexpr unsigned first_type = 1, last_type = 4, delta_on_offset = 6, delta_on_name = 7;

// Larger blobs are hashed as they come, in pieces: they are not held in memory.
constexpr std::uint64_t large_from = std::uint64_t{8} << 20;

constexpr std::size_t compact_from = std::size_t{1} << 20;

auto broken(const std::string& why) {
  return fail(EIO, "a pack cannot be taken in: " + why);
}

std::uint32_t big_endian(std::string_view four) {
  std::uint32_t out = 0;
  for (const char c : four.substr(0, 4))
    out = out << 8U | static_cast<std::uint8_t>(c);
  return out;
}

/// What a stream of so many bytes takes at most as zlib deflates it, whatever its settings (zlib's deflateBound).
std::uint64_t longest_deflated(std::uint64_t size) {
  return size + (size + 7) / 8 + (size + 63) / 64 + 64;
}

} // namespace

struct pack_indexer::entry_header {
  unsigned kind = 0;
  std::uint64_t size = 0;
  std::uint64_t back = 0; // delta_on_offset: how far before
  oid base;               // delta_on_name
  std::size_t length = 0; // of this header

  bool delta() const { return kind == delta_on_offset || kind == delta_on_name; }

  /// None: more bytes are needed.
  static result<std::optional<entry_header>> parse(std::string_view in) {
    entry_header out;
    std::size_t at = 0;
    const auto next = [&] { return static_cast<std::uint8_t>(in[at++]); };
    if (in.empty())
      return std::nullopt;
    std::uint8_t byte = next();
    out.kind = byte >> 4U & 7U;
    out.size = byte & 0x0fU;
    for (unsigned shift = 4; (byte & 0x80U) != 0; shift += 7) {
      if (at == in.size())
        return std::nullopt;
      byte = next();
      if (shift > 53)
        return broken("the size of an object is beyond reason");
      out.size |= std::uint64_t{byte & 0x7fU} << shift;
    }
    if (out.kind == delta_on_offset) {
      do {
        if (at == in.size())
          return std::nullopt;
        byte = next();
        if (out.back >> 55U != 0)
          return broken("the place of a delta's base is beyond reason");
        out.back = out.back << 7U | (byte & 0x7fU);
        if ((byte & 0x80U) != 0)
          ++out.back; // no two ways to write one number
      } while ((byte & 0x80U) != 0);
    } else if (out.kind == delta_on_name) {
      if (in.size() - at < oid::raw_size)
        return std::nullopt;
      out.base = oid::from_raw(in.data() + at);
      at += oid::raw_size;
    } else if (out.kind < first_type || out.kind > last_type) {
      return broken("an object is of no known type");
    }
    out.length = at;
    return out;
  }
};

struct pack_indexer::large_blob {
  pack_position index = 0;
  std::uint64_t left = 0; // to inflate
  z_stream stream{};
  sha1 hash;

  explicit large_blob(pack_position which, std::uint64_t size) : index(which), left(size) {
    inflateInit(&stream);
    hash.update(object_preamble(object_type::blob, size));
  }
  ~large_blob() { inflateEnd(&stream); }
  large_blob(const large_blob&) = delete;
  large_blob& operator=(const large_blob&) = delete;
};

pack_indexer::pack_indexer(int file, fresh_blobs* fresh) : fresh_(fresh), contents_(file) {}

pack_indexer::~pack_indexer() = default;

result<void> pack_indexer::append(std::string_view bytes) {
  buffer_ += bytes;
  for (;;) {
    BOOST_OUTCOME_TRY(stepped, step(false));
    if (!stepped)
      return success();
  }
}

result<void> pack_indexer::finish() {
  for (;;) {
    BOOST_OUTCOME_TRY(stepped, step(true));
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
  const std::string_view in = rest();
  if (in.size() < header_size)
    return false;
  const std::uint32_t version = big_endian(in.substr(4));
  if (!in.starts_with("PACK") || (version != 2 && version != 3))
    return broken("it is none, or of an unknown version");
  count_ = big_endian(in.substr(8));
  consume(header_size);
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
  if (waiting_ != 0)
    return broken(std::to_string(waiting_) + " of its objects are deltas of objects that are not in it");
  stage_ = stage::done;
  return true;
}

pack_position pack_indexer::begin_entry(const entry_header& header) {
  const auto index = static_cast<pack_position>(objects_.size());
  packed_object& object = objects_.emplace_back();
  object.offset = position_;
  crc_ = 0;
  consume(header.length);
  pack_entry& entry = contents_.entries().emplace_back();
  entry.data = position_;
  entry.size = header.size;
  if (!header.delta())
    entry.type = static_cast<object_type>(header.kind);
  return index;
}

void pack_indexer::end_entry() {
  pack_entry& entry = contents_.entries().back();
  entry.packed_size = position_ - entry.data;
  objects_.back().crc = crc_;
  stage_ = objects_.size() == count_ ? stage::trailer : stage::entries;
}

result<bool> pack_indexer::take_entry(bool last) {
  BOOST_OUTCOME_TRY(header, entry_header::parse(rest()));
  if (!header)
    return false;
  if (header->kind == static_cast<unsigned>(object_type::blob) && header->size > large_from) {
    const pack_position index = begin_entry(*header);
    large_ = std::make_unique<large_blob>(index, header->size);
    stage_ = stage::large_blob;
    return true;
  }
  if (header->size > largest_in_memory)
    return broken("an object of " + std::to_string(header->size) + " bytes that is no blob");
  // All of it at once, which is three times as fast as in pieces; so it has to be there.
  if (!last && rest().size() < header->length + longest_deflated(header->size))
    return false;
  const pack_position index = begin_entry(*header);
  BOOST_OUTCOME_TRYV(header->delta() ? take_delta(index, *header) : take_whole(index, *header));
  BOOST_OUTCOME_TRYV(resolve_waiting(index));
  return true;
}

result<void> pack_indexer::take_whole(pack_position index, const entry_header& header) {
  auto bytes = bytes_for(header.size);
  BOOST_OUTCOME_TRY(length, inflate_whole(rest(), bytes.get(), header.size));
  consume(length);
  end_entry();
  const object contents = as_object(contents_.entries()[index].type, std::move(bytes), header.size);
  contents_.keep(index, contents);
  named(index, contents);
  return success();
}

result<void> pack_indexer::take_delta(pack_position index, const entry_header& header) {
  const auto delta = bytes_for(header.size);
  BOOST_OUTCOME_TRY(length, inflate_whole(rest(), delta.get(), header.size));
  consume(length);
  end_entry();
  pack_position base = no_object;
  if (header.kind == delta_on_name) {
    const auto known = by_name_.find(header.base);
    if (known != by_name_.end())
      base = known->second;
  } else {
    const std::uint64_t offset =
        objects_[index].offset - header.back; // of too far back, the wrapped one is no object's
    const auto at = std::lower_bound(objects_.begin(), objects_.begin() + index, offset,
                                     [](const packed_object& o, std::uint64_t want) { return o.offset < want; });
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
  BOOST_OUTCOME_TRY(below, contents_.content(base));
  BOOST_OUTCOME_TRY(contents, contents_.build(index, below, {delta.get(), header.size}));
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
  } while (status == Z_OK && (stream.avail_in > 0 || stream.avail_out == 0));
  consume(offered - stream.avail_in);
  if (status == Z_OK || status == Z_BUF_ERROR)
    return true; // there is more of it
  if (status != Z_STREAM_END || large.left != 0)
    return broken("an object is damaged");
  end_entry();
  const pack_position index = large.index;
  named(index, large.hash.finish(), contents_.entries()[index].size);
  large_.reset();
  BOOST_OUTCOME_TRYV(resolve_waiting(index));
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
  objects_[index].size = size;
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
    BOOST_OUTCOME_TRY(contents, contents_.content(index));
    named(index, contents);
    --waiting_;
    add_waiting(index, ready);
  }
  return success();
}

} // namespace gitfs
