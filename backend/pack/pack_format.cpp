#include "backend/pack/pack_format.hpp"

#include <cerrno>
#include <numeric>

namespace gitfs {

std::uint64_t big_endian(std::string_view bytes) {
  return std::accumulate(bytes.begin(), bytes.end(), std::uint64_t{0},
                         [](std::uint64_t sum, char c) { return sum << 8U | static_cast<std::uint8_t>(c); });
}

void append_big_endian(std::string& out, std::uint64_t value, unsigned bytes) {
  while (bytes-- > 0)
    out += static_cast<char>(value >> (8 * bytes) & 0xffU);
}

std::string_view raw_name(const oid& id) {
  return {reinterpret_cast<const char*>(id.bytes.data()), oid::raw_size};
}

std::string pack_header(std::uint32_t objects) {
  std::string out{"PACK\0\0\0\2", 8};
  append_big_endian(out, objects, 4);
  return out;
}

std::optional<std::uint32_t> parse_pack_header(std::string_view in) {
  if (in.size() < pack_header_size || !in.starts_with("PACK"))
    return std::nullopt;
  const std::uint64_t version = big_endian(in.substr(4, 4));
  if (version != 2 && version != 3)
    return std::nullopt;
  return static_cast<std::uint32_t>(big_endian(in.substr(8, 4)));
}

result<std::optional<entry_header>> entry_header::parse(std::string_view in) {
  entry_header out;
  std::size_t at = 0;
  const auto next = [&] { return static_cast<std::uint8_t>(in[at++]); };
  if (in.empty())
    return std::nullopt;
  std::uint8_t byte = next();
  out.type = byte >> 4U & 7U;
  out.size = byte & 0x0fU;
  for (unsigned shift = 4; (byte & 0x80U) != 0; shift += 7) {
    if (at == in.size())
      return std::nullopt;
    byte = next();
    if (shift > 53)
      return fail(EBADMSG, "the size of an object is beyond reason");
    out.size |= std::uint64_t{byte & 0x7fU} << shift;
  }
  if (out.type == ofs_delta) {
    do {
      if (at == in.size())
        return std::nullopt;
      byte = next();
      if (out.back >> 55U != 0)
        return fail(EBADMSG, "the place of a delta's base is beyond reason");
      out.back = out.back << 7U | (byte & 0x7fU);
      if ((byte & 0x80U) != 0)
        ++out.back; // no two ways to write one number
    } while ((byte & 0x80U) != 0);
  } else if (out.type == ref_delta) {
    if (in.size() - at < oid::raw_size)
      return std::nullopt;
    out.base = oid::from_raw(in.data() + at);
    at += oid::raw_size;
  } else if (out.type < static_cast<unsigned>(object_type::commit)
             || out.type > static_cast<unsigned>(object_type::tag)) {
    return fail(EBADMSG, "an object is of no known type");
  }
  out.length = at;
  return out;
}

std::string entry_header::text() const {
  std::string out;
  auto byte = static_cast<std::uint8_t>(type << 4U | (size & 15U));
  for (std::uint64_t left = size >> 4U; left != 0; left >>= 7U) {
    out += static_cast<char>(byte | 0x80U);
    byte = left & 0x7fU;
  }
  out += static_cast<char>(byte);
  if (type == ofs_delta) {
    std::uint64_t left = back;
    std::string distance{static_cast<char>(left & 0x7fU)};
    while ((left >>= 7U) != 0)
      distance.insert(distance.begin(), static_cast<char>(0x80U | (--left & 0x7fU)));
    out += distance;
  } else if (type == ref_delta) {
    out += raw_name(base);
  }
  return out;
}

} // namespace gitfs
