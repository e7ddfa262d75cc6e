// Mounts that follow refs, and deployments that change while they run.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace gitfs::test {

namespace follow {

namespace {

/// Commit N has, in `list` and `list/deep`, files named a-N ... h-N that hold N; `same` never changes.
const std::string numbered = "rm -rf list; mkdir -p list/deep same; echo x >same/f; "
                             "for d in list list/deep; do for f in a b c d e f g h; do echo $n >$d/$f-$n; done; done; "
                             "echo $n >number";

struct followed {
  scratch_repository repository{"n=1; " + numbered};
  git_server server{repository.root()};

  std::string url() const { return server.url("scratch.git"); }
  void push(const std::string& script) { repository.commit(script); }
  void push_number(int n) { push("n=" + std::to_string(n) + "; " + numbered); }
  std::string head() const { return repository.in_work("git rev-parse HEAD"); }
};

std::string read(const std::filesystem::path& file) {
  std::ifstream in{file};
  std::string out;
  std::getline(in, out);
  return out;
}

bool shows(const mount& m, const std::string& number) {
  return eventually([&] { return read(m / "number") == number; });
}

/// A folder of `numbered` is listed and its files are read: what is not of one commit. A folder or a file may go
/// meanwhile.
std::string what_is_mixed(const std::filesystem::path& folder, std::atomic<std::size_t>& listings) {
  std::error_code gone;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator at{folder, gone}, end; !gone && at != end; at.increment(gone))
    if (at->path().filename() != "deep")
      names.push_back(at->path().filename());
  if (names.empty())
    return {};
  ++listings;
  std::string all;
  for (const std::string& name : names)
    all += name + " ";
  const std::string number = names.front().substr(2);
  std::string out;
  for (const std::string& name : names) {
    if (name.substr(2) != number)
      out += "mixed: " + all + "\n";
    if (const std::string held = read(folder / name); !held.empty() && held != name.substr(2))
      out += name + " holds " + held + "\n";
  }
  return names.size() == 8 ? out : out + "not eight: " + all + "\n";
}

/// A config file and what mounts it.
struct configured : followed {
  temp_dir dir;
  std::optional<background> daemon;
  std::filesystem::path file = dir / "config.json", log = dir / "log", mountpoint = dir / "mnt";

  void write(const std::string& tree) const { std::ofstream{file} << "{\"tree\": {" << tree << "}}\n"; }
  std::string entry(const std::string& path, const std::string& more = "") const {
    return "\"" + path + "\": {\"source\": \"" + url() + "\"" + more + "}";
  }
  void open() {
    daemon.emplace("exec \"$GITFS_BINARY\" mount --config " + shell_quoted(file) + " --foreground --cache-dir "
                   + shell_quoted(dir / "cache") + " --log-file " + shell_quoted(log) + " " + shell_quoted(mountpoint));
    BOOST_REQUIRE_MESSAGE(eventually([&] { return is_mounted(mountpoint) || !daemon->running(); }) && daemon->running(),
                          run("cat log", dir.path()).output);
  }
  ~configured() {
    if (!daemon)
      return;
    daemon->signal(SIGTERM);
    BOOST_TEST(daemon->result().has_value());
    BOOST_TEST(!is_mounted(mountpoint));
  }
  std::string logged() const { return run("cat log", dir.path()).output; }
  void reload(const std::string& said) const {
    daemon->signal(SIGHUP);
    BOOST_TEST(eventually([&] { return holds(logged(), said); }), logged());
  }
  std::string list(const std::string& below = "") const {
    return run("ls -x " + shell_quoted(mountpoint / below)).output;
  }
};

} // namespace

} // namespace follow

BOOST_FIXTURE_TEST_SUITE(follow, follow::followed)

