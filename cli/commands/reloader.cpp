#include "cli/commands/reloader.hpp"

#include "actors/runtime/catalog_messages.hpp"
#include "cli/arguments/mount_arguments.hpp"
#include "config/log.hpp"
#include "config/url.hpp"
#include "fuse_bridge/control_commands.hpp"

#include <caf/send.hpp>

#include <sstream>
#include <string>
#include <string_view>

namespace gitfs {

namespace {

struct lasting_row {
  std::string_view name;
  bool (*same)(const mount_options& one, const mount_options& other);
};

// Settings that cannot change while the mount stands.
constexpr lasting_row lasting[] = {
    {"mountpoint", [](const auto& a, const auto& b) { return a.mountpoint == b.mountpoint || b.mountpoint.empty(); }},
    {"cache",
     [](const auto& a, const auto& b) {
       return a.cache_dir == b.cache_dir && a.cache_size == b.cache_size && a.cache_min_free == b.cache_min_free;
     }},
    {"memory", [](const auto& a, const auto& b) { return a.memory == b.memory; }},
    {"threads", [](const auto& a, const auto& b) { return a.threads == b.threads; }},
    {"prefetch",
     [](const auto& a, const auto& b) { return a.prefetch == b.prefetch && a.trees_ahead == b.trees_ahead; }},
    {"profiles", [](const auto& a, const auto& b) { return a.profiles == b.profiles; }},
    {"xattr", [](const auto& a, const auto& b) { return a.xattr == b.xattr; }},
    {"timeouts",
     [](const auto& a, const auto& b) {
       return a.connect_timeout == b.connect_timeout && a.stall_timeout == b.stall_timeout && a.timeout == b.timeout
              && a.wait == b.wait;
     }},
    {"log", [](const auto& a, const auto& b) { return a.level == b.level && a.log_file == b.log_file; }},
    {"trace",
     [](const auto& a, const auto& b) {
       return a.trace_file == b.trace_file && a.trace_size == b.trace_size && a.trace_memory == b.trace_memory;
     }},
};

std::string lasting_changes(const mount_options& before, const mount_options& now) {
  std::string out;
  for (const lasting_row& each : lasting)
    if (!each.same(before, now))
      out += (out.empty() ? "" : ", ") + std::string{each.name};
  return out;
}

void log_lines(const std::string& text) {
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    line.starts_with('!') ? log::warn("refresh: {}", line.substr(1)) : log::info("refresh: {}", line);
}

} // namespace

reloader::reloader(filesystem& files, const mount_options& options, const service_manager& service)
  : files_(files),
    options_(options),
    service_(service) {
  if (options_.config_file.empty())
    return;
  if (auto read = read_config(options_.config_file))
    read_ = std::move(read.value());
}

void reloader::reload() {
  service_.reloading();
  const auto ready = [service = &service_, what = "mounted " + files_.describe()] { service->ready(what); };
  if (!files_.catalog()) {
    log::info("SIGHUP: nothing is followed, and there is no config file: all stays");
    ready();
    return;
  }
  take_file();
  refresh_refs question;
  question.number = next_refresh();
  question.what.requested = false;
  question.done = [ready](int, const std::string& text) {
    log_lines(text);
    ready();
  };
  caf::anon_send(files_.catalog(), std::move(question));
}

// The catalog handles messages in their order, so the new tree is in force before refs are polled.
void reloader::take_file() {
  const std::filesystem::path& file = options_.config_file;
  if (file.empty())
    return;
  auto read = read_config(file);
  if (!read) {
    log::error("{} is not taken over, and what was read before stays: {}", file.string(),
               redacted(read.error().message));
    return;
  }
  const std::string others = read_ ? lasting_changes(*read_, read.value()) : "";
  if (!others.empty())
    log::warn("{}: {} cannot change while it is mounted: unmount and mount again", file.string(), others);
  const auto report = [name = file.string()](bool taken) {
    if (taken)
      log::info("{} is in force", name);
    else
      log::error("{} is not taken over: what stands at the mountpoint itself cannot become something else while "
                 "it is mounted",
                 name);
  };
  if (auto sent = files_.reload(*read.value().tree, report); !sent) {
    log::error("{} is not taken over: {}", file.string(), redacted(sent.error().message));
    return;
  }
  read_ = std::move(read.value());
}

} // namespace gitfs
