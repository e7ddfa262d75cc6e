// Finds the ref of a server that a user means by a name (gitrevisions, "<refname>").
#pragma once

#include "backend/git/resolved_ref.hpp"
#include "backend/remote/protocol_v2.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <string>

namespace gitfs {

/// Success if `name` can name a ref at all; "" is HEAD. EINVAL: it is an expression (main~3, HEAD^, …) or not a name.
result<void> check_ref_name(const std::string& name);

/// The first of ref_candidates that is among `refs`, with tags peeled. None: there is no candidate among them.
std::optional<resolved_ref> choose_ref(const std::string& name, std::span<const advertised_ref> refs);

/// The commit whose id begins with `name`, at least 7 digits, among those that the refs are at. None: there is none, or
/// `name` is no such id. EINVAL: there are several; the message names them.
result<std::optional<resolved_ref>> choose_listed_commit(const std::string& name, std::span<const advertised_ref> refs);

/// The error for a name without a ref, made from HEAD and all branches and tags of the server: ENOENT, or EINVAL for an
/// abbreviated commit id. The message has similar names, or the existing branches. `steps` (may be null) grows by the
/// number of characters that were compared.
error no_such_ref(const std::string& name, std::span<const advertised_ref> refs, std::size_t* steps = nullptr);

} // namespace gitfs
