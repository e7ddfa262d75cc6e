// What a mount is doing right now, as `gitfs-actor top` asks: one answer that supervisor, fetcher and prefetcher add to
// in turn, as text between the mount and who asks.
#pragma once

#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

class latencies;

struct activity {
  struct transfer {
    std::uint64_t number = 0;
    std::string what; ///< "trees", "blobs", "sizes"; "all-trees", "snapshot": of the whole commit
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0; ///< that have come so far
    std::uint64_t age_ms = 0;
    std::string urgency;            ///< the highest of those who wait: see urgency_names
    std::uint64_t waiting = 0;      ///< wants
    std::vector<std::string> waits; ///< the first few of them: paths, "/a/b/" for what a directory wants of itself
  };
  /// Wanted, and not asked for yet.
  struct queue {
    std::string what;
    std::string urgency;
    std::uint64_t objects = 0;
  };
  struct walker {
    std::string way;          ///< "depth", "breadth", "stats", "contents", "busy"
    std::uint64_t window = 0; ///< directories, or files of "contents" and "busy"
    std::uint64_t wants = 0;  ///< on their way for it
    std::string path;         ///< of the directory where its reader is
  };
  /// Answered requests by bucket of latency_histogram.
  using histogram = std::map<std::size_t, std::uint64_t>;

  std::vector<transfer> transfers;
  std::vector<queue> queues;
  std::vector<walker> walkers;
  std::map<std::string, histogram> latency; ///< by kind, without "kernel."

  /// Lines, one for each of them. Names of files may hold anything: what a terminal could obey is written as \xHH.
  std::string text() const;
  /// EPROTO: not such a text. Lines of other kinds, of a later version, are passed over.
  static result<activity> parse(std::string_view text);
};

activity activity_of(const latencies& all);

/// "/a/b" with what a terminal could obey as \xHH, and cut at its begin beyond a length that an answer has room for.
std::string shown_path(std::string_view path);

} // namespace gitfs
