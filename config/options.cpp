#include "config/options.hpp"

#include "config/log.hpp"
#include "config/nearest.hpp"
#include "config/paths.hpp"
#include "config/url.hpp"
#include "config/version.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <thread>
#include <unistd.h>

namespace gitfs {

namespace {

using std::string;
using std::string_view;

constexpr string_view program = "gitfs-actor";

// ---- values ----

struct level_name {
  string_view name;
  log_level level;
};
constexpr std::array level_names{
    level_name{"trace", log_level::trace}, level_name{"debug", log_level::debug}, level_name{"info", log_level::info},
    level_name{"warn", log_level::warn},   level_name{"error", log_level::error}, level_name{"off", log_level::off},
};

result<log_level> read_level(const string& value) {
  string known;
  for (const level_name& row : level_names) {
    if (row.name == value)
      return row.level;
    known += (known.empty() ? "" : ", ") + string{row.name};
  }
  return fail(EINVAL, "'" + value + "' is not one of " + known);
}

string show_level(log_level level) {
  return string{std::ranges::find(level_names, level, &level_name::level)->name};
}

template <class T>
result<T> read_number(const string& value, T least, T most) {
  T out{};
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (ec != std::errc{} || end != value.data() + value.size() || out < least || out > most)
    return fail(EINVAL,
                "'" + value + "' is not a whole number from " + std::to_string(least) + " to " + std::to_string(most));
  return out;
}

result<std::chrono::milliseconds> read_seconds(const string& value) {
  constexpr double most = 86'400;
  double seconds = 0;
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), seconds, std::chars_format::fixed);
  // Written so that NaN is refused too.
  if (ec != std::errc{} || end != value.data() + value.size() || !(seconds >= 0.001 && seconds <= most))
    return fail(EINVAL, "'" + value + "' is not a number of seconds (more than 0, up to a day: 86400)");
  return std::chrono::milliseconds{static_cast<std::int64_t>(seconds * 1000)};
}

string show_seconds(std::chrono::milliseconds time) {
  return std::to_string(time.count() / 1000);
}

template <class T>
result<void> put(T& out, result<T> value) {
  BOOST_OUTCOME_TRY(taken, std::move(value));
  out = std::move(taken);
  return success();
}

result<void> put_name(string& out, const string& value) {
  if (value.empty())
    return fail(EINVAL, "the value is empty");
  out = value;
  return success();
}

// ---- -o ----

/// One word of `-o`, as mount(8) spells it.
struct mount_word {
  string_view name;
  string_view value; ///< empty: takes none
  string_view help;  ///< empty: accepted and ignored, so not shown
  result<void> (*set)(mount_options& out, const string& value);
};

result<void> ignore(mount_options&, const string&) {
  return success();
}

result<void> refuse_unless_root(const char* word) {
  if (::geteuid() == 0)
    return success();
  return fail(EINVAL, string{"only root may mount with '"} + word + "'");
}

