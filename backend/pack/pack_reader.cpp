#include "backend/pack/pack_reader.hpp"

#include "backend/os/file_io.hpp"
#include "backend/pack/inflate.hpp"
#include "backend/pack/inflated_file.hpp"
#include "backend/pack/pack_delta.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace gitfs {

namespace {

constexpr std::size_t longest_entry_header = 48;
constexpr std::size_t first_piece = 4096; // most objects are whole in it
constexpr std::size_t kept_buffer = std::size_t{1} << 20;
constexpr std::chrono::seconds pause_after_failure{1};

/// Room for deflated bytes, which are done with before the next object is read.
char* deflated_room(std::size_t size, std::unique_ptr<char[]>& larger) {
  thread_local std::unique_ptr<char[]> kept;
  thread_local std::size_t kept_size = 0;
  if (size > kept_buffer)
    return (larger = bytes_for(size)).get();
  if (kept_size < size) {
    kept_size = std::max(size, kept_buffer / 8);
    kept = bytes_for(kept_size);
  }
  return kept.get();
}

} // namespace

const std::shared_ptr<pack_resources>& shared_pack_resources() {
  static const auto shared = std::make_shared<pack_resources>();
  return shared;
}

/// The beginning of an entry.
struct pack_reader::peeked {
  stored entry;
  std::string_view data; // deflated bytes that are in the buffer
};

pack_reader::pack_reader(const std::filesystem::path& index, std::shared_ptr<pack_resources> shared)
  : index_path_(index),
    shared_(std::move(shared)),
    number_(shared_->bases.new_pack()),
    pack_(std::filesystem::path{index}.replace_extension(".pack"), shared_->files) {}

error pack_reader::damaged(const std::string& how) const {
  return {EBADMSG, pack_.path().string() + " is damaged: " + how};
}

std::optional<error> pack_reader::unusable() {
  const std::lock_guard lock{mutex_};
  return broken_;
}

void pack_reader::close() {
  pack_.close();
}

result<index_reader*> pack_reader::table() {
  if (index_reader* ready = ready_.load(std::memory_order_acquire))
    return ready;
  const std::lock_guard lock{mutex_};
  if (table_)
    return table_.get();
  if (broken_)
    return *broken_;
  const auto now = std::chrono::steady_clock::now();
  if (failed_ && now - tried_ < pause_after_failure)
    return *failed_; // each try may cost a failing disk a second
  auto opened = index_reader::open(index_path_, shared_->files, shared_->indexes);
  if (!opened) {
    (opened.error().code == EBADMSG ? broken_ : failed_) = opened.error();
    tried_ = now;
    return opened.error();
  }
  failed_.reset();
  table_ = std::move(opened).value();
  ready_.store(table_.get(), std::memory_order_release);
  return table_.get();
}

result<std::optional<std::uint64_t>> pack_reader::find(const oid& id) {
  GITFS_TRY(index, table());
  return index->find(id);
}

result<void> pack_reader::find(const id_prefix& prefix, prefix_found& out) {
  GITFS_TRY(index, table());
  return index->find(prefix, out);
}

result<std::uint64_t> pack_reader::objects() {
  GITFS_TRY(index, table());
  return index->objects();
}

result<std::shared_ptr<const unique_fd>> pack_reader::file() {
  GITFS_TRY(index, table());
  GITFS_TRY(fd, pack_.open());
  if (const std::uint64_t version = pack_.version(); checked_.load(std::memory_order_acquire) != version) {
    auto right = check(*fd, version, *index);
    if (!right) {
      const std::lock_guard lock{mutex_};
      if (right.error().code == EBADMSG)
        broken_ = right.error();
      return right.error();
    }
  }
  return fd;
}

/// Whether the pack is one, and the one that the index is of.
result<void> pack_reader::check(const unique_fd& fd, std::uint64_t version, index_reader& table) {
  const std::uint64_t size = pack_.size();
  if (size < pack_header_size + oid::raw_size)
    return damaged("it is too short");
  const std::string what = "cannot read " + pack_.path().string();
  std::array<char, pack_header_size> header;
  std::array<char, oid::raw_size> trailer;
  GITFS_TRY(begin, read_up_to(fd.get(), header.data(), header.size(), 0, what));
  GITFS_TRY(end, read_up_to(fd.get(), trailer.data(), trailer.size(), size - oid::raw_size, what));
  if (begin != header.size() || parse_pack_header({header.data(), header.size()}) != table.objects())
    return damaged("it is no pack of so many objects as its index has");
  if (end != trailer.size() || oid::from_raw(trailer.data()) != table.pack_checksum())
    return damaged("its index is of another pack");
  end_.store(size - oid::raw_size, std::memory_order_relaxed);
  checked_.store(version, std::memory_order_release);
  return success();
}

result<pack_reader::peeked> pack_reader::peek(const unique_fd& fd, std::uint64_t offset, char* buffer,
                                              std::size_t size) {
  const std::uint64_t end = end_.load(std::memory_order_relaxed);
  if (offset < pack_header_size || offset >= end)
    return damaged("an offset is not in it");
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size, end - offset));
  GITFS_TRY(got, read_up_to(fd.get(), buffer, wanted, offset, "cannot read " + pack_.path().string()));
  const auto parsed = entry_header::parse({buffer, got});
  if (!parsed || !parsed.value())
    return damaged("an object has no header");
  peeked out{{*parsed.value(), offset + parsed.value()->length}, {}};
  entry_header& header = out.entry.header;
  out.data = std::string_view{buffer, got}.substr(header.length);
  if (header.size / highest_deflate_ratio > end - out.entry.data)
    return damaged("an object is longer than its pack");
  if (header.type == ofs_delta) {
    if (header.back == 0 || header.back > offset)
      return damaged("a delta's base is outside of it");
    out.entry.base = offset - header.back;
  } else if (header.type == ref_delta) {
    GITFS_TRY(base, find(header.base));
    if (!base)
      return damaged("a delta's base is not in it");
    out.entry.base = *base;
  }
  return out;
}

