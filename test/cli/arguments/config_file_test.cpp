// Config files that are right: what is mounted, and how.
#include "config/config_file.hpp"

#include "cli/arguments/mount_arguments.hpp"
#include "config/config_keys.hpp"
#include "config/mount_words.hpp"
#include "config/schema.hpp"
#include "test/support/environment.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidjson/pointer.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <stdexcept>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(config_file)

namespace {

using follow_kind = follow_mode::kind_type;

gitfs::config_file parsed(const std::string& text) {
  auto done = parse_config_file(text, "/etc/g/c.json", "c.json");
  if (!done)
    throw std::runtime_error(done.error().message);
  return std::move(done.value());
}

deployment tree(const std::string& text) {
  return parsed(R"({"tree": )" + text + "}").tree;
}

mount_options mounted(const std::string& text, const std::vector<setting>& environment = {},
                      const std::vector<setting>& flags = {}) {
  mount_options out;
  const auto done = settle(out, parsed(text).settings, environment, flags);
  if (!done)
    throw std::runtime_error(done.error().message);
  return out;
}

const std::string a_tree = R"("tree": {"a": {"source": "/r"}})";

// Below "properties", where there are no further ones: "/cache/size".
void add_leaves(const rapidjson::Value& schema, const std::string& at, std::set<std::string>& out) {
  for (const auto& each : schema["properties"].GetObject()) {
    const std::string below = at + "/" + each.name.GetString();
    if (each.value.HasMember("properties"))
      add_leaves(each.value, below, out);
    else
      out.insert(below);
  }
}

} // namespace

BOOST_AUTO_TEST_CASE(every_key) {
  const scoped_env home{"HOME", "/home/u"};
  const scoped_env data{"DATA", "/data"};
  const auto o = mounted(R"({
    "$schema": "x", // comments are allowed
    "mountpoint": "~/m/", "cache": {"path": "${DATA}/c", "size": "2G"}, "memory": 67108864, "prefetch": false, "profiles": false,
    "trees_ahead": "0", "timeouts": {"connect": 0.5, "stall": "20s", "request": "2m"}, "wait": true, "xattr": true, "threads": 3,
    "options": {"allow_other": true, "allow_root": false, "auto_unmount": true, "nosuid": true, "nodev": true,
                "noexec": true, "noatime": true, "fsname": "a,b", "subtype": "s", "max_read": 65536},
    "foreground": true, "pid_file": "p", "log": {"level": "debug", "file": "../l$$"},
    "trace": {"file": "t", "size": "1M", "memory": 0},
    "telemetry": {"collectors": ["http://a", "http://b"], "headers": {"X-A": "1=2", "Authorization": {"env": "KEY"}},
                  "paths": true, "propagate": true, "metrics_listen": "unix:s"}, /* and commas */
    "tree": {"a": {"source": "/r",},},
  })");
  BOOST_TEST(o.mountpoint == "/home/u/m");
  BOOST_TEST(!o.profiles);
  const auto file = parsed(R"({"tree": {"a": {"source": "/r", "profile": "~/p/$DATA"}}})");
  BOOST_TEST(file.tree.repositories.front().profile == "/home/u/p/data");
  BOOST_TEST(o.cache_dir == "/data/c");
  BOOST_TEST(o.cache_size == 2ULL << 30);
  BOOST_TEST((o.memory == 64ULL << 20));
  BOOST_TEST((!o.prefetch && o.wait && o.xattr && o.foreground && o.threads == 3 && o.trees_ahead == 0));
  BOOST_TEST((o.connect_timeout.count() == 500 && o.stall_timeout.count() == 20'000 && o.timeout.count() == 120'000));
  BOOST_TEST(o.pid_file == "/etc/g/p");
  BOOST_TEST(o.log_file == "/etc/l$");
  BOOST_TEST((o.level == log_level::debug));
  BOOST_TEST(o.trace_file == "/etc/g/t");
  BOOST_TEST((o.trace_size == 1ULL << 20 && o.trace_memory == 0));
  BOOST_TEST((o.telemetry.endpoints == std::vector<std::string>{"http://a", "http://b"}));
  BOOST_TEST((o.telemetry.headers == std::vector<std::pair<std::string, std::string>>{{"X-A", "1=2"}}));
  BOOST_TEST(o.telemetry.header_places.at(0).first == "Authorization");
  BOOST_TEST(o.telemetry.header_places.at(0).second.environment == "KEY");
  BOOST_TEST((o.telemetry.paths && o.telemetry.propagate));
  BOOST_TEST(o.telemetry.listen.value().socket == "/etc/g/s");
  BOOST_TEST(fuse_option_text(o)
             == "ro,nosuid,nodev,noexec,noatime,allow_other,default_permissions,auto_unmount,fsname=a\\,b,subtype=s,"
                "max_read=65536");
}

