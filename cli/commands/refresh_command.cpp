#include "cli/commands/commands.hpp"

#include "cli/system/control.hpp"

#include <cstdio>
#include <sstream>

namespace gitfs {

int run_refresh(const refresh_options& options) {
  auto report = ask_refresh(options.mountpoint, options.path.string());
  if (!report) {
    std::fprintf(stderr, "gitfs-actor: %s\n", report.error().message.c_str());
    return 1;
  }
  std::istringstream lines{report.value()};
  bool failed = false;
  for (std::string line; std::getline(lines, line);) {
    const bool wrong = line.starts_with('!');
    failed = failed || wrong;
    std::fprintf(wrong ? stderr : stdout, "%s%s\n", wrong ? "gitfs-actor: " : "", line.c_str() + (wrong ? 1 : 0));
  }
  return failed ? 1 : 0;
}

} // namespace gitfs
