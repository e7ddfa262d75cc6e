// The command lines that take a config file, and what `config show` prints.
#include "cli/arguments/command_line.hpp"
#include "test/support/command.hpp"
#include "test/support/environment.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidjson/document.h>
#include <rapidjson/pointer.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace gitfs::test {

namespace config_options {

namespace {

using words = std::vector<std::string>;

// A file of a user who has nothing set.
struct a_file {
  scoped_env home{"HOME", "/home/u"};
  scoped_env cache{"XDG_CACHE_HOME", nullptr};
  scoped_env state{"XDG_STATE_HOME", nullptr};
  scoped_env memory{"GITFS_ACTOR_MEMORY", nullptr};
  temp_dir folder;
  std::string file = folder / "c.json";

  a_file() {
    write(R"({
  "mountpoint": "/m",
  "memory": "64M",
  "threads": 2,
  "telemetry": {"collectors": ["https://c/?x=1"], "headers": {"Authorization": {"env": "A_SECRET"}}},
  "tree": {
    "a": {"source": "https://example.org/a.git", "ref": "v1", "follow": "30s", "token": {"env": "TOKEN"}},
    "gh": {"host": "github", "tokens": {"o": {"file": "/k"}}}
  }
})");
  }
  void write(const std::string& text) const { std::ofstream{file, std::ios::trunc} << text; }

  static result<invocation> parse(const words& arguments) {
    std::vector<const char*> argv{"gitfs-actor"};
    for (const std::string& each : arguments)
      argv.push_back(each.c_str());
    return parse_command_line(argv);
  }
  mount_options mounted(words arguments) const {
    arguments.insert(arguments.begin(), {"mount", "--config", file});
    auto done = parse(arguments);
    if (!done)
      throw std::runtime_error(done.error().message);
    return std::get<mount_options>(done.value().action);
  }
  std::string shown(words arguments) const {
    arguments.insert(arguments.begin(), {"config", "show"});
    const auto done = parse(arguments);
    if (!done)
      throw std::runtime_error(done.error().message);
    return std::get<print>(done.value().action).text;
  }
  static std::string wrong(const words& arguments) { return parse(arguments).error().message; }
};

// Its words, with one space between.
std::string line_of(const std::string& text, const std::string& key) {
  const std::size_t at = text.find(key + " ");
  if (at == std::string::npos || (at != 0 && text[at - 1] != '\n'))
    throw std::runtime_error("no line " + key + " in\n" + text);
  std::string out;
  for (const char c : text.substr(at, text.find('\n', at) - at))
    if (c != ' ' || out.back() != ' ')
      out += c;
  return out;
}

} // namespace

} // namespace config_options

BOOST_FIXTURE_TEST_SUITE(config_options, config_options::a_file)

BOOST_AUTO_TEST_CASE(mount_takes_a_file) {
  const scoped_env secret{"A_SECRET", "Bearer x\n"};
  const auto o = mounted({});
  BOOST_TEST(o.source == "");
  BOOST_TEST(o.mountpoint == "/m");
  BOOST_TEST(o.config_file == file);
  BOOST_TEST((o.memory == 64ULL << 20 && o.threads == 2));
  BOOST_TEST(o.log_file == "/home/u/.local/state/gitfs-actor/m.log");
  BOOST_TEST(o.cache_dir == "/home/u/.cache/gitfs-actor");
  BOOST_TEST((o.tree.value().repositories.size() == 1U && o.tree.value().forges.size() == 1U));
  BOOST_TEST((o.telemetry.headers == std::vector<std::pair<std::string, std::string>>{{"Authorization", "Bearer x"}}));
  const scoped_env variable{"GITFS_ACTOR_MEMORY", "32M"};
  const auto other = mounted({"/n", "--threads=5"});
  BOOST_TEST(other.mountpoint == "/n");
  BOOST_TEST((other.memory == 32ULL << 20 && other.threads == 5));
}

BOOST_AUTO_TEST_CASE(variables_are_for_a_mount_without_a_file_too) {
  const scoped_env variable{"GITFS_ACTOR_MEMORY", "32M"};
  const auto done = parse({"mount", "/r", "/m"});
  BOOST_TEST((std::get<mount_options>(done.value().action).memory == 32ULL << 20));
  const scoped_env cache_dir{"GITFS_ACTOR_CACHE_DIR", "/elsewhere"};
  const auto cache_command = parse({"cache", "info"});
  BOOST_TEST(std::get<cache_options>(cache_command.value().action).cache_dir == "/elsewhere");
  const scoped_env bad{"GITFS_ACTOR_MEMORY", "1"};
  BOOST_TEST(wrong({"mount", "/r", "/m"})
             == "GITFS_ACTOR_MEMORY: '1' is a number of bytes, and too small: give a unit, as in 1M (see gitfs-actor "
                "mount --help)");
}

