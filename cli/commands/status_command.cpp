#include "cli/commands/commands.hpp"

#include "cli/screens/status_report.hpp"
#include "cli/system/control.hpp"
#include "cli/system/mount_table.hpp"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

using found_mounts = std::vector<std::pair<std::string, mount_status>>;
using steady = std::chrono::steady_clock;

// The mounts of this user. Those of other users refuse to answer, and are left out.
found_mounts all_mounts() {
  found_mounts out;
  std::set<std::string> seen;
  for (const mounted_at& each : mount_table()) {
    if (each.type != "fuse.gitfs" || !seen.insert(each.path).second)
      continue;
    if (auto answer = ask_status(each.path))
      out.emplace_back(each.path, std::move(answer.value()));
    else if (answer.error().code == ENOTCONN)
      out.emplace_back(each.path, mount_status{.facts = {{"dead", answer.error().message}}, .entries = {}});
  }
  return out;
}

result<found_mounts> read_statuses(const status_options& options) {
  if (options.mountpoint.empty())
    return all_mounts();
  GITFS_TRY(answer, ask_status(options.mountpoint));
  found_mounts out;
  out.emplace_back(options.mountpoint.string(), std::move(answer));
  return out;
}

result<found_mounts> wait_until_well(const status_options& options) {
  const auto until = steady::now() + options.wait.value_or(std::chrono::milliseconds{0});
  for (;;) {
    auto out = read_statuses(options);
    if ((out && !has_failed(out.value())) || steady::now() >= until)
      return out;
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
}

std::string text_of(const status_options& options, mount_statuses found) {
  if (options.json)
    return status_json(found);
  const bool in_lines = options.mountpoint.empty() && !options.verbose && ::isatty(STDOUT_FILENO) != 0;
  return in_lines ? status_lines(found) : status_text(found, options.verbose);
}

} // namespace

int run_status(const status_options& options) {
  const auto found = wait_until_well(options);
  if (!found) {
    std::fprintf(stderr, "gitfs-actor: %s\n", found.error().message.c_str());
    return 1;
  }
  print_out(text_of(options, found.value()));
  return (options.exit_code || options.wait) && has_failed(found.value()) ? 1 : 0;
}

} // namespace gitfs
