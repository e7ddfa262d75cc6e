#include "cli/arguments/command_line.hpp"

#include "cli/arguments/cache_options.hpp"
#include "cli/arguments/config_options.hpp"
#include "cli/arguments/help.hpp"
#include "cli/arguments/mount_arguments.hpp"
#include "cli/arguments/mount_helper.hpp"
#include "cli/arguments/prefetch_options.hpp"
#include "cli/arguments/replay_options.hpp"
#include "cli/arguments/trace_options.hpp"
#include "config/nearest.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"
#include "config/url.hpp"
#include "config/version.hpp"

#include <algorithm>
#include <cerrno>
#include <functional>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

constexpr string_view program = "gitfs-actor";

auto wrong(const string& message, string_view help) {
  return fail(EINVAL, redacted(message) + " (see " + string{help} + ")");
}

bool asks_help(std::span<const char* const> arguments) {
  const auto end = std::ranges::find(arguments, string_view{"--"});
  return std::any_of(arguments.begin(), end, [](string_view each) { return each == "-h" || each == "--help"; });
}

result<invocation> parse_mount(std::span<const char* const> arguments) {
  GITFS_TRY(read, read_mount_arguments({arguments.begin(), arguments.end()}, mount_needs::all));
  return invocation{std::move(read.options)};
}

result<invocation> parse_helper(std::span<const char* const> arguments) {
  if (asks_help(arguments))
    return invocation{print{mount_help()}};
  GITFS_TRY(call, read_helper_call(arguments));
  GITFS_TRY(read, read_mount_arguments(std::move(call.arguments), mount_needs::all));
  if (call.fake)
    return invocation{print{}};
  read.options.quiet = !call.verbose;
  return invocation{std::move(read.options)};
}

struct word_option {
  string_view name;
  bool has_value;
  std::function<result<void>(const string& value)> set;
};

// For the commands that take a few options and one to `most` arguments, the first of them called `noun`.
result<std::vector<string_view>> parse_words(std::span<const char* const> arguments, string_view help, string_view noun,
                                             std::span<const word_option> known, std::size_t most) {
  std::vector<string_view> paths;
  bool options_end = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const string_view each = arguments[i];
    const string name{each.substr(0, each.find('='))};
    if (options_end || each.size() < 2 || each[0] != '-') {
      paths.push_back(each);
      continue;
    }
    if ((options_end = each == "--"))
      continue;
    const auto option = std::ranges::find(known, name, &word_option::name);
    if (option == known.end()) {
      std::vector<string_view> names;
      for (const word_option& one : known)
        names.push_back(one.name);
      return wrong("unknown option '" + name + "'" + did_you_mean(name, names), help);
    }
    string value;
    if (name.size() < each.size())
      value = each.substr(name.size() + 1);
    else if (option->has_value && ++i < arguments.size())
      value = arguments[i];
    if (option->has_value == value.empty())
      return wrong(name + (option->has_value ? " needs a value" : " takes no value"), help);
    if (auto done = option->set(value); !done)
      return wrong(name + ": " + done.error().message, help);
  }
  if (paths.empty() || paths.front().empty())
    return wrong(string{noun} + " is missing", help);
  if (paths.size() > most)
    return wrong("one argument too many: '" + string{paths[most]} + "'", help);
  return paths;
}

// For those that take one path.
result<std::filesystem::path> parse_path(std::span<const char* const> arguments, string_view help, string_view noun,
                                         std::span<const word_option> known = {}) {
  GITFS_TRY(words, parse_words(arguments, help, noun, known, 1));
  return absolute_path(words.front());
}

word_option switch_for(string_view name, bool& given) {
  return {name, false, [&given](const string&) -> result<void> { return given = true, success(); }};
}

result<invocation> parse_unmount(std::span<const char* const> arguments) {
  GITFS_TRY(mountpoint, parse_path(arguments, "gitfs-actor unmount --help", "MOUNTPOINT"));
  return invocation{unmount_options{std::move(mountpoint)}};
}

result<invocation> parse_stats(std::span<const char* const> arguments) {
  stats_options out;
  const word_option known[] = {switch_for("--json", out.json)};
  GITFS_TRYV(put(out.mountpoint, parse_path(arguments, "gitfs-actor stats --help", "MOUNTPOINT", known)));
  return invocation{std::move(out)};
}

// PATH as it is seen from here, or below MOUNTPOINT.
result<invocation> parse_refresh(std::span<const char* const> arguments) {
  GITFS_TRY(words, parse_words(arguments, "gitfs-actor refresh --help", "MOUNTPOINT", {}, 2));
  GITFS_TRY(mountpoint, absolute_path(words.front()));
  refresh_options out{std::move(mountpoint), {}};
  if (words.size() > 1) {
    GITFS_TRY(path, absolute_path(words.back()));
    out.path = path.lexically_relative(out.mountpoint);
    if (out.path.empty() || *out.path.begin() == "..")
      out.path = std::filesystem::path{words.back()}.relative_path().lexically_normal();
    if (out.path == ".")
      out.path.clear();
  }
  return invocation{std::move(out)};
}

