// Command lines as the program reads them.
#pragma once

#include "cli/arguments/command_line.hpp"

#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace gitfs::test {

using words = std::vector<std::string>;

inline result<invocation> parse(const words& arguments) {
  std::vector<const char*> argv{"gitfs-actor"};
  for (const std::string& each : arguments)
    argv.push_back(each.c_str());
  return parse_command_line(argv);
}

inline mount_options mounted(words options) {
  options.insert(options.begin(), "mount");
  options.insert(options.end(), {"https://example.org/a.git", "/mnt"});
  auto done = parse(options);
  if (!done)
    throw std::runtime_error(done.error().message);
  return std::get<mount_options>(done.value().action);
}

inline std::string printed(const words& arguments) {
  const auto done = parse(arguments);
  if (!done)
    throw std::runtime_error(done.error().message);
  return std::get<print>(done.value().action).text;
}

} // namespace gitfs::test
