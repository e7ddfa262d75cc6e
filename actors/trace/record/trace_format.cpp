#include "actors/trace/record/trace_format.hpp"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>

namespace gitfs::trace {

namespace {

constexpr std::string_view file_magic{"GITFSTRC"};
constexpr std::string_view block_magic{"TBLK"};

std::uint32_t crc_of(std::string_view bytes) {
  return libdeflate_crc32(0, bytes.data(), bytes.size());
}

template <class T>
void store(char* to, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    to[i] = static_cast<char>(value >> (8 * i));
}

template <class T>
T load(const char* from) {
  T out = 0;
  for (std::size_t i = 0; i < sizeof out; ++i)
    out |= static_cast<T>(static_cast<T>(static_cast<unsigned char>(from[i])) << (8 * i));
  return out;
}

} // namespace

void put_file_header(char (&to)[file_header_size], const file_header& header) {
  std::memcpy(to, file_magic.data(), file_magic.size());
  store(to + 8, format_version);
  store(to + 12, std::uint32_t{file_header_size});
  store(to + 16, header.started);
  store(to + 24, header.process);
  store(to + 28, crc_of({to, 28}));
}

void put_block_header(char (&to)[block_header_size], std::uint64_t first_order, std::uint64_t first_time,
                      std::string_view payload) {
  std::memcpy(to, block_magic.data(), block_magic.size());
  store(to + 4, static_cast<std::uint32_t>(payload.size()));
  store(to + 8, first_order);
  store(to + 16, first_time);
  store(to + 24, crc_of(payload));
  store(to + 28, crc_of({to, 28}));
}

std::optional<std::uint32_t> version_of(std::string_view bytes) {
  if (bytes.size() < 12 || !bytes.starts_with(file_magic))
    return std::nullopt;
  return load<std::uint32_t>(bytes.data() + 8);
}

file_header get_file_header(std::string_view bytes, const char*& wrong) {
  wrong = nullptr;
  if (bytes.size() < file_header_size || !bytes.starts_with(file_magic))
    wrong =
        "this is not a trace: give a file that mount --trace FILE or 'gitfs-actor trace dump MOUNTPOINT FILE' wrote";
  else if (load<std::uint32_t>(bytes.data() + 28) != crc_of(bytes.substr(0, 28)))
    wrong = "the header is damaged";
  if (wrong != nullptr)
    return {};
  return {load<std::uint64_t>(bytes.data() + 16), load<std::uint32_t>(bytes.data() + 24)};
}

block_header get_block_header(std::string_view bytes, const char*& wrong) {
  wrong = nullptr;
  if (bytes.size() < block_header_size || !bytes.starts_with(block_magic)
      || load<std::uint32_t>(bytes.data() + 28) != crc_of(bytes.substr(0, 28)))
    wrong = "the header of a block is damaged";
  else if (load<std::uint32_t>(bytes.data() + 4) > longest_payload)
    wrong = "a block is longer than any";
  if (wrong != nullptr)
    return {};
  return {load<std::uint32_t>(bytes.data() + 4), load<std::uint64_t>(bytes.data() + 8),
          load<std::uint64_t>(bytes.data() + 16), load<std::uint32_t>(bytes.data() + 24)};
}

bool payload_fits(const block_header& header, std::string_view payload) {
  return payload.size() == header.length && crc_of(payload) == header.payload_crc;
}

void encoder::text(std::string_view value) {
  value = value.substr(0, longest_text);
  number(value.size());
  at_ = std::copy(value.begin(), value.end(), at_);
}

void encoder::id(const oid& value) {
  std::memcpy(at_, value.bytes.data(), oid::raw_size);
  at_ += oid::raw_size;
}

std::uint64_t decoder::number() {
  std::uint64_t out = 0;
  for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
    const auto byte = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    out |= std::uint64_t{byte & 0x7fU} << shift;
    if (byte < 0x80)
      return out;
  }
  bad_ = true;
  return 0;
}

std::uint64_t decoder::difference(std::uint64_t from) {
  const std::uint64_t coded = number();
  return from + ((coded >> 1) ^ (0 - (coded & 1)));
}

std::uint64_t decoder::fixed() {
  const std::string_view eight = bytes(8);
  return eight.empty() ? 0 : load<std::uint64_t>(eight.data());
}

std::string_view decoder::text() {
  return bytes(number());
}

std::string_view decoder::bytes(std::size_t count) {
  if (count > rest_.size()) {
    bad_ = true;
    return {};
  }
  const std::string_view out = rest_.substr(0, count);
  rest_.remove_prefix(count);
  return out;
}

oid decoder::id() {
  const std::string_view raw = bytes(oid::raw_size);
  return raw.empty() ? oid{} : oid::from_raw(raw.data());
}

encoder block_writer::begin(std::uint32_t kind, std::uint64_t order, std::uint64_t time) {
  if (used_ == 0) {
    first_order_ = last_order_ = order;
    first_time_ = last_time_ = time;
  }
  encoder out{block_ + block_header_size + used_};
  out.number(kind);
  length_at_ = out.at();
  encoder body{length_at_ + 2};
  body.difference(order, last_order_);
  body.difference(time, last_time_);
  last_order_ = order;
  last_time_ = time;
  return body;
}

// The length is written before the bytes that it counts, so it always takes two bytes: 0 to 16,383.
void block_writer::end(const encoder& record) {
  const auto length = static_cast<std::size_t>(record.at() - (length_at_ + 2));
  length_at_[0] = static_cast<char>(length | 0x80);
  length_at_[1] = static_cast<char>(length >> 7);
  used_ = static_cast<std::size_t>(record.at() - (block_ + block_header_size));
}

} // namespace gitfs::trace
