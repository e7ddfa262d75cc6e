#include "cli/commands/commands.hpp"

#include "cli/system/control.hpp"

#include <cstdio>
#include <sstream>

namespace gitfs {

int run_refresh(const refresh_options& options) {
  auto told = ask_refresh(options.mountpoint, options.path.string());
  if (!told) {
    std::fprintf(stderr, "gitfs-actor: %s\n", told.error().message.c_str());
    return 1;
  }
  std::istringstream lines{told.value()};
  bool failed = false;
  for (std::string line; std::getline(lines, line);) {
    const bool wrong = line.starts_with('!');
    failed = failed || wrong;
    std::fprintf(wrong ? stderr : stdout, "%s%s\n", wrong ? "gitfs-actor: " : "", line.c_str() + (wrong ? 1 : 0));
  }
  return failed ? 1 : 0;
}

} // namespace gitfs
