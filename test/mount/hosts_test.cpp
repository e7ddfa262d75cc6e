// Services with many repositories in a mount: GitHub, Gitea, GitLab, git servers.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/forge_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>
#include <sys/stat.h>

namespace gitfs::test {

namespace {

const scratch_repository& source() {
  static const scratch_repository made{
      "mkdir -p dir/sub other && echo one >one && ln -s one link && echo '#!/bin/sh' >program && chmod +x program"
      " && for i in $(seq 1 40); do seq 1 $i >dir/$i; done && echo deep >dir/sub/deep && echo other >other/file"};
  return made;
}

/// Octo/hello, Octo/a to Octo/f; Org (a group) with Org/deep/er/project.
struct served {
  temp_dir dir;
  std::filesystem::path root = dir / "root";
  std::optional<git_server> git;
  std::optional<forge_server> forge;

  served() {
    must_run("mkdir -p root/Octo root/Org/deep/er && touch root/Org/organization", dir.path());
    for (const char* each : {"Octo/hello", "Octo/a", "Octo/b", "Octo/c", "Octo/d", "Octo/e", "Org/deep/er/project"})
      add(each);
    git.emplace(root);
    forge.emplace(root);
  }
  void add(const std::string& name) const {
    must_run("cp -r " + source().bare().string() + " root/" + name + ".git", dir.path());
  }
  static std::string host(const std::string& kind, const std::string& url, const std::string& api,
                          const std::string& more = {}) {
    return R"({"host": ")" + kind + R"(", "url": ")" + url + '"' + (api.empty() ? "" : R"(, "api": ")" + api + '"')
           + (more.empty() ? "" : ", " + more) + "}";
  }
  /// `modifiers`: of the git server's URL.
  mount github(const std::string& modifiers = {}, const std::string& more = {},
               const std::string& settings = {}) const {
    return shows(host("github", base(modifiers), forge->github(), more), settings);
  }
  static mount shows(const std::string& entry, const std::string& settings = {}) {
    return mount{mount_plan{.config = config_text({{"hub", entry}}, settings)}};
  }
  std::string base(const std::string& modifiers = {}) const {
    std::string out = git->url(modifiers, "");
    while (out.ends_with('/'))
      out.pop_back();
    return out;
  }
  std::vector<std::string> checked_out() const {
    static const temp_dir folder;
    static const auto out = manifest(checkout(source().bare(), "main", folder.path()));
    return out;
  }
};

int failure_of(const std::filesystem::path& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0 ? 0 : errno;
}

std::size_t times(const std::string& text, const std::string& part) {
  std::size_t out = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
    ++out;
  return out;
}

// Blobs in all stores of the cache.
std::size_t blobs_of(const mount& m) {
  return std::stoul(
      must_run("find . -name HEAD -printf '%h\\n' | while read -r s; do git -C \"$s\" -c safe.directory='*' "
               "cat-file --batch-all-objects --batch-check; done | grep -c ' blob ' || true",
               m.cache_dir()));
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(hosts, served)

BOOST_AUTO_TEST_CASE(a_repository_of_github_is_listed_by_four_requests) {
  const mount m = github("", "", R"("prefetch": false)");
  BOOST_TEST(must_run("ls; ls -la hub; stat hub", m.path()) != "");
  BOOST_TEST(git->count() + forge->count() == 0U);
  BOOST_TEST(must_run("ls", m / "hub/Octo/hello") == "dir\nlink\none\nother\nprogram");
  BOOST_TEST(git->count() + forge->count() <= 4U);
}

BOOST_AUTO_TEST_CASE(repositories_are_as_their_clones) {
  const mount m = github();
  BOOST_TEST(difference(checked_out(), manifest(m / "hub/Octo/hello")) == "");
  BOOST_TEST(difference(checked_out(), manifest(m / "hub/octo/HELLO")) == "");
  const std::string first = must_run("git rev-parse HEAD", source().work());
  BOOST_TEST(difference(checked_out(), manifest(m / ("hub/Octo/a@" + first))) == "");
  BOOST_TEST(difference(checked_out(), manifest(m / "hub/Octo/a@main")) == "");
  BOOST_TEST(failure_of(m / "hub/Octo/a@none/one") == ENOENT);
  BOOST_TEST(failure_of(m / "hub/Octo/none@main") == ENOENT);
}

BOOST_AUTO_TEST_CASE(names_that_cannot_be_are_never_asked_for) {
  const mount m = github();
  failure_of(m / "hub/Octo/hello/one");
  forge->clear_requests();
  git->clear_requests();
  for (const char* each : {"hub/.git", "hub/.Trash", "hub/-a", "hub/a b", "hub/Octo/.git", "hub/Octo/a b", "hub/Octo/ä",
                           "hub/autorun.inf", "hub/Octo/hello/.git"})
    BOOST_TEST(failure_of(m / each) == ENOENT, each);
  BOOST_TEST(forge->count() + git->count() == 0U);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_remembered_for_a_while) {
  const mount m = github();
  BOOST_TEST(failure_of(m / "hub/Nobody") == ENOENT);
  BOOST_TEST(failure_of(m / "hub/Octo/later") == ENOENT);
  forge->clear_requests();
  BOOST_TEST(failure_of(m / "hub/Nobody") == ENOENT);
  BOOST_TEST(failure_of(m / "hub/Octo/later") == ENOENT);
  BOOST_TEST(forge->count() == 0U);
}

BOOST_AUTO_TEST_CASE(all_pages_are_listed) {
  forge->set(R"({"page": 2})");
  const mount m = github();
  BOOST_TEST(must_run("ls", m / "hub/Octo") == "a\nb\nc\nd\ne\nhello");
  BOOST_TEST(must_run("ls", m / "hub") == "Octo"); // the service lists no owners
}

BOOST_AUTO_TEST_CASE(sizes_come_by_the_api_and_no_contents) {
  const mount m = github("noobjinfo");
  const std::string sizes = must_run("find . -type f -printf '%P %s\\n' | sort", m / "hub/Octo/hello");
  BOOST_TEST(sizes == must_run("find . -type f -not -path './.git/*' -printf '%P %s\\n' | sort", source().work()));
  BOOST_TEST(forge->count("/git/trees/") == 1U);
  BOOST_TEST(blobs_of(m) <= 1U); // the target of the link
}

BOOST_AUTO_TEST_CASE(a_rate_limit_makes_sizes_cost_contents_and_is_said_once) {
  forge->set(R"({"faults": [{"match": "git/trees", "status": 403,
                 "headers": {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"},
                 "body": {"message": "API rate limit exceeded"}}]})");
  const mount m = github("noobjinfo");
  for (const char* each : {"hub/Octo/hello", "hub/Octo/a"})
    BOOST_TEST(must_run("find . -type f -printf '%P %s\\n' | sort", m / each)
               == must_run("find . -type f -not -path './.git/*' -printf '%P %s\\n' | sort", source().work()));
  const std::string log = m.log();
  BOOST_TEST(times(log, "Octo/hello.git: the service does not tell sizes") == 1U, log);
  BOOST_TEST(times(log, "Octo/a.git: the service does not tell sizes") == 1U, log);
}

