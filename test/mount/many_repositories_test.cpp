// What a mount of many repositories holds of the system, and what it says of them after its file has changed.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <future>
#include <optional>
#include <string>

namespace gitfs::test {

namespace many_repositories {

namespace {

struct configured {
  scratch_repository repository{"echo 1 >number"};
  git_server server{repository.root()};
  temp_dir dir;
  std::filesystem::path file = dir / "config.json", log = dir / "log", mountpoint = dir / "mnt";
  std::optional<background> daemon;

  void write(const std::string& tree) const { std::ofstream{file} << "{\"tree\": {" << tree << "}}\n"; }
  std::string entry(const std::string& path, const std::string& name = "scratch.git") const {
    return "\"" + path + "\": {\"source\": \"" + server.url(name) + "\"}";
  }
  std::string host(const std::string& path) const {
    return "\"" + path + R"(": {"host": "git", "url": ")" + server.url("{owner}/{repo}.git") + "\"}";
  }
  /// r0, r1, …: each a repository of its own.
  void write_copies(int count) const {
    std::string tree;
    for (int i = 0; i < count; ++i) {
      const std::string name = "r" + std::to_string(i);
      std::filesystem::copy(repository.bare(), repository.root() / (name + ".git"),
                            std::filesystem::copy_options::recursive);
      tree += (i == 0 ? "" : ", ") + entry(name, name + ".git");
    }
    write(tree);
  }
  void open(const std::string& before = "") {
    daemon.emplace(before + "exec \"$GITFS_BINARY\" mount --config " + shell_quoted(file) + " --foreground --cache-dir "
                   + shell_quoted(dir / "cache") + " --log-file " + shell_quoted(log) + " " + shell_quoted(mountpoint));
    BOOST_REQUIRE_MESSAGE(eventually([&] { return is_mounted(mountpoint) || !daemon->running(); }) && daemon->running(),
                          logged());
  }
  ~configured() {
    if (!daemon)
      return;
    daemon->signal(SIGTERM);
    const auto end = daemon->result();
    BOOST_TEST((end && end->status == 0), (end ? end->output : "it does not end") << logged());
    BOOST_TEST(!is_mounted(mountpoint));
  }
  std::string logged() const { return run("cat log", dir.path()).output; }
  std::string read(const std::string& path) const { return run("cat " + shell_quoted(mountpoint / path)).output; }
  std::string status() const { return run("\"$GITFS_BINARY\" status " + shell_quoted(mountpoint)).output; }
};

} // namespace

} // namespace many_repositories

BOOST_FIXTURE_TEST_SUITE(many_repositories, many_repositories::configured)

BOOST_AUTO_TEST_CASE(more_are_open_than_the_usual_limit_of_descriptors_allows) {
  constexpr int count = 60;
  write_copies(count);
  open("ulimit -Sn 100; ");
  for (int i = 0; i < count; ++i)
    BOOST_TEST(read("r" + std::to_string(i) + "/number") == "1\n", logged());
  BOOST_TEST(!holds(logged(), "open files"), logged()); // without a table of sizes it would go on, too
}

// A sanitizer itself needs a pipe to look at an object's type, and without one it reports a wrong type.
boost::test_tools::assertion_result descriptors_may_end(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result out{!sanitized()};
  out.message() << "the undefined behaviour sanitizer needs descriptors";
  return out;
}

BOOST_AUTO_TEST_CASE(where_descriptors_end_it_is_said_and_others_go_on,
                     *boost::unit_test::precondition(descriptors_may_end)) {
  constexpr int count = 120;
  write_copies(count);
  open("ulimit -n 100; ");
  BOOST_TEST(read("r0/number") == "1\n", logged());
  for (int i = 1; i < count; ++i)
    read("r" + std::to_string(i) + "/number");
  BOOST_TEST(holds(logged(), "LimitNOFILE"), logged());
  BOOST_TEST(!holds(logged(), "begins anew"), logged());
  BOOST_TEST(read("r0/number") == "1\n", logged());
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_answer_holds_up_no_other) {
  std::promise<void> ended;
  const std::shared_future<void> end = ended.get_future().share();
  fault_server silent{repository.root()};
  silent.otherwise([end](fault_exchange& x) {
    end.wait();
    x.reply(404, {}, "");
  });
  write(entry("a") + R"(, "silent": {"host": "git", "url": "http://)" + silent.host() + R"(/{owner}/{repo}.git"})");
  open();
  constexpr std::size_t crowd = 24; // more than may run for one server
  background waiting{"for i in $(seq " + std::to_string(crowd) + "); do stat " + shell_quoted(mountpoint)
                     + "/silent/o$i/r & done; wait"};
  BOOST_TEST(eventually([&] { return silent.requests().size() >= 8; }));
  BOOST_TEST(run("timeout 60 cat " + shell_quoted(mountpoint / "a/number")).output == "1\n", logged());
  BOOST_TEST(waiting.running());
  ended.set_value();
  BOOST_TEST(waiting.result().has_value());
}

BOOST_AUTO_TEST_CASE(status_is_of_the_file_that_is_in_force) {
  write(entry("a") + ", " + entry("b") + ", " + entry("c"));
  open();
  BOOST_TEST(read("a/number") == "1\n");
  BOOST_TEST(read("b/number") == "1\n");
  std::filesystem::copy(repository.bare(), repository.root() / "other.git", std::filesystem::copy_options::recursive);
  write(entry("b", "other.git") + ", " + entry("d") + ", " + host("hub"));
  daemon->signal(SIGHUP);
  BOOST_REQUIRE(eventually([&] { return holds(logged(), "is in force"); }));
  const std::string now = status();
  for (const char* gone : {"  a: ", "  c: "})
    BOOST_TEST(!holds(now, gone), now);
  for (const std::string& shown :
       {"  b: not opened, " + server.url("other.git"), std::string{"  d: not opened"}, std::string{"  hub: host, "}})
    BOOST_TEST(holds(now, shown), now);
}

BOOST_AUTO_TEST_CASE(status_tells_the_last_failure_of_a_host) {
  write(host("hub") + R"(, "down": {"host": "git", "url": "http://127.0.0.1:1/{owner}/{repo}.git"})");
  open();
  BOOST_TEST(!holds(status(), "cannot connect"), status());
  BOOST_TEST(run("stat " + shell_quoted(mountpoint / "down/owner/repo")).status != 0);
  const std::string now = status();
  const std::size_t down = now.find("  down: host"), hub = now.find("  hub: host"), said = now.find("cannot connect");
  BOOST_REQUIRE(down != std::string::npos && hub != std::string::npos && said != std::string::npos);
  BOOST_TEST(down < said, now);
  BOOST_TEST((hub < down || said < hub), now);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
