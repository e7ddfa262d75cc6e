// The names of files that a trace has, and its records as text for people.
#pragma once

#include "actors/trace/read/trace_reader.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gitfs::trace {

/// A hash in place of a name. The same name has the same hash in every trace.
std::string redacted_name(std::string_view name);

class trace_names {
public:
  /// Finds out from the trace which directory is in which. `in` outlives this object. `redact`: show redacted_name in
  /// place of each name.
  trace_names(const contents& in, bool redact);

  /// "/a/b", and "/" for the root. A folder whose name is not in the trace is shown as "…".
  std::string path_of(std::uint64_t inode) const;
  /// The key of the directory with this st_ino. The number itself if it is a key, or if the trace has no such
  /// directory.
  path_key directory_of(std::uint64_t number) const;
  /// The actor that took the message; for an edge, "kernel" or "server".
  std::string actor_of(const record& r) const;
  /// For a record of a transfer: the number of its repository. 0: the mount has one repository, or the record is no
  /// transfer's.
  std::uint64_t server_of(const record& r) const;
  /// "offset=0 name='x'".
  std::string fields_of(const record& r) const;
  /// The value of one field, "0" or "'x'"; empty if the field is not worth showing.
  std::string shown(const field_value& value) const;
  /// The whole record as one line, without an end of line.
  std::string line_of(const record& r) const;

private:
  struct place {
    std::uint64_t parent = 0;
    std::string_view name;
  };

  std::string name(std::string_view text) const;

  const bool redact_;
  std::unordered_map<std::uint64_t, place> places_;
  std::unordered_map<std::uint64_t, std::uint64_t> servers_; // by the order number of transfer_started
};

/// The name of the kind, or its number if it has none.
std::string kind_name(kind k);

/// "kind name=value name=value", all numbers as they are.
std::string plain_text(kind what, std::string_view fields);

/// Nanoseconds as "12.3us", "4.5ms" or "1.250s".
std::string show_duration(std::uint64_t ns);

} // namespace gitfs::trace
