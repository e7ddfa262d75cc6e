// Reads a trace, of this or another version, complete or torn.
#pragma once

#include "actors/trace/record/records.hpp"
#include "actors/trace/record/trace_format.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs::trace {

struct record {
  kind what = kind::handled;
  std::uint64_t order = 0;
  std::uint64_t time = 0;  ///< nanoseconds since the trace's start
  std::uint64_t cause = 0; ///< order number of the message or edge that led to it; 0: none
  // Only messages have what follows.
  actor_key actor;
  std::uint64_t wait = 0; ///< nanoseconds from the making of the message to the begin of its handler
  /// Nanoseconds that its handler took, nested sends excluded; no_duration while it runs, and if that record is lost.
  std::uint64_t duration = no_duration;

  std::string_view fields; ///< encoded as record_table says; points into the bytes that were read

  static constexpr std::uint64_t no_duration = ~std::uint64_t{0};
};

/// Reads the next record of a payload. `last`: the record before it, from which order and time are counted. A `handled`
/// gets its duration and its message's order number. False: the bytes are not well-formed.
bool read_record(decoder& in, record& last, record& out);

/// One field of a record with its name.
struct field_value {
  field what;
  std::uint64_t number = 0; ///< of type `ids`: how many there are
  std::string_view text;    ///< of type `ids`: their bytes
  oid id;
};
std::vector<field_value> fields_of(const record& r);
/// True if some field of the record is `id`, or is a list with `id` in it.
bool names_object(const record& r, const oid& id);
/// The object ids in the list that the record has.
std::vector<oid> objects_in(const record& r);
/// The number in the field of that name; 0 if the record has no such field.
std::uint64_t number_in(const record& r, std::string_view name);

struct contents {
  file_header header;
  std::vector<record> records; ///< by order number; each `handled` has become the duration of its message
  bool torn = false;           ///< the file ends within a block; the records before that block are here
};

/// How many records were lost since the mount began, because the ring had no room or a writer was too slow. Gaps in the
/// order numbers show it.
std::uint64_t lost_records(const contents& in);

/// EINVAL: the bytes are damaged, of another version, or no trace at all; the message says which, and where. Takes
/// memory in proportion to `bytes`, which must outlive the contents.
result<contents> read_bytes(std::string_view bytes);

struct loaded {
  std::unique_ptr<const std::string> bytes;
  contents in;
};
/// Reads the trace in a file. Errors as of read_bytes, and those of reading the file.
result<loaded> read_file(const std::filesystem::path& path);

} // namespace gitfs::trace
