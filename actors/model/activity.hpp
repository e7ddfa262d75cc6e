// What a mount is doing right now, for `gitfs-actor top`. The fetchers and prefetchers each add their part to one
// answer, which travels as text from the mount to the command.
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
    std::string what; ///< "trees", "blobs", "sizes"; "all-trees" and "snapshot" are those of a whole commit
    std::uint64_t objects = 0;
    std::uint64_t bytes = 0; ///< received so far
    std::uint64_t age_ms = 0;
    std::string urgency;       ///< the highest urgency of its wants, one of urgency_names
    std::uint64_t waiting = 0; ///< how many wants wait for it
    std::vector<std::string>
        waits; ///< the first few of these wants as paths; "/a/b/": the directory wants its own tree
  };
  /// Objects of one kind that are wanted and not asked for yet.
  struct queue {
    std::string what;
    std::string urgency;
    std::uint64_t objects = 0;
  };
  struct walker {
    std::string way;          ///< "depth", "breadth", "stats", "contents", "busy"
    std::uint64_t window = 0; ///< in directories; in files if the way is "contents" or "busy"
    std::uint64_t wants = 0;  ///< wants that are being fetched for this reader
    std::string path;         ///< the directory where the reader is
  };
  /// The number of answered requests for each bucket of latency_histogram.
  using histogram = std::map<std::size_t, std::uint64_t>;

  std::vector<transfer> transfers;
  std::vector<queue> queues;
  std::vector<walker> walkers;
  std::map<std::string, histogram> latency; ///< by kind, without "kernel."

  /// One line for each transfer, queue, walker and bucket. Names of files may hold any bytes, so bytes that a terminal
  /// could obey are written as \xHH.
  std::string text() const;
  /// EPROTO: this is no text of an activity. Lines of unknown kinds, which a later version may write, are skipped.
  static result<activity> parse(std::string_view text);
};

activity activity_of(const latencies& all);

/// The path as "/a/b", in which bytes that a terminal could obey are written as \xHH. A path that is too long for an
/// answer is cut at its begin.
std::string shown_path(std::string_view path);

} // namespace gitfs
