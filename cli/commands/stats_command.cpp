#include "cli/commands/commands.hpp"

#include "cli/screens/counter_text.hpp"
#include "cli/system/control.hpp"

#include <cstdio>

namespace gitfs {

int run_stats(const stats_options& options) {
  auto report = ask_report(options.mountpoint);
  if (!report) {
    std::fprintf(stderr, "gitfs-actor: %s\n", report.error().message.c_str());
    return 1;
  }
  const std::string text = options.json ? counter_json(report.value()) : counter_lines(report.value());
  std::fputs(text.c_str(), stdout);
  return 0;
}

} // namespace gitfs
