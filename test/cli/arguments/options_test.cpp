#include "cli/arguments/command_line.hpp"
#include "config/mount_words.hpp"
#include "config/version.hpp"
#include "test/support/environment.hpp"
#include "test/support/hostile_urls.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <ostream>
#include <stdexcept>
#include <unistd.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(options)

namespace {

using words = std::vector<std::string>;

result<invocation> parse(const words& arguments) {
  std::vector<const char*> argv{"gitfs-actor"};
  for (const std::string& each : arguments)
    argv.push_back(each.c_str());
  return parse_command_line(argv);
}

mount_options mounted(words options) {
  options.insert(options.begin(), "mount");
  options.insert(options.end(), {"https://example.org/a.git", "/mnt"});
  auto done = parse(options);
  if (!done)
    throw std::runtime_error(done.error().message);
  return std::get<mount_options>(done.value().action);
}

std::string printed(const words& arguments) {
  const auto done = parse(arguments);
  if (!done)
    throw std::runtime_error(done.error().message);
  return std::get<print>(done.value().action).text;
}

struct wrong_line {
  words arguments;
  std::string message;
};

std::ostream& operator<<(std::ostream& out, const wrong_line& line) {
  for (const std::string& each : line.arguments)
    out << each << ' ';
  return out;
}

const std::string see = " (see gitfs-actor mount --help)";
const std::string see_unmount = " (see gitfs-actor unmount --help)";
const std::string see_cache = " (see gitfs-actor cache --help)";
const std::string see_refresh = " (see gitfs-actor refresh --help)";
const std::string see_top = " (see gitfs-actor top --help)";
const std::string see_trace = " (see gitfs-actor trace --help)";
const std::string see_replay = " (see gitfs-actor replay --help)";
const std::string see_all = " (see gitfs-actor --help)";

// "URL MOUNTPOINT" stands in for two good arguments.
const std::vector<wrong_line> wrong_lines{
    {{},
     "a command is missing: mount, unmount, stats, status, top, cache, config, trace, replay, refresh, why or prefetch"
         + see_all},
    {{"mont"}, "unknown command 'mont', did you mean 'mount'?" + see_all},
    {{"umount", "/mnt"}, "unknown command 'umount', did you mean 'mount'?" + see_all},
    {{"--versoin"}, "unknown command '--versoin', did you mean '--version'?" + see_all},
    {{"clone"}, "unknown command 'clone'" + see_all},
    {{""}, "unknown command ''" + see_all},
    {{"mount"}, "SOURCE is missing" + see},
    {{"mount", "URL"}, "MOUNTPOINT is missing" + see},
    {{"mount", "", "/mnt"}, "SOURCE is missing" + see},
    {{"mount", "URL", ""}, "MOUNTPOINT is missing" + see},
    {{"mount", "URL", "/mnt", "extra"}, "one argument too many: 'extra'" + see},
    {{"mount", "URL", "/mnt", "https://u:secret@example.org"}, "one argument too many: 'https://example.org'" + see},
    {{"mount", "--tiemout", "3", "URL", "/mnt"}, "unknown option '--tiemout', did you mean '--timeout'?" + see},
    {{"mount", "--cachedir=/c", "URL", "/mnt"}, "unknown option '--cachedir', did you mean '--cache-dir'?" + see},
    {{"mount", "--forground", "URL", "/mnt"}, "unknown option '--forground', did you mean '--foreground'?" + see},
    {{"mount", "--recursive", "URL", "/mnt"}, "unknown option '--recursive'" + see},
    {{"mount", "-x", "URL", "/mnt"}, "unknown option '-x'" + see},
    {{"mount", "URL", "/mnt", "--ref"}, "--ref needs a value" + see},
    {{"mount", "--ref", "", "URL", "/mnt"}, "--ref: the value is empty" + see},
    {{"mount", "--ref=", "URL", "/mnt"}, "--ref needs a value" + see},
    {{"mount", "--foreground=", "URL", "/mnt"}, "--foreground takes no value" + see},
    {{"mount", "---foreground", "URL", "/mnt"}, "unknown option '---foreground', did you mean '--foreground'?" + see},
    {{"mount", "URL", "/mnt", "-o"}, "-o needs a value" + see},
    {{"mount", "--foreground=maybe", "URL", "/mnt"}, "--foreground takes no value" + see},
    {{"mount", "--log-level", "loud", "URL", "/mnt"},
     "--log-level: 'loud' is not one of trace, debug, info, warn, error, off" + see},
    {{"mount", "--log-level", "INFO", "URL", "/mnt"},
     "--log-level: 'INFO' is not one of trace, debug, info, warn, error, off" + see},
    {{"mount", "--threads", "many", "URL", "/mnt"}, "--threads: 'many' is not a whole number from 0 to 64" + see},
    {{"mount", "--threads=-1", "URL", "/mnt"}, "--threads: '-1' is not a whole number from 0 to 64" + see},
    {{"mount", "--threads", "65", "URL", "/mnt"}, "--threads: '65' is not a whole number from 0 to 64" + see},
    {{"mount", "--memory", "7M", "URL", "/mnt"}, "--memory: '7M' is too small; the least is 8M" + see},
    {{"mount", "--memory=much", "URL", "/mnt"},
     "--memory: 'much' is not a size; give a number of bytes, or one with K, M, G or T, as in 500M" + see},
    {{"mount", "--threads", "2x", "URL", "/mnt"}, "--threads: '2x' is not a whole number from 0 to 64" + see},
    {{"mount", "--timeout", "soon", "URL", "/mnt"},
     "--timeout: 'soon' is not a time: give seconds, or a number with ms, s, m or h (more than 0, up to a day)" + see},
    {{"mount", "--timeout", "0", "URL", "/mnt"},
     "--timeout: '0' is not a time: give seconds, or a number with ms, s, m or h (more than 0, up to a day)" + see},
    {{"mount", "--stall-timeout", "nan", "URL", "/mnt"},
     "--stall-timeout: 'nan' is not a time: give seconds, or a number with ms, s, m or h (more than 0, up to a day)"
         + see},
    {{"mount", "--connect-timeout", "86401", "URL", "/mnt"},
     "--connect-timeout: '86401' is not a time: give seconds, or a number with ms, s, m or h (more than 0, up to a day)"
         + see},
    {{"mount", "--cache-dir", "", "URL", "/mnt"}, "--cache-dir: an empty path" + see},
    {{"mount", "--cache-size", "big", "URL", "/mnt"},
     "--cache-size: 'big' is not a size; give a number of bytes, or one with K, M, G or T, as in 500M" + see},
    {{"mount", "--cache-size", "10k", "URL", "/mnt"}, "--cache-size: '10k' is too small; the least is 1M" + see},
    {{"mount", "-o", "rw", "URL", "/mnt"}, "-o: 'rw' is refused: the file system is read-only" + see},
    {{"mount", "-o", "ro,nosiud", "URL", "/mnt"}, "-o: unknown mount option 'nosiud', did you mean 'nosuid'?" + see},
    {{"mount", "-o", "allow-other", "URL", "/mnt"},
     "-o: unknown mount option 'allow-other', did you mean 'allow_other'?" + see},
    {{"mount", "-o", "quota", "URL", "/mnt"}, "-o: unknown mount option 'quota'" + see},
    {{"mount", "-o", "ro=1", "URL", "/mnt"}, "-o: 'ro' takes no value" + see},
    {{"mount", "-o", "fsname", "URL", "/mnt"}, "-o: 'fsname' needs a value: fsname=NAME" + see},
    {{"mount", "-o", "fsname=", "URL", "/mnt"}, "-o: fsname: the value is empty" + see},
    {{"mount", "-o", "max_read=1k", "URL", "/mnt"},
     "-o: max_read: '1k' is not a whole number from 4096 to 1073741824" + see},
    {{"mount", "-o", "prefetch=maybe", "URL", "/mnt"}, "-o: prefetch: 'maybe' is not one of on, off" + see},
    {{"mount", "-o", "allow_root", "--allow-other", "URL", "/mnt"},
     "allow_other and allow_root exclude each other" + see},
    {{"unmount"}, "MOUNTPOINT is missing" + see_unmount},
    {{"unmount", "/a", "/b"}, "one argument too many: '/b'" + see_unmount},
    {{"unmount", "--lazy", "/a"}, "unknown option '--lazy'" + see_unmount},
    {{"unmount", "--json", "/a"}, "unknown option '--json'" + see_unmount},
    {{"stats"}, "MOUNTPOINT is missing (see gitfs-actor stats --help)"},
    {{"stats", "--jsn", "/a"}, "unknown option '--jsn', did you mean '--json'? (see gitfs-actor stats --help)"},
    {{"stats", "--json=1", "/a"}, "--json takes no value (see gitfs-actor stats --help)"},
    {{"refresh"}, "MOUNTPOINT is missing" + see_refresh},
    {{"refresh", ""}, "MOUNTPOINT is missing" + see_refresh},
    {{"refresh", "/a", "/a/b", "c"}, "one argument too many: 'c'" + see_refresh},
    {{"refresh", "--json", "/a"}, "unknown option '--json'" + see_refresh},
    {{"refresh", "/a", "--path"}, "unknown option '--path'" + see_refresh},
    {{"top"}, "MOUNTPOINT is missing" + see_top},
    {{"top", "--onec", "/a"}, "unknown option '--onec', did you mean '--once'?" + see_top},
    {{"top", "/a", "--interval"}, "--interval needs a value" + see_top},
    {{"top", "/a", "--interval", "0"},
     "--interval: '0' is not a time: give seconds, or a number with ms, s, m or h (more than 0, up to a day)"
         + see_top},
    {{"prefetch"}, "PATH is missing (see gitfs-actor prefetch --help)"},
    {{"prefetch", "--readers=0", "a"},
     "--readers: '0' is not a whole number from 1 to 16 (see gitfs-actor prefetch --help)"},
    {{"why"}, "PATH is missing (see gitfs-actor why --help)"},
    {{"why", "--trace", "/t"}, "PATH is missing (see gitfs-actor why --help)"},
    {{"cahce", "gc"}, "unknown command 'cahce', did you mean 'cache'?" + see_all},
    {{"cache"}, "what to do is missing: info, gc or verify" + see_cache},
    {{"cache", "verfy"}, "'verfy' is not one of info, gc, verify, did you mean 'verify'?" + see_cache},
    {{"cache", "gc", "now"}, "one argument too many: 'now'" + see_cache},
    {{"cache", "gc", "--cache-siz", "1G"}, "unknown option '--cache-siz', did you mean '--cache-size'?" + see_cache},
    {{"cache", "gc", "--cache-size"}, "--cache-size needs a value" + see_cache},
    {{"cache", "gc", "--cache-size=1"}, "--cache-size: '1' is too small; the least is 1M" + see_cache},
    {{"cache", "gc", "--json"}, "--json is not an option of 'cache gc'" + see_cache},
    {{"cache", "verify", "--cache-size", "1G"}, "--cache-size is not an option of 'cache verify'" + see_cache},
    {{"cache", "info", "--json=1"}, "--json takes no value" + see_cache},
    {{"cache", "info", "--cache-dir", ""}, "--cache-dir: an empty path" + see_cache},
    {{"cache", "info", "--cache-dir=", "--json"}, "--cache-dir needs a value" + see_cache},
    {{"stats", "--json=", "/a"}, "--json takes no value (see gitfs-actor stats --help)"},
    {{"why", "https://u:secret@example.org/a", "b"}, "one argument too many: 'b' (see gitfs-actor why --help)"},
    {{"why", "a", "https://u:secret@example.org/a"},
     "one argument too many: 'https://example.org/a' (see gitfs-actor why --help)"},
    {{"mount", "--trace-size", "1K", "URL", "/mnt"}, "--trace-size: '1K' is too small; the least is 64K" + see},
    {{"mount", "--trace-memory", "2G", "URL", "/mnt"}, "--trace-memory: '2G' is more than 1G" + see},
    {{"trace"}, "what to do is missing: dump, show, stats, diff or export" + see_trace},
    {{"trace", "dmup"}, "'dmup' is not one of dump, show, stats, diff, export, did you mean 'dump'?" + see_trace},
    {{"trace", "dump"}, "MOUNTPOINT is missing" + see_trace},
    {{"trace", "show", "--redact"}, "FILE is missing" + see_trace},
    {{"trace", "diff", "a"}, "the FILE to compare with is missing" + see_trace},
    {{"trace", "diff", "a", "b", "c"}, "one argument too many: 'c'" + see_trace},
    {{"trace", "show", "a", "b"}, "one argument too many: 'b'" + see_trace},
    {{"trace", "stats", "--redact", "a"}, "--redact is not an option of 'trace stats'" + see_trace},
    {{"trace", "show", "--actor", "x", "a"},
     "--actor: 'x' is not a whole number from 0 to 18446744073709551615" + see_trace},
    {{"trace", "show", "--from=-1", "a"}, "--from: '-1' is not a number of seconds" + see_trace},
    {{"trace", "export", "a"}, "say in which format: --perfetto" + see_trace},
    {{"replay"}, "FILE is missing" + see_replay},
    {{"replay", "a", "b"}, "one argument too many: 'b'" + see_replay},
    {{"replay", "--step", "--json", "a"}, "--step and --json exclude each other" + see_replay},
    {{"replay", "--until", "x", "a"}, "--until: 'x' is not a whole number from 0 to 18446744073709551615" + see_replay},
};

} // namespace

