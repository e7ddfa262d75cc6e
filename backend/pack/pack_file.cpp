#include "backend/pack/pack_file.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/file_io.hpp"
#include "backend/pack/pack_format.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <libdeflate.h>
#include <numeric>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t piece = 256 * 1024;
constexpr std::size_t longest_header = 48;

} // namespace

result<pack_file> pack_file::open(const fs::path& index) {
  pack_file out;
  out.index_ = index;
  const fs::path pack = fs::path{index}.replace_extension(".pack");
  out.fd_.reset(::open(pack.c_str(), O_RDONLY | O_CLOEXEC));
  if (!out.fd_ || ::fstat(out.fd_.get(), &out.status_) != 0)
    return system_failure(errno, "cannot read " + pack.string());
  GITFS_TRY(table, read_index(index));
  GITFS_TRYV(out.take(table));
  return out;
}

result<void> pack_file::take(const pack_index& table) {
  const auto damaged = [this](const char* how) { return fail(EBADMSG, index_.string() + " is damaged: " + how); };
  const auto size = static_cast<std::uint64_t>(status_.st_size);
  if (size < pack_header_size + oid::raw_size)
    return damaged("its pack is too short");
  const std::uint64_t data_end = size - oid::raw_size;
  pack_checksum_ = table.checksum;
  entries_.reserve(table.entries.size());
  for (const index_entry& each : table.entries) {
    if (each.offset < pack_header_size || each.offset >= data_end)
      return damaged("an offset is not in its pack");
    entries_.push_back({each.id, each.offset, data_end, each.crc});
  }
  std::ranges::sort(entries_, {}, &entry::begin);
  for (std::size_t i = 0; i + 1 < entries_.size(); ++i)
    entries_[i].end = entries_[i + 1].begin;
  by_id_.resize(entries_.size());
  std::iota(by_id_.begin(), by_id_.end(), 0u);
  std::ranges::sort(by_id_, {}, [this](std::uint32_t number) { return entries_[number].id; });
  std::array<char, pack_header_size> header;
  if (::pread(fd_.get(), header.data(), header.size(), 0) != static_cast<ssize_t>(header.size())
      || parse_pack_header({header.data(), header.size()}) != entries_.size())
    return damaged("its pack has another number of objects");
  return success();
}

result<pack_file::head> pack_file::read_head(std::size_t number) const {
  const entry& e = entries_[number];
  const auto bad = [&] {
    return fail(EBADMSG, "object " + e.id.hex() + " in the pack of " + index_.string() + " is damaged");
  };
  std::array<char, longest_header> bytes;
  const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), e.end - e.begin));
  GITFS_TRYV(read_at(fd_.get(), bytes.data(), wanted, e.begin, "cannot read the pack of " + index_.string()));
  const auto parsed = entry_header::parse({bytes.data(), wanted});
  if (!parsed || !parsed.value())
    return bad();
  const entry_header& header = *parsed.value();
  head out{header.type, header.size, static_cast<std::uint32_t>(header.length), std::nullopt};
  if (header.type == ofs_delta) {
    const std::uint64_t base = e.begin - header.back;
    const auto found = std::ranges::lower_bound(entries_, base, {}, &entry::begin);
    if (header.back == 0 || header.back > e.begin || found == entries_.end() || found->begin != base)
      return bad();
    out.base = static_cast<std::uint32_t>(found - entries_.begin());
  } else if (header.type == ref_delta) {
    const auto found =
        std::ranges::lower_bound(by_id_, header.base, {}, [this](std::uint32_t one) { return entries_[one].id; });
    if (found == by_id_.end() || entries_[*found].id != header.base)
      return bad();
    out.base = *found;
  }
  return out;
}

result<void> pack_file::read(std::uint64_t from, std::uint64_t end,
                             const std::function<result<void>(std::string_view)>& use) const {
  std::string buffer(std::min<std::uint64_t>(piece, end - from), '\0');
  while (from < end) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(buffer.size(), end - from));
    GITFS_TRYV(read_at(fd_.get(), buffer.data(), wanted, from, "cannot read the pack of " + index_.string()));
    GITFS_TRYV(use({buffer.data(), wanted}));
    from += wanted;
  }
  return success();
}

result<bool> pack_file::is_sound(std::size_t number) const {
  const entry& e = entries_[number];
  std::uint32_t crc = 0;
  GITFS_TRYV(read(e.begin, e.end, [&](std::string_view bytes) -> result<void> {
    crc = libdeflate_crc32(crc, bytes.data(), bytes.size());
    return success();
  }));
  return crc == e.crc;
}

result<bool> pack_file::checksum_is_right() const {
  sha1 sum;
  const auto end = static_cast<std::uint64_t>(status_.st_size) - oid::raw_size;
  GITFS_TRYV(read(0, end, [&](std::string_view bytes) -> result<void> {
    sum.update(bytes);
    return success();
  }));
  oid trailer;
  GITFS_TRYV(read(end, end + oid::raw_size, [&](std::string_view bytes) -> result<void> {
    if (bytes.size() == oid::raw_size)
      trailer = oid::from_raw(bytes.data());
    return success();
  }));
  return sum.finish() == trailer && trailer == pack_checksum_;
}

} // namespace gitfs
