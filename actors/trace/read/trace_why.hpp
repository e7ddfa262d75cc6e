// Explains how one object came to this machine: `gitfs-actor why`.
#pragma once

#include "actors/trace/read/trace_show.hpp"
#include "backend/git/oid.hpp"

#include <string>

namespace gitfs::trace {

enum class origin : std::uint8_t {
  brought, ///< a transfer in this trace has brought the object, or is about to
  wanted,  ///< the object was wanted, and no transfer in this trace has brought it
  unknown, ///< this trace says nothing about the object
};

/// Prints what has led to the transfer that brought the object: who wanted it and what caused that, from the kernel's
/// request on; the transfer, and what came with it; who else waited for it. If several transfers brought it, the last
/// that succeeded. `is_tree`: the object is a tree, so a transfer of all trees may have brought it.
origin explain(const contents& in, const oid& object, bool is_tree, const printer& print);

/// Joins two traces of the same run, that of a file and that of the memory. Both must outlive the result.
contents joined(const contents& a, const contents& b);

/// True if both traces are of the same run of the same mount.
bool same_run(const contents& a, const contents& b);

} // namespace gitfs::trace