BOOST_AUTO_TEST_CASE(what_is_pushed_is_shown) {
  const mount m{url(), {"--follow", "1s", "-o", "xattr"}};
  const auto status = run_program({"status", m.path()});
  BOOST_TEST(holds(status.output, "followed: 1s"), status.output);
  const std::string old_time = must_run("stat -c %Y same/f", m.path());
  std::ifstream open{m / "list/a-1"};
  BOOST_TEST(open.peek() == '1');
  BOOST_TEST(run("stat list/a-2", m.path()).status != 0); // the kernel keeps that it is not there
  must_run("ls -lR", m.path());
  pause_for(std::chrono::milliseconds{1100}); // so that the commits differ in time
  push_number(2);
  BOOST_TEST(shows(m, "2"));
  BOOST_TEST(eventually([&] { return read(m / "list/deep/a-2") == "2"; }));
  BOOST_TEST(read(m / "list/a-2") == "2");
  BOOST_TEST(run("stat list/a-1", m.path()).status != 0);
  std::string line;
  std::getline(open, line);
  BOOST_TEST(line == "1");
  BOOST_TEST(must_run("stat -c %Y same/f", m.path()) == old_time);
  BOOST_TEST(must_run("stat -c %Y number", m.path()) != old_time);
  BOOST_TEST(must_run("getfattr --only-values -n user.gitfs.commit .", m.path()) == head());
  push("rm -r list; mkdir new; echo y >new/f; n=3; echo 3 >number");
  BOOST_TEST(eventually([&] { return read(m / "new/f") == "y"; }));
  BOOST_TEST(!std::filesystem::exists(m / "list"));
  BOOST_TEST(holds(m.log(), head() + ", after "));
}

// A plain mount that follows is asked as one of many repositories is.
BOOST_AUTO_TEST_CASE(status_knows_branch_and_failure) {
  const mount m{url(), {"--follow", "on-request"}};
  const auto status = [&](std::vector<std::string> more = {}) {
    more.insert(more.begin(), "status");
    more.push_back(m.path().string());
    return run_program(more);
  };
  const auto line = [&] { return "  .: open " + head() + ", " + url() + " main, followed: on-request\n"; };
  BOOST_TEST(holds(status().output, line()), status().output);
  BOOST_TEST(holds(status({"--json"}).output, R"("shown_ref": "refs/heads/main")"), status({"--json"}).output);
  BOOST_TEST(status({"--exit-code", "--wait", "10s"}).status == 0);
  push_number(2);
  BOOST_TEST(run_program({"refresh", m.path()}).status == 0);
  BOOST_TEST(holds(status().output, line()), status().output);
  const auto bare = repository.bare();
  std::filesystem::rename(bare, bare.string() + ".away");
  BOOST_TEST(run_program({"refresh", m.path()}).status == 1);
  const auto failed = status({"--exit-code"});
  BOOST_TEST(failed.status == 1);
  BOOST_TEST(holds(failed.output, line() + "    20"), failed.output); // and when it failed, and why
  std::filesystem::rename(bare.string() + ".away", bare);
  BOOST_TEST(run_program({"refresh", m.path()}).status == 0);
  BOOST_TEST(status({"--exit-code"}).status == 0);
}

BOOST_AUTO_TEST_CASE(the_beginning_of_a_commit_is_enough) {
  const std::string commit = head();
  for (const auto& from : {url(), repository.bare().string()}) {
    const mount m{from, {"--ref", commit.substr(0, 7)}};
    BOOST_TEST(holds(run_program({"status", m.path()}).output, "  .: open " + commit + ", "));
    const temp_dir dir;
    const auto refused = run_program(
        {"mount", "--cache-dir", dir / "cache", "--follow", "1m", "--ref", commit.substr(0, 9), from, dir / "mnt"});
    BOOST_TEST(refused.status == 1);
    BOOST_TEST(holds(refused.output, " is the commit " + commit + ", which never changes"), refused.output);
  }
}

