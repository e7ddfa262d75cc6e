// Servers that ask who we are in other ways than Basic, and those that are no smart ones.
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

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
