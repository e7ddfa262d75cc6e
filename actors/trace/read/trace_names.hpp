// What a trace knows of names, and how its records look to a person.
#pragma once

#include "actors/model/path_key.hpp"
#include "actors/trace/read/trace_reader.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>

namespace gitfs::trace {

/// The same for the same name, in every trace.
std::string redacted_name(std::string_view name);

class trace_names {
public:
  /// Reads which directory is in which; `in` outlives this. `redact`: gives redacted_name for each name.
  trace_names(const contents& in, bool redact);

  /// "/a/b" with "/" for the root; a folder of which the trace does not tell is "…".
  std::string path_of(std::uint64_t inode) const;
  /// The key of the directory that has this st_ino; the number itself, if it is a key or there is no such directory.
  path_key directory_of(std::uint64_t number) const;
  /// Who took the message, or what is on the other side of an edge.
  std::string actor_of(const record& r) const;
  /// Of what passes between a fetcher and its server: the number of the repository; 0 where there is one, or none.
  std::uint64_t server_of(const record& r) const;
  /// "offset=0 name='x'".
  std::string fields_of(const record& r) const;
  /// One of them: "0", "'x'"; empty if it says nothing.
  std::string shown(const field_value& value) const;
  /// All of it in one line without an end of line.
  std::string line_of(const record& r) const;

private:
  struct place {
    std::uint64_t parent = 0;
    std::string_view name;
  };

  std::string name(std::string_view text) const;

  const bool redact_;
  std::unordered_map<std::uint64_t, place> places_;
  std::unordered_map<std::uint64_t, std::uint64_t> servers_; // by order of transfer_started
};

/// Its name in the table, or its number.
std::string kind_name(kind k);

/// "kind name=value name=value", all numbers as they are.
std::string plain_text(kind what, std::string_view fields);

/// Nanoseconds as "12.3us", "4.5ms" or "1.250s".
std::string show_duration(std::uint64_t ns);

} // namespace gitfs::trace
