#include "backend/os/text.hpp"

#include "backend/os/hex.hpp"

#include <charconv>
#include <cstddef>
#include <span>

namespace gitfs {

std::string printable(std::string_view text) {
  constexpr std::size_t longest = 300;
  std::string out;
  for (const char c : text.substr(0, longest))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  out.erase(out.find_last_not_of(' ') + 1);
  return out;
}

std::string escaped(std::string_view name) {
  std::string out;
  for (const char& c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f || c == '\\')
      out += "\\x" + to_hex(std::as_bytes(std::span{&c, 1}));
    else
      out += c;
  }
  return out;
}

std::string unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '\\' && i + 3 < text.size()
        && std::from_chars(text.data() + i + 2, text.data() + i + 4, byte, 16).ec == std::errc{}) {
      out += static_cast<char>(byte);
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out{text};
  for (char& c : out)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  return out;
}

} // namespace gitfs
