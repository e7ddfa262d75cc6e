#include "backend/pack/pack_index.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/file_io.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/pack/pack_index_tables.hpp"
#include "config/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <string_view>
#include <sys/stat.h>

namespace gitfs {

namespace {

std::string text_of(const std::filesystem::path& file, int& code) {
  errno = 0;
  std::ifstream in{file, std::ios::binary};
  std::string out{std::istreambuf_iterator<char>{in}, {}};
  code = in ? 0 : errno != 0 ? errno : EIO;
  return out;
}

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
  int code = 0;
  const std::string text = text_of(file, code);
  if (code != 0)
    return system_failure(code, "cannot read " + file.string());
  const auto layout = index_layout::of(text);
  if (!layout || layout->version != 2)
    return damaged("it is no index of version 2");
  if (!layout->fits(text.size()))
    return damaged("it has another length than its objects take");
  const std::string_view hashed = std::string_view{text}.substr(0, text.size() - oid::raw_size);
  if (sha1{}.update(hashed).finish() != oid::from_raw(text.data() + hashed.size()))
    return damaged("its checksum is wrong");
  const std::string_view body = hashed.substr(0, hashed.size() - oid::raw_size);
  pack_index out{{}, oid::from_raw(body.data() + body.size())};
  out.entries.reserve(layout->count);
  for (std::uint64_t i = 0; i < layout->count; ++i) {
    std::uint64_t offset = big_endian(body.substr(layout->offset_at(i), 4));
    if ((offset & long_offset) != 0) {
      const std::uint64_t at = layout->long_offsets_at + (offset & ~long_offset) * 8;
      if (at + 8 > body.size())
        return damaged("an offset is none");
      offset = big_endian(body.substr(at, 8));
    }
    out.entries.push_back({oid::from_raw(body.data() + layout->name_at(i)),
                           static_cast<std::uint32_t>(big_endian(body.substr(layout->crcs_at + i * 4, 4))), offset});
  }
  if (std::ranges::adjacent_find(out.entries, std::ranges::greater_equal{}, &index_entry::id) != out.entries.end())
    return damaged("its names are not in order");
  return out;
}

std::uint64_t objects_in(const std::filesystem::path& index) {
  const unique_fd fd{::open(index.c_str(), O_RDONLY | O_CLOEXEC)};
  std::array<char, index_layout::head_size> head;
  struct stat info;
  if (!fd || ::fstat(fd.get(), &info) != 0)
    return 0;
  const auto got = read_up_to(fd.get(), head.data(), head.size(), 0, "cannot read an index");
  const auto layout = got ? index_layout::of({head.data(), got.value()}) : std::nullopt;
  return layout && layout->fits(static_cast<std::uint64_t>(info.st_size)) ? layout->count : 0;
}

} // namespace gitfs
