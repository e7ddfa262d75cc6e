#include "backend/pack_file.hpp"

#include "backend/sha1.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <numeric>
#include <system_error>
#include <unistd.h>
#include <zlib.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view index_magic{"\377tOc\0\0\0\2", 8};
constexpr std::size_t fanout_end = 8 + 256 * 4;
constexpr std::size_t pack_header = 12;
constexpr std::size_t piece = 256 * 1024;
constexpr std::uint32_t far_offset = 0x80000000;

std::uint64_t big_endian(std::string_view bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, char c) { return sum << 8 | static_cast<unsigned char>(c); });
}

error system_failure(int code, const fs::path& file) {
  return {code, "cannot read " + file.string() + ": " + std::generic_category().message(code)};
}

} // namespace

pack_file::pack_file(pack_file&& other) noexcept {
  *this = std::move(other);
}

pack_file& pack_file::operator=(pack_file&& other) noexcept {
  std::swap(index_, other.index_);
  std::swap(fd_, other.fd_);
  std::swap(status_, other.status_);
  std::swap(entries_, other.entries_);
  std::swap(by_id_, other.by_id_);
  std::swap(pack_checksum_, other.pack_checksum_);
  return *this;
}

pack_file::~pack_file() {
  if (fd_ >= 0)
    ::close(fd_);
}

result<void> pack_file::damaged(const std::string& how) const {
  return fail(EBADMSG, index_.string() + " is damaged: " + how);
}

result<pack_file> pack_file::open(const fs::path& index) {
  pack_file out;
  out.index_ = index;
  const fs::path pack = fs::path{index}.replace_extension(".pack");
  errno = 0;
  std::ifstream file{index, std::ios::binary};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (!file)
    return system_failure(errno != 0 ? errno : EIO, index);
  out.fd_ = ::open(pack.c_str(), O_RDONLY | O_CLOEXEC);
  if (out.fd_ < 0 || ::fstat(out.fd_, &out.status_) != 0)
    return system_failure(errno, pack);
  BOOST_OUTCOME_TRYV(out.parse(text));
  return out;
}

result<void> pack_file::parse(std::string_view text) {
  if (text.size() < fanout_end + 2 * oid::raw_size || !text.starts_with(index_magic))
    return damaged("it is no index of version 2");
  const std::size_t body = text.size() - oid::raw_size;
  sha1 sum;
  sum.update(text.substr(0, body));
  if (sum.finish() != oid::from_raw(text.data() + body))
    return damaged("its checksum is wrong");
  const std::uint64_t count = big_endian(text.substr(fanout_end - 4, 4));
  const std::size_t crcs = fanout_end + count * oid::raw_size, offsets = crcs + count * 4, far = offsets + count * 4;
  if (count > text.size() / 28 || far > body - oid::raw_size)
    return damaged("it is too short");
  const auto data_end = static_cast<std::uint64_t>(status_.st_size) - oid::raw_size;
  if (static_cast<std::uint64_t>(status_.st_size) < pack_header + oid::raw_size)
    return damaged("its pack is too short");
  pack_checksum_ = oid::from_raw(text.data() + body - oid::raw_size);
  entries_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    std::uint64_t offset = big_endian(text.substr(offsets + i * 4, 4));
    if (offset >= far_offset) {
      const std::size_t at = far + (offset - far_offset) * 8;
      if (at + 8 > body - oid::raw_size)
        return damaged("an offset is none");
      offset = big_endian(text.substr(at, 8));
    }
    if (offset < pack_header || offset >= data_end)
      return damaged("an offset is not in its pack");
    entries_.push_back({oid::from_raw(text.data() + fanout_end + i * oid::raw_size), offset, data_end,
                        static_cast<std::uint32_t>(big_endian(text.substr(crcs + i * 4, 4)))});
  }
  if (std::ranges::adjacent_find(entries_, std::ranges::greater_equal{}, &entry::id) != entries_.end())
    return damaged("its names are not in order");
  std::ranges::sort(entries_, {}, &entry::begin);
  for (std::size_t i = 0; i + 1 < entries_.size(); ++i)
    entries_[i].end = entries_[i + 1].begin;
  by_id_.resize(entries_.size());
  std::iota(by_id_.begin(), by_id_.end(), 0u);
  std::ranges::sort(by_id_, {}, [this](std::uint32_t number) { return entries_[number].id; });
  std::array<char, pack_header> header;
  if (::pread(fd_, header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())
      || std::string_view{header.data(), 4} != "PACK" || big_endian({header.data() + 8, 4}) != count)
    return damaged("its pack has another number of objects");
  return success();
}

