// The actions of `gitfs-actor cache`. They need no mount.
#pragma once

#include "config/error.hpp"
#include "config/options.hpp"

#include <functional>
#include <string>

namespace gitfs {

/// Runs the action, and gives its output to `print` piece by piece. False: the action has found damage. Mounts may use
/// the cache meanwhile.
result<bool> run_cache_tool(const cache_options& options, const std::function<void(const std::string&)>& print);

} // namespace gitfs