constexpr std::array mount_words{
    mount_word{"ro", "", "read-only: always on", ignore},
    mount_word{"rw", "", "refused: a repository is shown read-only",
               [](mount_options&, const string&) -> result<void> {
                 return fail(EINVAL, "'rw' is refused: the file system is read-only");
               }},
    mount_word{"nosuid", "", "set-user-id bits have no effect (default)",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.nosuid = true, success(); }},
    mount_word{"suid", "", "they have an effect; only for root",
               [](mount_options& o, const string&) -> result<void> {
                 return o.kernel.nosuid = false, refuse_unless_root("suid");
               }},
    mount_word{"nodev", "", "device files have no effect (default)",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.nodev = true, success(); }},
    mount_word{"dev", "", "they have an effect; only for root",
               [](mount_options& o, const string&) -> result<void> {
                 return o.kernel.nodev = false, refuse_unless_root("dev");
               }},
    mount_word{"exec", "", "programs can be run (default)",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.noexec = false, success(); }},
    mount_word{"noexec", "", "programs cannot be run",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.noexec = true, success(); }},
    mount_word{"relatime", "", "the kernel's default for access times (default)",
               [](mount_options& o, const string&) -> result<void> {
                 return o.kernel.atime = atime_mode::relatime, success();
               }},
    mount_word{"noatime", "", "no access times",
               [](mount_options& o, const string&) -> result<void> {
                 return o.kernel.atime = atime_mode::noatime, success();
               }},
    mount_word{"allow_other", "", "other users may enter the mount",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.allow_other = true, success(); }},
    mount_word{"allow_root", "", "root may enter the mount",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.allow_root = true, success(); }},
    mount_word{
        "default_permissions", "", "the kernel checks the mode bits (default)",
        [](mount_options& o, const string&) -> result<void> { return o.kernel.default_permissions = true, success(); }},
    mount_word{"auto_unmount", "", "unmount when the process ends, however it ends",
               [](mount_options& o, const string&) -> result<void> { return o.kernel.auto_unmount = true, success(); }},
    mount_word{"fsname", "NAME", "first column of /proc/mounts (default: SOURCE without credentials)",
               [](mount_options& o, const string& v) { return put_name(o.kernel.fsname.emplace(), v); }},
    mount_word{"subtype", "NAME", "the type is shown as fuse.NAME (default: gitfs)",
               [](mount_options& o, const string& v) { return put_name(o.kernel.subtype, v); }},
    mount_word{"max_read", "BYTES", "largest read request (default: the kernel's limit)",
               [](mount_options& o, const string& v) {
                 return put(o.kernel.max_read, read_number<std::uint32_t>(v, 4096, 1U << 30U));
               }},
    mount_word{"prefetch", "on|off", "fetch ahead of the reader (default: on)",
               [](mount_options& o, const string& v) -> result<void> {
                 if (v != "on" && v != "off")
                   return fail(EINVAL, "'" + v + "' is not one of on, off");
                 return o.prefetch = v == "on", success();
               }},
    mount_word{"xattr", "", "answer the extended attributes user.gitfs.* (default: off)",
               [](mount_options& o, const string&) -> result<void> { return o.xattr = true, success(); }},
    // What mount(8) and fstab hand to every mount helper.
    mount_word{"defaults", "", "", ignore},
    mount_word{"auto", "", "", ignore},
    mount_word{"noauto", "", "", ignore},
    mount_word{"user", "", "", ignore},
    mount_word{"nouser", "", "", ignore},
    mount_word{"users", "", "", ignore},
    mount_word{"nofail", "", "", ignore},
    mount_word{"_netdev", "", "", ignore},
};

// Splits at commas; a comma after a backslash belongs to the word, as in libfuse.
std::vector<string> split_words(string_view text) {
  std::vector<string> out(1);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size())
      out.back() += text[++i];
    else if (text[i] == ',')
      out.emplace_back();
    else
      out.back() += text[i];
  }
  std::erase(out, "");
  return out;
}

result<void> set_word(mount_options& out, const string& word) {
  if (word.starts_with("x-") || word.starts_with("X-") || word.starts_with("comment="))
    return success();
  const std::size_t equals = word.find('=');
  const string name = word.substr(0, equals);
  const auto row = std::ranges::find(mount_words, name, &mount_word::name);
  if (row == mount_words.end()) {
    std::vector<string_view> known;
    for (const mount_word& each : mount_words)
      if (!each.help.empty())
        known.push_back(each.name);
    return fail(EINVAL, "unknown mount option '" + name + "'" + did_you_mean(name, known));
  }
  if (row->value.empty() && equals != string::npos)
    return fail(EINVAL, "'" + name + "' takes no value");
  if (!row->value.empty() && equals == string::npos)
    return fail(EINVAL, "'" + name + "' needs a value: " + name + "=" + string{row->value});
  auto done = row->set(out, equals == string::npos ? "" : word.substr(equals + 1));
  if (!done && !row->value.empty())
    return fail(done.error().code, name + ": " + done.error().message);
  return done;
}

result<void> set_words(mount_options& out, const string& text) {
  for (const string& word : split_words(text)) {
    BOOST_OUTCOME_TRYV(set_word(out, word));
  }
  return success();
}

// ---- the table ----

