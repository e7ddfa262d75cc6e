// Finding credentials in text: for the log, for messages and for the process list.
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

/// Where the next `user:password` (without its "@") of a URL stands in `text` at or after `from`.
std::optional<text_range> find_userinfo(std::string_view text, std::size_t from);

/// `text` without the `user:password@` of any URL in it.
std::string redacted(std::string_view text);

/// Whether `source` is a path on this machine, and not a URL or ssh's short form host:path (as git tells them apart: a
/// colon before the first slash).
bool is_local_path(std::string_view source);

} // namespace gitfs
