#include "cli/commands/commands.hpp"

#include "cli/commands/cache_tools.hpp"

#include <cstdio>

namespace gitfs {

int run_cache(const cache_options& options) {
  auto sound = run_cache_tool(options, [](const std::string& text) { std::fputs(text.c_str(), stdout); });
  if (!sound) {
    std::fprintf(stderr, "gitfs-actor: %s\n", sound.error().message.c_str());
    return 1;
  }
  return sound.value() ? 0 : 1;
}

} // namespace gitfs
