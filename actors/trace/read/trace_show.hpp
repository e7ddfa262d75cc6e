// Shows a trace to people: line by line, or as the story of one request.
#pragma once

#include "actors/model/path_key.hpp"
#include "actors/trace/read/trace_reader.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs::trace {

/// Is called with whole lines.
using printer = std::function<void(std::string_view text)>;

struct show_filter {
  std::optional<std::uint64_t> actor = std::nullopt; ///< key or st_ino: only messages that this directory took
  std::optional<path_key> about = std::nullopt;      ///< the same, and records that have this key in a field
  std::string message{};                             ///< only records of the kind with this name; empty: all kinds
  std::uint64_t from = 0;                            ///< nanoseconds
  std::uint64_t until = ~std::uint64_t{0};           ///< nanoseconds
};

/// The key of a path below the mountpoint, which may begin and end with a slash. Traces name directories by their keys.
path_key key_of_path(std::string_view path);

/// EINVAL: no kind of record has that name.
result<void> show(const contents& in, const show_filter& filter, bool redact, const printer& print);

/// Prints everything that a request of the kernel has led to, each record under its cause, shortened to one screen. If
/// the answer needed a transfer that another request had begun, that request is named. ENOENT: there is no such
/// request.
result<void> show_request(const contents& in, std::uint64_t request, bool redact, const printer& print);

/// A table of how many records of each kind there are; for messages also the median, the 90th and the 99th percentile
/// of how long they waited and how long their handlers took.
std::string stats_text(const contents& in);

} // namespace gitfs::trace
