// What actors ask of the fetcher.
#pragma once

#include "backend/git/oid.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// Numbered by the one who wants; unique among its own.
using want_id = std::uint64_t;

/// The numbers are in trace files: docs/trace-format.md.
enum class want_kind : std::uint8_t {
  trees = 0, ///< into the store
  blobs = 1, ///< into the store
  sizes = 2, ///< of blobs, without their contents where the server can
};
inline constexpr std::string_view want_kind_names[] = {"trees", "blobs", "sizes"};
inline constexpr std::size_t want_kinds = std::size(want_kind_names);

inline constexpr std::string_view name_of(want_kind kind) {
  return want_kind_names[static_cast<std::size_t>(kind)];
}

/// In rising order. The numbers are in trace files: docs/trace-format.md.
enum class urgency : std::uint8_t {
  speculation = 0, ///< nobody waits: it may wait, and may be dropped
  demand = 1,      ///< a kernel request waits
  path = 2, ///< a kernel request that looks up one name: one of a few on somebody's path, not one of a walk's many
};
inline constexpr std::string_view urgency_names[] = {"speculation", "demand", "path"};
inline constexpr std::size_t urgencies = std::size(urgency_names);

inline constexpr std::string_view name_of(urgency how) {
  return urgency_names[static_cast<std::size_t>(how)];
}

/// Of a blob whose size nobody knows: the mean of the Linux tree, in bytes.
inline constexpr std::uint64_t assumed_blob_size = 16 * 1024;

struct want {
  want_id id = 0;
  want_kind kind = want_kind::blobs;
  urgency how = urgency::demand;
  std::vector<oid> ids;
  /// Sizes that a path wants: the one that it is about. The others are for company.
  std::optional<oid> focus = std::nullopt;
  /// Sizes that are a guess: whoever walks here has waited for sizes before, so they are worth their contents on a
  /// server that gives them in no other way.
  bool worth_contents = false;
  /// Of the snapshot that all of it is in: what is fetched as a whole is that.
  oid commit{};
};

/// `code` 0: everything that the server has is here now. Else an errno, for those who waited only.
struct want_result {
  int code = 0;
  std::vector<std::pair<oid, std::uint64_t>> sizes; ///< those that were wanted and are known
};

} // namespace gitfs
