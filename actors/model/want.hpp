// A want: what directories and the prefetcher ask of the fetcher.
#pragma once

#include "backend/git/oid.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// A number that the wanting actor gives; unique among that actor's wants.
using want_id = std::uint64_t;

/// The numbers are in trace files: docs/trace-format.md.
enum class want_kind : std::uint8_t {
  trees = 0, ///< tree objects, into the store
  blobs = 1, ///< blobs, into the store
  sizes = 2, ///< the sizes of blobs, without their contents where the server can tell them
};
inline constexpr std::string_view want_kind_names[] = {"trees", "blobs", "sizes"};
inline constexpr std::size_t want_kinds = std::size(want_kind_names);

inline constexpr std::string_view name_of(want_kind kind) {
  return want_kind_names[static_cast<std::size_t>(kind)];
}

/// In rising order. The numbers are in trace files: docs/trace-format.md.
enum class urgency : std::uint8_t {
  speculation = 0, ///< no request waits for it, so the want may wait and may be dropped
  demand = 1,      ///< a kernel request waits for it
  path = 2, ///< a kernel request that looks up one name waits: one of few on a program's path, not one of a walk's many
};
inline constexpr std::string_view urgency_names[] = {"speculation", "demand", "path"};
inline constexpr std::size_t urgencies = std::size(urgency_names);

inline constexpr std::string_view name_of(urgency how) {
  return urgency_names[static_cast<std::size_t>(how)];
}

/// The size that is assumed for a blob of unknown size: the mean of the Linux tree, in bytes.
inline constexpr std::uint64_t assumed_blob_size = 16 * 1024;

struct want {
  want_id id = 0;
  want_kind kind = want_kind::blobs;
  urgency how = urgency::demand;
  std::vector<oid> ids;
  /// For sizes of urgency `path`: the object that the request looks up. The other sizes are asked for along with it.
  std::optional<oid> target = std::nullopt;
  /// For sizes that are a guess: the walker has waited for sizes before, so contents may be fetched to learn these
  /// sizes on a server that tells sizes in no other way.
  bool worth_contents = false;
  /// The commit of the snapshot in which all of the objects are. A fetch of everything fetches this commit.
  oid commit{};
};

/// How a want ended. `code` 0: every wanted object that the server has is here now. Else an errno, which holds only for
/// the requests that waited for this want.
struct want_result {
  int code = 0;
  std::vector<std::pair<oid, std::uint64_t>> sizes; ///< the wanted sizes that are known
  std::string why{};                                ///< of a failure, for the log
};

} // namespace gitfs
