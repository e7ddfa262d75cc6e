#include "config/url.hpp"

namespace gitfs {

std::optional<text_range> find_userinfo(std::string_view text, std::size_t from) {
  for (;;) {
    const std::size_t mark = text.find("://", from);
    if (mark == std::string_view::npos)
      return std::nullopt;
    const std::size_t begin = mark + 3;
    const std::size_t end = text.find_first_of(std::string_view{"/?#\\\"'<> \t\r\n\0", 13}, begin);
    // The last "@" of the authority: people do not always escape one in their password.
    const std::size_t at = text.substr(0, end).rfind('@');
    if (at != std::string_view::npos && at > begin)
      return text_range{begin, at - begin};
    from = begin;
  }
}

std::string redacted(std::string_view text) {
  std::string out;
  std::size_t done = 0;
  while (const auto found = find_userinfo(text, done)) {
    out += text.substr(done, found->begin - done);
    done = found->begin + found->size + 1;
  }
  return out += text.substr(done);
}

bool is_local_path(std::string_view source) {
  return source.substr(0, source.find('/')).find(':') == std::string_view::npos;
}

} // namespace gitfs
