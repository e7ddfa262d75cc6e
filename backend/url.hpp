// The little that git's HTTP protocol needs to know of a URL.
#pragma once

#include "config/error.hpp"

#include <string>
#include <string_view>

namespace gitfs {

struct url_parts {
  std::string scheme, username, password, host, port, path; ///< userinfo decoded, port "" if it is the scheme's own
  bool has_query = false, has_fragment = false;

  /// scheme://host[:port], in lower case: credentials are for one origin only.
  std::string origin() const;
  /// The host as messages name it, with the port if it is not the scheme's own.
  std::string authority() const;
};

/// EINVAL if it is no URL. The message does not repeat the URL, which may hold a password.
result<url_parts> parse_url(const std::string& url);

/// `text` without what stands between "://" (or its begin) and the last '@' of the authority.
std::string without_userinfo(std::string_view text);

/// Decodes %XX; "" and false if there is a malformed escape or a control character.
bool percent_decode(std::string_view text, std::string& out);

/// Writes all but RFC 3986's unreserved characters as %XX: for one part of a path, or a value in a query.
std::string percent_encode(std::string_view text);

} // namespace gitfs
