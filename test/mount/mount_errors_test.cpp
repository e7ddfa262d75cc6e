// A mount that cannot be: one clear line, an exit status, and nothing left behind. And what no line may ever hold.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/hostile_urls.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace gitfs::test {

namespace mount_errors {

namespace {

const scratch_repository& repository() {
  static const scratch_repository made{
      "mkdir d && echo x >d/f && git tag a-blob $(echo y | git hash-object -w --stdin)"};
  return made;
}

std::string in_json(const std::string& text) {
  std::string out = "\"";
  for (const char c : text)
    (out += c == '"' || c == '\\' ? "\\" : "") += c;
  return out + '"';
}

struct place {
  place() {
    must_run("[ -d empty.git ] || { git init -q --bare -b main empty.git && git init -q --bare -b main "
             "--object-format=sha256 sha256.git && "
             "git -C sha256.git update-ref refs/heads/main "
             "$(git -C sha256.git commit-tree -m x $(git -C sha256.git mktree </dev/null)) && mkdir no-repository; }",
             repository().root());
  }

  program_result try_mount(const std::vector<std::string>& options, const std::string& source,
                           const std::filesystem::path& mountpoint) const {
    std::vector<std::string> all{"mount", "--cache-dir", dir / "cache", "--connect-timeout=2", "--timeout=3"};
    all.insert(all.end(), options.begin(), options.end());
    all.insert(all.end(), {source, mountpoint.string()});
    return run_program(all);
  }

  // One line that names the program and says `words`, a status, no mount.
  void fails(const std::string& words, const std::string& source, const std::vector<std::string>& options = {},
             std::filesystem::path mountpoint = {}) const {
    const bool made_by_it = mountpoint.empty();
    if (made_by_it)
      mountpoint = dir / "mnt";
    const auto done = try_mount(options, source, mountpoint);
    const std::string what = source + " on " + mountpoint.string() + ": " + done.output;
    BOOST_TEST(done.status == 1, what);
    BOOST_TEST(done.output.starts_with("gitfs-actor: "), what);
    BOOST_TEST(std::ranges::count(done.output, '\n') == 1, what);
    BOOST_TEST(done.output.find(words) != std::string::npos, what << "does not say: " << words);
    BOOST_TEST(!is_mounted(mountpoint), what);
    if (made_by_it)
      BOOST_TEST(!std::filesystem::exists(mountpoint), what);
  }

  std::string repository_at(const std::string& name) const { return (repository().root() / name).string(); }

