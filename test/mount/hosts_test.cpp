// Services with many repositories in a mount: GitHub, Gitea, GitLab, git servers.
#include "test/mount/served_hosts.hpp"
#include "test/mount/shared.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

namespace hosts {

namespace {

/// Octo/hello, Octo/a to Octo/e; Org (a group) with Org/deep/er/project.
struct served : served_hosts {
  served() {
    for (const char* each : {"Octo/hello", "Octo/a", "Octo/b", "Octo/c", "Octo/d", "Octo/e", "Org/deep/er/project"})
      add(each);
    must_run("touch Org/organization", root);
  }
  mount github(const std::string& modifiers = {}, const std::string& more = {},
               const std::string& settings = {}) const {
    return shows("github", more, modifiers, settings);
  }
  static const std::vector<std::string>& checked_out() {
    static const temp_dir folder;
    static const auto out = manifest(checkout(hosted_repository().bare(), "main", folder.path()));
    return out;
  }
};

// Blobs in all stores of the cache.
std::size_t blobs_of(const mount& m) {
  return std::stoul(
      must_run("find . -name HEAD -printf '%h\\n' | while read -r s; do git -C \"$s\" -c safe.directory='*' "
               "cat-file --batch-all-objects --batch-check; done | grep -c ' blob ' || true",
               m.cache_dir()));
}

std::string sizes_in(const std::filesystem::path& folder) {
  return must_run("find . -type f -not -path './.git/*' -printf '%P %s\\n' | sort", folder);
}

} // namespace

} // namespace hosts

BOOST_FIXTURE_TEST_SUITE(hosts, hosts::served)

BOOST_AUTO_TEST_CASE(a_repository_of_github_is_listed_by_four_requests) {
  const mount m = github("", "", R"("prefetch": false)");
  BOOST_TEST(must_run("ls; ls -la hub; stat hub", m.path()) != "");
  BOOST_TEST(git->count() + forge->count() == 0U);
  BOOST_TEST(must_run("ls", m / "hub/Octo/hello") == "dir\nlink\none\nother\nprogram");
  BOOST_TEST(git->count() + forge->count() <= 4U);
}

// What is fetched ahead comes after the listing was answered: it may start at any moment then, so more than four
// requests get no answer here.
BOOST_AUTO_TEST_CASE(with_prefetch_four_requests_are_enough) {
  const children_unheard of_the_server;
  must_run("git config uploadpack.allowFilter true && git config uploadpack.allowAnySHA1InWant true",
           root / "Octo/hello.git");
  forge->set(R"({"faults": [{"match": ".", "times": 1}, {"match": ".", "delay": 3600000}]})");
  std::atomic<int> asked{0};
  fault_server server{root};
  server.otherwise([&](fault_exchange& exchange) { ++asked <= 3 ? exchange.pass() : void(exchange.wait_for_close()); });
  const mount m{mount_plan{.config = config_text({{"hub", R"({"host": "github", "url": "http://)" + server.host()
                                                              + R"(", "api": ")" + forge->github() + "\"}"}})}};
  background list{"exec ls " + (m / "hub/Octo/hello").string()};
  const auto listed = list.result();
  BOOST_REQUIRE_MESSAGE(listed, "more requests were needed than were answered");
  BOOST_TEST(listed->output == "dir\nlink\none\nother\nprogram\n");
  BOOST_TEST(forge->count() == 1U);
  BOOST_TEST(eventually([&] { return asked > 3; })); // it is on
}

