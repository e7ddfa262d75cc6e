#include "cli/commands/commands.hpp"

#include "config/config_file.hpp"

#include <cstdio>

namespace gitfs {

int run_config(const config_options& options) {
  const auto read = read_config_file(options.file, options.name);
  if (!read) {
    std::fprintf(stderr, "%s\n", read.error().message.c_str());
    return 1;
  }
  print_out(options.name + ": valid: " + describe(read.value()) + "\n");
  return 0;
}

} // namespace gitfs
