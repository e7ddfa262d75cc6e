// Records the answers of the environment to handlers as bytes of a trace: one entry for each question, in the order in
// which they were asked.
#pragma once

#include "actors/mount/environment.hpp"

#include <cstdint>
#include <memory>

namespace gitfs::trace {

/// The question of an entry, in its first byte. Four bytes of the oid follow, if the question is about one, and then
/// the answer in numbers. The values are in trace files, so none is ever used for another question.
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
  sizes_here = 15,      ///< as of `sizes`. 0.1.0 does not ask it
};

/// An environment that answers as `of` does, and records all answers.
std::unique_ptr<environment> recording_environment(std::unique_ptr<environment> of);

} // namespace gitfs::trace
