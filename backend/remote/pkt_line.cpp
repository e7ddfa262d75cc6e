#include "backend/remote/pkt_line.hpp"

#include "backend/os/hex.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <utility>

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

result<std::optional<pkt>> pkt_decoder::broken() {
  broken_ = true;
  rest_ = {};
  return fail(EILSEQ, "the server's answer is not in git's pkt-line format");
}

/// Moves bytes over to the packet that has begun. True: it has so many now.
bool pkt_decoder::complete(std::size_t size) {
  const std::size_t more = std::min(size - std::min(size, begun_.size()), rest_.size());
  begun_.append(rest_.substr(0, more));
  rest_.remove_prefix(more);
  return begun_.size() >= size;
}

result<std::optional<pkt>> pkt_decoder::next() {
  const std::optional<pkt> none;
  if (broken_)
    return broken();
  if (!begun_.empty() && !complete(digits))
    return none;
  const std::string_view head = begun_.empty() ? rest_ : begun_;
  if (head.size() < digits) {
    begun_ = std::exchange(rest_, {});
    return none;
  }
  const int length = length_of(head.data());
  if (length < 0 || length == 3 || length > static_cast<int>(pkt_max))
    return broken();
  const std::size_t size = std::max(static_cast<std::size_t>(length), digits);
  std::string_view packet = rest_.substr(0, size);
  if (!begun_.empty() || packet.size() < size) {
    if (!complete(size))
      return none;
    taken_.swap(begun_);
    begun_.clear();
    packet = taken_;
  } else {
    rest_.remove_prefix(size);
  }
  if (length < 3)
    return std::optional<pkt>{pkt{special[length], {}}};
  return std::optional<pkt>{pkt{pkt_type::data, packet.substr(digits)}};
}

} // namespace gitfs
