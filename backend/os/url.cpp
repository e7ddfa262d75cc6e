#include "backend/os/url.hpp"

#include "backend/os/text.hpp"

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

} // namespace

std::string url_parts::authority() const {
  return port.empty() ? host : host + ":" + port;
}

std::string url_parts::origin() const {
  return scheme + "://" + authority();
}

result<url_parts> parse_url(const std::string& url) {
  const url_handle handle{curl_url(), curl_url_cleanup};
  if (!handle || curl_url_set(handle.get(), CURLUPART_URL, url.c_str(), CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
    return fail(EINVAL, "this is not a valid URL");
  url_parts out;
  out.scheme = lower_case(get(handle.get(), CURLUPART_SCHEME));
  out.host = lower_case(get(handle.get(), CURLUPART_HOST));
  out.port = get(handle.get(), CURLUPART_PORT, CURLU_NO_DEFAULT_PORT);
  out.path = get(handle.get(), CURLUPART_PATH);
  // "?" and "#" with nothing behind them are not a part to curl
  out.has_query = url.find('?') != std::string::npos;
  out.has_fragment = url.find('#') != std::string::npos;
  auto username = percent_decoded_text(get(handle.get(), CURLUPART_USER));
  auto password = percent_decoded_text(get(handle.get(), CURLUPART_PASSWORD));
  if (!username || !password)
    return fail(EINVAL, "the user name or password in the URL is not properly percent-encoded");
  out.username = std::move(*username);
  out.password = std::move(*password);
  for (const CURLUPart part : {CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_OPTIONS})
    curl_url_set(handle.get(), part, nullptr, 0);
  out.bare = get(handle.get(), CURLUPART_URL);
  return out;
}

} // namespace gitfs