result<pack_reader::stored> pack_reader::entry_at(std::uint64_t offset) {
  GITFS_TRY(fd, file());
  std::array<char, longest_entry_header> buffer;
  GITFS_TRY(out, peek(*fd, offset, buffer.data(), buffer.size()));
  return out.entry;
}

/// `already`: what was read of its deflated bytes.
result<std::unique_ptr<char[]>> pack_reader::inflated(const unique_fd& fd, const stored& entry,
                                                      std::string_view already) {
  const std::uint64_t size = entry.header.size;
  if (size > largest_in_memory)
    return fail(EFBIG, "an object of " + std::to_string(size) + " bytes in " + pack_.path().string()
                           + " is too large to be read whole");
  auto out = bytes_for(size);
  // Nobody says how long the deflated bytes are. To read too many of them costs a copy in memory.
  const auto most =
      static_cast<std::size_t>(std::min(longest_deflated(size), end_.load(std::memory_order_relaxed) - entry.data));
  std::unique_ptr<char[]> larger;
  if (already.size() < most) {
    char* const room = deflated_room(most, larger);
    GITFS_TRY(got, read_up_to(fd.get(), room, most, entry.data, "cannot read " + pack_.path().string()));
    already = {room, got};
  }
  if (inflate_whole(already, out.get(), size))
    return out;
  // zlib's stream may be longer than zlib itself would make it.
  inflated_file slowly{fd.get(), entry.data};
  if (!slowly.is_open())
    return system_failure(errno, "cannot inflate " + pack_.path().string());
  if (slowly.take(out.get(), size) == size && slowly.at_end())
    return out;
  if (slowly.read_error() != 0)
    return system_failure(slowly.read_error(), "cannot read " + pack_.path().string());
  return damaged("an object in it cannot be inflated");
}

result<object> pack_reader::build(const unique_fd& fd, const stored& delta, const object& base) {
  GITFS_TRY(bytes, inflated(fd, delta, {}));
  const std::string_view text{bytes.get(), delta.header.size};
  const auto sizes = sizes_of_delta(text);
  if (!sizes)
    return damaged("a delta has no beginning");
  const std::uint64_t size = sizes.value().result;
  if (size > largest_in_memory)
    return fail(EFBIG, "an object of " + std::to_string(size) + " bytes in " + pack_.path().string()
                           + " comes as a delta, which is too large to be applied in memory");
  auto out = bytes_for(size);
  if (!apply_delta(base.data(), text, out.get(), size))
    return damaged("a delta cannot be applied");
  return as_object(base.type(), std::move(out), size);
}

result<object> pack_reader::read(std::uint64_t offset) {
  GITFS_TRY(fd, file());
  std::vector<std::pair<std::uint64_t, stored>> deltas; // from the object down to what is no delta, or is known
  std::optional<object> base;
  std::array<char, first_piece> buffer;
  while (!(base = shared_->bases.find(number_, offset))) {
    GITFS_TRY(one, peek(*fd, offset, buffer.data(), deltas.empty() ? buffer.size() : longest_entry_header));
    if (!one.entry.header.is_delta()) {
      GITFS_TRY(bytes, inflated(*fd, one.entry, one.data));
      base = as_object(static_cast<object_type>(one.entry.header.type), std::move(bytes), one.entry.header.size);
      if (!deltas.empty())
        shared_->bases.keep(number_, offset, *base);
      break;
    }
    if (deltas.size() == longest_chain)
      return damaged("its deltas are a circle, or absurdly many");
    deltas.emplace_back(offset, one.entry);
    offset = one.entry.base;
  }
  for (; !deltas.empty(); deltas.pop_back()) {
    const auto& [at, delta] = deltas.back();
    GITFS_TRY(built, build(*fd, delta, *base));
    base = std::move(built);
    shared_->bases.keep(number_, at, *base);
  }
  return std::move(*base);
}

result<object_header> pack_reader::header(std::uint64_t offset) {
  GITFS_TRY(fd, file());
  std::array<char, 128> buffer; // of a delta: its header, and enough to inflate two numbers
  std::optional<std::uint64_t> size;
  for (std::size_t depth = 0; depth <= longest_chain; ++depth) {
    if (const auto known = shared_->bases.find(number_, offset))
      return object_header{known->type(), size.value_or(known->data().size())};
    GITFS_TRY(one, peek(*fd, offset, buffer.data(), buffer.size()));
    const entry_header& header = one.entry.header;
    if (!header.is_delta())
      return object_header{static_cast<object_type>(header.type), size.value_or(header.size)};
    if (!size) {
      std::array<char, 20> start;
      const std::size_t wanted = std::min<std::uint64_t>(start.size(), header.size);
      std::size_t got = inflate_start(one.data, start.data(), wanted);
      if (got < wanted) { // behind a large table of codes
        inflated_file slowly{fd->get(), one.entry.data};
        if (!slowly.is_open())
          return system_failure(errno, "cannot inflate " + pack_.path().string());
        got = slowly.take(start.data(), wanted);
        if (slowly.read_error() != 0)
          return system_failure(slowly.read_error(), "cannot read " + pack_.path().string());
      }
      const auto sizes = sizes_of_delta({start.data(), got});
      if (!sizes)
        return damaged("a delta has no beginning");
      size = sizes.value().result;
    }
    offset = one.entry.base;
  }
  return damaged("its deltas are a circle, or absurdly many");
}

} // namespace gitfs
