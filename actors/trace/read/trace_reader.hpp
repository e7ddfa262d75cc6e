// Reads a trace, whoever wrote it and however it ended.
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
  // Of messages.
  actor_key actor;
  std::uint64_t wait = 0; ///< nanoseconds from its making to its handling
  /// Nanoseconds of its handler, nested sends excluded; no_duration while it runs, and if that record is lost.
  std::uint64_t duration = no_duration;

  std::string_view fields; ///< as the table says; into the bytes that were read

  static constexpr std::uint64_t no_duration = ~std::uint64_t{0};
};

/// The next record of a payload. `last`: the record before it, whose order and time it is counted from. A `handled` has
/// its duration and its message's order. False: not well-formed.
bool read_record(decoder& in, record& last, record& out);

/// One field with its name.
struct field_value {
  field what;
  std::uint64_t number = 0; ///< ids: how many
  std::string_view text;    ///< ids: their bytes
  oid id;
};
std::vector<field_value> fields_of(const record& r);
/// True if the oids in a field of the record are or hold `id`.
bool names_object(const record& r, const oid& id);
/// Those that stand in a list.
std::vector<oid> objects_in(const record& r);
/// The number in the field of that name; 0 if there is none.
std::uint64_t number_in(const record& r, std::string_view name);

struct contents {
  file_header header;
  std::vector<record> records; ///< by order; each `handled` is in the duration of its message
  bool torn = false;           ///< it ends within a block: all before that is here
};

/// How many were lost since the mount began: the ring held no more, or a writer was too slow. The orders tell.
std::uint64_t lost_records(const contents& in);

/// EINVAL: damaged, of another version, or no trace at all; the message says which, and where. Takes memory in
/// proportion to `bytes`, which outlives what is given.
result<contents> read_bytes(std::string_view bytes);

struct loaded {
  std::unique_ptr<const std::string> bytes;
  contents in;
};
/// The same of a file.
result<loaded> read_file(const std::filesystem::path& path);

} // namespace gitfs::trace
