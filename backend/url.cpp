#include "backend/url.hpp"

#include <algorithm>
#include <cerrno>
#include <curl/curl.h>
#include <memory>

namespace gitfs {

namespace {

using url_handle = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

std::string get(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (curl_url_get(url, part, &text, flags) != CURLUE_OK)
    return {};
  std::string out = text;
  curl_free(text);
  return out;
}

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return c < 128 ? std::tolower(c) : c; });
  return text;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  c |= 0x20;
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/// "host", "host:port" or "[address]:port", as opposed to "user:pass" before an unencoded '/'.
bool is_host(std::string_view text) {
  if (text.starts_with('['))
    text.remove_prefix(std::min(text.find(']'), text.size()));
  const std::size_t colon = text.find(':');
  return text.find('@') == std::string_view::npos
         && (colon == std::string_view::npos
             || (colon + 1 < text.size() && text.find_first_not_of("0123456789", colon + 1) == std::string_view::npos));
}

} // namespace

std::string url_parts::authority() const {
  return port.empty() ? host : host + ":" + port;
}

std::string url_parts::origin() const {
  return scheme + "://" + authority();
}

bool percent_decode(std::string_view text, std::string& out) {
  out.clear();
  for (std::size_t i = 0; i < text.size(); ++i) {
    unsigned char c = static_cast<unsigned char>(text[i]);
    if (c == '%') {
      const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
      if (high < 0 || low < 0)
        return out.clear(), false;
      c = static_cast<unsigned char>(high * 16 + low);
      i += 2;
    }
    if (c < 0x20 || c == 0x7f)
      return out.clear(), false;
    out += static_cast<char>(c);
  }
  return true;
}

std::string percent_encode(std::string_view text) {
  constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && (std::isalnum(byte) != 0 || c == '-' || c == '.' || c == '_' || c == '~'))
      out += c;
    else
      ((out += '%') += digits[byte >> 4]) += digits[byte & 15];
  }
  return out;
}

result<url_parts> parse_url(const std::string& url) {
  const url_handle handle{curl_url(), curl_url_cleanup};
  if (!handle || curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return fail(EINVAL, "this is not a valid URL");
  url_parts out;
  out.scheme = lower(get(handle.get(), CURLUPART_SCHEME));
  out.host = lower(get(handle.get(), CURLUPART_HOST));
  out.port = get(handle.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  out.path = get(handle.get(), CURLUPART_PATH);
  // "?" and "#" with nothing behind them are not a part to curl
  out.has_query = url.find('?') != std::string::npos;
  out.has_fragment = url.find('#') != std::string::npos;
  if (!percent_decode(get(handle.get(), CURLUPART_USER), out.username)
      || !percent_decode(get(handle.get(), CURLUPART_PASSWORD), out.password))
    return fail(EINVAL, "the user name or password in the URL is not properly percent-encoded");
  return out;
}

std::string without_userinfo(std::string_view text) {
  const std::size_t scheme_end = text.find("://");
  const std::size_t begin = scheme_end == std::string_view::npos ? 0 : scheme_end + 3;
  const std::size_t slash = text.find('/', begin);
  // an unencoded '/' in a password must not reveal the rest of it: look at the whole text
  const std::size_t at = text.rfind('@');
  if (at == std::string_view::npos || at < begin)
    return std::string{text};
  if (slash < at && is_host(text.substr(begin, slash - begin)))
    return std::string{text}; // an '@' in the path
  return std::string{text.substr(0, begin)} + std::string{text.substr(at + 1)};
}

} // namespace gitfs