BOOST_AUTO_TEST_CASE(repositories_are_as_their_clones) {
  const mount m = github();
  BOOST_TEST(difference(checked_out(), manifest(m / "hub/Octo/hello")) == "");
  BOOST_TEST(difference(checked_out(), manifest(m / "hub/octo/HELLO")) == "");
  const std::string first = must_run("git rev-parse HEAD", hosted_repository().work());
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

// Each kind twice: one that forgets soon what is not there, and one that does not while this runs.
BOOST_AUTO_TEST_CASE(a_repository_that_appears_later_is_seen_once_its_absence_is_forgotten) {
  constexpr std::array kinds{"github", "gitea", "gitlab", "git", "mesa"};
  constexpr std::array names{"Octo/later", "Late/hello"};
  serve_mesa();
  mesa->add("Octo/hello");
  std::vector<std::pair<std::string, std::string>> tree;
  for (const std::string kind : kinds) {
    tree.emplace_back(kind + "/soon", entry(kind, R"("absent": "1s")"));
    tree.emplace_back(kind + "/late", entry(kind, R"("absent": "1h")"));
  }
  const mount m{mount_plan{.config = config_text(tree)}};
  const auto each_path = [&](const auto& what) {
    for (const auto& [host, ignored] : tree)
      for (const char* name : names)
        what(host, (std::filesystem::path{host} / name).string());
  };
  each_path([&](const auto&, const std::string& path) { BOOST_TEST(failure_of(m / path) == ENOENT, path); });
  for (const char* name : names)
    add(name);
  each_path([&](const std::string& host, const std::string& path) {
    if (host.ends_with("/soon"))
      BOOST_TEST(eventually([&] { return failure_of(m / (path + "/one")) == 0; }), path);
  });
  forge->clear_requests();
  const std::size_t of_mesa = mesa->requests();
  each_path([&](const std::string& host, const std::string& path) {
    if (host.ends_with("/late"))
      BOOST_TEST(failure_of(m / path) == ENOENT, path);
  });
  BOOST_TEST(forge->count() == 0U);
  BOOST_TEST(mesa->requests() == of_mesa);
}

// Nobody has asked for it before, so that nothing is known of it.
BOOST_AUTO_TEST_CASE(a_repository_that_was_made_after_a_listing_is_there_at_once) {
  constexpr std::array kinds{"github", "gitea", "gitlab", "mesa"};
  serve_mesa();
  mesa->add("Octo/hello");
  std::vector<std::pair<std::string, std::string>> tree;
  for (const std::string kind : kinds)
    tree.emplace_back(kind, entry(kind, R"("absent": "1h")"));
  const mount m{mount_plan{.config = config_text(tree)}};
  for (const char* kind : kinds)
    BOOST_TEST(holds(must_run("ls", m / kind / "Octo"), "hello"), kind);
  add("Octo/later");
  for (const char* kind : kinds) {
    BOOST_TEST(failure_of(m / kind / "Octo/later/one") == 0, kind);
    BOOST_TEST(eventually([&] { return holds(must_run("ls", m / kind / "Octo"), "later"); }), kind);
    const auto asked = [&] { return forge->count() + mesa->requests(); };
    const std::size_t before = asked();
    BOOST_TEST(failure_of(m / kind / "Octo/none") == ENOENT);
    const std::size_t after = asked();
    BOOST_TEST(after > before);
    BOOST_TEST(failure_of(m / kind / "Octo/none") == ENOENT);
    BOOST_TEST(asked() == after, kind);
  }
}

BOOST_AUTO_TEST_CASE(a_list_is_made_anew_each_time) {
  const mount m = github();
  BOOST_TEST(must_run("ls", m / "hub").empty());
  BOOST_TEST(failure_of(m / "hub/Octo") == 0);
  // The kernel is told to drop the listing that it took for complete just after it did.
  BOOST_TEST(eventually([&] { return must_run("ls", m / "hub") == "Octo"; }));
  BOOST_TEST(failure_of(m / "hub/Org") == 0);
  BOOST_TEST(eventually([&] { return must_run("ls", m / "hub") == "Octo\nOrg"; }));
}

BOOST_AUTO_TEST_CASE(the_slashes_of_a_ref_are_encoded) {
  must_run("git branch feature/with/slash main && git branch 100%off main", root / "Octo/hello.git");
  const mount m = github();
  for (const char* each :
       {"hello@feature%2Fwith%2Fslash", "hello@feature%2fwith%2fslash", "hello@100%25off", "hello@100%off"})
    BOOST_TEST(difference(checked_out(), manifest(m / "hub/Octo" / each)) == "", each);
  BOOST_TEST(holds(must_run("ls", m / "hub/Octo"), "hello@feature%2Fwith%2Fslash\n"));
  BOOST_TEST(failure_of(m / "hub/Octo/hello@feature/with/slash") == ENOENT);
  BOOST_TEST(holds(run_program({"status", m.path().string()}).output, "feature/with/slash"));
}

// What is not there cannot be told from a folder, by a server that lists nothing.
BOOST_AUTO_TEST_CASE(a_path_that_was_looked_up_before_its_repository_was_made_becomes_it) {
  const mount m{mount_plan{.config = config_text({{"any", R"({"host": "git", "absent": "1s", "url": ")"
                                                              + git->url("{path}.git") + "\"}"}})}};
  for (const char* each : {"listed", "read", "entered"})
    BOOST_TEST(failure_of(m / "any/team" / each) == 0);
  BOOST_TEST(must_run("ls", m / "any/team/listed").empty());
  BOOST_TEST(failure_of(m / "any/team/read/one") == 0); // a folder, for all that is known
  background inside{"cd " + (m / "any/team/entered").string() + " && until cat one 2>/dev/null; do sleep 0.1; done"};
  for (const char* each : {"listed", "read", "entered"})
    add("team/" + std::string{each});
  BOOST_TEST(eventually([&] { return must_run("ls", m / "any/team/listed") == "dir\nlink\none\nother\nprogram"; }));
  BOOST_TEST(eventually([&] { return run("cat one", m / "any/team/read").output == "one\n"; }));
  const auto seen = inside.result();
  BOOST_REQUIRE(seen);
  BOOST_TEST(seen->output == "one\n");
  for (const char* each : {"listed", "read", "entered"})
    BOOST_TEST(difference(checked_out(), manifest(m / "any/team" / each)) == "", each);
  BOOST_TEST(difference(checked_out(), manifest(m / "any/Octo/hello")) == "");
}

