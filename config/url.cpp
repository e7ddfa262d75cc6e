#include "config/url.hpp"

#include <algorithm>
#include <cctype>
#include <curl/curl.h>
#include <memory>
#include <new>

namespace gitfs {

namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view digits = "0123456789";
constexpr std::string_view ends_authority = "/?#";

/// Whether `text` up to a "/" can be "host" or "host:port", when `behind` stands behind an "@" further on: it is "user"
/// or "user:begin-of-password" then.
bool names_host(std::string_view text, std::string_view behind) {
  constexpr std::size_t longest_port = 5;
  if (text.empty() || text.starts_with('['))
    return true;
  const std::string_view name = text.substr(0, text.find(':'));
  if (const std::string_view port = text.substr(name.size()); !port.empty())
    if (port.size() == 1 || port.size() > longest_port + 1 || port.find_first_not_of(digits, 1) != npos)
      return false;
  const bool dotted = name.find('.') != npos;
  if (name == "localhost" || (dotted && name.find_first_not_of("0123456789.") == npos))
    return true;
  // What cannot be told apart: gitlab/team/a@b from token/with-slash@host/path, and git.example:80/a@b/c from
  // john.doe:12/34@host/path.
  const bool perhaps_a_host_behind = behind.find('/') != npos;
  return name.size() == text.size() ? dotted || !perhaps_a_host_behind : dotted && !perhaps_a_host_behind;
}

/// Where the "@" behind the credentials stands in `rest`, a URL from its host on. npos: it has none.
std::size_t end_of_userinfo(std::string_view rest) {
  const std::size_t at = rest.rfind('@');
  if (at == npos || at == 0)
    return npos;
  const std::string_view authority = rest.substr(0, rest.find_first_of(ends_authority));
  // One "@" in the authority and one in the path: it can be two in a password with a "/".
  const bool has_some = authority.find('@') != npos;
  return has_some || !names_host(authority, rest.substr(at + 1)) ? at : npos;
}

std::string_view as_view(std::string_view text, std::size_t begin, std::string_view ends) {
  return text.substr(begin, text.find_first_of(ends, begin) - begin);
}

} // namespace

std::optional<text_range> find_userinfo(std::string_view text, std::size_t from) {
  constexpr std::string_view spaces{" \t\r\n\0", 5}, ends{" \t\r\n\0\"'<>\\", 10};
  for (;;) {
    const std::size_t mark = text.find("://", from);
    if (mark == npos)
      return std::nullopt;
    from = mark + 3;
    std::string_view rest = as_view(text, from, ends);
    for (const std::string_view next : {",http://", ",https://"}) // a list
      rest = rest.substr(0, rest.find(next));
    std::size_t at = end_of_userinfo(rest);
    const std::string_view authority = rest.substr(0, rest.find_first_of(ends_authority));
    if (at == npos && !names_host(authority, {}))
      at = end_of_userinfo(as_view(text, from, spaces)); // a password with a quote in it
    if (at != npos)
      return text_range{from, at};
  }
}

std::optional<text_range> userinfo_of(std::string_view source) {
  const std::size_t mark = source.find("://");
  const std::size_t begin = mark == npos ? 0 : mark + 3;
  // A path on this machine can have any "@" in it.
  if (mark == npos && source.substr(0, source.find('/')).find_first_of(":@") == npos)
    return std::nullopt;
  const std::size_t at = end_of_userinfo(source.substr(begin));
  return at == npos ? std::nullopt : std::optional{text_range{begin, at}};
}

bool has_unencoded_userinfo(std::string_view url) {
  const auto found = userinfo_of(url);
  if (!found)
    return false;
  const std::string_view rest = url.substr(found->begin);
  const std::string_view authority = rest.substr(0, rest.find_first_of(ends_authority));
  const std::size_t at = authority.rfind('@');
  if (at == found->size) // the only "@", or the last one: it stands where it has to
    return false;
  return at == npos || !names_host(authority.substr(at + 1), rest.substr(found->size + 1));
}

std::string without_userinfo(std::string_view source) {
  std::string out{source};
  if (const auto found = userinfo_of(source))
    out.erase(found->begin, found->size + 1);
  return out;
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
  return source.substr(0, source.find('/')).find(':') == npos;
}

namespace {

struct freed_by_curl {
  void operator()(char* text) const { curl_free(text); }
};
using curl_text = std::unique_ptr<char, freed_by_curl>;

} // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  // libcurl leaves a malformed escape as it is.
  for (std::size_t at = text.find('%'); at != npos; at = text.find('%', at + 1))
    if (at + 2 >= text.size() || std::isxdigit(static_cast<unsigned char>(text[at + 1])) == 0
        || std::isxdigit(static_cast<unsigned char>(text[at + 2])) == 0)
      return std::nullopt;
  std::string out;
  if (!text.empty()) { // of a length of 0 libcurl takes the whole string
    int size = 0;
    const curl_text decoded{curl_easy_unescape(nullptr, text.data(), static_cast<int>(text.size()), &size)};
    if (!decoded)
      throw std::bad_alloc{};
    out.assign(decoded.get(), static_cast<std::size_t>(size));
  }
  return out;
}

std::optional<std::string> percent_decoded_text(std::string_view text) {
  auto out = percent_decoded(text);
  if (out && std::ranges::any_of(*out, [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    out.reset();
  return out;
}

std::string percent_encode(std::string_view text) {
  if (text.empty())
    return {};
  const curl_text encoded{curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()))};
  if (!encoded)
    throw std::bad_alloc{};
  return encoded.get();
}

} // namespace gitfs
