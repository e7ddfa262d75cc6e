// The file in the cache folder in which server_ways keeps what it has learned.
#pragma once

#include "backend/remote/server_ways.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>

namespace gitfs {

/// After so many seconds a server is asked again: it may have been changed.
inline constexpr std::int64_t longest_learned = 30LL * 24 * 60 * 60;

/// After so many seconds a server is asked for its capabilities again. Shorter, because what it does not offer is not
/// tried: a mount would not see that it offers more now.
inline constexpr std::int64_t longest_offered = 24LL * 60 * 60;
bool is_recent(const learned_capabilities& of, std::int64_t now);

/// The entries of the file that are not older than `longest_learned` and `longest_offered`. Empty if there is no such
/// file; or if it is not of our form, which is logged. `now`: seconds since 1970.
learned_hosts read_learned_hosts(const std::filesystem::path& file, std::int64_t now);

/// Changes what the file holds now, and puts the result in its place in one step. Best effort: of two processes that
/// write at once one may be lost, and is learned again.
void change_learned_hosts(const std::filesystem::path& file, const std::function<void(learned_hosts&)>& change,
                          std::int64_t now);

} // namespace gitfs
