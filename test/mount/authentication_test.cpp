// Servers that ask who we are in other ways than Basic, and those that are no smart ones.
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

namespace authentication {

namespace {

const scratch_repository& repository() {
  static const scratch_repository made{"mkdir -p a/b && echo x >a/b/c && seq 3000 >a/d"};
  return made;
}

struct place {
  temp_dir dir;
  scoped_env home{"HOME", dir.path().c_str()}; // without a .netrc
  scoped_env no_proxy{"no_proxy", "*"};
  scoped_env certificate{"GIT_SSL_CERT", nullptr};
  scoped_env key{"GIT_SSL_KEY", nullptr};

  std::string refusal(const std::string& url) const {
    const auto done = run_program({"mount", "--cache-dir", dir / "cache", url, (dir / "mnt").string()});
    BOOST_TEST(done.status == 1);
    BOOST_TEST(done.output.starts_with("gitfs-actor: "), done.output);
    return done.output;
  }
  static void shows_all(const mount& m) {
    BOOST_TEST(difference(manifest(repository().work()), manifest(m.path())) == "");
  }
};

bool holds(const std::string& text, const std::string& words) {
  return text.find(words) != std::string::npos;
}

} // namespace

} // namespace authentication

BOOST_FIXTURE_TEST_SUITE(authentication, authentication::place)

BOOST_AUTO_TEST_CASE(by_digest_with_the_user_and_password_of_the_url_of_netrc_or_of_a_helper) {
  git_server server{repository().root(), transport::plain, passwords::digest};
  const std::string url = server.url("digest", "scratch.git");
  shows_all(mount{"http://user:pass@" + url.substr(7)});
  {
    const std::string helper = "!f() { echo username=user; echo password=pass; }; f";
    const scoped_env count{"GIT_CONFIG_COUNT", "1"}, name{"GIT_CONFIG_KEY_0", "credential.helper"},
        value{"GIT_CONFIG_VALUE_0", helper.c_str()};
    shows_all(mount{url});
  }
  must_run("echo machine 127.0.0.1 login user password pass > .netrc && chmod 600 .netrc", dir.path());
  shows_all(mount{url});
}

BOOST_AUTO_TEST_CASE(by_a_token_of_a_file_or_a_variable) {
  git_server server{repository().root()};
  const std::string url = server.url("auth", "scratch.git");
  const std::string file = (dir / "token").string();
  must_run("umask 077; echo pass >" + file);
  shows_all(mount{url, {"--username=user", "--token-file", file}});
  const scoped_env variable{"A_TOKEN", "pass"};
  shows_all(mount{url, {"--username=user", "--token-env=A_TOKEN"}});
  // Without a name of one's own it is one that services do not look at; this one does.
  const auto refused = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "mount");
    arguments.insert(arguments.end(), {"--cache-dir", dir / "cache", url, (dir / "mnt").string()});
    const auto done = run_program(arguments);
    BOOST_TEST(done.status != 0);
    return done.output;
  };
  BOOST_TEST(holds(refused({"--token-file", file}), "refuses the configured token"));
  must_run("chmod 644 " + file);
  BOOST_TEST(holds(refused({"--username=user", "--token-file", file}), "its token cannot be had"));
  BOOST_TEST(holds(refused({"--username=user", "--token-file", file}), "chmod 600 it"));
  BOOST_TEST(holds(refused({"--token-file", file, "--token-env=A_TOKEN"}), "exclude each other"));
  const std::string mistaken = refused({"--token-env=ghp_abcdefgh0123"});
  BOOST_TEST(holds(mistaken, "not the name of a variable"), mistaken);
  BOOST_TEST(!holds(mistaken, "ghp_abcdefgh0123"), mistaken);
  const auto local = run_program({"mount", "--token-file", file, repository().work().string(), (dir / "mnt").string()});
  BOOST_TEST(holds(local.output, "only a SOURCE with https:// or http://"), local.output);
}

BOOST_AUTO_TEST_CASE(with_the_user_name_that_a_config_file_says) {
  git_server server{repository().root()};
  must_run("umask 077; echo pass >" + (dir / "token").string());
  const std::string who = R"("username": "user", "token": {"file": ")" + (dir / "token").string() + "\"}";
  const mount m{mount_plan{
      .config = config_text(
          {{"one", repository_entry(server.url("auth", "scratch.git"), "", who)},
           {"all", R"({"host": "git", "url": ")" + server.url("auth", "{path}.git") + "\", " + who + "}"}})}};
  for (const char* each : {"one", "all/scratch"})
    BOOST_TEST(difference(manifest(repository().work()), manifest(m / each)) == "", each);
}

