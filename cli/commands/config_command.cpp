#include "cli/commands/commands.hpp"

#include "backend/open/server_check.hpp"
#include "cli/arguments/mount_arguments.hpp"
#include "config/config_file.hpp"
#include "config/secret.hpp"
#include "config/url.hpp"

#include <cstdio>

namespace gitfs {

namespace {

int ask_servers_of(const config_options& options) {
  const auto settings = read_config(options.file); // this also reads the environment, which may set time limits
  if (!settings) {
    std::fprintf(stderr, "gitfs-actor: %s\n", settings.error().message.c_str());
    return 1;
  }
  int out = 0;
  for (const server_answer& each : ask_servers(settings.value(), read_secret)) {
    const std::string entry = (each.path.empty() ? "/" : each.path) + (each.about.empty() ? "" : ", " + each.about);
    if (!each.said)
      out = 1;
    print_out(redacted(entry + ": " + (each.said ? each.said.value() : "FAILED: " + each.said.error().message)) + "\n");
  }
  return out;
}

} // namespace

int run_config(const config_options& options) {
  const auto read = read_config_file(options.file, options.name);
  if (!read) {
    std::fprintf(stderr, "%s\n", read.error().message.c_str());
    return 1;
  }
  print_out(options.name + ": valid: " + describe(read.value()) + "\n");
  return options.servers ? ask_servers_of(options) : 0;
}

} // namespace gitfs
