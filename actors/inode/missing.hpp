// What the attempt of a request can lack, and the requests that wait for it.
#pragma once

#include "actors/inode/request_parking.hpp"
#include "actors/model/kernel_op.hpp"
#include "backend/git/oid.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace gitfs {

struct missing {
  /// The values are bits of kernel_op::brought. `directory_wants.cpp` has a row for each.
  enum kind : std::uint8_t {
    listing = 1,
    sizes = 2,
    blob = 4,
    loaded = 8, ///< a large blob, in memory
    child_trees = 16,
    link_targets = 32,
    blob_file = 64,  ///< a blob that is too large for the memory, in a file
    mount_node = 128 ///< the names in a directory above the repositories
  };
  kind what = listing;
  /// Of `blob`, `loaded` and `blob_file`: the blob. Of `sizes`: zeroes if the sizes of all entries are missing, else
  /// the one file that was looked up. Of `listing`: zeroes if the listing that the directory shows is missing, else
  /// another tree, that of the next snapshot or of an earlier listing.
  oid id;
  std::string name{}; ///< of `mount_node`: the entry that is looked up; empty: all entries
  bool operator==(const missing&) const = default;
};

/// What an attempt returns: nothing if the request was answered, else what the request lacks.
using lacking = std::optional<missing>;

using directory_parking = request_parking<kernel_op, missing>;

} // namespace gitfs