BOOST_AUTO_TEST_CASE(what_the_service_fails_with_is_the_errno_of_that_path) {
  struct row {
    const char* owner;
    const char* fault; ///< what it is answered with
    int code;
    const char* said;
  };
  const row table[] = {
      {"o401", R"("status": 401, "body": {"message": "Bad credentials"})", EACCES, "o401"},
      {"o403", R"("status": 403, "body": {"message": "Forbidden"})", EACCES, "o403"},
      {"o404", R"("status": 404, "body": {"message": "Not Found"})", ENOENT, ""},
      {"o429", R"("status": 429, "headers": {"Retry-After": "3600"}, "body": {"message": "slow down"})", EIO,
       "rate limit"},
      {"o500", R"("status": 500, "body": {"message": "oops"})", EIO, "500"},
      {"o503", R"("status": 503, "body": "down")", EIO, "503"},
      {"omal", R"("status": 200, "body": "[{]")", EIO, "127.0.0.1"},
      {"ohtml", R"("status": 200, "body": "<html>")", EIO, "127.0.0.1"},
      {"oredir", R"("status": 200, "body": {"a": 1})", EIO, "127.0.0.1"},
  };
  for (const row& each : table) {
    forge->set(R"({"faults": [{"match": "/)" + std::string{each.owner} + R"x((/|$)", )x" + each.fault + "}]}");
    const mount m = github("", "", R"("timeouts": {"request": "5s"})");
    const int code = failure_of(m / ("hub/" + std::string{each.owner}));
    const bool right = code == each.code || (each.code == EIO && code == ETIMEDOUT);
    BOOST_TEST(right, each.owner << ": " << code << '\n' << m.log());
    if (*each.said != '\0')
      BOOST_TEST(holds(m.log(), each.said), each.owner << '\n' << m.log());
    BOOST_TEST(failure_of(m / "hub") == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_service_that_is_down_is_one_paths_error_and_comes_back) {
  const mount m = github("", "", R"("timeouts": {"request": "2s"})");
  forge->set(R"({"faults": [{"match": ".", "status": 502, "body": "down"}]})");
  BOOST_TEST(failure_of(m / "hub/Octo") != 0);
  pause_for(std::chrono::milliseconds{1500});
  BOOST_TEST(failure_of(m / "hub/Octo") != 0);
  BOOST_TEST(times(m.log(), ", Octo: ") == 1U, m.log());
  forge->set("{}");
  BOOST_TEST(eventually([&] { return failure_of(m / "hub/Octo/hello/one") == 0; }));
}

BOOST_AUTO_TEST_CASE(gitea_gitlab_and_any_git_server) {
  const mount m{mount_plan{.config = config_text({
                               {"tea", host("gitea", base("noobjinfo"), forge->gitea())},
                               {"lab", host("gitlab", base("noobjinfo"), forge->gitlab())},
                               {"plain", host("git", base() + "/{owner}/{repo}.git", "")},
                           })}};
  BOOST_TEST(difference(checked_out(), manifest(m / "tea/Octo/hello")) == "");
  BOOST_TEST(must_run("ls", m / "tea/Octo") == "a\nb\nc\nd\ne\nhello");
  BOOST_TEST(difference(checked_out(), manifest(m / "lab/Org/deep/er/project")) == "");
  BOOST_TEST(must_run("ls", m / "lab/Org/deep") == "er");
  BOOST_TEST(difference(checked_out(), manifest(m / "plain/Octo/hello")) == "");
  BOOST_TEST(difference(checked_out(), manifest(m / "plain/Octo/hello@main")) == "");
  BOOST_TEST(failure_of(m / "plain/Octo/none") == ENOENT);
  BOOST_TEST(must_run("ls", m / "plain") == "Octo");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
