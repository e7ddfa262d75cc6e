// What directories, catalog and repositories call the nodes of the mount tree, and what they say of them.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/want.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

/// Numbered in the order in which they become known, from 1.
using mount_node_number = std::uint32_t;
using repository_number = std::uint32_t;
using call_number = std::uint64_t;
using refresh_number = std::uint64_t;

/// A directory's actor, by its id, and its own number for what it asks.
using mount_node_asker = std::pair<std::uint64_t, want_id>;

/// What a directory is told of the node that it stands for.
struct mount_node_answer {
  int code = 0;      ///< an errno, and nothing else; 0: one of the following
  shown_ptr shown{}; ///< it is the root of this snapshot
  /// Else: of the directories in it, which are all that there can be (`complete`) or that are known so far.
  std::vector<std::string> names{};
  bool complete = false;
  std::vector<std::string>
      assumed{}; ///< of these names, in order: each may be a repository when it is asked about next
};

/// The outcome of catalog::refresh: a line for each node, of which those with a reason for failure begin with '!'.
struct refresh_report {
  std::string text{};
  std::size_t left = 0; ///< looks and moves that are still on their way
};

/// What catalog::refresh looks at.
struct refresh_what {
  std::string path{};    ///< the entry that it is in; empty: all
  bool requested = true; ///< all: also those that are polled, else those that are followed on request alone
};

} // namespace gitfs
