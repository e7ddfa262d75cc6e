// The command lines of the other commands, and what is said of wrong ones.
#include "config/version.hpp"
#include "test/cli/arguments/parsed.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <filesystem>
#include <ostream>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(commands)

namespace {

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
const std::string see_status = " (see gitfs-actor status --help)";
const std::string see_top = " (see gitfs-actor top --help)";
const std::string see_trace = " (see gitfs-actor trace --help)";
const std::string see_replay = " (see gitfs-actor replay --help)";
const std::string see_all = " (see gitfs-actor --help)";

// "URL MOUNTPOINT" stands in for two good arguments.
const std::vector<wrong_line> wrong_lines{
    {{},
     "a command is missing: mount, unmount, stats, status, top, cache, config, trace, replay, refresh, why, prefetch "
     "or "
     "profile"
         + see_all},
    {{"mont"}, "unknown command 'mont', did you mean 'mount'?" + see_all},
    {{"umount"}, "MOUNTPOINT is missing" + see_unmount},
    {{"help"}, "unknown command 'help', did you mean '--help'?" + see_all},
    {{"version"}, "unknown command 'version', did you mean '--version'?" + see_all},
    {{"ls"}, "unknown command 'ls', did you mean 'status'?" + see_all},
    {{"pull", "/mnt"}, "unknown command 'pull', did you mean 'refresh'?" + see_all},
    {{"commit"}, "unknown command 'commit'" + see_all},
    {{"--versoin"}, "unknown command '--versoin', did you mean '--version'?" + see_all},
    {{"clone"}, "unknown command 'clone', did you mean 'mount'?" + see_all},
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
    {{"mount", "--ref", "", "URL", "/mnt"}, "--ref: the value is empty: give one, or leave the option out" + see},
    {{"mount", "--ref=", "URL", "/mnt"}, "--ref: the value is empty: give one, or leave the option out" + see},
    {{"mount", "--branch", "x", "URL", "/mnt"}, "unknown option '--branch', did you mean '--ref'?" + see},
    {{"mount", "--branch=x", "URL", "/mnt"}, "unknown option '--branch', did you mean '--ref'?" + see},
    {{"mount", "--brnch", "x", "URL", "/mnt"}, "unknown option '--brnch', did you mean '--ref'?" + see},
    {{"mount", "--foregr", "URL", "/mnt"}, "unknown option '--foregr', did you mean '--foreground'?" + see},
    {{"mount", "-b", "x", "URL", "/mnt"}, "unknown option '-b', did you mean '--ref'?" + see},
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
    {{"mount", "-o", "fsname=", "URL", "/mnt"},
     "-o: fsname: the value is empty: give one, or leave the option out" + see},
    {{"mount", "-o", "max_read=1k", "URL", "/mnt"}, "-o: max_read: '1k' is too small; the least is 4K" + see},
    {{"mount", "-o", "profiles=maybe", "URL", "/mnt"}, "-o: profiles: 'maybe' is not one of on, off" + see},
    {{"mount", "-o", "prefetch=maybe", "URL", "/mnt"}, "-o: prefetch: 'maybe' is not one of on, off" + see},
    {{"mount", "-o", "allow_root", "--allow-other", "URL", "/mnt"},
     "allow_other and allow_root exclude each other" + see},
    {{"unmount"}, "MOUNTPOINT is missing" + see_unmount},
    {{"unmount", "/a", ""}, "MOUNTPOINT is empty" + see_unmount},
    {{"unmount", "--all", "/b"}, "--all takes no MOUNTPOINT, and here is '/b'" + see_unmount},
    {{"status", "--wait", "1m"}, "MOUNTPOINT is missing" + see_status},
    {{"status", "--wait", "long", "/a"},
     "--wait: 'long' is not a time: give seconds, or a number with ms, s, m or h (more than 0, up to a day)"
         + see_status},
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
    {{"profile"}, "what to do is missing: record, show or merge (see gitfs-actor profile --help)"},
    {{"profile", "record"}, "FOLDER is missing (see gitfs-actor profile --help)"},
    {{"profile", "show", "a", "b"}, "one argument too many: 'b' (see gitfs-actor profile --help)"},
    {{"profile", "show", "--output", "a", "b"},
     "--output is not an option of 'profile show' (see gitfs-actor profile --help)"},
    {{"profile", "merge"}, "FILE is missing (see gitfs-actor profile --help)"},
    {{"why"}, "PATH is missing (see gitfs-actor why --help)"},
    {{"why", "--trace", "/t"}, "PATH is missing (see gitfs-actor why --help)"},
    {{"cahce", "gc"}, "unknown command 'cahce', did you mean 'cache'?" + see_all},
    {{"cache"}, "what to do is missing: info, gc, verify or rm" + see_cache},
    {{"cache", "verfy"}, "'verfy' is not one of info, gc, verify, rm, did you mean 'verify'?" + see_cache},
    {{"cache", "gc", "now"}, "one argument too many: 'now'" + see_cache},
    {{"cache", "gc", "--cache-siz", "1G"}, "unknown option '--cache-siz', did you mean '--cache-size'?" + see_cache},
    {{"cache", "gc", "--cache-size"}, "--cache-size needs a value" + see_cache},
    {{"cache", "gc", "--cache-size=1"},
     "--cache-size: '1' is a number of bytes, and too small: give a unit, as in 1M" + see_cache},
    {{"cache", "gc", "--json"}, "--json is not an option of 'cache gc'" + see_cache},
    {{"cache", "verify", "--cache-size", "1G"}, "--cache-size is not an option of 'cache verify'" + see_cache},
    {{"cache", "info", "--json=1"}, "--json takes no value" + see_cache},
    {{"cache", "info", "--cache-dir", ""}, "--cache-dir: an empty path" + see_cache},
    {{"cache", "info", "--cache-dir=", "--json"},
     "--cache-dir: the value is empty: give one, or leave the option out" + see_cache},
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

BOOST_AUTO_TEST_CASE(general_help_and_version) {
  BOOST_TEST(printed({"--help"}) == printed({"-h"}));
  for (const char* command : {"mount", "unmount", "stats", "refresh", "top", "why"})
    BOOST_TEST(printed({"--help"}).find(std::string{"\n  "} + command + " ") != std::string::npos);
  BOOST_TEST(printed({"--version"}) == std::string{"gitfs-actor "} + version + "\n");
  BOOST_TEST(printed({"unmount", "--help"}).starts_with("Usage: gitfs-actor unmount [options] MOUNTPOINT...\n"));
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
  using paths = std::vector<std::filesystem::path>;
  const auto of = [](const words& arguments) { return std::get<unmount_options>(parse(arguments).value().action); };
  BOOST_TEST((of({"unmount", "/mnt/../mnt/x/"}).mountpoints == paths{"/mnt/x"}));
  BOOST_TEST((of({"umount", "/a", "--force", "/b"}).mountpoints == paths{"/a", "/b"}));
  BOOST_TEST(of({"umount", "/a", "--force", "/b"}).force);
  BOOST_TEST((of({"unmount", "--all"}).all && of({"unmount", "--all"}).mountpoints.empty()));
}

BOOST_AUTO_TEST_CASE(status) {
  const auto of = [](const words& arguments) { return std::get<status_options>(parse(arguments).value().action); };
  BOOST_TEST((of({"status"}).mountpoint.empty() && !of({"status"}).exit_code && !of({"status"}).wait));
  const status_options all = of({"status", "--exit-code", "--wait=90s", "/mnt/x"});
  BOOST_TEST((all.exit_code && all.wait == std::chrono::seconds{90} && all.mountpoint == "/mnt/x"));
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
  const cache_options rm = of({"cache", "rm", "--force", "https://example.org/a", "https://example.org/b.git"});
  BOOST_TEST((rm.action == action::rm && rm.force && rm.sources.size() == 2));
  BOOST_TEST(!parse({"cache", "rm"}));
  BOOST_TEST(!parse({"cache", "gc", "--force"}));
  BOOST_TEST(of({"cache", "gc", "--cache-min-free", "1M"}).cache_min_free.value() == 1ULL << 20);
  BOOST_TEST(mounted({"--cache-min-free", "0"}).cache_min_free.value() == 0U);
  BOOST_TEST(!mounted({}).cache_min_free.has_value());
  BOOST_TEST(!of({"cache", "verify"}).cache_dir.empty());
  BOOST_TEST(printed({"cache", "--help"}).find("quarantine") != std::string::npos);
  BOOST_TEST(printed({"cache", "gc", "--help"}) == printed({"cache", "--help"}));
  BOOST_TEST(mounted({}).cache_size == 20ULL << 30);
  BOOST_TEST(mounted({"--cache-size", "500M"}).cache_size == 500ULL << 20);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