result<pack_file::head> pack_file::read_head(std::size_t number) const {
  const entry& e = entries_[number];
  std::array<unsigned char, 48> bytes{};
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), e.end - e.begin));
  if (::pread(fd_, bytes.data(), wanted, static_cast<off_t>(e.begin)) != static_cast<ssize_t>(wanted))
    return system_failure(errno != 0 ? errno : EIO, index_);
  const auto bad = [&] {
    return fail(EBADMSG, "object " + e.id.hex() + " in the pack of " + index_.string() + " is damaged");
  };
  head out;
  std::size_t at = 0;
  out.type = bytes[0] >> 4 & 7;
  out.size = bytes[0] & 15;
  for (unsigned shift = 4; (bytes[at++] & 0x80) != 0; shift += 7) {
    if (at > 9)
      return bad();
    out.size |= std::uint64_t{bytes[at] & 0x7fU} << shift;
  }
  if (out.type == 6) {
    std::uint64_t distance = bytes[at] & 0x7f;
    while ((bytes[at++] & 0x80) != 0) {
      if (at > 20)
        return bad();
      distance = (distance + 1) << 7 | (bytes[at] & 0x7f);
    }
    const std::uint64_t base = e.begin - distance;
    const auto found = std::lower_bound(entries_.begin(), entries_.end(), base,
                                        [](const entry& one, std::uint64_t offset) { return one.begin < offset; });
    if (distance == 0 || distance > e.begin || found == entries_.end() || found->begin != base)
      return bad();
    out.base = static_cast<std::uint32_t>(found - entries_.begin());
  } else if (out.type == 7) {
    const oid base = oid::from_raw(reinterpret_cast<const char*>(bytes.data() + at));
    at += oid::raw_size;
    const auto found =
        std::ranges::lower_bound(by_id_, base, {}, [this](std::uint32_t one) { return entries_[one].id; });
    if (found == by_id_.end() || entries_[*found].id != base)
      return bad();
    out.base = *found;
  } else if (out.type < 1 || out.type > 4) {
    return bad();
  }
  out.length = static_cast<std::uint32_t>(at);
  if (at > wanted)
    return bad();
  return out;
}

result<void> pack_file::read(std::uint64_t from, std::uint64_t end,
                             const std::function<result<void>(std::string_view)>& use) const {
  std::string buffer(std::min<std::uint64_t>(piece, end - from), '\0');
  while (from < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - from));
    errno = 0;
    const ssize_t got = ::pread(fd_, buffer.data(), wanted, static_cast<off_t>(from));
    if (got <= 0)
      return system_failure(errno != 0 ? errno : EIO, index_);
    BOOST_OUTCOME_TRYV(use({buffer.data(), static_cast<std::size_t>(got)}));
    from += static_cast<std::uint64_t>(got);
  }
  return success();
}

result<bool> pack_file::is_sound(std::size_t number) const {
  const entry& e = entries_[number];
  uLong crc = 0;
  BOOST_OUTCOME_TRYV(read(e.begin, e.end, [&](std::string_view bytes) -> result<void> {
    crc = crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
    return success();
  }));
  return crc == e.crc;
}

result<bool> pack_file::checksum_is_right() const {
  sha1 sum;
  const auto end = static_cast<std::uint64_t>(status_.st_size) - oid::raw_size;
  BOOST_OUTCOME_TRYV(read(0, end, [&](std::string_view bytes) -> result<void> {
    sum.update(bytes);
    return success();
  }));
  oid trailer;
  BOOST_OUTCOME_TRYV(read(end, end + oid::raw_size, [&](std::string_view bytes) -> result<void> {
    if (bytes.size() == oid::raw_size)
      trailer = oid::from_raw(bytes.data());
    return success();
  }));
  return sum.finish() == trailer && trailer == pack_checksum_;
}

std::uint64_t objects_in(const fs::path& index) {
  std::array<char, 4> count{};
  std::ifstream file{index, std::ios::binary};
  file.seekg(fanout_end - 4);
  file.read(count.data(), count.size());
  return file ? big_endian({count.data(), count.size()}) : 0;
}

} // namespace gitfs