// The readers are threads and not shells: those kept both processors busy with starting programs, not with this mount.
BOOST_AUTO_TEST_CASE(listings_under_many_pushes_are_of_one_commit) {
  const mount m{url(), {"--follow", "1s"}};
  std::vector<std::string> wrong(8);
  std::atomic<std::size_t> listings = 0;
  {
    std::vector<std::jthread> readers;
    for (std::string& each : wrong)
      readers.emplace_back([&m, &each, &listings](const std::stop_token& ended) {
        while (!ended.stop_requested() && each.empty()) {
          for (const char* folder : {"list", "list/deep"})
            each += follow::what_is_mixed(m / folder, listings);
          pause_for(std::chrono::milliseconds{1});
        }
      });
    for (int n = 2; n <= 61; ++n) {
      push_number(n);
      if (n % 10 == 0)
        BOOST_TEST(run_program({"refresh", m.path()}).status == 0);
    }
    BOOST_TEST(shows(m, "61"));
  }
  for (const std::string& each : wrong)
    BOOST_TEST(each == "");
  BOOST_TEST(listings > 480U);
}

BOOST_AUTO_TEST_CASE(unchanged_directories_cost_nothing) {
  const mount m{url(), {"--follow", "on-request"}};
  const std::string walk = "ls -lR same; cat same/f";
  const auto asked = [&] {
    return m.counter("kernel.lookup") + m.counter("kernel.readdirplus") + m.counter("kernel.getattr")
           + m.counter("kernel.read");
  };
  bool nothing = false;
  for (int n = 2; n < 8 && !nothing; ++n) { // other tests may make the kernel forget just then
    must_run(walk + "; ls -lR .", m.path());
    push_number(n);
    BOOST_TEST(run_program({"refresh", m.path()}).status == 0);
    must_run("stat .", m.path());
    const auto before = asked();
    must_run(walk, m.path());
    nothing = asked() == before;
  }
  BOOST_TEST(nothing);
}

BOOST_AUTO_TEST_CASE(refresh_shows_what_the_server_has) {
  const mount m{url(), {"--follow", "on-request", "--timeout=5"}};
  const std::string old = head();
  must_run("ls -R", m.path());
  const auto same = run_program({"refresh", m.path()});
  BOOST_TEST(same.status == 0);
  BOOST_TEST(same.output == ".: unchanged, " + old + "\n");
  for (int n = 2; n < 12; ++n) {
    push_number(n);
    BOOST_TEST(read(m / "number") == std::to_string(n - 1));
    const auto told = run_program({"refresh", m.path(), m / "list"});
    BOOST_TEST(told.status == 0, told.output);
    BOOST_TEST(holds(told.output, " → " + head()), told.output);
    BOOST_TEST(read(m / "number") == std::to_string(n));
    BOOST_TEST(read(m / ("list/deep/a-" + std::to_string(n))) == std::to_string(n));
  }
  server.stop();
  const auto failed = run_program({"refresh", m.path()});
  BOOST_TEST(failed.status == 1);
  BOOST_TEST(read(m / "number") == "11");
  server.start();
}

BOOST_AUTO_TEST_CASE(a_refresh_that_is_interrupted_is_given_up) {
  const mount m{url(), {"--follow", "on-request"}};
  const std::string look = "ls -lR; cat number list/deep/a-1";
  must_run(look, m.path());
  push_number(2);
  for (const int signal : {SIGINT, SIGKILL}) {
    server.clear_requests();
    server.answer_all_with("429"); // which the mount waits for, and no test
    background refresh{"exec \"$GITFS_BINARY\" refresh " + shell_quoted(m.path())};
    BOOST_TEST(eventually([&] { return server.count() != 0; }));
    refresh.signal(signal);
    const auto ended = refresh.result();
    BOOST_REQUIRE(ended.has_value());
    BOOST_TEST(ended->status == 128 + signal, ended->output);
    must_run(look, m.path());
    BOOST_TEST(read(m / "number") == "1");
  }
  server.answer_all_with("");
  background again{"exec \"$GITFS_BINARY\" refresh " + shell_quoted(m.path())};
  const auto told = again.result();
  BOOST_REQUIRE(told.has_value());
  BOOST_TEST(holds(told->output, " → " + head()), told->output);
  BOOST_TEST(read(m / "number") == "2");
}

