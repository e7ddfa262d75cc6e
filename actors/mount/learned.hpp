// What handlers learn from their environment, as bytes of a trace: one entry for each question, in the order asked.
#pragma once

#include "actors/mount/environment.hpp"

#include <cstdint>
#include <memory>

namespace gitfs::trace {

/// What was asked; first byte of an entry. Then come four bytes of the oid, if it was about one, and the answer, in
/// numbers. Numbers as in the files: one that was used is never given to anything else.
enum class question : std::uint8_t {
  read = 1,             ///< oid; errno; if 0: object_type, bytes. The contents of a tree are a record of their own
  contains = 2,         ///< oid; 0 or 1
  sizes = 3,            ///< oid of the first; how many; of each its size and 1, or 0 if it is not known
  cached_blob = 4,      ///< oid; bytes and 1, or 0
  blob = 5,             ///< oid; errno; if 0: bytes
  blob_file = 6,        ///< oid; bytes and 1, or 0
  has_listing = 7,      ///< oid; 0 or 1
  listing = 8,          ///< oid; errno; if 0: hidden entries; how many are shown; of each its size and 1, or 0
  allocate = 9,         ///< slot and 1, or 0
  is_current = 10,      ///< 0 or 1
  slots = 11,           ///< number
  listings_memory = 12, ///< bytes
  kernel_requests = 13, ///< number
  prefetching = 14,     ///< number
};

/// The same as `of`, and puts all of it on record.
std::unique_ptr<environment> recording_environment(std::unique_ptr<environment> of);

} // namespace gitfs::trace
