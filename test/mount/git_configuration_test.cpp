// Mounts as git's own configuration wants them, refs as git chooses them, and trees as a checkout ends with them.
#include "test/support/command.hpp"
#include "test/support/environment.hpp"
#include "test/support/git_server.hpp"
#include "test/support/hostile_urls.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace gitfs::test {

namespace git_configuration {

namespace {

const scratch_repository& repository() {
  static const scratch_repository made{
      "echo x >file && git add file && git commit -qm first && git tag main && echo y >file"};
  return made;
}

struct configured {
  temp_dir dir;
  // Programs are run without the user's files.
  scoped_env count{"GIT_CONFIG_COUNT", "1"}, key{"GIT_CONFIG_KEY_0", "include.path"};
  scoped_env included{"GIT_CONFIG_VALUE_0", (dir / "gitconfig").c_str()};
  scoped_env no_proxy{"no_proxy", "*"};
  scoped_env git_file{"GIT_SSL_CAINFO", nullptr}, curl_file{"CURL_CA_BUNDLE", nullptr};
  scoped_env openssl_file{"SSL_CERT_FILE", nullptr};

  void configure(const std::string& text) const { std::ofstream{dir / "gitconfig"} << text; }
  static std::string content(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  program_result try_mount(const std::string& source, std::vector<std::string> options = {}) const {
    std::vector<std::string> all{"mount", "--cache-dir", dir / "cache"};
    all.insert(all.end(), options.begin(), options.end());
    all.insert(all.end(), {source, (dir / "mnt").string()});
    return run_program(all);
  }
};

} // namespace

} // namespace git_configuration

BOOST_FIXTURE_TEST_SUITE(git_configuration, git_configuration::configured)

BOOST_AUTO_TEST_CASE(an_unverified_host_is_mounted_with_a_warning_that_status_repeats) {
  git_server server{git_configuration::repository().root(), transport::tls};
  const std::string url = server.url("scratch.git");
  BOOST_TEST(try_mount(url).status == 1);
  configure("[http \"" + url + "\"]\n\tsslVerify = false\n");
  const auto done = try_mount(url, {"--ref", "refs/heads/main"});
  BOOST_REQUIRE_MESSAGE(done.status == 0, done.output);
  const std::string words =
      "its TLS certificate is not verified (http.sslVerify=false in " + (dir / "gitconfig").string();
  BOOST_TEST(holds(done.output, "warning: " + url + ": " + words), done.output);
  BOOST_TEST(holds(run_program({"status", "--verbose", dir / "mnt"}).output, "warning: " + url + ": " + words));
  BOOST_TEST(holds(run_program({"status", "--json", dir / "mnt"}).output, "\"warnings\": [\n"));
  BOOST_TEST(holds(run_program({"config", "show", url}).output, "/source http.sslVerify"));
  BOOST_TEST(run_program({"unmount", dir / "mnt"}).status == 0);
}

BOOST_AUTO_TEST_CASE(of_a_branch_and_a_tag_the_branch_is_shown_with_a_warning_of_both) {
  git_server server{git_configuration::repository().root()};
  for (const std::string& source : {server.url("scratch.git"), git_configuration::repository().bare().string()}) {
    const auto done = try_mount(source, {"--ref", "main"});
    BOOST_REQUIRE_MESSAGE(done.status == 0, done.output);
    BOOST_TEST(holds(done.output, "refs/heads/main is shown"), done.output);
    BOOST_TEST(holds(done.output, "the tag is refs/tags/main"), done.output);
    BOOST_TEST(must_run("cat mnt/file", dir.path()) == "y");
    BOOST_TEST(holds(run_program({"status", "--verbose", dir / "mnt"}).output, "the tag is refs/tags/main"));
    BOOST_TEST(run_program({"unmount", dir / "mnt"}).status == 0);
    const mount tag{source, {"--ref", "refs/tags/main"}};
    BOOST_TEST(must_run("cat file", tag.path()) == "x");
  }
  const mount host{
      mount_plan{.config = R"({"tree": {"h": {"host": "git", "url": ")" + server.url("{path}.git") + "\"}}}"}};
  BOOST_TEST(must_run("cat h/scratch@main/file h/scratch@refs%2Ftags%2Fmain/file", host.path()) == "y\nx");
  const mount configured_ref{
      mount_plan{.config = R"({"tree": {"r": {"source": ")" + server.url("scratch.git") + R"(", "ref": "main"}}})"}};
  BOOST_TEST(must_run("cat r/file", configured_ref.path()) == "y");
}

