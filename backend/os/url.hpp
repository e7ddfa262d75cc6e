// Parses a URL with libcurl, which will also use it. What leaves credentials out of text is in config/url.hpp.
#pragma once

#include "config/error.hpp"
#include "config/url.hpp"

#include <string>
#include <string_view>

namespace gitfs {

struct url_parts {
  std::string scheme, username, password, host, port, path; ///< userinfo decoded, port "" if it is the scheme's own
  bool has_query = false, has_fragment = false;
  std::string bare; ///< the whole URL without its userinfo

  /// scheme://host[:port], in lower case: credentials are for one origin only.
  std::string origin() const;
  /// The host as messages name it, with the port if it is not the scheme's own.
  std::string authority() const;
};

/// EINVAL: the text is no URL. The message does not repeat the text, which may hold a password.
result<url_parts> parse_url(const std::string& url);

} // namespace gitfs