BOOST_AUTO_TEST_CASE(a_ref_can_be_forced_and_deleted) {
  repository.in_work("git branch topic; git push -q ../root/scratch.git topic");
  const mount m{url(), {"--follow", "1s", "--ref", "topic"}};
  BOOST_TEST(read(m / "number") == "1");
  repository.in_work("git checkout -q --orphan other topic");
  repository.commit("n=7; " + numbered);
  repository.in_work("git push -q --force ../root/scratch.git other:topic");
  BOOST_TEST(shows(m, "7"));
  repository.in_work("git push -q ../root/scratch.git :topic");
  BOOST_TEST(eventually([&] { return holds(m.log(), "stays"); }), m.log());
  BOOST_TEST(read(m / "number") == "7");
  repository.in_work("git push -q ../root/scratch.git topic:topic");
  BOOST_TEST(shows(m, "1"));
}

BOOST_AUTO_TEST_CASE(a_plain_mount_is_pinned) {
  const mount m{url()};
  push_number(2);
  const auto told = run_program({"refresh", m.path(), m / "list"});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(holds(told.output, "pinned"), told.output);
  ::kill(m.pid(), SIGHUP);
  BOOST_TEST(eventually([&] { return holds(m.log(), "SIGHUP"); }));
  BOOST_TEST(read(m / "number") == "1");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_followed_is_said_at_once) {
  temp_dir dir;
  const auto id = run_program({"mount", "--follow", "1m", "--ref", head(), url(), dir / "mnt"});
  BOOST_TEST(id.status == 2);
  BOOST_TEST(holds(id.output, "commit id"), id.output);
  const auto none =
      run_program({"mount", "--follow", "1m", "--ref", "no-such", "--cache-dir", dir / "cache", url(), dir / "mnt"});
  BOOST_TEST(none.status == 1);
  BOOST_TEST(holds(none.output, "no-such"), none.output);
  BOOST_TEST(run_program({"mount", "--follow", "sometimes", url(), dir / "mnt"}).status == 2);
}

BOOST_FIXTURE_TEST_CASE(a_reload_adds_and_removes_entries, configured) {
  write(entry("a/one") + ", " + entry("b"));
  open();
  BOOST_TEST(list("a") == "one\n");
  BOOST_TEST(list() == "a  b\n");
  BOOST_TEST(read(mountpoint / "b/number") == "1");
  BOOST_TEST(run("stat " + (mountpoint / "c").string()).status != 0);
  const std::filesystem::path sign = file.string() + ".inside";
  // Whoever has only stepped in, and asked for nothing, may find that it is gone.
  background inside{"cd " + shell_quoted(mountpoint / "b") + " && cat number && touch " + shell_quoted(sign)
                    + " && until cat list/a-1 && [ ! -e ../b ]; do sleep 0.05; done"
                      " && cat number list/b-1 && ls same"};
  BOOST_REQUIRE(eventually([&] { return std::filesystem::exists(sign); }));
  write(entry("a/one") + ", " + entry("a/two") + ", " + entry("c"));
  reload("is in force");
  BOOST_TEST(eventually([&] { return list() == "a  c\n"; }), list());
  BOOST_TEST(eventually([&] { return list("a") == "one  two\n"; }), list("a"));
  BOOST_TEST(read(mountpoint / "c/number") == "1");
  const auto stayed = inside.result();
  BOOST_REQUIRE(stayed.has_value());
  BOOST_TEST(stayed->status == 0, stayed->output);
  std::ofstream{file} << "{\"tree\": {\"x\": {\"sauce\": 1}, \"/y\": {}}}";
  reload("is not taken over");
  BOOST_TEST(holds(logged(), "sauce"), logged());
  BOOST_TEST(list() == "a  c\n");
  std::ofstream{file} << "{\"memory\": \"64M\", \"tree\": {" << entry("c") << "}}";
  daemon->signal(SIGHUP);
  BOOST_TEST(eventually([&] { return list() == "c\n"; }), list() + logged());
  BOOST_TEST(holds(logged(), "memory cannot change while it is mounted"), logged());
}

