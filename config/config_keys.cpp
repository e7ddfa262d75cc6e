#include "config/config_keys.hpp"

#include "config/byte_size.hpp"
#include "config/mount_words.hpp"
#include "config/option_values.hpp"
#include "config/secret.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fmt/format.h>
#include <iterator>
#include <utility>

namespace gitfs {

using std::string;
using std::string_view;
using kind = config_kind;
using options = const mount_options&;

namespace {

string show_toggle(bool on) {
  return on ? "true" : "false";
}

string show_exact_size(std::uint64_t bytes) {
  constexpr string_view units = "TGMK";
  for (std::size_t i = 0; bytes != 0 && i < units.size(); ++i)
    if (const unsigned shift = 10 * (4 - static_cast<unsigned>(i)); bytes % (std::uint64_t{1} << shift) == 0)
      return std::to_string(bytes >> shift) + units[i];
  return std::to_string(bytes);
}

string show_address(const std::optional<listen_address>& address) {
  if (!address)
    return "";
  if (!address->socket.empty())
    return "unix:" + address->socket.string();
  return fmt::format("{}:{}", address->host == "::1" ? "[::1]" : address->host, address->port);
}

// A collector's URL may have a key in its query.
string show_collectors(const telemetry_flags& flags) {
  string out;
  for (const string& each : flags.endpoints) {
    const string url = without_userinfo(each);
    out += (out.empty() ? "" : ", ") + url.substr(0, url.find('?'));
  }
  return out;
}

string show_headers(const telemetry_flags& flags) {
  string out;
  const auto add = [&](const string& name, const string& value) {
    out += (out.empty() ? "" : ", ") + name + ": " + value;
  };
  for (const auto& [name, value] : flags.headers)
    add(name, "(not shown)");
  for (const auto& [name, place] : flags.header_places)
    add(name, show_place(place));
  return out;
}

constexpr std::array keys_table{
    config_key{"/mountpoint", "MOUNTPOINT", "", "", kind::path, [](options o) { return o.mountpoint.string(); }},
    config_key{"/cache/path", "--cache-dir", "", "", kind::path, [](options o) { return o.cache_dir.string(); }},
    config_key{"/cache/size", "--cache-size", "", "", kind::size,
               [](options o) { return show_exact_size(o.cache_size); }},
    config_key{"/cache/min_free", "--cache-min-free", "", "", kind::size,
               [](options o) { return o.cache_min_free ? show_exact_size(*o.cache_min_free) : ""; }},
    config_key{"/memory", "--memory", "", "", kind::size,
               [](options o) { return o.memory ? show_exact_size(*o.memory) : string{automatic}; }},
    config_key{"/prefetch", "-o", "prefetch=on", "prefetch=off", kind::toggle,
               [](options o) { return show_toggle(o.prefetch); }},
    config_key{"/profiles", "-o", "profiles=on", "profiles=off", kind::toggle,
               [](options o) { return show_toggle(o.profiles); }},
    config_key{"/trees_ahead", "--trees-ahead", "", "", kind::size,
               [](options o) { return show_exact_size(o.trees_ahead); }},
    config_key{"/timeouts/connect", "--connect-timeout", "", "", kind::time,
               [](options o) { return show_time(o.connect_timeout); }},
    config_key{"/timeouts/stall", "--stall-timeout", "", "", kind::time,
               [](options o) { return show_time(o.stall_timeout); }},
    config_key{"/timeouts/request", "--timeout", "", "", kind::time, [](options o) { return show_time(o.timeout); }},
    config_key{"/wait", "--wait", "", "", kind::toggle, [](options o) { return show_toggle(o.wait); }},
    config_key{"/options/allow_other", "-o", "allow_other", "", kind::toggle,
               [](options o) { return show_toggle(o.kernel.allow_other); }},
    config_key{"/options/allow_root", "-o", "allow_root", "", kind::toggle,
               [](options o) { return show_toggle(o.kernel.allow_root); }},
    config_key{"/options/auto_unmount", "-o", "auto_unmount", "", kind::toggle,
               [](options o) { return show_toggle(o.kernel.auto_unmount); }},
    config_key{"/options/nosuid", "-o", "nosuid", "suid", kind::toggle,
               [](options o) { return show_toggle(o.kernel.nosuid); }},
    config_key{"/options/nodev", "-o", "nodev", "dev", kind::toggle,
               [](options o) { return show_toggle(o.kernel.nodev); }},
    config_key{"/options/noexec", "-o", "noexec", "exec", kind::toggle,
               [](options o) { return show_toggle(o.kernel.noexec); }},
    config_key{"/options/noatime", "-o", "noatime", "relatime", kind::toggle,
               [](options o) { return show_toggle(o.kernel.atime == atime_mode::noatime); }},
    config_key{"/options/fsname", "-o", "fsname", "", kind::text,
               [](options o) { return redacted(o.kernel.fsname.value_or("")); }},
    config_key{"/options/subtype", "-o", "subtype", "", kind::text, [](options o) { return o.kernel.subtype; }},
    config_key{"/options/max_read", "-o", "max_read", "", kind::size,
               [](options o) { return show_exact_size(o.kernel.max_read); }},
    config_key{"/xattr", "-o", "xattr", "", kind::toggle, [](options o) { return show_toggle(o.xattr); }},
    config_key{"/threads", "--threads", "", "", kind::number, [](options o) { return std::to_string(o.threads); }},
    config_key{"/foreground", "--foreground", "", "", kind::toggle,
               [](options o) { return show_toggle(o.foreground); }},
    config_key{"/pid_file", "--pid-file", "", "", kind::path, [](options o) { return o.pid_file.string(); }},
    config_key{"/log/level", "--log-level", "", "", kind::text, [](options o) { return show_level(o.level); }},
    config_key{"/log/file", "--log-file", "", "", kind::path, [](options o) { return o.log_file.string(); }},
    config_key{"/trace/file", "--trace", "", "", kind::path, [](options o) { return o.trace_file.string(); }},
    config_key{"/trace/size", "--trace-size", "", "", kind::size,
               [](options o) { return show_exact_size(o.trace_size); }},
    config_key{"/trace/memory", "--trace-memory", "", "", kind::size,
               [](options o) { return show_exact_size(o.trace_memory); }},
    config_key{"/telemetry/collectors", "--otlp-endpoint", "", "", kind::list,
               [](options o) { return show_collectors(o.telemetry); }},
    config_key{"/telemetry/headers", "--otlp-header", "", "", kind::headers,
               [](options o) { return show_headers(o.telemetry); }},
    config_key{"/telemetry/paths", "--otlp-paths", "", "", kind::toggle,
               [](options o) { return show_toggle(o.telemetry.paths); }},
    config_key{"/telemetry/propagate", "--otlp-propagate", "", "", kind::toggle,
               [](options o) { return show_toggle(o.telemetry.propagate); }},
    config_key{"/telemetry/metrics_listen", "--metrics-listen", "", "", kind::address,
               [](options o) { return show_address(o.telemetry.listen); }},
};

string_view name_of(string_view word) {
  return word.substr(0, word.find('='));
}

} // namespace

std::span<const config_key> config_key_table() {
  return keys_table;
}

string variable_for(string_view option) {
  // What OpenTelemetry has variables for has none of ours: two that say the same would have to be compared.
  constexpr string_view foreign[] = {"MOUNTPOINT", "--otlp-endpoint", "--otlp-header"};
  if (std::ranges::find(foreign, option) != std::end(foreign)
      || std::ranges::find(keys_table, option, &config_key::option) == keys_table.end())
    return "";
  if (option == "-o")
    return "GITFS_ACTOR_OPTIONS";
  string out = "GITFS_ACTOR_";
  for (const char c : option.substr(2))
    out += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

std::vector<const config_key*> keys_of(string_view option, const string& value) {
  std::vector<const config_key*> out;
  constexpr std::pair<string_view, string_view> same_as_words[] = {{"--allow-other", "allow_other"},
                                                                   {"--no-profile", "profiles=off"}};
  const auto* const same = std::ranges::find(same_as_words, option, &std::pair<string_view, string_view>::first);
  const bool by_word = option == "-o" || same != std::end(same_as_words);
  const auto words = option == "-o" ? split_words(value)
                     : by_word      ? std::vector<string>{string{same->second}}
                                    : std::vector<string>{};
  for (const config_key& key : keys_table)
    if (by_word ? key.option == "-o"
                      && std::ranges::any_of(words,
                                             [&](const string& word) {
                                               return name_of(word) == name_of(key.word)
                                                      || name_of(word) == name_of(key.opposite);
                                             })
                : key.option == option)
      out.push_back(&key);
  return out;
}

} // namespace gitfs