constexpr std::array table{
    option_row{"Repository", "--ref", "REF", "branch, tag or commit to show (default: the remote's HEAD)",
               [](mount_options& o, const string& v) { return put_name(o.ref, v); }, nullptr},
    option_row{"Repository", "--cache-dir", "DIR",
               "keep fetched objects here (default: $XDG_CACHE_HOME/gitfs-actor or ~/.cache/gitfs-actor)",
               [](mount_options& o, const string& v) { return put(o.cache_dir, absolute_path(v)); }, nullptr},
    option_row{"Mount", "-o", "OPT[,OPT...]", "mount options, as mount(8) spells them; see below", set_words, nullptr},
    option_row{"Mount", "--allow-other", "", "the same as -o allow_other",
               [](mount_options& o, const string&) { return set_word(o, "allow_other"); }, nullptr},
    option_row{"Process", "-f,--foreground", "", "stay in the foreground",
               [](mount_options& o, const string&) -> result<void> { return o.foreground = true, success(); }, nullptr},
    option_row{"Process", "--pid-file", "FILE", "write the process id of the mount here",
               [](mount_options& o, const string& v) { return put(o.pid_file, absolute_path(v)); }, nullptr},
    option_row{"Process", "--threads", "N", "threads for the kernel's requests; 0: one per core, 2 to 8",
               [](mount_options& o, const string& v) { return put(o.threads, read_number<unsigned>(v, 0, 64)); },
               [](const mount_options& o) { return std::to_string(o.threads); }},
    option_row{"Process", "--log-level", "LEVEL", "trace, debug, info, warn, error or off",
               [](mount_options& o, const string& v) { return put(o.level, read_level(v)); },
               [](const mount_options& o) { return show_level(o.level); }},
    option_row{"Process", "--log-file", "FILE",
               "append the log here (default: with -f standard error, else ~/.local/state/gitfs-actor/MOUNTPOINT.log)",
               [](mount_options& o, const string& v) { return put(o.log_file, absolute_path(v)); }, nullptr},
    option_row{"Network", "--connect-timeout", "SECONDS", "limit for connecting to the server",
               [](mount_options& o, const string& v) { return put(o.connect_timeout, read_seconds(v)); },
               [](const mount_options& o) { return show_seconds(o.connect_timeout); }},
    option_row{"Network", "--stall-timeout", "SECONDS", "limit for a transfer without a byte",
               [](mount_options& o, const string& v) { return put(o.stall_timeout, read_seconds(v)); },
               [](const mount_options& o) { return show_seconds(o.stall_timeout); }},
    option_row{"Network", "--timeout", "SECONDS", "limit for one request with its retries",
               [](mount_options& o, const string& v) { return put(o.timeout, read_seconds(v)); },
               [](const mount_options& o) { return show_seconds(o.timeout); }},
    option_row{"Help", "-h,--help", "", "print this text and exit",
               [](mount_options&, const string&) -> result<void> { return success(); }, nullptr},
};

// "--ref" of "-r,--ref": the last spelling is the long one.
string_view long_name(const option_row& row) {
  return row.names.substr(row.names.rfind(',') + 1);
}

// ---- help ----

string help_line(string left, string_view text) {
  constexpr std::size_t column = 34;
  left.insert(0, "  ");
  left.resize(std::max(left.size() + 2, column), ' ');
  return left + string{text} + "\n";
}

string mount_help() {
  string out = "Usage: gitfs-actor mount [options] SOURCE MOUNTPOINT\n\n"
               "Shows the git repository SOURCE as a read-only folder at MOUNTPOINT, without cloning it.\n"
               "SOURCE is a URL or the path of a local repository; MOUNTPOINT is an existing folder.\n";
  const mount_options defaults;
  string_view group;
  const auto add = [&](const option_row& row) {
    if (row.group != group)
      out += "\n" + string{group = row.group} + ":\n";
    string left{row.names};
    if (const std::size_t comma = left.find(','); comma != string::npos)
      left.insert(comma + 1, " ");
    else if (left.starts_with("--"))
      left.insert(0, "    "); // under the long name of a row that has a short one
    if (!row.value.empty())
      left += " " + string{row.value};
    string text{row.help};
    if (row.show != nullptr)
      text += " (default: " + row.show(defaults) + ")";
    out += help_line(std::move(left), text);
  };
  for (const option_row& row : table)
    add(row);
  out += "\nMount options (-o):\n";
  for (const mount_word& word : mount_words)
    if (!word.help.empty())
      out += help_line(string{word.name} + (word.value.empty() ? "" : "=" + string{word.value}), word.help);
  return out += help_line("x-*", "ignored: for other programs");
}

constexpr string_view general_help = R"(Usage: gitfs-actor COMMAND ...

Shows git repositories as read-only folders, without cloning them.

Commands:
  mount [options] SOURCE MOUNTPOINT   show the repository SOURCE at MOUNTPOINT
  unmount MOUNTPOINT                  end a mount
  stats [--json] MOUNTPOINT           print what a mount has done so far

Options:
  -h, --help                          print this text; after a command: its own help
  -V, --version                       print the version
)";

constexpr string_view unmount_help = R"(Usage: gitfs-actor unmount MOUNTPOINT

