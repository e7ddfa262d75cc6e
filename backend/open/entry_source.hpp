// The source of an entry of a deployment, with the credentials that stand beside its URL.
#pragma once

#include "backend/forge/forge_access.hpp"
#include "backend/remote/source.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

namespace gitfs {

/// Reads the entry's token, if it has one. Errors of parse_source; EACCES: the token cannot be read.
result<source> source_of(const shown_repository& entry, const secret_reader& read_secret);

} // namespace gitfs