// Each server is asked before anything is mounted, and nothing is kept.
BOOST_AUTO_TEST_CASE(config_check_asks_the_servers) {
  git_server server{repository().root()};
  must_run("umask 077; echo pass >" + (dir / "token").string());
  const std::string token = R"("token": {"file": ")" + (dir / "token").string() + "\"}";
  const std::string url = server.url("auth", "scratch.git");
  const scoped_env cache{"XDG_CACHE_HOME", (dir / "cache").c_str()};
  const auto check = [&](const std::vector<std::pair<std::string, std::string>>& tree) {
    std::ofstream{dir / "c.json"} << config_text(tree);
    return run_program({"config", "check", "--servers", (dir / "c.json").string()});
  };
  const std::string commit = must_run("git rev-parse main", repository().work());
  const std::vector<std::pair<std::string, std::string>> good{
      {"in", repository_entry(url, "main", token + R"(, "username": "user")")},
      {"pinned", repository_entry(url, commit, token + R"(, "username": "user")")},
      {"here", repository_entry(repository().bare().string())},
      {"hub", R"({"host": "git", "url": ")" + server.url("{path}.git") + "\"}"},
  };
  const auto all_in = check(good);
  BOOST_TEST(all_in.status == 0, all_in.output);
  BOOST_TEST(holds(all_in.output, "in: " + url + " lets us in: refs/heads/main at " + commit), all_in.output);
  BOOST_TEST(holds(all_in.output, "pinned: " + url + " lets us in: whether it has the commit"), all_in.output);
  BOOST_TEST(holds(all_in.output, "here: a repository of this machine, refs/heads/main at " + commit), all_in.output);
  BOOST_TEST(holds(all_in.output, "cannot be asked without a name"), all_in.output);
  auto some = good;
  some.emplace_back("out", repository_entry(url, "", token));
  some.emplace_back("no-ref", repository_entry(server.url("scratch.git"), "no-such"));
  const auto some_out = check(some);
  BOOST_TEST(some_out.status == 1, some_out.output);
  BOOST_TEST(holds(some_out.output, "out: FAILED: "), some_out.output);
  BOOST_TEST(holds(some_out.output, "refuses the configured token"), some_out.output);
  BOOST_TEST(holds(some_out.output, "no-ref: FAILED: "), some_out.output);
  BOOST_TEST(holds(some_out.output, "in: " + url + " lets us in"), some_out.output);
  BOOST_TEST(server.count("fetch") == 0U);
  BOOST_TEST(!std::filesystem::exists(dir / "cache"));
}

BOOST_AUTO_TEST_CASE(by_digest_with_a_wrong_password) {
  git_server server{repository().root(), transport::plain, passwords::digest};
  const std::string url = server.url("digest", "scratch.git");
  BOOST_TEST(holds(refusal("http://user:wrong@" + url.substr(7)), "refuses the user name and password of the URL"));
  BOOST_TEST(holds(refusal(url), "git's credential helpers have none"));
}

BOOST_AUTO_TEST_CASE(by_a_client_certificate) {
  git_server server{repository().root(), transport::tls};
  const std::string url = server.url("clientcert", "scratch.git");
  const scoped_env trust{"GIT_SSL_CAINFO", server.certificate().c_str()};
  BOOST_TEST(holds(refusal(url), "No required SSL certificate was sent"));
  const scoped_env ours{"GIT_SSL_CERT", server.client_certificate().c_str()};
  const scoped_env its_key{"GIT_SSL_KEY", server.client_key().c_str()};
  shows_all(mount{url});
}

BOOST_AUTO_TEST_CASE(a_dumb_server_is_called_one) {
  git_server server{repository().root()};
  must_run("git update-server-info", repository().bare());
  BOOST_TEST(holds(refusal(server.url("dumb", "scratch.git")), "dumb HTTP protocol"));
  BOOST_TEST(holds(refusal(server.url("dumb", "nothing.git")), "repository not found"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
