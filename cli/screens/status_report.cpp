#include "cli/screens/status_report.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <array>
#include <cstdint>
#include <ctime>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

namespace {

std::string time_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text.data();
}

// A terminal obeys nothing of what a server says.
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

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);)
    out.push_back(line);
  return out;
}

std::string text_of(const std::string& mountpoint, const mount_status& of, bool verbose) {
  const std::string config = fact(of, "config");
  std::string out = shown(mountpoint) + ": " + shown(config.empty() ? fact(of, "source") : "config " + config)
                    + ", process " + fact(of, "process") + '\n';
  const std::string cached = fact(of, "cache_bytes");
  out += "  cache " + shown(fact(of, "cache")) + ": " + (cached.empty() ? "" : megabytes(cached) + " of ")
         + megabytes(fact(of, "cache_size")) + '\n';
  out += "  memory " + megabytes(fact(of, "memory")) + " of " + megabytes(fact(of, "memory_limit")) + ", resident "
         + megabytes(fact(of, "resident")) + '\n';
  for (const entry_status& each : of.entries) {
    out += "  " + shown(each.path.empty() ? "." : each.path) + ": ";
    out += each.kind == "host" ? "host" : each.state;
    if (!each.commit.empty())
      out += ' ' + each.commit.substr(0, 12);
    out += ", " + shown(each.source) + (each.ref.empty() ? "" : ' ' + shown(each.ref)) + ", followed: " + each.follow
           + '\n';
    if (!each.failure.empty())
      out += "    " + time_text(each.failed_at) + ": " + shown(each.failure) + '\n';
  }
  if (verbose)
    for (const std::string& line : lines_of(fact(of, "servers")))
      out += "  server " + shown(line) + '\n';
  return out;
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
  for (const char* name : {"config", "source"})
    if (const std::string value = fact(of, name); !value.empty())
      put_text(to, name, value);
  put_text(to, "cache", fact(of, "cache"));
  for (const char* name : {"cache_bytes", "cache_size", "memory", "memory_limit", "resident", "process"})
    put_number(to, name, fact(of, name));
  to.Key("servers");
  to.StartArray();
  for (const std::string& line : lines_of(fact(of, "servers")))
    to.String(line.data(), static_cast<rapidjson::SizeType>(line.size()));
  to.EndArray();
  to.Key("entries");
  to.StartArray();
  for (const entry_status& each : of.entries) {
    to.StartObject();
    for (const auto& [name, value] : {std::pair{"path", &each.path},
                                      {"kind", &each.kind},
                                      {"source", &each.source},
                                      {"ref", &each.ref},
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

std::string status_text(asked_mounts of, bool verbose) {
  std::string out;
  for (const auto& [mountpoint, each] : of)
    out += text_of(mountpoint, each, verbose);
  return of.empty() ? "nothing of yours is mounted\n" : out;
}

std::string status_json(asked_mounts of) {
  rapidjson::StringBuffer text;
  json to{text};
  to.StartArray();
  for (const auto& [mountpoint, each] : of)
    put(to, mountpoint, each);
  to.EndArray();
  return std::string{text.GetString(), text.GetSize()} + "\n";
}

} // namespace gitfs