Ends the mount at MOUNTPOINT and returns when its process is gone.
)";

constexpr string_view stats_help = R"(Usage: gitfs-actor stats [--json] MOUNTPOINT

Prints the counters of the mount at MOUNTPOINT: kernel requests by kind, directory actors, upstream requests and bytes.

  --json                              as a JSON object
)";

// ---- parsing ----

auto wrong(string message, string_view help = "gitfs-actor mount --help") {
  return fail(EINVAL, redacted(message) + " (see " + string{help} + ")");
}

bool asks_help(std::span<const char* const> arguments) {
  const auto end = std::ranges::find(arguments, string_view{"--"});
  return std::any_of(arguments.begin(), end, [](string_view each) { return each == "-h" || each == "--help"; });
}

// Not in the cache folder: whoever empties a cache wants to keep what was said about it.
result<std::filesystem::path> default_log_file(const mount_options& options) {
  BOOST_OUTCOME_TRY(state, default_state_dir());
  string name = options.mountpoint.relative_path().string();
  std::ranges::replace(name, '/', '-');
  constexpr std::size_t longest = 200; // with ".log" within the 255 bytes of a file name
  if (name.size() > longest)
    name.erase(0, name.size() - longest);
  return state / (name + ".log");
}

result<void> finish(mount_options& out, const string& source, const string& mountpoint) {
  if (source.empty())
    return wrong("SOURCE is missing");
  if (mountpoint.empty())
    return wrong("MOUNTPOINT is missing");
  if (out.kernel.allow_other && out.kernel.allow_root)
    return wrong("allow_other and allow_root exclude each other");
  BOOST_OUTCOME_TRYV(put(out.mountpoint, absolute_path(mountpoint)));
  out.source = source;
  if (is_local_path(source)) {
    BOOST_OUTCOME_TRY(path, absolute_path(source));
    out.source = path.string();
  }
  if (out.cache_dir.empty()) {
    BOOST_OUTCOME_TRYV(put(out.cache_dir, default_cache_dir()));
  }
  if (out.log_file.empty() && !out.foreground) {
    BOOST_OUTCOME_TRYV(put(out.log_file, default_log_file(out)));
  }
  return success();
}

// What CLI11 could not place: an unknown option is the likelier mistake, so it is named before a surplus argument.
result<void> refuse_rest(std::vector<string> rest) {
  std::erase(rest, "--"); // CLI11 keeps the mark itself
  const auto option = std::ranges::find_if(rest, [](const string& each) { return each.size() > 1 && each[0] == '-'; });
  if (option != rest.end()) {
    const string name = option->substr(0, option->find('='));
    std::vector<string_view> known;
    for (const option_row& row : table)
      known.push_back(long_name(row));
    return wrong("unknown option '" + name + "'" + did_you_mean(name, known));
  }
  if (!rest.empty())
    return wrong("one argument too many: '" + rest.front() + "'");
  return success();
}

result<invocation> parse_mount(std::vector<string> arguments) {
  CLI::App app;
  app.set_help_flag("");
  app.allow_extras();
  mount_options out;
  string source;
  string mountpoint;
  std::vector<std::pair<const option_row*, CLI::Option*>> rows;
  for (const option_row& row : table) {
    CLI::Option* option = row.value.empty() ? app.add_flag(string{row.names}) : app.add_option(string{row.names});
    if (!row.value.empty())
      option->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
    rows.emplace_back(&row, option);
  }
  app.add_option("SOURCE", source);
  app.add_option("MOUNTPOINT", mountpoint);
  try {
    std::ranges::reverse(arguments); // CLI11 takes them from the back
    app.parse(std::move(arguments));
  } catch (const CLI::ArgumentMismatch& e) {
    const string what = e.what();
    return wrong(what.substr(0, what.find(':')) + " needs a value");
  } catch (const CLI::Error& e) {
    return wrong(e.what());
  }
  BOOST_OUTCOME_TRYV(refuse_rest(app.remaining()));
  for (const auto& [row, option] : rows)
    for (const string& value : option->results()) {
      const bool is_switch = row->value.empty();
      if (is_switch && value != "true")
        return wrong(string{long_name(*row)} + " takes no value");
      if (auto done = row->set(out, is_switch ? "" : value); !done)
        return wrong(string{long_name(*row)} + ": " + done.error().message);
    }
  BOOST_OUTCOME_TRYV(finish(out, source, mountpoint));
  return invocation{std::move(out)};
}

