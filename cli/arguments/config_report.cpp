#include "cli/arguments/config_report.hpp"

#include "backend/http/http_settings.hpp"
#include "config/byte_size.hpp"
#include "config/config_keys.hpp"
#include "config/config_tree.hpp"
#include "config/option_values.hpp"
#include "config/secret.hpp"
#include "config/url.hpp"

#include <rapidjson/prettywriter.h>
#include <rapidjson/stringbuffer.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <vector>

namespace gitfs {

using std::string;
using std::string_view;
using kind_type = setting_origin::kind_type;

namespace {

struct row {
  string key, value;
  setting_origin from;
  config_kind kind = config_kind::text;
};

// Environment variables of other standards that count where no setting of ours is made.
constexpr struct {
  string_view pointer;
  const char* variable;
} foreign_variables[] = {
    {"/cache/path", "XDG_CACHE_HOME"},
    {"/log/file", "XDG_STATE_HOME"},
    {"/telemetry/collectors", "OTEL_EXPORTER_OTLP_ENDPOINT"},
    {"/telemetry/collectors", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"},
    {"/telemetry/collectors", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"},
    {"/telemetry/headers", "OTEL_EXPORTER_OTLP_HEADERS"},
};

std::vector<row> settings_of(const mount_arguments& read) {
  std::vector<row> out;
  if (!read.config) {
    const mount_options& options = read.options;
    const auto add = [&](const char* key, const string& value, const char* flag) {
      out.push_back({key, value, {value.empty() ? kind_type::preset : kind_type::flag, flag}});
    };
    add("/source", without_userinfo(options.source), "SOURCE");
    add("/token", show_place(options.token), options.token.file.empty() ? "--token-env" : "--token-file");
    add("/username", options.username, "--username");
  }
  for (const config_key& key : config_key_table()) {
    row one{string{key.pointer}, key.show(read.options), {}, key.kind};
    if (const auto found = read.origins.find(key.pointer); found != read.origins.end()) {
      one.from = found->second;
    } else {
      for (const auto& [pointer, variable] : foreign_variables)
        if (const char* text = std::getenv(variable); pointer == key.pointer && text != nullptr && *text != '\0') {
          one.from = {kind_type::environment, variable};
          const bool is_telemetry = pointer.starts_with("/telemetry");
          if (is_telemetry && one.value.empty()) {
            const string url = without_userinfo(text);
            one.value = pointer == "/telemetry/headers" ? "(not shown)" : url.substr(0, url.find('?'));
          }
          break;
        }
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::vector<row> tree_of(const mount_arguments& read) {
  std::vector<row> out;
  if (!read.config)
    return out;
  const auto add = [&](const string& path, string value) {
    const auto line = read.config->lines.find(path);
    out.push_back(
        {tree_pointer(path),
         std::move(value),
         {kind_type::file, read.options.config_file.string(), line == read.config->lines.end() ? 0 : line->second}});
  };
  for (const shown_repository& each : read.config->tree.repositories)
    add(each.path, show_repository(each));
  for (const shown_forge& each : read.config->tree.forges)
    add(each.path, show_forge(each));
  std::ranges::stable_sort(out, {}, [](const row& each) { return each.from.line; });
  return out;
}

// A setting in git's own configuration that counts for one source.
struct git_row {
  string of; // "/source", or the place of the source in the config file's tree
  shown_git_setting setting;
};

std::vector<git_row> git_settings_of(const mount_arguments& read) {
  std::vector<git_row> out;
  const auto git = git_settings::read();
  if (!git)
    return {{"", {"-", git.error().message, "git"}}};
  const auto add = [&](const string& of, const string& url) {
    for (shown_git_setting& each : shown_git_settings(git.value(), url))
      out.push_back({of, std::move(each)});
  };
  if (!read.config && !read.options.source.empty())
    add("/source", read.options.source);
  if (read.config)
    for (const shown_repository& each : read.config->tree.repositories)
      add(tree_pointer(each.path), each.source);
  if (read.config)
    for (const shown_forge& each : read.config->tree.forges)
      add(tree_pointer(each.path), each.url.substr(0, each.url.find('{')));
  return out;
}

string shown(const setting_origin& from) {
  constexpr std::array<string_view, 4> words{"default", "", "environment ", ""};
  string out{words.at(static_cast<std::size_t>(from.kind))};
  if (from.kind != kind_type::preset)
    out += from.name;
  if (from.kind == kind_type::file)
    out += ":" + std::to_string(from.line);
  return out;
}

} // namespace

string config_report(const mount_arguments& read) {
  struct line {
    string key, value, origin;
  };
  std::vector<line> rows;
  for (const auto& part : {settings_of(read), tree_of(read)})
    for (const row& each : part)
      rows.push_back({each.key, each.value, shown(each.from)});
  for (const auto& [of, setting] : git_settings_of(read))
    rows.push_back({of + " " + setting.name, setting.value, setting.origin});
  std::size_t key = 0;
  std::size_t value = 0;
  constexpr std::size_t widest = 60; // one long value must not move the third column of all other lines
  for (line& each : rows) {
    if (each.value.empty())
      each.value = "-";
    key = std::max(key, std::min(each.key.size(), widest));
    value = std::max(value, std::min(each.value.size(), widest));
  }
  string out;
  const auto padded = [](string text, std::size_t width) {
    text.resize(std::max(text.size(), width), ' ');
    return text + "  ";
  };
  for (const line& each : rows)
    out += padded(each.key, key) + padded(each.value, value) + each.origin + "\n";
  return out;
}

namespace {

using json_writer = rapidjson::PrettyWriter<rapidjson::StringBuffer>;

// Numbers and switches become numbers and booleans of JSON: sizes in bytes, times in seconds. The text that is shown to
// people can be parsed for that, because config files are written in it.
void write_value(json_writer& json, const row& of) {
  constexpr double thousand = 1000;
  const bool is_number = of.kind == config_kind::number || of.kind == config_kind::size || of.kind == config_kind::time;
  if (is_number && of.value.empty()) { // the default of this setting is no number
    json.Null();
    return;
  }
  switch (of.kind) {
  case config_kind::toggle:
    json.Bool(of.value == "true");
    return;
  case config_kind::number:
    json.Uint64(std::stoull(of.value));
    return;
  case config_kind::size:
    if (const auto bytes = parse_byte_size(of.value, 0))
      json.Uint64(bytes.value());
    else // "auto"
      json.String(of.value.c_str(), static_cast<rapidjson::SizeType>(of.value.size()));
    return;
  case config_kind::time:
    if (const auto time = read_seconds(of.value).value(); time.count() % 1000 == 0)
      json.Uint64(static_cast<std::uint64_t>(time.count() / 1000));
    else
      json.Double(static_cast<double>(time.count()) / thousand);
    return;
  default:
    json.String(of.value.c_str(), static_cast<rapidjson::SizeType>(of.value.size()));
  }
}

} // namespace

string config_report_json(const mount_arguments& read) {
  constexpr std::array<const char*, 4> kinds{"default", "file", "environment", "flag"};
  rapidjson::StringBuffer text;
  json_writer json{text};
  json.SetIndent(' ', 2);
  const auto write = [&](const std::vector<row>& rows) {
    json.StartObject();
    for (const row& each : rows) {
      json.Key(each.key.c_str());
      json.StartObject();
      json.Key("value");
      write_value(json, each);
      json.Key("from");
      json.String(kinds.at(static_cast<std::size_t>(each.from.kind)));
      if (each.from.kind != kind_type::preset) {
        json.Key("name");
        json.String(each.from.name.c_str());
      }
      if (each.from.kind == kind_type::file) {
        json.Key("line");
        json.Uint64(each.from.line);
      }
      json.EndObject();
    }
    json.EndObject();
  };
  json.StartObject();
  json.Key("settings");
  write(settings_of(read));
  json.Key("tree");
  write(tree_of(read));
  json.Key("git");
  json.StartArray();
  for (const auto& [of, setting] : git_settings_of(read)) {
    json.StartObject();
    for (const auto& [name, value] :
         {std::pair{"of", &of}, {"setting", &setting.name}, {"value", &setting.value}, {"name", &setting.origin}}) {
      json.Key(name);
      json.String(value->c_str());
    }
    json.EndObject();
  }
  json.EndArray();
  json.EndObject();
  return string{text.GetString(), text.GetSize()} + "\n";
}

} // namespace gitfs