  git_server server{repository().root()};
  temp_dir dir;
};

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

} // namespace mount_errors

BOOST_FIXTURE_TEST_SUITE(mount_errors, mount_errors::place)

BOOST_AUTO_TEST_CASE(a_source_that_is_none) {
  fails("not found", server.url("nothing.git"));
  fails("connect", "http://127.0.0.1:1/x.git");
  fails("nowhere.invalid", "http://nowhere.invalid/x.git");
  fails("no-repository", repository_at("no-repository"));
  fails("not-there", repository_at("not-there"));
  fails("ftp", "ftp://127.0.0.1/x.git");
  server.answer_all_with("503");
  fails("503", server.url("scratch.git"));
  server.answer_all_with("");
  server.stop();
  fails("connect", server.url("scratch.git"));
}

BOOST_AUTO_TEST_CASE(a_server_that_does_not_speak_what_is_needed) {
  fails("protocol", server.url("v0", "scratch.git"));
  fails("sha256", server.url("sha256.git"));
  fails("sha256", repository_at("sha256.git"));
}

BOOST_AUTO_TEST_CASE(a_ref_that_is_none) {
  for (const auto& source : {server.url("scratch.git"), repository().bare().string()}) {
    fails("no-such", source, {"--ref", "no-such"});
    fails("refs/heads/no-such", source, {"--ref", "refs/heads/no-such"});
    const std::string unknown(40, '1');
    fails(unknown, source, {"--ref", unknown});
    fails("not a commit", source, {"--ref", "a-blob"});
  }
  fails("empty", server.url("empty.git"));
  fails("empty", repository_at("empty.git"));
}

BOOST_AUTO_TEST_CASE(a_mountpoint_that_is_none) {
  const std::string source = repository().bare().string();
  must_run("mkdir full empty && touch full/file file", dir.path());
  fails("is not empty", source, {}, dir / "full");
  fails("is not a directory", source, {}, dir / "file");
  fails("parent folder does not exist", source, {}, dir / "missing/mnt");
  BOOST_TEST(std::filesystem::exists(dir / "full/file"));
}

// What it shows would be hidden.
BOOST_AUTO_TEST_CASE(a_mountpoint_that_is_one_already) {
  const std::string source = repository().bare().string();
  const mount m{source};
  const auto link = dir / "link";
  std::filesystem::create_directory_symlink(m.path(), link);
  for (const auto& at : {m.path(), link}) {
    const auto same = try_mount({}, source, at);
    BOOST_TEST(same.status == 1);
    BOOST_TEST(holds(same.output, source + ", followed: never, is already mounted on " + m.path().string()
                                      + ", as asked: nothing is to be done"),
               same.output);
    const auto needed = try_mount({"--if-needed"}, source, at);
    BOOST_TEST(needed.status == 0, needed.output);
    BOOST_TEST(holds(needed.output, "is already mounted on " + m.path().string()), needed.output);
    for (const std::vector<std::string>& other : std::vector<std::vector<std::string>>{
             {"--ref", "main"}, {"--follow", "1m"}, {"--if-needed", "--ref", "main"}}) {
      const auto refused = try_mount(other, source, at);
      BOOST_TEST(refused.status == 1);
      BOOST_TEST(holds(refused.output, source + ", followed: never, is already mounted on " + m.path().string()
                                           + ": give another mountpoint, or first 'gitfs-actor unmount "),
                 refused.output);
    }
    const auto another = try_mount({}, repository_at("empty.git"), at);
    BOOST_TEST(another.status == 1);
    BOOST_TEST(holds(another.output, source + ", followed: never, is already mounted on "), another.output);
  }
  BOOST_TEST(must_run("cat d/f", m.path()) == "x");
}

BOOST_AUTO_TEST_CASE(what_a_killed_process_has_left_is_mounted_over) {
  const std::string source = repository().bare().string();
  const auto at = dir / "mnt";
  const auto pid_file = dir / "pid";
  // What was looked at before, the kernel still tells of the dead mount: its attributes, and the listing.
  for (const std::string look : {"cat mnt/d/f", "stat mnt", "ls -l mnt mnt/d && ls -l mnt"}) {
    BOOST_REQUIRE_EQUAL(try_mount({"--pid-file", pid_file}, source, at).status, 0);
    must_run(look, dir.path());
    must_run("kill -9 $(cat pid)", dir.path());
    // Not when its main thread is gone, but when the last of its threads has let go of the mount.
    BOOST_REQUIRE(eventually([&] { return holds(run("stat -f mnt", dir.path()).output, "not connected"); }));
  }
  const auto again = try_mount({"--pid-file", pid_file}, source, at);
  BOOST_TEST(again.status == 0, again.output);
  BOOST_TEST(must_run("cat mnt/d/f", dir.path()) == "x");
  BOOST_TEST(run_program({"unmount", at}).status == 0);
  BOOST_TEST(!is_mounted(at)); // nothing dead is below it
}

BOOST_AUTO_TEST_CASE(what_cannot_be_unmounted) {
  for (const auto& path : {dir.path(), dir / "nothing", std::filesystem::path{"/proc"}}) {
    const auto done = run_program({"unmount", path});
    BOOST_TEST(done.status == 1, path);
    BOOST_TEST(done.output.find("nothing of gitfs-actor is mounted") != std::string::npos, done.output);
  }
  BOOST_TEST(is_mounted("/proc"));
}

BOOST_AUTO_TEST_CASE(credentials_that_are_missing_or_wrong) {
  const std::string url = server.url("auth", "scratch.git");
  const auto with = [&](const std::string& who) { return "http://" + who + "@" + url.substr(7); };
  fails("127.0.0.1", url);
  fails("127.0.0.1", with("user:hunter2-wrong"));
  fails("127.0.0.1", with("hunter2-token"));
  for (const auto& who : {"user:hunter2-wrong", "hunter2-token"}) {
    const auto said = try_mount({}, with(who), dir / "mnt").output;
    BOOST_TEST(said.find("hunter2") == std::string::npos, said);
  }
  // The advice is no URL, of which credentials would be left out.
  BOOST_TEST(holds(try_mount({}, url, dir / "mnt").output, "put USER:TOKEN@ before the host name in the URL"));
}

BOOST_AUTO_TEST_CASE(credentials_are_shown_nowhere) {
  const std::string secrets = "user:pass@|:pass|dXNlcjpwYXNz";
  const auto none_in = [&](const std::string& text, const std::string& where) {
    for (const char* secret : {"user:pass", ":pass@", "dXNlcjpwYXNz"})
      BOOST_TEST(text.find(secret) == std::string::npos, where << " shows " << secret);
  };
  const std::string url = "http://user:pass@" + server.url("auth", "scratch.git").substr(7);
  const auto log = dir / "log";
  const auto done = try_mount({"--pid-file", dir / "pid", "--log-file", log, "--log-level=trace"}, url, dir / "mnt");
  BOOST_REQUIRE_MESSAGE(done.status == 0, done.output);
  BOOST_TEST(must_run("cat mnt/d/f", dir.path()) == "x");
  // Something for the log: what fails tells of URLs.
  server.answer_all_with("404");
  run("ls -lR mnt", dir.path());
  server.answer_all_with("");
  const std::string pid = must_run("cat pid", dir.path());
  none_in(done.output, "the message");
  none_in(run_program({"stats", dir / "mnt"}).output, "stats");
  none_in(run_program({"status", dir / "mnt"}).output, "status");
  none_in(run_program({"status", "--json", dir / "mnt"}).output, "status --json");
  none_in(run_program({"config", "show", url, dir / "mnt"}).output, "config show");
  none_in(content(log), "the log");
  none_in(content("/proc/self/mounts"), "/proc/mounts");
  none_in(content("/proc/self/mountinfo"), "/proc/mountinfo");
  none_in(content("/proc/" + pid + "/cmdline"), "the process list");
  BOOST_TEST(content(log).size() > 0U);
  BOOST_TEST(content("/proc/" + pid + "/cmdline").find("scratch.git") != std::string::npos);
  BOOST_TEST(run("grep -rlE '" + secrets + "' cache", dir.path()).output == "");
  BOOST_TEST(must_run("stat -c %a log", dir.path()) == "600");
  BOOST_TEST(run_program({"unmount", dir / "mnt"}).status == 0);
}

// As sources, which are no good ones, and where they may be anything: of collectors, and of the first column of
// /proc/mounts.
BOOST_AUTO_TEST_CASE(no_spelling_of_credentials_is_shown_anywhere) {
  const auto none_in = [&](const std::string& text, const std::string& where, const std::string& url) {
    BOOST_TEST(secret_in(text).empty(), where << " shows " << secret_in(text) << " of " << url << ":\n" << text);
  };
  const std::string at = dir / "mnt";
  for (const std::string& url : hostile_urls("127.0.0.1:1/a.git")) {
    const auto refused = try_mount({"--log-file", dir / "log", "--log-level=trace"}, url, at);
    BOOST_TEST(refused.status != 0);
    none_in(refused.output, "the message", url);
    none_in(run_program({"config", "show", url, at}).output, "config show", url);
    none_in(
        run_program({"config", "show", "--otlp-endpoint", url, "-o", "fsname=" + url, repository().bare(), at}).output,
        "config show", url);
    std::ofstream{dir / "config.json"} << R"({"tree": {"a": {"source": )" + in_json(url)
                                              + R"(}, "h": {"host": "gitea", "url": )" + in_json(url) + R"(, "api": )"
                                              + in_json(url) + "}}}";
    none_in(run_program({"config", "check", dir / "config.json"}).output, "config check", url);
    none_in(run_program({"config", "show", "--config", dir / "config.json"}).output, "config show --config", url);
    none_in(run_program({"status", url}).output + run_program({"stats", url}).output
                + run_program({"unmount", url}).output + run_program({"prefetch", url}).output,
            "another command", url);
  }
  if (std::filesystem::exists(dir / "log"))
    none_in(content(dir / "log"), "the log", "all of them");
}

BOOST_AUTO_TEST_CASE(no_spelling_of_credentials_is_shown_by_what_is_mounted) {
  const std::string at = dir / "mnt";
  std::size_t mounted = 0;
  for (const std::string& url : hostile_urls("127.0.0.1:1/a.git")) {
    const auto log = dir / "log";
    const auto done =
        try_mount({"--pid-file", dir / "pid", "--log-file", log, "--log-level=trace", "--otlp-endpoint", url},
                  server.url("", "scratch.git"), at);
    std::string shown = done.output;
    if (done.status == 0) {
      ++mounted;
      const std::string pid = must_run("cat pid", dir.path());
      shown += content("/proc/" + pid + "/cmdline") + run_program({"stats", at}).output
               + run_program({"status", "--json", at}).output;
      BOOST_REQUIRE(run_program({"unmount", at}).status == 0);
      shown += content(log);
      std::filesystem::remove(log);
    }
    BOOST_TEST(secret_in(shown).empty(), url << ":\n" << shown);
  }
  BOOST_TEST(mounted >= 4U); // the proper ones, at least
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