BOOST_FIXTURE_TEST_CASE(what_a_reload_has_removed_is_closed_when_nobody_is_in_it, configured) {
  const auto open_files = [&] {
    return std::stoul(run("find /proc/" + std::to_string(daemon->pid()) + "/fd -lname '*/cache/*' | wc -l").output);
  };
  write(entry("a"));
  open();
  BOOST_TEST(read(mountpoint / "a/number") == "1");
  const scratch_repository other{"mkdir sub; echo x >sub/f; echo other >number"};
  const git_server of_other{other.root()};
  const std::size_t before = open_files();
  write(entry("a") + R"(, "b": {"source": ")" + of_other.url("scratch.git") + "\"}");
  reload("is in force");
  BOOST_TEST(eventually([&] { return read(mountpoint / "b/number") == "other"; }), logged());
  BOOST_TEST(open_files() > before);
  const std::filesystem::path sign = file.string() + ".inside", stop = file.string() + ".stop";
  background inside{"cd " + shell_quoted(mountpoint / "b/sub") + " && touch " + shell_quoted(sign) + " && until [ -e "
                    + shell_quoted(stop) + " ]; do sleep 0.05; done; cat ../number"};
  BOOST_REQUIRE(eventually([&] { return std::filesystem::exists(sign); }));
  write(entry("a"));
  daemon->signal(SIGHUP);
  BOOST_TEST(eventually([&] { return list() == "a\n"; }), list() + logged());
  must_run(as_root("echo 2 >/proc/sys/vm/drop_caches"));
  pause_for(std::chrono::seconds{6});
  must_run("touch " + shell_quoted(stop));
  const auto stayed = inside.result();
  BOOST_REQUIRE(stayed.has_value());
  BOOST_TEST(stayed->output == "other\n");
  BOOST_TEST(eventually([&] {
    must_run(as_root("echo 2 >/proc/sys/vm/drop_caches"));
    return open_files() <= before;
  }));
  write(entry("a") + R"(, "b": {"source": ")" + of_other.url("scratch.git") + "\"}");
  daemon->signal(SIGHUP);
  BOOST_TEST(eventually([&] { return read(mountpoint / "b/number") == "other"; }), logged());
}

