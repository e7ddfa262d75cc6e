// Which ref of a server a user means by a name (gitrevisions, "<refname>").
#pragma once

#include "backend/git/resolved_ref.hpp"
#include "backend/remote/protocol_v2.hpp"
#include "config/error.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace gitfs {

/// Success if `name` can name a ref at all; "" is HEAD. EINVAL: it is an expression (main~3, HEAD^, …) or not a name.
result<void> check_ref_name(const std::string& name);

/// The full names that `name` may stand for, first choice first; they serve as prefixes for ls-refs, too.
std::vector<std::string> ref_candidates(const std::string& name);

/// The first candidate that is among `refs`, tags peeled; none if there is none.
std::optional<resolved_ref> choose_ref(const std::string& name, std::span<const advertised_ref> refs);

/// Why there is none, given HEAD and all branches and tags of the server: ENOENT (EINVAL for an abbreviated commit id),
/// with near names or the branches there are.
error no_such_ref(const std::string& name, std::span<const advertised_ref> refs);

} // namespace gitfs
