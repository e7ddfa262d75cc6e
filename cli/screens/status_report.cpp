#include "cli/screens/status_report.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

namespace {

constexpr const char* nothing = "nothing of yours is mounted\n";

std::string time_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

// Replaces control characters, because a terminal would obey those in a text that a server has sent.
std::string shown(std::string_view text) {
  std::string out;
  for (const char c : text)
    out += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? '?' : c;
  return out;
}

std::string fact(const mount_status& of, const char* name) {
  const auto found = of.facts.find(name);
  return found == of.facts.end() ? "" : found->second;
}

std::string megabytes(const std::string& bytes) {
  if (bytes.empty())
    return "?";
  return std::to_string((std::stoull(bytes) + (1U << 19)) >> 20) + " MB";
}

// The ref as people call it. If HEAD is shown, this is the branch that HEAD stands for.
std::string ref_of(const entry_status& entry) {
  constexpr std::string_view heads = "refs/heads/";
  if (!entry.ref.empty())
    return entry.ref;
  return entry.shown.starts_with(heads) ? entry.shown.substr(heads.size()) : entry.shown;
}

std::string words_of(const entry_status& entry) {
  std::string out = entry.kind == "host" ? "host" : entry.state;
  return entry.commit.empty() ? out : out + ' ' + entry.commit;
}

std::string title_of(const mount_status& of) {
  const std::string config = fact(of, "config");
  return shown(config.empty() ? fact(of, "source") : "config " + config);
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    out.push_back(line);
  return out;
}

std::string text_of(const std::string& mountpoint, const mount_status& of, bool verbose) {
  if (const std::string dead = fact(of, "dead"); !dead.empty())
    return shown(mountpoint) + ": dead: " + shown(dead) + '\n';
  std::string out = shown(mountpoint) + ": " + title_of(of) + ", process " + fact(of, "process") + '\n';
  const std::string cached = fact(of, "cache_bytes");
  out += "  cache " + shown(fact(of, "cache")) + ": " + (cached.empty() ? "" : megabytes(cached) + " of ")
         + megabytes(fact(of, "cache_size")) + '\n';
  if (const std::string trouble = fact(of, "cache_trouble"); !trouble.empty())
    out += "    nothing is written to it at present: " + shown(trouble) + '\n';
  out += "  memory " + megabytes(fact(of, "memory")) + " of " + megabytes(fact(of, "memory_limit")) + ", resident "
         + megabytes(fact(of, "resident")) + '\n';
  for (const entry_status& each : of.entries) {
    const std::string ref = shown(ref_of(each));
    out += "  " + shown(each.path.empty() ? "." : each.path) + ": " + words_of(each) + ", " + shown(each.source)
           + (ref.empty() ? "" : ' ' + ref) + ", followed: " + each.follow + '\n';
    if (!each.failure.empty())
      out += "    " + time_text(each.failed_at) + ": " + shown(each.failure) + '\n';
  }
  for (const std::string& line : lines_of(fact(of, "warnings")))
    out += "  warning: " + shown(line) + '\n';
  if (verbose)
    for (const std::string& line : lines_of(fact(of, "servers")))
      out += "  server " + shown(line) + '\n';
  return out;
}

std::string line_of(const mount_status& of) {
  if (!fact(of, "dead").empty())
    return "dead: its process has died";
  std::string out = title_of(of);
  const auto warnings = lines_of(fact(of, "warnings"));
  const std::string warned = warnings.empty()       ? ""
                             : warnings.size() == 1 ? ", 1 warning"
                                                    : ", " + std::to_string(warnings.size()) + " warnings";
  const auto failed = [](const entry_status& each) { return !each.failure.empty(); };
  if (of.entries.size() == 1 && of.entries.front().path.empty()) {
    const entry_status& only = of.entries.front();
    const std::string ref = shown(ref_of(only));
    return out + (ref.empty() ? "" : ' ' + ref) + ", " + words_of(only)
           + (failed(only) ? ", failed: " + shown(only.failure) : "") + warned;
  }
  const auto open = std::ranges::count(of.entries, "open", &entry_status::state);
  out += ", " + std::to_string(of.entries.size()) + (of.entries.size() == 1 ? " entry, " : " entries, ")
         + std::to_string(open) + " open";
  if (const auto count = std::ranges::count_if(of.entries, failed); count != 0)
    out += ", " + std::to_string(count) + " failed";
  return out + warned;
}

using json = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

void put_text(json& to, const char* name, const std::string& value) {
  to.Key(name);
  to.String(value.data(), static_cast<rapidjson::SizeType>(value.size()));
}

void put_number(json& to, const char* name, const std::string& value) {
  to.Key(name);
  value.empty() ? to.Null() : to.Uint64(std::stoull(value));
}

void put(json& to, const std::string& mountpoint, const mount_status& of) {
  to.StartObject();
  put_text(to, "mountpoint", mountpoint);
  const std::string dead = fact(of, "dead");
  put_text(to, "state", dead.empty() ? "running" : "dead");
  if (!dead.empty()) {
    put_text(to, "failure", dead);
    to.EndObject();
    return;
  }
  for (const char* name : {"config", "source"})
    if (const std::string value = fact(of, name); !value.empty())
      put_text(to, name, value);
  put_text(to, "cache", fact(of, "cache"));
  put_text(to, "cache_trouble", fact(of, "cache_trouble"));
  for (const char* name : {"cache_bytes", "cache_size", "memory", "memory_limit", "resident", "process"})
    put_number(to, name, fact(of, name));
  for (const char* name : {"servers", "warnings"}) {
    to.Key(name);
    to.StartArray();
    for (const std::string& line : lines_of(fact(of, name)))
      to.String(line.data(), static_cast<rapidjson::SizeType>(line.size()));
    to.EndArray();
  }
  to.Key("entries");
  to.StartArray();
  for (const entry_status& each : of.entries) {
    to.StartObject();
    for (const auto& [name, value] : {std::pair{"path", &each.path},
                                      {"kind", &each.kind},
                                      {"source", &each.source},
                                      {"ref", &each.ref},
                                      {"shown_ref", &each.shown},
                                      {"commit", &each.commit},
                                      {"state", &each.state},
                                      {"follow", &each.follow}})
      put_text(to, name, *value);
    if (!each.failure.empty()) {
      put_text(to, "failure", each.failure);
      put_text(to, "failed_at", time_text(each.failed_at));
    }
    to.EndObject();
  }
  to.EndArray();
  to.EndObject();
}

} // namespace

std::string status_text(mount_statuses of, bool verbose) {
  std::string out;
  for (const auto& [mountpoint, each] : of)
    out += text_of(mountpoint, each, verbose);
  return of.empty() ? nothing : out;
}

std::string status_lines(mount_statuses of) {
  std::size_t width = 0;
  for (const auto& [mountpoint, each] : of)
    width = std::max(width, mountpoint.size());
  std::string out;
  for (const auto& [mountpoint, each] : of)
    out += shown(mountpoint) + std::string(width - mountpoint.size() + 2, ' ') + line_of(each) + '\n';
  return of.empty() ? nothing : out;
}

bool has_failed(mount_statuses of) {
  return std::ranges::any_of(of, [](const auto& each) {
    const auto failed = [](const entry_status& entry) { return !entry.failure.empty(); };
    return each.second.facts.contains("dead") || std::ranges::any_of(each.second.entries, failed);
  });
}

std::string status_json(mount_statuses of) {
  rapidjson::StringBuffer text;
  json to{text};
  to.StartArray();
  for (const auto& [mountpoint, each] : of)
    put(to, mountpoint, each);
  to.EndArray();
  return std::string{text.GetString(), text.GetSize()} + "\n";
}

} // namespace gitfs