BOOST_DATA_TEST_CASE(wrong_command_lines, boost::unit_test::data::make(wrong_lines), line) {
  const auto done = parse(line.arguments);
  BOOST_REQUIRE(!done);
  BOOST_TEST(done.error().code == EINVAL);
  BOOST_TEST(done.error().message == line.message);
}

BOOST_AUTO_TEST_CASE(defaults) {
  const scoped_env cache{"XDG_CACHE_HOME", "/var/tmp/c"};
  const scoped_env state{"XDG_STATE_HOME", "/var/tmp/s"};
  const mount_options o = mounted({});
  BOOST_TEST(o.source == "https://example.org/a.git");
  BOOST_TEST(o.mountpoint == "/mnt");
  BOOST_TEST(o.ref == "");
  BOOST_TEST(o.cache_dir == "/var/tmp/c/gitfs-actor");
  BOOST_TEST(o.log_file == "/var/tmp/s/gitfs-actor/mnt.log");
  BOOST_TEST(o.pid_file == "");
  BOOST_TEST((o.level == log_level::info && !o.foreground && o.prefetch && !o.xattr && o.threads == 0));
  BOOST_TEST(o.connect_timeout.count() == 10'000);
  BOOST_TEST(o.stall_timeout.count() == 30'000);
  BOOST_TEST(o.timeout.count() == 300'000);
  BOOST_TEST(fuse_option_text(o)
             == "ro,nosuid,nodev,default_permissions,fsname=https://example.org/a.git,subtype=gitfs");
  BOOST_TEST((worker_threads(o) >= 2 && worker_threads(o) <= 8));
}

BOOST_AUTO_TEST_CASE(every_option) {
  const mount_options o = mounted({"--ref=v6.1", "--cache-dir", "/c/", "--log-level", "trace", "--log-file", "/l/x.log",
                                   "--pid-file=/p", "-f", "--threads", "12", "--connect-timeout", "0.25", "--memory",
                                   "2G", "--stall-timeout=2", "--timeout", "5", "-oprefetch=off,xattr"});
  BOOST_TEST(o.ref == "v6.1");
  BOOST_TEST(o.cache_dir == "/c");
  BOOST_TEST(o.log_file == "/l/x.log");
  BOOST_TEST(o.pid_file == "/p");
  BOOST_TEST((o.level == log_level::trace && o.foreground && !o.prefetch && o.xattr));
  BOOST_TEST(worker_threads(o) == 12U);
  BOOST_TEST(o.memory == std::uint64_t{2} << 30);
  BOOST_TEST(o.connect_timeout.count() == 250);
  BOOST_TEST(o.stall_timeout.count() == 2'000);
  BOOST_TEST(o.timeout.count() == 5'000);
}

BOOST_AUTO_TEST_CASE(foreground_logs_to_standard_error) {
  BOOST_TEST(mounted({"--foreground"}).log_file == "");
  BOOST_TEST(mounted({"-f", "--log-file", "/l"}).log_file == "/l");
}

BOOST_AUTO_TEST_CASE(options_may_follow_arguments_and_end_at_two_dashes) {
  const auto after = parse({"mount", "/repo", "-f", "/mnt", "--ref", "main"});
  const auto& o = std::get<mount_options>(after.value().action);
  BOOST_TEST((o.source == "/repo" && o.mountpoint == "/mnt" && o.ref == "main" && o.foreground));
  const auto dashes = parse({"mount", "-f", "--", "/repo", "--help"});
  BOOST_TEST(std::get<mount_options>(dashes.value().action).mountpoint == std::filesystem::current_path() / "--help");
}

BOOST_AUTO_TEST_CASE(the_last_of_a_repeated_option_counts) {
  BOOST_TEST(mounted({"--ref", "a", "--ref", "b"}).ref == "b");
  BOOST_TEST(mounted({"--threads", "3", "--threads=5"}).threads == 5U);
  BOOST_TEST(mounted({"-f", "-f"}).foreground);
}

BOOST_AUTO_TEST_CASE(mount_options_add_up_and_the_later_word_wins) {
  const mount_options o = mounted({"-o", "noexec,noatime", "-o", "exec,fsname=a\\,b,subtype=x,max_read=65536",
                                   "--allow-other", "-o", "auto_unmount,,ro,x-systemd.automount,_netdev,defaults"});
  BOOST_TEST(fuse_option_text(o)
             == "ro,nosuid,nodev,noatime,allow_other,default_permissions,auto_unmount,fsname=a\\,b,subtype=x,"
                "max_read=65536");
  BOOST_TEST(fuse_option_text(mounted({"-o", "exec", "-o", "noexec,noatime,relatime,allow_root"}))
             == "ro,nosuid,nodev,noexec,allow_root,default_permissions,fsname=https://example.org/a.git,subtype=gitfs");
}

BOOST_AUTO_TEST_CASE(suid_and_dev_are_for_root) {
  const auto done = parse({"mount", "-o", "suid,dev", "/repo", "/mnt"});
  if (::geteuid() == 0) {
    const std::string text = fuse_option_text(std::get<mount_options>(done.value().action));
    BOOST_TEST(text.starts_with("ro,suid,dev,"));
  } else {
    BOOST_TEST(done.error().message == "-o: only root may mount with 'suid'" + see);
  }
}

BOOST_AUTO_TEST_CASE(file_system_name_holds_no_credentials) {
  const auto done = parse({"mount", "https://user:secret@example.org/a,b", "/mnt"});
  const auto& o = std::get<mount_options>(done.value().action);
  BOOST_TEST(o.source == "https://user:secret@example.org/a,b");
  BOOST_TEST(fuse_option_text(o).find(",fsname=https://example.org/a\\,b,") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(paths_become_absolute) {
  const scoped_env home{"HOME", "/home/somebody"};
  const auto here = std::filesystem::current_path();
  const auto done = parse({"mount", "~/repo/", "m/n/", "--cache-dir", "c", "--pid-file", "p"});
  const auto& o = std::get<mount_options>(done.value().action);
  BOOST_TEST(o.source == "/home/somebody/repo");
  BOOST_TEST(o.mountpoint == here / "m/n");
  BOOST_TEST(o.cache_dir == here / "c");
  BOOST_TEST(o.pid_file == here / "p");
  for (const char* url : {"file:///repo/", "git@example.org:a.git", "https://example.org/a/"}) {
    const auto kept = parse({"mount", url, "/mnt"});
    BOOST_TEST(std::get<mount_options>(kept.value().action).source == url);
  }
}

BOOST_AUTO_TEST_CASE(log_of_a_long_mountpoint_has_a_name_the_disk_takes) {
  const std::string deep = "/" + std::string(200, 'a') + "/" + std::string(200, 'b');
  const scoped_env state{"XDG_STATE_HOME", "/s"};
  const auto done = parse({"mount", "/repo", deep});
  BOOST_TEST(std::get<mount_options>(done.value().action).log_file
             == "/s/gitfs-actor/" + std::string(200, 'b') + ".log");
}

BOOST_AUTO_TEST_CASE(help_names_every_option) {
  for (const words& line : {words{"mount", "--help"}, words{"mount", "-h"}, words{"mount", "--tiemout", "--help"}}) {
    const std::string help = printed(line);
    BOOST_TEST(mount_option_table().size() > 10U);
    for (const option_row& row : mount_option_table()) {
      std::string spelled{row.names};
      if (const auto comma = spelled.find(','); comma != std::string::npos)
        spelled.insert(comma + 1, " ");
      BOOST_TEST(help.find(" " + spelled + " ") != std::string::npos, spelled);
      BOOST_TEST(help.find(row.help) != std::string::npos, row.help);
      BOOST_TEST(help.find(std::string{row.group} + ":\n") != std::string::npos, row.group);
    }
    for (const char* text : {"(default: info)", "(default: 10)", "(default: 30)", "(default: 300)", "max_read=BYTES"})
      BOOST_TEST(help.find(text) != std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(help_lines_are_not_wider_than_a_page) {
  for (const words& line : {words{"mount", "--help"}, words{"unmount", "--help"}, words{"--help"}}) {
    const std::string help = printed(line);
    for (std::size_t from = 0, end = 0; (end = help.find('\n', from)) != std::string::npos; from = end + 1)
      BOOST_TEST(end - from <= 140U, help.substr(from, end - from));
  }
}

BOOST_AUTO_TEST_CASE(general_help_and_version) {
  BOOST_TEST(printed({"--help"}) == printed({"-h"}));
  for (const char* command : {"mount", "unmount", "stats", "refresh", "top", "why"})
    BOOST_TEST(printed({"--help"}).find(std::string{"\n  "} + command + " ") != std::string::npos);
  BOOST_TEST(printed({"--version"}) == std::string{"gitfs-actor "} + version + "\n");
  BOOST_TEST(printed({"unmount", "--help"}).starts_with("Usage: gitfs-actor unmount MOUNTPOINT\n"));
}

BOOST_AUTO_TEST_CASE(stats) {
  const auto plain = parse({"stats", "/mnt/x/"}), json = parse({"stats", "/mnt/x", "--json"});
  BOOST_TEST(std::get<stats_options>(plain.value().action).mountpoint == "/mnt/x");
  BOOST_TEST(!std::get<stats_options>(plain.value().action).json);
  BOOST_TEST(std::get<stats_options>(json.value().action).json);
}

BOOST_AUTO_TEST_CASE(refresh) {
  struct row {
    words arguments;
    const char* path; ///< below /mnt/x
  };
  const row table[] = {
      {{"refresh", "/mnt/x/"}, ""},
      {{"refresh", "--", "/mnt/x"}, ""},
      {{"refresh", "/mnt/x", "/mnt/x"}, ""},
      {{"refresh", "/mnt/x", "."}, ""},
      {{"refresh", "/mnt/./x", "/mnt/x/team//app/"}, "team/app"},
      {{"refresh", "/mnt/x", "team/app"}, "team/app"},
      {{"refresh", "/mnt/x", "--", "-a"}, "-a"},
      {{"refresh", "/mnt/x", "/team/app"}, "team/app"}, // as one sees it who takes the mountpoint for the root
  };
  for (const row& each : table) {
    const auto done = parse(each.arguments);
    BOOST_REQUIRE_MESSAGE(done, (done ? "" : done.error().message));
    const auto& o = std::get<refresh_options>(done.value().action);
    BOOST_TEST(o.mountpoint == "/mnt/x");
    BOOST_TEST(o.path == each.path, each.path << ": " << o.path);
  }
}

BOOST_AUTO_TEST_CASE(top) {
  const auto of = [](const words& arguments) { return std::get<top_options>(parse(arguments).value().action); };
  const top_options plain = of({"top", "/mnt/x/"});
  BOOST_TEST(plain.mountpoint == "/mnt/x");
  BOOST_TEST((plain.interval == 1 && !plain.once && !plain.batch));
  const top_options all = of({"top", "--once", "--interval=0.5", "--batch", "--", "/mnt/x"});
  BOOST_TEST((all.interval == 0.5 && all.once && all.batch));
}

BOOST_AUTO_TEST_CASE(why) {
  const auto done = parse({"why", "--trace", "/t", "/mnt/x/../f", "--trace=/t.1"});
  const auto& o = std::get<why_options>(done.value().action);
  BOOST_TEST(o.path == "/mnt/f");
  BOOST_TEST((o.traces == std::vector<std::filesystem::path>{"/t", "/t.1"}));
}

BOOST_AUTO_TEST_CASE(unmount) {
  const auto done = parse({"unmount", "/mnt/../mnt/x/"});
  BOOST_TEST(std::get<unmount_options>(done.value().action).mountpoint == "/mnt/x");
}

BOOST_AUTO_TEST_CASE(the_replay_command) {
  const auto of = [](const words& arguments) { return std::get<replay_options>(parse(arguments).value().action); };
  const replay_options some = of({"replay", "--until=20", "--actor", "7", "--step", "/t"});
  BOOST_TEST((some.input == "/t" && some.until == 20U && some.actor == 7U && some.step && !some.json));
  const replay_options plain = of({"replay", "--json", "/t"});
  BOOST_TEST((!plain.until && !plain.actor && !plain.step && plain.json));
}

BOOST_AUTO_TEST_CASE(the_trace_command) {
  const auto of = [](const words& arguments) { return std::get<trace_options>(parse(arguments).value().action); };
  using action = trace_options::action_type;
  const trace_options dump = of({"trace", "dump", "/mnt/x/", "file", "--redact"});
  BOOST_TEST((dump.action == action::dump && dump.redact));
  BOOST_TEST(dump.input == "/mnt/x");
  BOOST_TEST(dump.output == "file");
  const trace_options show =
      of({"trace", "show", "--path=/a", "--from", "1.5", "--until=2", "--request", "7", "--", "-f"});
  BOOST_TEST((show.action == action::show && !show.redact));
  BOOST_TEST(show.input == std::filesystem::current_path() / "-f");
  BOOST_TEST(show.path.value() == "/a");
  BOOST_TEST(show.from.value() == 1.5);
  BOOST_TEST(show.until.value() == 2.0);
  BOOST_TEST(show.request.value() == 7U);
  BOOST_TEST(!show.actor.has_value());
  BOOST_TEST((of({"trace", "export", "--perfetto", "/t"}).action == action::perfetto));
  BOOST_TEST(mounted({}).trace_memory == 4ULL << 20);
  BOOST_TEST(mounted({"--trace-memory", "0"}).trace_memory == 0U);
  BOOST_TEST(mounted({"--trace", "/t"}).trace_file == "/t");
}

BOOST_AUTO_TEST_CASE(scrubs_the_process_list) {
  words lines{"gitfs-actor", "mount", "https://user:secret@example.org/a",
              "/mnt/a@b",    "-o",    "fsname=https://u:p@x/,ro"};
  std::vector<char*> argv;
  for (std::string& each : lines)
    argv.push_back(each.data());
  scrub_arguments(static_cast<int>(argv.size()), argv.data());
  BOOST_TEST(lines[2] == "https://***********@example.org/a");
  BOOST_TEST(lines[3] == "/mnt/a@b");
  BOOST_TEST(lines[5] == "fsname=https://***@x/,ro");
}

BOOST_AUTO_TEST_CASE(no_spelling_of_credentials_stays_in_the_process_list) {
  for (const std::string scheme : {"http://", "ssh://", ""})
    for (const std::string& url : hostile_urls("git.example/a", scheme)) {
      words lines{"gitfs-actor", "mount", url, "-o", "fsname=" + url, "--otlp-endpoint=" + url, "--otlp-endpoint", url};
      if (scheme.empty())
        lines.resize(3);
      std::vector<char*> argv;
      for (std::string& each : lines)
        argv.push_back(each.data());
      scrub_arguments(static_cast<int>(argv.size()), argv.data());
      for (const std::string& line : lines)
        BOOST_TEST((secret_in(line).empty() || line.starts_with("hunter2/")), line); // that is a path
    }
}

BOOST_AUTO_TEST_CASE(the_cache_command) {
  const auto of = [](const words& arguments) { return std::get<cache_options>(parse(arguments).value().action); };
  using action = cache_options::action_type;
  const cache_options info = of({"cache", "info", "--json", "--cache-dir=/c"});
  BOOST_TEST((info.action == action::info));
  BOOST_TEST(info.json);
  BOOST_TEST(info.cache_dir == "/c");
  BOOST_TEST(!info.cache_size.has_value());
  const cache_options gc = of({"cache", "gc", "--cache-size", "2G", "--cache-dir", "/c"});
  BOOST_TEST((gc.action == action::gc));
  BOOST_TEST(gc.cache_size.value() == 2ULL << 30);
  BOOST_TEST((of({"cache", "verify"}).action == action::verify));
  BOOST_TEST(!of({"cache", "verify"}).cache_dir.empty());
  BOOST_TEST(printed({"cache", "--help"}).find("quarantine") != std::string::npos);
  BOOST_TEST(printed({"cache", "gc", "--help"}) == printed({"cache", "--help"}));
  BOOST_TEST(mounted({}).cache_size == 20ULL << 30);
  BOOST_TEST(mounted({"--cache-size", "500M"}).cache_size == 500ULL << 20);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