BOOST_AUTO_TEST_CASE(a_variable_without_a_meaning_is_named) {
  const scoped_env mistyped{"GITFS_ACTOR_CACHESIZE", "s3cret"}, other{"GITFS_ACTOR_X", "1"};
  const scoped_env service{"GITFS_ACTOR_SERVICE_HOST", "10.0.0.1"},
      port{"GITFS_ACTOR_PORT_80_TCP", "tcp://10.0.0.1:80"};
  const std::vector<std::string> warnings{
      "the variable GITFS_ACTOR_CACHESIZE has no meaning, did you mean 'GITFS_ACTOR_CACHE_SIZE'?",
      "the variable GITFS_ACTOR_X has no meaning"};
  for (const words& line : {words{"mount", "/r", "/m"}, words{"config", "show", "/r"}}) {
    const auto done = parse(line);
    BOOST_REQUIRE(done);
    BOOST_TEST(done.value().warnings == warnings, boost::test_tools::per_element());
  }
  BOOST_TEST(parse({"unmount", "/m"}).value().warnings.empty());
}

BOOST_AUTO_TEST_CASE(wrong_command_lines) {
  const std::string see = " (see gitfs-actor mount --help)";
  const std::string see_config = " (see gitfs-actor config --help)";
  BOOST_TEST(wrong({"mount", "--config", file, "/r", "/m"})
             == "SOURCE '/r' does not go with --config, whose file says what is shown: give MOUNTPOINT only" + see);
  BOOST_TEST(wrong({"mount", "--config", file, "--ref", "v1"})
             == "--ref does not go with --config, whose file says what is shown" + see);
  for (const words& each :
       {words{"--token-file", "/t"}, words{"--token-env", "T"}, words{"--username", "me"}, words{"--profile", "/p"}})
    BOOST_TEST(parse({"mount", "--config", file, each[0], each[1]}).error().message
               == each[0] + " does not go with --config, whose file says what is shown" + see);
  BOOST_TEST(wrong({"mount", "--config", "/nowhere.json"})
             == "/nowhere.json: No such file or directory: give the path of a config file; docs/configuration.md says "
                "what goes into one");
  const scoped_env secret{"A_SECRET", nullptr};
  BOOST_TEST(wrong({"mount", "--config", file})
             == "the header Authorization: the variable A_SECRET is not set: it should hold a secret");
  write(R"({"tree": {"a": {"source": "/r"}}})");
  BOOST_TEST(wrong({"mount", "--config", file})
             == "MOUNTPOINT is missing: neither " + file + " nor the command line has it" + see);
  write(R"({"treee": {}})");
  BOOST_TEST(wrong({"mount", "--config", file})
             == file + ":1:1: 'tree' is missing\n" + file + ":1:2: /treee: unknown key, did you mean 'tree'?");
  BOOST_TEST(wrong({"config"}) == "what to do is missing: check or show" + see_config);
  BOOST_TEST(wrong({"config", "chek"}) == "'chek' is not one of check, show, did you mean 'check'?" + see_config);
  BOOST_TEST(wrong({"config", "check"}) == "FILE is missing" + see_config);
  BOOST_TEST(wrong({"config", "check", "a", "b"}) == "one argument too many: 'b'" + see_config);
  BOOST_TEST(wrong({"config", "check", "--json", "a"}) == "unknown option '--json'" + see_config);
  BOOST_TEST(wrong({"config", "show", "--memry", "1"}) == "unknown option '--memry', did you mean '--memory'?" + see);
}