result<invocation> parse_status(std::span<const char* const> arguments) {
  status_options out;
  const word_option known[] = {switch_for("--json", out.json), switch_for("--verbose", out.verbose)};
  const bool of_all = std::ranges::all_of(arguments, [](string_view each) { return each.starts_with("--"); });
  // Without MOUNTPOINT the options are read all the same.
  std::vector<const char*> words{arguments.begin(), arguments.end()};
  if (of_all)
    words.push_back("/");
  GITFS_TRYV(put(out.mountpoint, parse_path(words, "gitfs-actor status --help", "MOUNTPOINT", known)));
  if (of_all)
    out.mountpoint.clear();
  return invocation{std::move(out)};
}

result<invocation> parse_top(std::span<const char* const> arguments) {
  top_options out;
  const auto set_interval = [&out](const string& value) -> result<void> {
    GITFS_TRY(taken, read_seconds(value));
    out.interval = std::chrono::duration<double>{taken}.count();
    return success();
  };
  const word_option known[] = {
      switch_for("--once", out.once), switch_for("--batch", out.batch), {"--interval", true, set_interval}};
  GITFS_TRYV(put(out.mountpoint, parse_path(arguments, "gitfs-actor top --help", "MOUNTPOINT", known)));
  return invocation{std::move(out)};
}

result<invocation> parse_why(std::span<const char* const> arguments) {
  why_options out;
  const auto add_trace = [&out](const string& value) -> result<void> {
    GITFS_TRY(path, absolute_path(value));
    out.traces.push_back(std::move(path));
    return success();
  };
  const word_option known[] = {{"--trace", true, add_trace}};
  GITFS_TRYV(put(out.path, parse_path(arguments, "gitfs-actor why --help", "PATH", known)));
  return invocation{std::move(out)};
}

// The commands other than mount.
struct command_row {
  string_view name;
  string_view help;
  result<invocation> (*parse)(std::span<const char* const> arguments);
};

constexpr command_row other_commands[] = {
    {"unmount", unmount_help, parse_unmount},    {"stats", stats_help, parse_stats},
    {"status", status_help, parse_status},       {"top", top_help, parse_top},
    {"cache", cache_help, parse_cache},          {"config", config_help, parse_config},
    {"trace", trace_help, parse_trace},          {"replay", replay_help, parse_replay},
    {"refresh", refresh_help, parse_refresh},    {"why", why_help, parse_why},
    {"prefetch", prefetch_help, parse_prefetch}, // one a line
};

string all_commands() {
  string out = "mount";
  for (const command_row& row : other_commands)
    (out += &row == std::end(other_commands) - 1 ? " or " : ", ") += row.name;
  return out;
}

} // namespace

result<invocation> parse_command_line(std::span<const char* const> argv) {
  constexpr string_view help = "gitfs-actor --help";
  if (!argv.empty() && is_mount_helper(argv[0]))
    return parse_helper(argv.subspan(1));
  if (argv.size() < 2)
    return wrong("a command is missing: " + all_commands(), help);
  const string_view command = argv[1];
  const auto arguments = argv.subspan(2);
  if (command == "--help" || command == "-h")
    return invocation{print{string{general_help}}};
  if (command == "--version" || command == "-V")
    return invocation{print{string{program} + " " + version + "\n"}};
  if (command == "mount") {
    if (asks_help(arguments))
      return invocation{print{mount_help()}};
    return parse_mount(arguments);
  }
  for (const command_row& row : other_commands)
    if (command == row.name)
      return asks_help(arguments) ? invocation{print{string{row.help}}} : row.parse(arguments);
  std::vector<string_view> known{"mount", "--help", "--version"};
  for (const command_row& row : other_commands)
    known.push_back(row.name);
  return wrong("unknown command '" + string{command} + "'" + did_you_mean(command, known), help);
}

void scrub_arguments(int argc, char** argv) {
  constexpr string_view header = "--otlp-header";
  constexpr string_view endpoint = "--otlp-endpoint";
  const auto hide = [](char* text) { std::fill_n(text, string_view{text}.size(), '*'); };
  // First of all: a query may begin within a password.
  for (int i = 1; i < argc; ++i) {
    const string_view text = argv[i];
    if (const auto found = userinfo_of(text); found && !text.starts_with('-')) // it is a source, also one without "://"
      std::fill_n(argv[i] + found->begin, found->size, '*');
    for (auto found = find_userinfo(text, 0); found; found = find_userinfo(text, found->begin + found->size))
      std::fill_n(argv[i] + found->begin, found->size, '*');
  }
  for (int i = 1; i < argc; ++i) {
    const string_view text = argv[i];
    const bool last = i + 1 == argc;
    // Among the words for a helper of mount(8).
    if (is_mount_helper(argv[0]) && text.find("otlp-") != string_view::npos)
      hide(argv[i]);
    if (text == header && !last)
      hide(argv[++i]);
    else if (text.starts_with(header) && text.size() > header.size())
      hide(argv[i] + header.size() + 1);
    // The query of a collector's URL may be a key.
    char* const url = text.starts_with(endpoint) ? argv[text == endpoint && !last ? i + 1 : i] : nullptr;
    if (url != nullptr)
      if (const std::size_t query = string_view{url}.find('?'); query != string_view::npos)
        hide(url + query + 1);
  }
}

} // namespace gitfs
