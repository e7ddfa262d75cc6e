// Mounts over TLS, through HTTP/2.
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <filesystem>
#include <string>

namespace gitfs::test {

namespace https {

namespace {

struct over_https {
  scratch_repository repository{"mkdir -p a/b && seq 100000 >a/b/large && echo x >a/small && ln -s small a/link"};
  git_server server{repository.root(), transport::tls};
  const std::string certificate = server.certificate().string();
  scoped_env no_proxy{"no_proxy", "*"};
  scoped_env git_file{"GIT_SSL_CAINFO", nullptr};
  scoped_env curl_file{"CURL_CA_BUNDLE", nullptr};
  scoped_env openssl_file{"SSL_CERT_FILE", nullptr};
};

} // namespace

} // namespace https

BOOST_FIXTURE_TEST_SUITE(https, https::over_https)

BOOST_AUTO_TEST_CASE(shows_what_a_clone_shows) {
  const scoped_env trust{"GIT_SSL_CAINFO", certificate.c_str()};
  const mount m{server.url("scratch.git")};
  BOOST_TEST(must_run("ls -R", m.path()) == repository.in_work("ls -R --ignore=.git"));
  BOOST_TEST(must_run("cat a/b/large a/link", m.path()) == repository.in_work("cat a/b/large a/link"));
  const auto seen = server.requests();
  BOOST_TEST(seen.size() > 2U);
  BOOST_TEST(std::ranges::all_of(seen, [](const server_request& each) { return each.protocol == "HTTP/2.0"; }));
}

BOOST_AUTO_TEST_CASE(goes_on_when_the_server_comes_back) {
  const scoped_env trust{"SSL_CERT_FILE", certificate.c_str()};
  const mount m{server.url("scratch.git"), {"--connect-timeout=2", "--timeout=3"}};
  BOOST_TEST(must_run("ls a", m.path()) == "b\nlink\nsmall");
  server.stop();
  BOOST_TEST(run("cat a/b/large", m.path()).status != 0);
  server.start();
  BOOST_TEST(must_run("cat a/b/large", m.path()) == repository.in_work("cat a/b/large"));
}

BOOST_AUTO_TEST_CASE(an_untrusted_certificate_is_refused_in_one_line) {
  const temp_dir dir;
  const auto done =
      run_program({"mount", "--cache-dir", dir / "cache", server.url("scratch.git"), (dir / "mnt").string()});
  BOOST_TEST(done.status == 1);
  for (const char* words : {"gitfs-actor: ", "127.0.0.1:", "TLS certificate is not trusted", "GIT_SSL_CAINFO"})
    BOOST_TEST(done.output.find(words) != std::string::npos, done.output << " lacks " << words);
  BOOST_TEST(std::ranges::count(done.output, '\n') == 1, done.output);
  BOOST_TEST(!std::filesystem::exists(dir / "mnt"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
