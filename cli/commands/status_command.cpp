#include "cli/commands/commands.hpp"

#include "cli/screens/status_report.hpp"
#include "cli/system/control.hpp"
#include "cli/system/mount_table.hpp"

#include <cerrno>
#include <cstdio>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

// Those of other users do not answer.
std::vector<std::pair<std::string, mount_status>> all_mounts() {
  std::vector<std::pair<std::string, mount_status>> out;
  std::set<std::string> asked;
  for (const mounted_at& each : mount_table()) {
    if (each.type != "fuse.gitfs" || !asked.insert(each.path).second)
      continue;
    if (auto answer = ask_status(each.path))
      out.emplace_back(each.path, std::move(answer.value()));
    else if (answer.error().code == ENOTCONN)
      std::fprintf(stderr, "gitfs-actor: %s\n", answer.error().message.c_str());
  }
  return out;
}

} // namespace

int run_status(const status_options& options) {
  std::vector<std::pair<std::string, mount_status>> found;
  if (options.mountpoint.empty()) {
    found = all_mounts();
  } else {
    auto answer = ask_status(options.mountpoint);
    if (!answer) {
      std::fprintf(stderr, "gitfs-actor: %s\n", answer.error().message.c_str());
      return 1;
    }
    found.emplace_back(options.mountpoint.string(), std::move(answer.value()));
  }
  print_out(options.json ? status_json(found) : status_text(found, options.verbose));
  return 0;
}

} // namespace gitfs