BOOST_FIXTURE_TEST_CASE(a_reload_adds_and_removes_hosts, configured) {
  const scratch_repository other{"echo other >number", "app.git"};
  const auto serve = [this](const std::filesystem::path& from, const std::string& to) {
    must_run("mkdir -p $(dirname " + to + ") && cp -r " + shell_quoted(from) + " " + to, repository.root());
  };
  serve(repository.bare(), "team/app.git");
  serve(other.bare(), "else/team/app.git");
  const auto host = [this](const std::string& path, const std::string& below = "", const std::string& more = "") {
    return "\"" + path + R"(": {"host": "git", "url": ")" + server.url(below + "{owner}/{repo}.git") + '"' + more + "}";
  };
  write(entry("b"));
  open();
  BOOST_TEST(run("stat " + (mountpoint / "hub").string()).status != 0);
  write(entry("b") + ", " + host("hub") + ", " + host("deep/er/hub"));
  reload("is in force");
  BOOST_TEST(eventually([&] { return list() == "b  deep  hub\n"; }), list());
  BOOST_TEST(read(mountpoint / "hub/team/app/number") == "1");
  BOOST_TEST(read(mountpoint / "deep/er/hub/team/app@main/number") == "1");
  const std::filesystem::path sign = file.string() + ".inside";
  // Reads before it says that it is there: whoever only stands in a repository, and has not looked at it since the
  // kernel dropped its caches (as other tests make it do), has nothing to go on seeing.
  must_run("cd /; " + as_root("echo 2 >/proc/sys/vm/drop_caches"));
  background inside{"cd " + shell_quoted(mountpoint / "hub/team/app") + " && cat number && touch " + shell_quoted(sign)
                    + " && until [ ! -e " + shell_quoted(mountpoint / "hub")
                    + " ]; do sleep 0.05; done"
                      " && cat number list/b-1 && ls same"};
  BOOST_REQUIRE(eventually([&] { return std::filesystem::exists(sign); }));
  // Another host at the same path, and one that goes.
  write(entry("b") + ", " + host("hub", "", ", \"follow\": \"1s\"") + ", " + host("deep/er/hub", "else/"));
  daemon->signal(SIGHUP);
  BOOST_TEST(eventually([&] { return read(mountpoint / "deep/er/hub/team/app/number") == "other"; }), logged());
  write(entry("b"));
  daemon->signal(SIGHUP);
  BOOST_TEST(eventually([&] { return list() == "b\n"; }), list() + logged());
  BOOST_TEST(run("stat " + (mountpoint / "hub").string()).status != 0);
  BOOST_TEST(run("stat " + (mountpoint / "deep").string()).status != 0);
  const auto stayed = inside.result();
  BOOST_REQUIRE(stayed.has_value());
  BOOST_TEST(stayed->status == 0, stayed->output);
  write(entry("b") + ", " + host("hub", "else/"));
  daemon->signal(SIGHUP);
  BOOST_TEST(eventually([&] { return read(mountpoint / "hub/team/app/number") == "other"; }), logged());
  BOOST_TEST(read(mountpoint / "b/number") == "1");
}

BOOST_FIXTURE_TEST_CASE(a_reload_changes_refs_and_sources, configured) {
  repository.in_work("git tag v1");
  push_number(2);
  repository.in_work("git push -q ../root/scratch.git v1");
  const scratch_repository other{"echo other >number"};
  write(entry("a", ", \"ref\": \"v1\"") + ", " + entry("b", ", \"follow\": \"on-request\""));
  open();
  BOOST_TEST(read(mountpoint / "a/number") == "1");
  BOOST_TEST(read(mountpoint / "b/number") == "2");
  push_number(3);
  write(entry("a") + R"(, "b": {"source": ")" + other.bare().string() + "\"}");
  reload("is in force");
  BOOST_TEST(eventually([&] { return read(mountpoint / "a/number") == "3"; }), logged());
  BOOST_TEST(eventually([&] { return read(mountpoint / "b/number") == "other"; }), logged());
}

BOOST_FIXTURE_TEST_CASE(reloads_under_load, configured) {
  write(entry("a", ", \"follow\": \"1s\""));
  open();
  background reader{"until [ -e " + shell_quoted(dir / "stop") + " ]; do ls -lR " + shell_quoted(mountpoint / "a")
                    + " >/dev/null 2>&1; cat " + shell_quoted(mountpoint / "a/number") + " >/dev/null || exit 1; done"};
  for (int i = 0; i < 20; ++i) {
    push_number(i + 2);
    write(entry("a", ", \"follow\": \"1s\"") + (i % 2 == 0 ? ", " + entry("b" + std::to_string(i)) : ""));
    daemon->signal(SIGHUP);
    const std::string expected = i % 2 == 0 ? "a  b" + std::to_string(i) + "\n" : "a\n";
    BOOST_TEST(eventually([&] { return list() == expected; }), list() + logged());
  }
  must_run("touch stop", dir.path());
  const auto ended = reader.result();
  BOOST_REQUIRE(ended.has_value());
  BOOST_TEST(ended->status == 0, ended->output);
  BOOST_TEST(eventually([&] { return read(mountpoint / "a/number") == "21"; }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
