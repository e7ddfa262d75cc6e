#include "backend/pack/pack_index.hpp"

#include "backend/git/sha1.hpp"
#include "backend/pack/pack_format.hpp"
#include "config/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string_view>
#include <unistd.h>

namespace gitfs {

namespace {

constexpr std::string_view index_magic{"\377tOc\0\0\0\2", 8};
constexpr std::size_t fanout_size = 256;
constexpr std::uint64_t fanout_at = index_magic.size(), names_at = fanout_at + 4 * fanout_size;
constexpr std::uint64_t trailer_size = 2 * oid::raw_size;       // the pack's checksum and the index's own
constexpr std::uint64_t shortest_entry = oid::raw_size + 4 + 4; // name, CRC, offset
constexpr std::uint64_t long_offset = std::uint64_t{1} << 31;   // set: the rest is a place in the last table

/// An index whose whole text is here.
class index_text {
public:
  explicit index_text(std::string_view text) : text_(text) {}

  std::optional<std::string_view> bytes(std::uint64_t at, std::size_t size) {
    if (at > text_.size() || size > text_.size() - at)
      return std::nullopt;
    return text_.substr(at, size);
  }

private:
  std::string_view text_;
};

/// An index on disk, of which little is read.
class index_on_disk {
public:
  explicit index_on_disk(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

  /// Good until the next call.
  std::optional<std::string_view> bytes(std::uint64_t at, std::size_t size) {
    if (size > buffer_.size()
        || ::pread(fd_.get(), buffer_.data(), size, static_cast<off_t>(at)) != static_cast<ssize_t>(size))
      return std::nullopt;
    return std::string_view{buffer_.data(), size};
  }

private:
  const unique_fd fd_;
  std::array<char, oid::raw_size> buffer_;
};

/// The tables of an index: names, CRCs, offsets, offsets beyond 2 GB. Whatever lies outside of it reads as zero, and
/// `good` is false from then on.
template <class Bytes>
class index_tables {
public:
  explicit index_tables(Bytes& bytes) : bytes_(bytes) {
    const auto magic = bytes_.bytes(0, index_magic.size());
    good_ = magic == index_magic;
    count_ = up_to(fanout_size - 1);
    crcs_at_ = names_at + count_ * oid::raw_size;
    offsets_at_ = crcs_at_ + count_ * 4;
    long_offsets_at_ = offsets_at_ + count_ * 4;
  }

  bool good() const { return good_; }
  std::uint64_t count() const { return count_; }
  /// Where the last table begins.
  std::uint64_t long_offsets_at() const { return long_offsets_at_; }

  /// The number of names that begin with this byte or a lower one.
  std::uint64_t up_to(std::size_t first_byte) { return number(fanout_at + 4 * first_byte, 4); }
  oid name(std::uint64_t i) {
    const auto there = bytes_.bytes(names_at + i * oid::raw_size, oid::raw_size);
    good_ = good_ && there;
    return there ? oid::from_raw(there->data()) : oid{};
  }
  std::uint32_t crc(std::uint64_t i) { return static_cast<std::uint32_t>(number(crcs_at_ + i * 4, 4)); }
  std::uint64_t offset(std::uint64_t i) {
    const std::uint64_t out = number(offsets_at_ + i * 4, 4);
    return (out & long_offset) == 0 ? out : number(long_offsets_at_ + (out & ~long_offset) * 8, 8);
  }

private:
  std::uint64_t number(std::uint64_t at, std::size_t size) {
    const auto there = bytes_.bytes(at, size);
    good_ = good_ && there;
    return there ? big_endian(*there) : 0;
  }

  Bytes& bytes_;
  bool good_ = true;
  std::uint64_t count_ = 0, crcs_at_ = 0, offsets_at_ = 0, long_offsets_at_ = 0;
};

} // namespace

std::string make_index(std::vector<index_entry> entries, const oid& checksum) {
  std::ranges::sort(entries, {}, &index_entry::id);
  std::array<std::uint32_t, fanout_size> fanout{};
  for (const index_entry& each : entries)
    ++fanout[each.id.bytes[0]];

  std::string out{index_magic};
  std::uint32_t until = 0;
  for (const std::uint32_t count : fanout)
    append_big_endian(out, until += count, 4);
  for (const index_entry& each : entries)
    out += raw_name(each.id);
  for (const index_entry& each : entries)
    append_big_endian(out, each.crc, 4);
  std::string long_offsets;
  for (const index_entry& each : entries) {
    if (each.offset < long_offset) {
      append_big_endian(out, each.offset, 4);
    } else {
      append_big_endian(out, long_offset | long_offsets.size() / 8, 4);
      append_big_endian(long_offsets, each.offset, 8);
    }
  }
  out += long_offsets;
  out += raw_name(checksum);
  out += raw_name(sha1{}.update(out).finish());
  return out;
}

result<pack_index> read_index(const std::filesystem::path& file) {
  const auto damaged = [&file](const char* how) { return fail(EBADMSG, file.string() + " is damaged: " + how); };
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{in}, {}};
  if (!in)
    return system_failure(errno != 0 ? errno : EIO, "cannot read " + file.string());
  if (text.size() < names_at + trailer_size || !text.starts_with(index_magic))
    return damaged("it is no index of version 2");
  const std::string_view hashed = std::string_view{text}.substr(0, text.size() - oid::raw_size);
  if (sha1{}.update(hashed).finish() != oid::from_raw(text.data() + hashed.size()))
    return damaged("its checksum is wrong");
  const std::string_view body = hashed.substr(0, hashed.size() - oid::raw_size);
  index_text bytes{body};
  index_tables tables{bytes};
  if (tables.long_offsets_at() > body.size())
    return damaged("it is too short");
  pack_index out{{}, oid::from_raw(body.data() + body.size())};
  out.entries.reserve(tables.count());
  for (std::uint64_t i = 0; i < tables.count(); ++i)
    out.entries.push_back({tables.name(i), tables.crc(i), tables.offset(i)});
  if (!tables.good())
    return damaged("an offset is none");
  if (std::ranges::adjacent_find(out.entries, std::ranges::greater_equal{}, &index_entry::id) != out.entries.end())
    return damaged("its names are not in order");
  return out;
}

std::optional<std::uint64_t> offset_in_pack(const std::filesystem::path& index, const oid& id) {
  index_on_disk bytes{index};
  index_tables tables{bytes};
  const std::size_t first_byte = id.bytes[0];
  std::uint64_t low = first_byte == 0 ? 0 : tables.up_to(first_byte - 1);
  std::uint64_t high = tables.up_to(first_byte);
  while (tables.good() && low < high) {
    const std::uint64_t middle = (low + high) / 2;
    const oid there = tables.name(middle);
    if (there == id) {
      const std::uint64_t out = tables.offset(middle);
      return tables.good() ? std::optional{out} : std::nullopt;
    }
    const bool before = there.bytes < id.bytes;
    (before ? low : high) = before ? middle + 1 : middle;
  }
  return std::nullopt;
}

std::uint64_t objects_in(const std::filesystem::path& index) {
  index_on_disk bytes{index};
  const std::uint64_t count = index_tables{bytes}.count();
  std::error_code status;
  const std::uint64_t size = std::filesystem::file_size(index, status);
  return !status && names_at + count * shortest_entry + trailer_size <= size ? count : 0;
}

} // namespace gitfs
