// A trace for people: line by line, and as the story of one request.
#pragma once

#include "actors/model/path_key.hpp"
#include "actors/trace/read/trace_reader.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs::trace {

/// Takes whole lines.
using printer = std::function<void(std::string_view text)>;

struct show_filter {
  std::optional<std::uint64_t> actor = std::nullopt; ///< messages that the directory with this key or st_ino took
  std::optional<path_key> about = std::nullopt;      ///< the same, and all that has this key in a field
  std::string message{};                             ///< name of a kind; empty: all
  std::uint64_t from = 0;                            ///< nanoseconds
  std::uint64_t until = ~std::uint64_t{0};           ///< nanoseconds
};

/// What a trace calls a path below the mountpoint, with or without a slash before and behind it.
path_key key_of_path(std::string_view path);

/// EINVAL: no kind of record has that name.
result<void> show(const contents& in, const show_filter& filter, bool redact, const printer& print);

/// All that came of a request of the kernel, in the order of causes, each under its cause, shortened to one screen; and
/// where its answer came from, if that was begun by another request. ENOENT: there is no such request.
result<void> show_request(const contents& in, std::uint64_t request, bool redact, const printer& print);

/// How often each kind of record is there, and for messages the median, the 90th and the 99th percentile of their
/// handling and of their waiting.
std::string stats_text(const contents& in);

} // namespace gitfs::trace
