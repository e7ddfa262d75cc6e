#include "fuse_bridge/commands.hpp"

#include "fuse_bridge/control.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <cstdio>

namespace gitfs {

int run_stats(const stats_options& options) {
  auto report = ask_report(options.mountpoint);
  if (!report) {
    std::fprintf(stderr, "gitfs-actor: %s\n", report.error().message.c_str());
    return 1;
  }
  if (!options.json) {
    for (const auto& [name, value] : report.value())
      std::printf("%-24s %llu\n", name.c_str(), static_cast<unsigned long long>(value));
    return 0;
  }
  rapidjson::StringBuffer text;
  rapidjson::PrettyWriter<rapidjson::StringBuffer> writer{text};
  writer.StartObject();
  for (const auto& [name, value] : report.value()) {
    writer.Key(name.c_str());
    writer.Uint64(value);
  }
  writer.EndObject();
  std::puts(text.GetString());
  return 0;
}

} // namespace gitfs
