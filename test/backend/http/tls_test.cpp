// Over TLS, to a real server whose certificate signs itself: what is trusted, and what is never done.
#include "backend/http/http_client.hpp"
#include "backend/http/http_exchange.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

namespace gitfs::test {

namespace tls {

namespace {

using namespace std::chrono_literals;

git_server& shared_server() {
  static const scratch_repository repository{"echo x >file"};
  static git_server server{repository.root(), transport::tls};
  return server;
}

struct answer {
  std::string body;
  http_end end;
};

struct over_tls {
  over_tls() { server.clear_requests(); }

  // With a client of its own, because a client reads the environment when it is made.
  static answer get(const std::string& url, const std::string& user = "", const std::string& password = "") {
    gitfs::http_client client;
    http_request request;
    request.url = url + "/info/refs?service=git-upload-pack";
    request.username = user;
    request.password = password;
    request.deadline = std::chrono::steady_clock::now() + 60s;
    http_exchange exchange{client, request, {}};
    std::string body = exchange.read_all(1 << 20);
    return {std::move(body), exchange.end()};
  }

  static void is_served(const answer& got) {
    BOOST_TEST(got.end.failure == 0, got.end.message);
    BOOST_TEST(got.end.head.status == 200);
    BOOST_TEST(got.body.find("git-upload-pack") != std::string::npos);
  }

  // For good, with these words, and before anything of HTTP was sent.
  void is_refused(const answer& got, const std::vector<std::string>& words) {
    BOOST_TEST(got.end.failure == EIO);
    BOOST_TEST(!got.end.transient);
    BOOST_TEST(got.end.head.status == 0);
    for (const std::string& each : words)
      BOOST_TEST(got.end.message.find(each) != std::string::npos, "'" << got.end.message << "' lacks " << each);
    BOOST_TEST(server.count() == 0U);
  }

