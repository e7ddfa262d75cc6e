// What `gitfs-actor cache` does, without a mount.
#pragma once

#include "config/error.hpp"
#include "config/options.hpp"

#include <functional>
#include <string>

namespace gitfs {

/// Does what is asked and gives its text to `print`, in pieces as they come. True: all is well; false: there was
/// damage. Mounts may use the cache meanwhile.
result<bool> run_cache_tool(const cache_options& options, const std::function<void(const std::string&)>& print);

} // namespace gitfs