BOOST_AUTO_TEST_CASE(secrets_of_gits_configuration_are_shown_nowhere) {
  git_server server{git_configuration::repository().root()};
  const std::string base = server.url("auth", "");
  configure("[url \"http://user:pass@" + base.substr(7)
            + "\"]\n\tinsteadOf = work:\n[http]\n\textraHeader = X-Token: hunter2\n"
              "[http \"http://other.example/\"]\n\tproxy = http://joe:sesame@127.0.0.1:1\n");
  const std::vector<std::string> secrets{"user:pass", ":pass@", "dXNlcjpwYXNz", "hunter2", "sesame"};
  const auto none_in = [&](const std::string& text, const std::string& where) {
    for (const std::string& secret : secrets)
      BOOST_TEST(!holds(text, secret), where << " shows " << secret << ":\n" << text);
  };
  const auto done =
      try_mount("work:scratch.git", {"--ref", "refs/heads/main", "--log-file", dir / "log", "--log-level=trace",
                                     "--trace", dir / "trace", "--pid-file", dir / "pid"});
  BOOST_REQUIRE_MESSAGE(done.status == 0, done.output);
  BOOST_TEST(must_run("cat mnt/file", dir.path()) == "y");
  none_in(done.output, "the message");
  const std::string pid = must_run("cat pid", dir.path());
  none_in(content("/proc/" + pid + "/cmdline") + content("/proc/self/mountinfo"), "the system");
  for (const std::vector<std::string>& each :
       {std::vector<std::string>{"status", "--verbose"}, {"status", "--json"}, {"stats"}, {"top", "--once"}}) {
    auto arguments = each;
    arguments.push_back(dir / "mnt");
    none_in(run_program(arguments).output, each.front());
  }
  BOOST_TEST(run_program({"unmount", dir / "mnt"}).status == 0);
  none_in(content(dir / "log"), "the log");
  none_in(content(dir / "trace"), "the trace");
  BOOST_TEST(run("grep -rlE 'user:pass|hunter2|dXNlcjpwYXNz' cache", dir.path()).output == "");
  for (const char* source : {"work:scratch.git", "http://other.example/a.git"}) {
    const std::string shown = run_program({"config", "show", source}).output;
    none_in(shown + run_program({"config", "show", "--json", source}).output, "config show");
    BOOST_TEST(holds(shown, (dir / "gitconfig").string()), shown);
    BOOST_TEST(holds(shown, "X-Token: (not shown)"), shown);
  }
  BOOST_TEST(holds(run_program({"config", "show", "http://other.example/a.git"}).output, "http://127.0.0.1:1 "));
  BOOST_TEST(holds(run_program({"config", "show", "work:scratch.git"}).output, base + "scratch.git"));
}

BOOST_AUTO_TEST_CASE(a_commit_with_an_absurd_time_is_shown_from_everywhere) {
  must_run("git init -q -b main work && cd work && echo x >file && git add file && git commit -q "
           "--date='1970-01-01T00:00:00+0100' -m early && cd .. && mkdir root && git clone -q --bare work root/odd.git "
           "&& git -C "
           "root/odd.git config uploadpack.allowFilter true",
           dir.path());
  BOOST_REQUIRE(holds(must_run("git -C work cat-file commit HEAD", dir.path()), " 18446744073709548016 +0100"));
  git_server server{dir / "root"};
  for (const std::string& source : {(dir / "root/odd.git").string(), server.url("odd.git")}) {
    const mount m{source};
    BOOST_TEST(must_run("cat file", m.path()) == "x", source);
  }
}

// Two folders of one name are left out: a checkout merges them.
BOOST_AUTO_TEST_CASE(of_several_entries_of_one_name_the_checkouts_is_shown) {
  must_run("git init -q -b main odd && cd odd && git commit -q --allow-empty -m x", dir.path());
  const auto git = [&](const std::string& arguments) { return must_run("git -C odd " + arguments, dir.path()); };
  const auto blob = [&](const std::string& text) { return git("hash-object -w --stdin <<<" + text); };
  const std::string file = blob("one"), other = blob("two");
  const std::string folder = must_run("printf '100644 blob " + file + "\\tx\\n' | git -C odd mktree", dir.path());
  const std::string empty = git("mktree </dev/null");
  const std::vector<std::pair<std::string, std::string>> kinds{{"100644", file},  {"100644", other}, {"100755", file},
                                                               {"120000", other}, {"40000", folder}, {"40000", empty}};
  int number = 0;
  for (const auto& first : kinds)
    for (const auto& second : kinds) {
      if (first.second == folder && second.second == folder)
        continue;
      // "aside" beside them, so that no tree is empty; "a.x" stands between a file and a folder in git's order.
      std::string script = "printf '";
      for (const auto& [mode, name, id] : {std::tuple{first.first, std::string{"a"}, first.second},
                                           {"100644", "a.x", file},
                                           {second.first, "a", second.second}}) {
        script += mode + " " + name + "\\0";
        for (std::size_t i = 0; i < id.size(); i += 2)
          script += "\\x" + id.substr(i, 2);
      }
      const std::string tree =
          must_run(script + "' | git -C odd hash-object -t tree --literally -w --stdin", dir.path());
      const std::string commit = git("commit-tree -m m " + tree);
      git("update-ref refs/heads/case" + std::to_string(++number) + " " + commit);
    }
  for (int i = 1; i <= number; ++i) {
    const std::string name = "case" + std::to_string(i);
    must_run("git clone -q -b " + name + " odd " + name + " 2>/dev/null; rm -rf " + name + "/.git; find " + name
                 + " -mindepth 1 -type d -empty -delete",
             dir.path());
  }
  must_run("git clone -q --bare odd odd.git", dir.path());
  for (int i = 1; i <= number; ++i) {
    const std::string name = "case" + std::to_string(i);
    const mount m{(dir / "odd.git").string(), {"--ref", name}};
    // An empty folder is none in a checkout.
    must_run("cp -r " + m.path().string() + " seen-" + name + " && find seen-" + name
                 + " -mindepth 1 -type d -empty -delete",
             dir.path());
    BOOST_TEST(difference(manifest(dir / name), manifest(dir / ("seen-" + name))) == "", name);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