BOOST_AUTO_TEST_CASE(the_schema_and_the_table_have_the_same_keys) {
  std::set<std::string> in_schema;
  add_leaves(config_schema(), "", in_schema);
  in_schema.erase("/$schema");
  in_schema.erase("/tree");
  std::set<std::string> in_table;
  for (const config_key& key : config_key_table())
    in_table.emplace(key.pointer);
  BOOST_TEST(in_schema == in_table, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(repositories) {
  const scoped_env home{"HOME", "/home/u"};
  const deployment got = tree(R"({
    "linux": {"source": "https://example.org/linux.git", "ref": "v6.1"},
    "team/app": {"source": "https://me@example.org/app", "follow": "30s", "token": {"file": "~/t"}},
    "team/lib": {"source": "../lib", "follow": "on-request"},
    "team/x": {"source": "file:///x", "follow": "never"}, "y": {"source": "~/y", "follow": 90}})");
  const deployment expected{{{"linux", "https://example.org/linux.git", "v6.1", {}, {}},
                             {"team/app",
                              "https://me@example.org/app",
                              "",
                              {follow_kind::polled, std::chrono::seconds{30}},
                              {"", "/home/u/t"}},
                             {"team/lib", "/etc/lib", "", {follow_kind::on_request}, {}},
                             {"team/x", "file:///x", "", {}, {}},
                             {"y", "/home/u/y", "", {follow_kind::polled, std::chrono::seconds{90}}, {}}},
                            {}};
  BOOST_TEST((got == expected));
  BOOST_TEST((tree(R"({"/": {"source": "/r"}})") == deployment{{{"", "/r", "", {}, {}}}, {}}));
}

BOOST_AUTO_TEST_CASE(ten_thousand_repositories) {
  std::string text = "{";
  for (int i = 0; i < 10'000; ++i)
    text += "\"team/" + std::to_string(i) + R"(": {"source": "https://example.org/a.git", "ref": "main"},)" + "\n";
  const auto file = parsed(R"({"tree": )" + text + "}}");
  BOOST_TEST(file.tree.repositories.size() == 10'000U);
  BOOST_TEST(file.lines.at("team/9999") == 10'000U);
}

BOOST_AUTO_TEST_CASE(hosts) {
  const deployment got = tree(R"({
    "gh": {"host": "github", "token": {"env": "T"}}, "lab": {"host": "gitlab", "absent": "1500ms"},
    "ghe": {"host": "github", "url": "https://g.example/", "api": "https://g.example/api/v3//", "follow": "1h"},
    "tea": {"host": "gitea", "url": "http://tea", "absent": 300},
    "mesa": {"host": "mesa", "url": "https://m", "tokens": {"a/b": {"env": "K"}, "c": {"file": "k"}}},
    "any": {"host": "git", "url": "https://g/{owner}/{repo}.git"}})");
  const deployment expected{
      {},
      {{"gh", forge_kind::github, "https://github.com", "", {"T", ""}, {}, {}},
       {"lab", forge_kind::gitlab, "https://gitlab.com", "", {}, {}, {}, std::chrono::milliseconds{1500}},
       {"ghe",
        forge_kind::github,
        "https://g.example",
        "https://g.example/api/v3",
        {},
        {},
        {follow_kind::polled, std::chrono::hours{1}}},
       {"tea", forge_kind::gitea, "http://tea", "", {}, {}, {}, std::chrono::minutes{5}},
       {"mesa", forge_kind::mesa, "https://m", "", {}, {{"a/b", {"K", ""}}, {"c", {"", "/etc/g/k"}}}, {}},
       {"any", forge_kind::git, "https://g/{owner}/{repo}.git", "", {}, {}, {}}}};
  BOOST_TEST((got == expected));
}

BOOST_AUTO_TEST_CASE(examples_are_right) {
  const std::filesystem::path root{std::getenv("GITFS_SOURCE_DIR")};
  std::set<std::string> found;
  for (const auto& each : std::filesystem::directory_iterator{root / "docs/examples"}) {
    const auto done = read_config_file(each.path(), each.path().filename());
    BOOST_TEST(done.has_value(), (done ? "" : done.error().message));
    found.insert(each.path().filename());
  }
  const std::set<std::string> expected{"agent.json", "ci-runner.json", "forges.json",
                                       "mesa.json",  "service.json",   "team.json"};
  BOOST_TEST(found == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(flags_go_before_variables_and_these_before_the_file) {
  using kind = setting_origin::kind_type;
  const std::string file = R"({"memory": "64M", "threads": 2, "foreground": true, "options": {"noexec": true},
                               "trees_ahead": "1M", )"
                           + a_tree + "}";
  const std::vector<setting> environment{{"--memory", "128M", {kind::environment, "GITFS_ACTOR_MEMORY"}},
                                         {"--threads", "4", {kind::environment, "GITFS_ACTOR_THREADS"}},
                                         {"--foreground", "", {kind::environment, "GITFS_ACTOR_FOREGROUND"}, true},
                                         {"-o", "noatime,exec", {kind::environment, "GITFS_ACTOR_OPTIONS"}}};
  const std::vector<setting> flags{{"--memory", "256M", {kind::flag, "--memory"}},
                                   {"-o", "allow_other", {kind::flag, "-o"}}};
  mount_options o;
  const auto origins = settle(o, parsed(file).settings, environment, flags);
  BOOST_REQUIRE(origins);
  BOOST_TEST((o.memory == 256ULL << 20 && o.threads == 4 && !o.foreground && o.trees_ahead == 1ULL << 20));
  BOOST_TEST((!o.kernel.noexec && o.kernel.allow_other && o.kernel.atime == atime_mode::noatime));
  const auto from = [&](const char* key) {
    const auto at = origins.value().find(key);
    return at == origins.value().end() ? "default" : at->second.name + ":" + std::to_string(at->second.line);
  };
  BOOST_TEST(from("/memory") == "--memory:0");
  BOOST_TEST(from("/threads") == "GITFS_ACTOR_THREADS:0");
  BOOST_TEST(from("/foreground") == "GITFS_ACTOR_FOREGROUND:0");
  BOOST_TEST(from("/options/noexec") == "GITFS_ACTOR_OPTIONS:0");
  BOOST_TEST(from("/options/allow_other") == "-o:0");
  BOOST_TEST(from("/trees_ahead") == "/etc/g/c.json:2");
  BOOST_TEST(from("/cache/size") == "default");
}

BOOST_AUTO_TEST_CASE(variables) {
  const scoped_env size{"GITFS_ACTOR_CACHE_SIZE", "3G"};
  const scoped_env paths{"GITFS_ACTOR_OTLP_PATHS", "yes"};
  const scoped_env empty{"GITFS_ACTOR_MEMORY", ""};
  const auto o = mounted("{" + a_tree + "}", environment_settings().value());
  BOOST_TEST((o.cache_size == 3ULL << 30 && o.telemetry.paths && o.memory == mount_options{}.memory));
  const scoped_env wrong{"GITFS_ACTOR_FOREGROUND", "perhaps"};
  BOOST_TEST(environment_settings().error().message == "GITFS_ACTOR_FOREGROUND: 'perhaps' is not one of true, false");
}

BOOST_AUTO_TEST_CASE(headers_go_only_to_the_collectors_they_were_written_for) {
  const std::string file =
      R"({"telemetry": {"collectors": ["http://a"], "headers": {"Authorization": {"env": "KEY"}}}, )" + a_tree + "}";
  using kind = setting_origin::kind_type;
  const auto flag = mounted(file, {}, {{"--otlp-endpoint", "http://b", {kind::flag, "--otlp-endpoint"}}});
  BOOST_TEST((flag.telemetry.endpoints == std::vector<std::string>{"http://b"}));
  BOOST_TEST(flag.telemetry.header_places.empty());
  const scoped_env variable{"OTEL_EXPORTER_OTLP_ENDPOINT", "http://c"};
  BOOST_TEST(mounted(file).telemetry.endpoints.empty());
  BOOST_TEST(mounted(file).telemetry.header_places.empty());
}

BOOST_AUTO_TEST_CASE(reading_it_again_gives_the_tree_anew_or_every_mistake) {
  const temp_dir folder;
  const auto file = folder.path() / "c.json";
  std::ofstream{file} << R"({"tree": {"a": {"source": "/r"}}, "memory": "64M"})";
  const auto first = read_config(file);
  BOOST_REQUIRE(first);
  BOOST_TEST(first.value().tree.value().repositories.at(0).source == "/r");
  BOOST_TEST((first.value().memory == 64ULL << 20 && first.value().config_file == file));
  std::ofstream{file} << "{\"tree\": {\"a\": {\"source\": \"\"}},\n\"memry\": 1}";
  BOOST_TEST(read_config(file).error().message
             == file.string() + ":1:27: /tree/a/source: the value is empty\n" + file.string()
                    + ":2:1: /memry: unknown key, did you mean 'memory'?");
  std::filesystem::remove(file);
  BOOST_TEST(read_config(file).error().code == ENOENT);
  BOOST_TEST(read_config_file("/nowhere.json", "n").error().message
             == "n: No such file or directory: give the path of a config file; docs/configuration.md says what goes "
                "into one");
  BOOST_TEST(read_config_file("/", "d").error().message
             == "d: Is a directory: give the path of a config file; docs/configuration.md says what goes into one");
  BOOST_TEST(read_config_file("/dev/zero", "z").error().message == "z: larger than 4 MiB: this is no config file");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
