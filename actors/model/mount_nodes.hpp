// Nodes of the mount tree above the repositories: their numbers, and what the catalog answers about them.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/want.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

/// Nodes and repositories are numbered from 1, in the order in which they become known. The node at the mountpoint
/// itself has number 0.
using mount_node_number = std::uint32_t;
using repository_number = std::uint32_t;
using call_number = std::uint64_t;
using refresh_number = std::uint64_t;

/// Who asks about a node: the id of a directory's actor, and that directory's own number for the question.
using mount_node_asker = std::pair<std::uint64_t, want_id>;

/// The catalog's answer to a directory that has asked about its node.
struct mount_node_answer {
  int code = 0;      ///< an errno, and then nothing of the following is set; 0: the answer is one of the following
  shown_ptr shown{}; ///< the directory is the root of this snapshot
  /// If `shown` is null: the names of the directories in it. They are all that there can be if `complete` is set, else
  /// those that are known so far.
  std::vector<std::string> names{};
  bool complete = false;
  std::vector<std::string> assumed{}; ///< those of `names`, in order, that may turn out to be a repository later
};

/// The outcome of catalog::refresh.
struct refresh_report {
  std::string text{};   ///< a line for each node; a line that begins with '!' tells why the node could not be polled
  std::size_t left = 0; ///< polls and moves that have not ended yet
};

/// Which refs catalog::refresh polls.
struct refresh_what {
  std::string path{};    ///< the entry in which this path is; empty: all entries
  bool requested = true; ///< true: all followed refs; false: only those that are followed on request alone
  bool failed = true; ///< also entries that nobody could enter so far; false in traces of 0.1.0, which passed over them
};

} // namespace gitfs