BOOST_AUTO_TEST_CASE(all_pages_are_listed) {
  forge->set(R"({"page": 2})");
  const mount m = github();
  BOOST_TEST(must_run("ls", m / "hub/Octo") == "a\nb\nc\nd\ne\nhello");
  BOOST_TEST(must_run("ls", m / "hub") == "Octo"); // the service lists no owners
}

BOOST_AUTO_TEST_CASE(sizes_come_by_the_api_and_no_contents) {
  const mount m = github("noobjinfo");
  BOOST_TEST(sizes_in(m / "hub/Octo/hello") == sizes_in(hosted_repository().work()));
  BOOST_TEST(forge->count("/git/trees/") == 1U);
  BOOST_TEST(blobs_of(m) <= 1U); // the target of the link
}

BOOST_AUTO_TEST_CASE(of_a_truncated_tree_its_directories_tell_the_sizes) {
  forge->set(R"({"tree_entries": 45})"); // of 49 in all, 42 of them in dir
  const mount m = github("noobjinfo");
  BOOST_TEST(sizes_in(m / "hub/Octo/hello") == sizes_in(hosted_repository().work()));
  BOOST_TEST(forge->count("/git/trees/") >= 2U);
  BOOST_TEST(blobs_of(m) <= 1U); // the target of the link
}

BOOST_AUTO_TEST_CASE(while_a_page_does_not_come_other_paths_are_answered) {
  forge->set(R"({"page": 2, "faults": [{"match": "page=2", "delay": 3600000}]})");
  const mount m = github();
  background list{"exec ls " + (m / "hub/Octo").string()};
  // Of a request without an answer there is no line in the server's log.
  BOOST_TEST(eventually([&] { return m.counter("kernel.readdirplus") + m.counter("kernel.readdir") != 0; }));
  for (const char* each : {"hub", "hub/Octo", "hub/Octo/e/dir/40", "hub/Org"})
    BOOST_TEST(failure_of(m / each) == 0, each);
  BOOST_TEST(must_run("cat one; ls", m / "hub/Octo/hello") == "one\ndir\nlink\none\nother\nprogram");
  BOOST_TEST(list.running());
  list.signal(SIGINT);
  BOOST_TEST(list.result().has_value());
  forge->set("{}");
  BOOST_TEST(must_run("ls", m / "hub/Octo") == "a\nb\nc\nd\ne\nhello");
}

BOOST_AUTO_TEST_CASE(a_rate_limit_makes_sizes_cost_contents_and_is_said_once) {
  forge->set(R"({"faults": [{"match": "git/trees", "status": 403,
                 "headers": {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "4102444800"},
                 "body": {"message": "API rate limit exceeded"}}]})");
  const mount m = github("noobjinfo");
  for (const char* each : {"hub/Octo/hello", "hub/Octo/a"})
    BOOST_TEST(sizes_in(m / each) == sizes_in(hosted_repository().work()));
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
                               {"tea", entry("gitea", "", "noobjinfo")},
                               {"lab", entry("gitlab", "", "noobjinfo")},
                               {"plain", entry("git")},
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

// As whom each token is let in, before anything is mounted.
BOOST_AUTO_TEST_CASE(config_check_asks_hosts_as_whom_a_token_is) {
  add("me/x");
  must_run("umask 077; echo good >good; echo bad >bad", dir.path());
  const auto token = [&](const char* name) { return R"({"file": ")" + (dir / name).string() + "\"}"; };
  const auto check = [&](const std::string& more, const char* kind) {
    std::ofstream{dir / "c.json"} << config_text({{"hub", entry(kind, more)}});
    return run_program({"config", "check", "--servers", (dir / "c.json").string()});
  };
  for (const char* kind : {"github", "gitea", "gitlab"}) {
    const auto good = check("\"token\": " + token("good"), kind);
    BOOST_TEST(good.status == 0, kind << good.output);
    BOOST_TEST(good.output.find("lets us in as me\n") != std::string::npos, kind << good.output);
    const auto both = check(R"("tokens": {"me": )" + token("good") + R"(, "Octo": )" + token("bad") + "}", kind);
    BOOST_TEST(both.status == 1, kind << both.output);
    BOOST_TEST(both.output.find("hub, token of me: ") != std::string::npos, kind << both.output);
    BOOST_TEST(both.output.find("hub, token of Octo: FAILED: ") != std::string::npos, kind << both.output);
    const auto none = check("", kind);
    BOOST_TEST(none.status == 0, kind << none.output);
    BOOST_TEST(none.output.find("without a token only what is public") != std::string::npos, kind << none.output);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