  git_server& server = shared_server();
  scoped_env client_certificate{"GIT_SSL_CERT", nullptr};
  scoped_env client_key{"GIT_SSL_KEY", nullptr};
  const std::string certificate = server.certificate().string();
  temp_dir dir;
  scoped_env home{"HOME", dir.path().c_str()}; // without a .netrc
  scoped_env git_file{"GIT_SSL_CAINFO", nullptr};
  scoped_env curl_file{"CURL_CA_BUNDLE", nullptr};
  scoped_env openssl_file{"SSL_CERT_FILE", nullptr};
  scoped_env git_folder{"GIT_SSL_CAPATH", nullptr};
  scoped_env openssl_folder{"SSL_CERT_DIR", nullptr};
  scoped_env no_proxy{"no_proxy", "*"};
};

} // namespace

} // namespace tls

BOOST_FIXTURE_TEST_SUITE(tls, tls::over_tls)

BOOST_AUTO_TEST_CASE(an_unknown_certificate_is_refused_with_advice) {
  is_refused(get(server.url("scratch.git")), {"127.0.0.1:", "not trusted", "self-signed", "GIT_SSL_CAINFO"});
}

BOOST_AUTO_TEST_CASE(nothing_turns_verification_off) {
  const scoped_env git_says{"GIT_SSL_NO_VERIFY", "1"};
  is_refused(get(server.url("scratch.git")), {"not trusted"});
}

BOOST_AUTO_TEST_CASE(a_file_of_authorities_is_taken_from_the_usual_variables) {
  for (const char* variable : {"GIT_SSL_CAINFO", "CURL_CA_BUNDLE", "SSL_CERT_FILE"}) {
    BOOST_TEST_CONTEXT(variable) {
      const scoped_env set{variable, certificate.c_str()};
      is_served(get(server.url("scratch.git")));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_folder_of_authorities_is_taken_from_the_usual_variables) {
  const auto folder = dir / "authorities";
  std::filesystem::create_directory(folder);
  std::filesystem::copy_file(certificate, folder / "a.pem");
  must_run("openssl rehash .", folder);
  for (const char* variable : {"GIT_SSL_CAPATH", "SSL_CERT_DIR"}) {
    BOOST_TEST_CONTEXT(variable) {
      const scoped_env set{variable, folder.c_str()};
      is_served(get(server.url("scratch.git")));
    }
  }
}

BOOST_AUTO_TEST_CASE(gits_variable_comes_first_and_an_empty_one_counts_as_unset) {
  const scoped_env others{"SSL_CERT_FILE", "/nothing/there.pem"};
  {
    const scoped_env set{"GIT_SSL_CAINFO", certificate.c_str()};
    is_served(get(server.url("scratch.git")));
  }
  server.clear_requests();
  const scoped_env empty{"GIT_SSL_CAINFO", ""};
  is_refused(get(server.url("scratch.git")), {"/nothing/there.pem", "cannot be read", "SSL_CERT_FILE"});
}

BOOST_AUTO_TEST_CASE(a_trusted_certificate_of_another_host_is_refused) {
  const scoped_env set{"GIT_SSL_CAINFO", certificate.c_str()};
  std::string url = server.url("scratch.git");
  url.replace(url.find("127.0.0.1"), 9, "other.localhost"); // loopback, by its name alone
  is_refused(get(url), {"other.localhost:", "for another host"});
  is_served(get(server.url("elsewhere", "scratch.git"))); // while localhost is one of its names
}

BOOST_AUTO_TEST_CASE(a_client_certificate_is_taken_from_gits_variables) {
  const scoped_env trust{"GIT_SSL_CAINFO", certificate.c_str()};
  const std::string url = server.url("clientcert", "scratch.git");
  const answer without = get(url);
  BOOST_TEST(without.end.head.status == 400);
  BOOST_TEST(without.body.find("No required SSL certificate was sent") != std::string::npos, without.body);
  const scoped_env ours{"GIT_SSL_CERT", server.client_certificate().c_str()};
  {
    const scoped_env key{"GIT_SSL_KEY", server.client_key().c_str()};
    is_served(get(url));
  }
  // Both in one file, as many keep them.
  const auto both = dir / "both.pem";
  must_run("cat " + server.client_certificate().string() + " " + server.client_key().string() + " > both.pem",
           dir.path());
  const scoped_env in_one{"GIT_SSL_CERT", both.c_str()};
  is_served(get(url));
}

BOOST_AUTO_TEST_CASE(a_client_certificate_that_cannot_be_used_is_said_to_be_ours) {
  const scoped_env trust{"GIT_SSL_CAINFO", certificate.c_str()};
  const scoped_env missing{"GIT_SSL_CERT", "/nothing/there.pem"};
  is_refused(get(server.url("clientcert", "scratch.git")), {"127.0.0.1:", "client certificate", "GIT_SSL_CERT"});
  const scoped_env ours{"GIT_SSL_CERT", server.client_certificate().c_str()};
  const auto locked = dir / "locked.pem"; // nobody is asked for its password
  must_run("openssl pkey -aes256 -passout pass:secret -in " + server.client_key().string() + " -out locked.pem",
           dir.path());
  const scoped_env key{"GIT_SSL_KEY", locked.c_str()};
  is_refused(get(server.url("clientcert", "scratch.git")), {"127.0.0.1:", "client certificate", "password"});
}

// The server looks at it when the handshake is over for the client.
BOOST_AUTO_TEST_CASE(a_server_that_ends_the_handshake_for_want_of_a_certificate_is_understood) {
  const scoped_env trust{"GIT_SSL_CAINFO", certificate.c_str()};
  const auto folder = server.certificate().parent_path();
  background strict{"cd " + folder.string()
                    + " && exec openssl s_server -accept 127.0.0.1:0 -cert certificate.pem -key "
                      "key.pem -CAfile client.pem -Verify 1 -verify_return_error -www 2>&1 | tee "
                    + (dir / "said").string()};
  std::string port;
  BOOST_REQUIRE(eventually([&] {
    port = run("sed -n 's/^ACCEPT 127.0.0.1:\\([0-9]*\\)$/\\1/p' " + (dir / "said").string() + " 2>/dev/null").output;
    return !port.empty();
  }));
  port.resize(port.find_last_not_of('\n') + 1);
  const std::string url = "https://127.0.0.1:" + port;
  const answer without = get(url);
  BOOST_TEST(without.end.failure == EIO);
  BOOST_TEST(!without.end.transient);
  BOOST_TEST(without.end.message.find("wants a client certificate") != std::string::npos, without.end.message);
  const scoped_env ours{"GIT_SSL_CERT", server.client_certificate().c_str()};
  const scoped_env key{"GIT_SSL_KEY", server.client_key().c_str()};
  BOOST_TEST(get(url).end.failure == 0);
  strict.signal(SIGTERM);
}

BOOST_AUTO_TEST_CASE(http_2_is_spoken_where_offered) {
  const scoped_env set{"GIT_SSL_CAINFO", certificate.c_str()};
  is_served(get(server.url("scratch.git")));
  BOOST_TEST(server.requests().at(0).protocol == "HTTP/2.0");
}

BOOST_AUTO_TEST_CASE(follows_a_redirect_within_tls) {
  const scoped_env set{"GIT_SSL_CAINFO", certificate.c_str()};
  const answer got = get(server.url("redirect", "scratch.git"));
  is_served(got);
  BOOST_TEST(got.end.head.effective_url.starts_with(server.url("scratch.git")), got.end.head.effective_url);
}

BOOST_AUTO_TEST_CASE(refuses_a_redirect_out_of_tls) {
  const scoped_env set{"GIT_SSL_CAINFO", certificate.c_str()};
  const answer got = get(server.url("downgrade/auth", "scratch.git"), "user", "pass");
  BOOST_TEST(got.end.failure == EIO);
  BOOST_TEST(!got.end.transient);
  BOOST_TEST(got.end.message.find("https to http") != std::string::npos, got.end.message);
  const auto seen = server.requests();
  BOOST_REQUIRE_EQUAL(seen.size(), 1U); // the redirect itself
  BOOST_TEST(seen[0].status == 302);
}

BOOST_AUTO_TEST_CASE(credentials_do_not_follow_a_redirect_to_another_host) {
  const scoped_env set{"GIT_SSL_CAINFO", certificate.c_str()};
  BOOST_TEST(get(server.url("auth", "scratch.git"), "user", "pass").end.head.status == 200);
  BOOST_TEST(get(server.url("redirect/auth", "scratch.git"), "user", "pass").end.head.status == 200);
  BOOST_TEST(get(server.url("elsewhere/auth", "scratch.git"), "user", "pass").end.head.status == 401);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
