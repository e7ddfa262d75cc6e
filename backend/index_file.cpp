#include "backend/index_file.hpp"

#include <algorithm>
#include <array>

namespace gitfs {

namespace {

constexpr std::uint64_t first_long_offset = std::uint64_t{1} << 31;

void add_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0)
    out += static_cast<char>(value >> (8 * bytes) & 0xffU);
}

void add_name(std::string& out, const oid& id) {
  out.append(reinterpret_cast<const char*>(id.bytes.data()), oid::raw_size);
}

} // namespace

std::string make_index(const std::vector<packed_object>& objects, const oid& checksum) {
  std::vector<const packed_object*> sorted;
  for (const packed_object& o : objects)
    sorted.push_back(&o);
  std::sort(sorted.begin(), sorted.end(), [](const packed_object* a, const packed_object* b) { return a->id < b->id; });
  std::array<std::uint32_t, 256> fanout{};
  for (const packed_object* o : sorted)
    ++fanout[o->id.bytes[0]];

  std::string out{"\377tOc\0\0\0\2", 8};
  std::uint32_t until = 0;
  for (const std::uint32_t count : fanout)
    add_big_endian(out, until += count, 4);
  for (const packed_object* o : sorted)
    add_name(out, o->id);
  for (const packed_object* o : sorted)
    add_big_endian(out, o->crc, 4);
  std::string long_offsets;
  for (const packed_object* o : sorted) {
    if (o->offset < first_long_offset) {
      add_big_endian(out, o->offset, 4);
    } else {
      add_big_endian(out, first_long_offset | long_offsets.size() / 8, 4);
      add_big_endian(long_offsets, o->offset, 8);
    }
  }
  out += long_offsets;
  add_name(out, checksum);
  add_name(out, sha1{}.update(out).finish());
  return out;
}

} // namespace gitfs
