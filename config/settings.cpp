#include "config/settings.hpp"

#include "config/config_keys.hpp"
#include "config/mount_words.hpp"
#include "config/nearest.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <unistd.h>

namespace gitfs {

using std::string;
using std::string_view;
using kind_type = setting_origin::kind_type;

namespace {

const option_row* find_row(string_view option) {
  const auto rows = mount_option_table();
  const auto found = std::ranges::find_if(rows, [option](const option_row& row) { return long_name(row) == option; });
  return found == rows.end() ? nullptr : &*found;
}

result<bool> read_switch(const string& text) {
  constexpr struct {
    string_view name;
    bool on;
  } words[] = {{"1", true},  {"true", true},   {"yes", true}, {"on", true},
               {"0", false}, {"false", false}, {"no", false}, {"off", false}};
  for (const auto& word : words)
    if (word.name == text)
      return word.on;
  return fail(EINVAL, "'" + text + "' is not one of true, false");
}

// The variable by which OpenTelemetry's specification names a collector for all programs.
string collector_variable() {
  for (const char* name :
       {"OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT"})
    if (const char* value = std::getenv(name); value != nullptr && *value != '\0')
      return name;
  return "";
}

bool has_headers_variable() {
  return std::ranges::any_of(
      std::initializer_list<const char*>{"OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS",
                                         "OTEL_EXPORTER_OTLP_METRICS_HEADERS"},
      [](const char* name) { return std::getenv(name) != nullptr && *std::getenv(name) != '\0'; });
}

std::vector<const setting*> of_option(const std::vector<setting>& layer, string_view option) {
  std::vector<const setting*> out;
  for (const setting& each : layer)
    if (each.option == option)
      out.push_back(&each);
  return out;
}

} // namespace

result<std::vector<setting>> environment_settings() {
  std::vector<setting> out;
  const auto find = [&](string_view option, bool is_switch) -> result<void> {
    const string name = variable_for(option);
    const char* const text = name.empty() ? nullptr : std::getenv(name.c_str());
    if (text == nullptr || *text == '\0')
      return success();
    setting one{option, text, {kind_type::environment, name}};
    if (is_switch) {
      const auto on = read_switch(text);
      if (!on)
        return fail(EINVAL, name + ": " + on.error().message);
      one.value.clear();
      one.off = !on.value();
    }
    out.push_back(std::move(one));
    return success();
  };
  for (const option_row& row : mount_option_table()) {
    GITFS_TRYV(find(long_name(row), row.value.empty()));
  }
  return out;
}

std::vector<string> unknown_variables() {
  constexpr string_view ours = "GITFS_ACTOR_";
  // Kubernetes sets these in every container beside a service that is called gitfs-actor.
  constexpr string_view of_kubernetes[] = {"GITFS_ACTOR_SERVICE_", "GITFS_ACTOR_PORT"};
  std::vector<string> known;
  for (const option_row& row : mount_option_table())
    if (string name = variable_for(long_name(row)); !name.empty())
      known.push_back(std::move(name));
  // Compared without what all begin with: that alone would make any two alike.
  std::vector<string_view> names;
  for (const string& each : known)
    names.push_back(string_view{each}.substr(ours.size()));
  std::vector<string> out;
  for (char** each = environ; each != nullptr && *each != nullptr; ++each) {
    const string_view text = *each;
    const string_view name = text.substr(0, text.find('='));
    const auto begins_so = [&](string_view begin) { return name.starts_with(begin); };
    if (name.starts_with(ours) && std::ranges::find(known, name) == known.end()
        && std::ranges::none_of(of_kubernetes, begins_so))
      out.push_back("the variable " + string{name} + " has no meaning"
                    + did_you_mean(name.substr(ours.size()), names, ours));
  }
  std::ranges::sort(out);
  return out;
}

result<void> apply_setting(mount_options& out, const setting& one) {
  if (one.off)
    return success();
  if (one.secret) {
    out.telemetry.header_places.emplace_back(one.value, *one.secret);
    return success();
  }
  if (one.option == "MOUNTPOINT")
    return put(out.mountpoint, absolute_path(one.value));
  // A file gives words one by one, with commas as they are.
  if (one.option == "-o" && one.from.kind == kind_type::file)
    return set_word(out, one.value);
  return find_row(one.option)->set(out, one.value);
}

result<origin_map> settle(mount_options& out, const std::vector<setting>& file, const std::vector<setting>& environment,
                          const std::vector<setting>& flags) {
  origin_map origins;
  std::vector<string_view> names{"MOUNTPOINT"};
  for (const option_row& row : mount_option_table())
    names.push_back(long_name(row));
  const bool own_collectors = of_option(flags, "--otlp-endpoint").empty() && collector_variable().empty();
  for (const string_view name : names) {
    const auto by_flags = of_option(flags, name);
    const auto by_environment = of_option(environment, name);
    auto by_file = of_option(file, name);
    const bool is_headers = name == "--otlp-header";
    if ((name == "--otlp-endpoint" || is_headers) && (!own_collectors || (is_headers && has_headers_variable())))
      by_file.clear();
    std::vector<const setting*> chosen = !by_flags.empty()         ? by_flags
                                         : !by_environment.empty() ? by_environment
                                                                   : by_file;
    if (name == "-o") {
      chosen = by_file;
      chosen.insert(chosen.end(), by_environment.begin(), by_environment.end());
      chosen.insert(chosen.end(), by_flags.begin(), by_flags.end());
    }
    for (const setting* each : chosen) {
      if (auto done = apply_setting(out, *each); !done)
        return fail(EINVAL, each->from.name + ": " + done.error().message);
      if (!each->key.empty())
        origins[each->key] = each->from;
      else
        for (const config_key* key : keys_of(name, each->value))
          origins[key->pointer] = each->from;
    }
  }
  return origins;
}

} // namespace gitfs