BOOST_AUTO_TEST_CASE(show_tells_values_and_where_they_come_from) {
  const scoped_env variable{"GITFS_ACTOR_MEMORY", "32M"};
  const scoped_env secret{"A_SECRET", "s3cret"};
  const std::string text = shown({"--config", file, "--threads=5", "-o", "exec,noatime"});
  BOOST_TEST(line_of(text, "/mountpoint") == "/mountpoint /m " + file + ":2");
  BOOST_TEST(line_of(text, "/memory") == "/memory 32M environment GITFS_ACTOR_MEMORY");
  BOOST_TEST(line_of(text, "/threads") == "/threads 5 --threads");
  BOOST_TEST(line_of(text, "/cache/size") == "/cache/size 20G default");
  BOOST_TEST(line_of(text, "/cache/path") == "/cache/path /home/u/.cache/gitfs-actor default");
  BOOST_TEST(line_of(text, "/options/noatime") == "/options/noatime true -o");
  BOOST_TEST(line_of(text, "/options/noexec") == "/options/noexec false -o");
  BOOST_TEST(line_of(text, "/telemetry/collectors") == "/telemetry/collectors https://c/ " + file + ":5");
  BOOST_TEST(line_of(text, "/telemetry/headers")
             == "/telemetry/headers Authorization: environment A_SECRET " + file + ":5");
  BOOST_TEST(
      line_of(text, "/tree/a")
      == "/tree/a repository https://example.org/a.git, ref v1, followed every 30s, token from environment TOKEN "
             + file + ":7");
  BOOST_TEST(line_of(text, "/tree/gh")
             == "/tree/gh host github https://github.com, pinned, token of o from file /k " + file + ":8");
  BOOST_TEST(text.find("s3cret") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(show_as_json) {
  rapidjson::Document read;
  read.Parse(shown({"--json", "--config", file}).c_str());
  BOOST_REQUIRE(read.IsObject());
  const auto at = [&](const char* pointer) -> const rapidjson::Value& {
    const auto* const found = rapidjson::Pointer(pointer).Get(read);
    BOOST_REQUIRE(found != nullptr);
    return *found;
  };
  BOOST_TEST(at("/settings/~1memory/value").GetUint64() == 64U << 20U);
  BOOST_TEST(at("/settings/~1threads/value").GetInt() == 2);
  BOOST_TEST(at("/settings/~1timeouts~1request/value").GetInt() == 300);
  BOOST_TEST(at("/settings/~1options~1max_read/value").GetInt() == 0);
  BOOST_TEST(at("/settings/~1prefetch/value").GetBool());
  BOOST_TEST(!at("/settings/~1options~1noexec/value").GetBool());
  BOOST_TEST(at("/settings/~1log~1level/value").GetString() == "info");
  BOOST_TEST(at("/settings/~1memory/from").GetString() == "file");
  BOOST_TEST(at("/settings/~1memory/name").GetString() == file);
  BOOST_TEST(at("/settings/~1memory/line").GetInt() == 3);
  BOOST_TEST(at("/settings/~1cache~1size/from").GetString() == "default");
  BOOST_TEST(at("/tree/~1tree~1a/line").GetInt() == 7);
  read.Parse(shown({"--json"}).c_str());
  BOOST_TEST(at("/settings/~1memory/value").GetString() == "auto");
}

BOOST_AUTO_TEST_CASE(show_without_a_file) {
  const scoped_env otel{"OTEL_EXPORTER_OTLP_ENDPOINT", "https://u:s3cret@c/?k=s3cret"};
  const scoped_env xdg{"XDG_CACHE_HOME", "/x"};
  const std::string text = shown({"https://u:s3cret@example.org/a", "/m", "--otlp-header", "A=s3cret"});
  BOOST_TEST(line_of(text, "/source") == "/source https://example.org/a SOURCE");
  BOOST_TEST(line_of(text, "/mountpoint") == "/mountpoint /m MOUNTPOINT");
  BOOST_TEST(line_of(text, "/cache/path") == "/cache/path /x/gitfs-actor environment XDG_CACHE_HOME");
  BOOST_TEST(line_of(text, "/telemetry/collectors")
             == "/telemetry/collectors https://c/ environment OTEL_EXPORTER_OTLP_ENDPOINT");
  BOOST_TEST(line_of(text, "/telemetry/headers") == "/telemetry/headers A: (not shown) --otlp-header");
  BOOST_TEST(text.find("s3cret") == std::string::npos);
  BOOST_TEST(line_of(shown({}), "/source") == "/source - default");
}

BOOST_AUTO_TEST_CASE(show_tells_what_gits_own_configuration_says_of_each_source) {
  const std::string of_git = folder / "gitconfig";
  std::ofstream{of_git}
      << "[http]\n\textraHeader = Authorization: Basic s3cret\n[http \"https://example.org\"]\n\tproxy = "
         "http://u:s3cret@proxy:1\n[url \"https://u:s3cret@github.com/\"]\n\tinsteadOf = gh:\n";
  const scoped_env global{"GIT_CONFIG_GLOBAL", of_git.c_str()}, system{"GIT_CONFIG_SYSTEM", "/dev/null"};
  const std::string text = shown({"--config", file});
  BOOST_TEST(line_of(text, "/tree/a http.proxy") == "/tree/a http.proxy http://proxy:1 " + of_git);
  BOOST_TEST(line_of(text, "/tree/gh http.extraHeader")
             == "/tree/gh http.extraHeader Authorization: (not shown) " + of_git);
  BOOST_TEST(text.find("/tree/gh http.proxy") == std::string::npos);
  const std::string one = shown({"gh:a/b"});
  BOOST_TEST(line_of(one, "/source url.insteadOf") == "/source url.insteadOf https://github.com/a/b " + of_git);
  const std::string json = shown({"--json", "gh:a/b"});
  BOOST_TEST(json.find("\"setting\": \"url.insteadOf\"") != std::string::npos, json);
  for (const std::string& each : {text, one, json, shown({"--json", "--config", file})})
    BOOST_TEST(each.find("s3cret") == std::string::npos, each);
  BOOST_TEST(shown({}).find("http.") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(check_says_so_or_every_mistake) {
  const std::string check = std::string{std::getenv("GITFS_BINARY")} + " config check";
  const auto good = run(check + " " + file + " 2>/dev/null");
  BOOST_TEST(good.status == 0);
  BOOST_TEST(good.output == file + ": valid: 1 repository, 1 host, mountpoint /m\n");
  write("{\"tree\": {},\n\"memory\": \"1\"}");
  const auto bad = run(check + " " + file + " 2>&1 >/dev/null");
  BOOST_TEST(bad.status == 1);
  BOOST_TEST(bad.output
             == file + ":1:10: /tree: there is nothing in it\n" + file
                    + ":2:11: /memory: '1' is a number of bytes, and too small: give a unit, as in 1M\n");
  BOOST_TEST(run(check).status == 2);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
