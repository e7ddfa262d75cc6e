#include "cli/arguments/command_line.hpp"

#include "cli/arguments/cache_options.hpp"
#include "cli/arguments/config_options.hpp"
#include "cli/arguments/help.hpp"
#include "cli/arguments/mount_arguments.hpp"
#include "cli/arguments/mount_helper.hpp"
#include "cli/arguments/prefetch_options.hpp"
#include "cli/arguments/profile_options.hpp"
#include "cli/arguments/replay_options.hpp"
#include "cli/arguments/subcommand.hpp"
#include "cli/arguments/trace_options.hpp"
#include "config/nearest.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"
#include "config/settings.hpp"
#include "config/url.hpp"
#include "config/version.hpp"

#include <algorithm>
#include <cerrno>

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
  return invocation{std::move(read.options), unknown_variables()};
}

result<invocation> parse_helper(std::span<const char* const> arguments) {
  if (asks_help(arguments))
    return invocation{print{mount_help()}};
  GITFS_TRY(call, read_helper_call(arguments));
  GITFS_TRY(read, read_mount_arguments(std::move(call.arguments), mount_needs::all));
  if (call.fake)
    return invocation{print{}};
  read.options.quiet = !call.verbose;
  return invocation{std::move(read.options), unknown_variables()};
}

// For commands that take one path. Messages call it `noun`.
template <class Options>
result<std::filesystem::path> parse_path(const subcommand<Options>& command, std::span<const char* const> arguments,
                                         std::string_view noun, Options& out) {
  const subcommand_reader reader{command};
  GITFS_TRY(words, reader.read(arguments, out));
  GITFS_TRYV(reader.check(words, 1, noun));
  return absolute_path(words.front());
}

result<invocation> parse_unmount(std::span<const char* const> arguments) {
  using table = subcommand<unmount_options>;
  static constexpr table::option_row options[] = {
      {"--all", false, table::turn_on<&unmount_options::all>},
      {"--force", false, table::turn_on<&unmount_options::force>},
  };
  constexpr table command{"unmount", options};
  const subcommand_reader reader{command};
  unmount_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  if (out.all && !words.empty())
    return reader.wrong("--all takes no MOUNTPOINT, and here is '" + words.front() + "'");
  if (!out.all)
    GITFS_TRYV(reader.check(words, words.size(), "MOUNTPOINT"));
  for (const string& each : words) {
    if (each.empty())
      return reader.wrong("MOUNTPOINT is empty");
    GITFS_TRY(path, absolute_path(each));
    out.mountpoints.push_back(std::move(path));
  }
  return invocation{std::move(out)};
}

result<invocation> parse_stats(std::span<const char* const> arguments) {
  using table = subcommand<stats_options>;
  static constexpr table::option_row options[] = {{"--json", false, table::turn_on<&stats_options::json>}};
  stats_options out;
  GITFS_TRYV(put(out.mountpoint, parse_path({"stats", options}, arguments, "MOUNTPOINT", out)));
  return invocation{std::move(out)};
}

// PATH may be a path from the current folder, or one below MOUNTPOINT.
result<invocation> parse_refresh(std::span<const char* const> arguments) {
  constexpr subcommand<refresh_options> command{"refresh"};
  const subcommand_reader reader{command};
  refresh_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  GITFS_TRYV(reader.check(words, 2, "MOUNTPOINT"));
  GITFS_TRYV(put(out.mountpoint, absolute_path(words.front())));
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

result<void> set_wait(status_options& out, const string& value) {
  GITFS_TRY(taken, read_seconds(value));
  out.wait = taken;
  return success();
}

result<invocation> parse_status(std::span<const char* const> arguments) {
  using table = subcommand<status_options>;
  static constexpr table::option_row options[] = {
      {"--json", false, table::turn_on<&status_options::json>},
      {"--verbose", false, table::turn_on<&status_options::verbose>},
      {"--exit-code", false, table::turn_on<&status_options::exit_code>},
      {"--wait", true, set_wait},
  };
  constexpr table command{"status", options};
  const subcommand_reader reader{command};
  status_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  if (words.empty() && !out.wait)
    return invocation{std::move(out)};
  GITFS_TRYV(reader.check(words, 1, "MOUNTPOINT"));
  GITFS_TRYV(put(out.mountpoint, absolute_path(words.front())));
  return invocation{std::move(out)};
}

result<void> set_interval(top_options& out, const string& value) {
  GITFS_TRY(taken, read_seconds(value));
  out.interval = std::chrono::duration<double>{taken}.count();
  return success();
}

result<invocation> parse_top(std::span<const char* const> arguments) {
  using table = subcommand<top_options>;
  static constexpr table::option_row options[] = {
      {"--once", false, table::turn_on<&top_options::once>},
      {"--batch", false, table::turn_on<&top_options::batch>},
      {"--interval", true, set_interval},
  };
  top_options out;
  GITFS_TRYV(put(out.mountpoint, parse_path({"top", options}, arguments, "MOUNTPOINT", out)));
  return invocation{std::move(out)};
}

result<void> add_trace(why_options& out, const string& value) {
  GITFS_TRY(path, absolute_path(value));
  out.traces.push_back(std::move(path));
  return success();
}

result<invocation> parse_why(std::span<const char* const> arguments) {
  using table = subcommand<why_options>;
  static constexpr table::option_row options[] = {{"--trace", true, add_trace}};
  why_options out;
  GITFS_TRYV(put(out.path, parse_path({"why", options}, arguments, "PATH", out)));
  return invocation{std::move(out)};
}

// All commands but mount.
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
    {"prefetch", prefetch_help, parse_prefetch}, {"profile", profile_help, parse_profile_command},
};

// Names that other programs have for these commands.
constexpr std::pair<string_view, string_view> also_called[] = {{"umount", "unmount"}};

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
  string_view command = argv[1];
  for (const auto& [other, name] : also_called)
    if (command == other)
      command = name;
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
  // Passwords are overwritten before queries, because a password may have a '?' in it, which looks like the begin of a
  // query.
  for (int i = 1; i < argc; ++i) {
    const string_view text = argv[i];
    if (const auto found = userinfo_of(text); found && !text.starts_with('-')) // a source, which needs no "://"
      std::fill_n(argv[i] + found->begin, found->size, '*');
    for (auto found = find_userinfo(text, 0); found; found = find_userinfo(text, found->begin + found->size))
      std::fill_n(argv[i] + found->begin, found->size, '*');
  }
  for (int i = 1; i < argc; ++i) {
    const string_view text = argv[i];
    const bool last = i + 1 == argc;
    // A helper of mount(8) gets all options as words of one argument, which is overwritten as a whole.
    if (is_mount_helper(argv[0]) && text.find("otlp-") != string_view::npos)
      hide(argv[i]);
    if (text == header && !last)
      hide(argv[++i]);
    else if (text.starts_with(header) && text.size() > header.size())
      hide(argv[i] + header.size() + 1);
    // The query of a collector's URL may have a key in it.
    char* const url = text.starts_with(endpoint) ? argv[text == endpoint && !last ? i + 1 : i] : nullptr;
    if (url != nullptr)
      if (const std::size_t query = string_view{url}.find('?'); query != string_view::npos)
        hide(url + query + 1);
  }
}

} // namespace gitfs
