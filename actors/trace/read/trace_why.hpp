// How one object came to this machine.
#pragma once

#include "actors/trace/read/trace_show.hpp"
#include "backend/git/oid.hpp"

#include <string>

namespace gitfs::trace {

enum class origin : std::uint8_t {
  brought, ///< a transfer in this trace has brought it, or is about to
  wanted,  ///< it was asked for, and no transfer in this trace has brought it
  unknown, ///< this trace says nothing of it
};

/// Prints what has led to the transfer that brought it: who wanted it and because of what, from the kernel's request
/// on; the transfer, and what came with it; who else waited. Of several transfers the last that succeeded. `is_tree`:
/// then one of all trees may have been it.
origin explain(const contents& in, const oid& object, bool is_tree, const printer& print);

/// Two traces of the same run as one: what a file has, and what memory has. Both outlive what is given.
contents joined(const contents& a, const contents& b);

/// Whether both are of the same run of the same mount.
bool same_run(const contents& a, const contents& b);

} // namespace gitfs::trace
