// The file in the cache folder in which server_ways keeps what it has learned.
#pragma once

#include "backend/remote/server_ways.hpp"

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

namespace gitfs {

/// After so many seconds a server is asked again: it may have been changed.
inline constexpr std::int64_t longest_learned = 30LL * 24 * 60 * 60;

/// One verdict. `path`: empty: of the host.
struct learned_change {
  std::string host, path;
  way_form form;
  learned_way what;
};

/// The entries of the file that are not older than `longest_learned`. Empty if there is no such file; or if it is not
/// of our form, which is logged. `now`: seconds since 1970.
learned_hosts read_learned_hosts(const std::filesystem::path& file, std::int64_t now);

/// Adds to what the file holds now, and puts the result in its place in one step. Best effort: of two processes that
/// write at once one may be lost, and is learned again.
void write_learned_hosts(const std::filesystem::path& file, std::span<const learned_change> changes, std::int64_t now);

} // namespace gitfs
