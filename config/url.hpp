// Finding credentials in URLs, also in those that are no proper ones: for the log, for messages and for the process
// list. A URL that is used is taken apart by libcurl: backend/os/url.hpp.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

/// A stretch of a text.
struct text_range {
  std::size_t begin = 0;
  std::size_t size = 0;
};

/// Where the next `user:password` (without its "@") of a URL stands in `text` at or after `from`. Also one in which an
/// "@", "/", "?" or "#" is not encoded, as it has to be; where it could be the path just as well it is taken for a
/// password: a message may show too little of a URL, and never a secret.
std::optional<text_range> find_userinfo(std::string_view text, std::size_t from);

/// The same of `source`, which is one URL, host:path or path and nothing else: so quotes and spaces are part of it.
std::optional<text_range> userinfo_of(std::string_view source);

/// True of a URL in which the user name or password has a "/", "?" or "#" that is not encoded: who takes it for the URL
/// that it is would take another host than is meant.
bool has_unencoded_userinfo(std::string_view url);

/// `source`, as of userinfo_of, without that.
std::string without_userinfo(std::string_view source);

/// `text` without the `user:password@` of any URL in it.
std::string redacted(std::string_view text);

/// Whether `source` is a path on this machine, and not a URL or ssh's short form host:path (as git tells them apart: a
/// colon before the first slash).
bool is_local_path(std::string_view source);

/// Decodes %XX. None: there is a malformed one.
std::optional<std::string> percent_decoded(std::string_view text);

/// The same, and none also if a control character comes of it.
std::optional<std::string> percent_decoded_text(std::string_view text);

/// Writes all but RFC 3986's unreserved characters as %XX: for one part of a path, or a value in a query.
std::string percent_encode(std::string_view text);

} // namespace gitfs