// For the commands that take a mountpoint and at most one switch: sets `given` if the switch is there.
result<std::filesystem::path> parse_mountpoint(std::span<const char* const> arguments, string_view help,
                                               string_view known_switch, bool& given) {
  std::vector<string_view> paths;
  bool options_end = false;
  for (const string_view each : arguments) {
    if (!options_end && each == "--")
      options_end = true;
    else if (!options_end && !known_switch.empty() && each == known_switch)
      given = true;
    else if (!options_end && each.size() > 1 && each[0] == '-')
      return wrong("unknown option '" + string{each} + "'", help);
    else
      paths.push_back(each);
  }
  if (paths.empty() || paths.front().empty())
    return wrong("MOUNTPOINT is missing", help);
  if (paths.size() > 1)
    return wrong("one argument too many: '" + string{paths[1]} + "'", help);
  return absolute_path(paths.front());
}

result<invocation> parse_unmount(std::span<const char* const> arguments) {
  bool none = false;
  BOOST_OUTCOME_TRY(mountpoint, parse_mountpoint(arguments, "gitfs-actor unmount --help", {}, none));
  return invocation{unmount_options{std::move(mountpoint)}};
}

result<invocation> parse_stats(std::span<const char* const> arguments) {
  bool json = false;
  BOOST_OUTCOME_TRY(mountpoint, parse_mountpoint(arguments, "gitfs-actor stats --help", "--json", json));
  return invocation{stats_options{std::move(mountpoint), json}};
}

// The commands that take a mountpoint.
struct command_row {
  string_view name;
  string_view help;
  result<invocation> (*parse)(std::span<const char* const> arguments);
};

constexpr command_row mountpoint_commands[] = {
    {"unmount", unmount_help, parse_unmount},
    {"stats", stats_help, parse_stats},
};

} // namespace

std::span<const option_row> mount_option_table() {
  return table;
}

result<invocation> parse_command_line(std::span<const char* const> argv) {
  constexpr string_view help = "gitfs-actor --help";
  if (argv.size() < 2)
    return wrong("a command is missing: mount, unmount or stats", help);
  const string_view command = argv[1];
  const auto arguments = argv.subspan(2);
  if (command == "--help" || command == "-h")
    return invocation{print{string{general_help}}};
  if (command == "--version" || command == "-V")
    return invocation{print{string{program} + " " + version + "\n"}};
  if (command == "mount") {
    if (asks_help(arguments))
      return invocation{print{mount_help()}};
    return parse_mount({arguments.begin(), arguments.end()});
  }
  for (const command_row& row : mountpoint_commands)
    if (command == row.name)
      return asks_help(arguments) ? invocation{print{string{row.help}}} : row.parse(arguments);
  const std::vector<string_view> known{"mount", "unmount", "stats", "--help", "--version"};
  return wrong("unknown command '" + string{command} + "'" + did_you_mean(command, known), help);
}

void scrub_arguments(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const string_view text = argv[i];
    for (auto found = find_userinfo(text, 0); found; found = find_userinfo(text, found->begin + found->size))
      std::fill_n(argv[i] + found->begin, found->size, '*');
  }
}

unsigned worker_threads(const mount_options& options) {
  return options.threads != 0 ? options.threads : std::clamp(std::thread::hardware_concurrency(), 2U, 8U);
}

string fuse_option_text(const mount_options& options) {
  const kernel_options& kernel = options.kernel;
  string out = "ro";
  const auto add = [&](string_view word) { (out += ',') += word; };
  const auto add_value = [&](string_view name, string_view value) {
    add(name);
    out += '=';
    for (const char c : value) {
      if (c == ',' || c == '\\')
        out += '\\';
      out += c;
    }
  };
  add(kernel.nosuid ? "nosuid" : "suid");
  add(kernel.nodev ? "nodev" : "dev");
  if (kernel.noexec)
    add("noexec");
  if (kernel.atime == atime_mode::noatime)
    add("noatime"); // libfuse has no word for relatime: it is what the kernel does anyway
  if (kernel.allow_other)
    add("allow_other");
  if (kernel.allow_root)
    add("allow_root");
  if (kernel.default_permissions)
    add("default_permissions");
  if (kernel.auto_unmount)
    add("auto_unmount");
  add_value("fsname", kernel.fsname.value_or(redacted(options.source)));
  add_value("subtype", kernel.subtype);
  if (kernel.max_read != 0)
    add_value("max_read", std::to_string(kernel.max_read));
  return out;
}

} // namespace gitfs
