#include "backend/remote/pkt_line.hpp"

#include "backend/os/hex.hpp"

#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstddef>

namespace gitfs {

namespace {

constexpr std::size_t digits = 4;

/// The value of four hexadecimal digits; -1 if they are not.
int length_of(const char* text) {
  int value = 0;
  const auto [end, failure] = std::from_chars(text, text + digits, value, 16);
  return failure == std::errc{} && end == text + digits && *text != '-' ? value : -1;
}

constexpr pkt_type special[] = {pkt_type::flush, pkt_type::delim, pkt_type::response_end};

} // namespace

void append_pkt(std::string& out, std::string_view payload) {
  assert(payload.size() <= pkt_max - digits);
  const std::size_t length = payload.size() + digits;
  out += to_hex(std::array{static_cast<std::byte>(length >> 8), static_cast<std::byte>(length)});
  out.append(payload);
}

void append_flush(std::string& out) {
  out += "0000";
}

void append_delim(std::string& out) {
  out += "0001";
}

std::string_view pkt_text(std::string_view payload) {
  if (payload.ends_with('\n'))
    payload.remove_suffix(1);
  return payload;
}

void pkt_decoder::feed(std::string_view bytes) {
  buffer_.erase(0, used_);
  used_ = 0;
  buffer_ += bytes;
}

result<std::optional<pkt>> pkt_decoder::next() {
  const std::string_view rest = std::string_view{buffer_}.substr(used_);
  if (rest.size() < digits)
    return std::optional<pkt>{};
  const int length = length_of(rest.data());
  if (length < 0 || length == 3 || length > static_cast<int>(pkt_max))
    return fail(EILSEQ, "the server's answer is not in git's pkt-line format");
  if (length < 3) {
    used_ += digits;
    return std::optional<pkt>{pkt{special[length], {}}};
  }
  if (rest.size() < static_cast<std::size_t>(length))
    return std::optional<pkt>{};
  used_ += static_cast<std::size_t>(length);
  return std::optional<pkt>{pkt{pkt_type::data, rest.substr(digits, static_cast<std::size_t>(length) - digits)}};
}

} // namespace gitfs
