// libgit2, which reads configuration and refs. object_reader gives it the objects.
#pragma once

#include "backend/pack/object_reader.hpp"
#include "config/error.hpp"

#include <string>

struct git_odb;

namespace gitfs {

/// Initialises libgit2 and sets its process-wide options, once. Everything here that uses libgit2 calls it first.
void use_libgit2();

/// The last failure of libgit2 in this thread as an error. `what` begins the message and says what was being done. The
/// code is the errno if the operating system failed, ENOMEM, or else `otherwise`.
error libgit2_error(const std::string& what, int otherwise);

/// A git_odb over `objects`, which outlives it; to be freed with git_odb_free. Null if libgit2 fails. libgit2's own
/// readers are not used: they map packs, where an error of the disk is a SIGBUS; up to version 1.9 they never return
/// from a truncated loose object (libgit2 #7342), and write out of bounds for one that is longer than it claims
/// (#7177).
git_odb* open_odb(object_reader& objects);

} // namespace gitfs
