// What git's configuration says about a URL is what servers and proxies see.
#include "test/backend/remote/upstream_fixture.hpp"
#include "test/support/forward_proxy.hpp"
#include "test/support/git_server.hpp"
#include "test/support/hostile_urls.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace git_configuration {

namespace {

struct configured : upstream_fixture {
  void configure(const std::string& text) const { std::ofstream{dir / "gitconfig"} << text; }

  static std::string header(const recorded_request& of, const std::string& name) {
    const auto found = of.headers.find(name);
    return found == of.headers.end() ? "" : found->second;
  }
};

git_server& tls_server() {
  static const scratch_repository repository{"echo x >file"};
  static git_server out{repository.root(), transport::tls};
  return out;
}

struct over_tls : configured {
  over_tls() { server.clear_requests(); }
  git_server& server = tls_server();
  const std::string url = server.url("scratch.git");
  scoped_env git_file{"GIT_SSL_CAINFO", nullptr}, curl_file{"CURL_CA_BUNDLE", nullptr};
  scoped_env openssl_file{"SSL_CERT_FILE", nullptr}, client{"GIT_SSL_CERT", nullptr}, key{"GIT_SSL_KEY", nullptr};
  scoped_env direct{"no_proxy", "*"};

  std::string failure_of(const std::string& at) {
    const auto out = connect({}, at)->resolve("main");
    return out ? "" : out.error().message;
  }
};

} // namespace

} // namespace git_configuration

BOOST_FIXTURE_TEST_SUITE(git_configuration, git_configuration::configured)

BOOST_AUTO_TEST_CASE(headers_are_sent_with_every_request_of_the_url_they_are_for) {
  configure(
      "[http]\n\textraHeader = X-Any: 1\n[http \"http://" + server.host()
      + "/\"]\n\textraHeader = Authorization: Basic hunter2\n[http \"http://other/\"]\n\textraHeader = X-Other: 1\n");
  const auto up = connect();
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
  const auto seen = server.requests();
  BOOST_TEST(seen.size() >= 3U);
  for (const recorded_request& each : seen) {
    BOOST_TEST(header(each, "x-any") == "1");
    BOOST_TEST(header(each, "authorization") == "Basic hunter2");
    BOOST_TEST(header(each, "x-other") == "");
  }
  BOOST_TEST(secret_in(log.text()).empty(), log.text());
}

BOOST_AUTO_TEST_CASE(headers_stay_with_their_host_when_a_redirect_leads_to_another) {
  fault_server other{dir.path()};
  configure("[http]\n\textraHeader = X-Secret: hunter2\n");
  server.otherwise(
      [&](fault_exchange& x) { x.reply(302, {"Location: http://" + other.host() + x.request.target}, ""); });
  const auto up = connect();
  const auto out = up->resolve("main");
  BOOST_REQUIRE_MESSAGE(out, reason_of(out));
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
  const auto seen = other.requests();
  BOOST_REQUIRE(seen.size() >= 3U);
  BOOST_TEST(header(seen.back(), "x-secret") == ""); // once the repository is known to be there
  BOOST_TEST(header(server.requests().front(), "x-secret") == "hunter2");
}

BOOST_AUTO_TEST_CASE(cookies_come_from_the_configured_file) {
  std::ofstream{dir / "cookies"} << "127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tabc\n";
  configure("[http]\n\tcookieFile = ~/cookies\n");
  BOOST_REQUIRE(connect()->resolve("main"));
  for (const recorded_request& each : server.requests())
    BOOST_TEST(header(each, "cookie") == "session=abc");
}

BOOST_AUTO_TEST_CASE(the_configured_proxy_replaces_that_of_the_environment) {
  const scoped_env direct{"no_proxy", nullptr}, environment{"http_proxy", "http://127.0.0.1:1"};
  forward_proxy proxy;
  configure("[http \"http://" + server.host() + "\"]\n\tproxy = " + proxy.url() + "\n");
  const auto out = connect()->resolve("main");
  BOOST_REQUIRE_MESSAGE(out, reason_of(out));
  BOOST_TEST(proxy.requests().size() >= 2U);
  const std::size_t seen = proxy.requests().size();
  configure("[http]\n\tproxy = " + proxy.url() + "\n[http \"http://127.0.0.1:*/\"]\n\tproxy = x\n[http \"http://"
            + server.host() + "/repo.git\"]\n\tproxy =\n");
  BOOST_REQUIRE(connect()->resolve("main"));
  BOOST_TEST(proxy.requests().size() == seen);
}

BOOST_AUTO_TEST_CASE(a_password_for_the_proxy_may_be_sent_in_any_way_and_is_not_shown) {
  const scoped_env direct{"no_proxy", nullptr};
  const forward_proxy guarded{"BasicAuth joe hunter2"};
  configure("[http]\n\tproxy = http://joe:hunter2@" + guarded.host() + "\n");
  const auto out = connect()->resolve("main");
  BOOST_REQUIRE_MESSAGE(out, reason_of(out));
  for (const std::string& hostile : hostile_urls("127.0.0.1:1")) {
    configure("[http]\n\tproxy = \"" + std::string{hostile.find_first_of("\"\\") == std::string::npos ? hostile : ""}
              + "\"\n");
    const auto refused = connect()->resolve("main");
    if (!refused)
      BOOST_TEST(secret_in(refused.error().message).empty(), refused.error().message);
  }
  BOOST_TEST(secret_in(log.text()).empty(), log.text());
}

BOOST_AUTO_TEST_CASE(a_url_is_rewritten_with_credentials_and_all) {
  configure("[url \"http://joe:hunter2@" + server.host()
            + "/\"]\n\tinsteadOf = work:\n\tinsteadOf = git@work.example:\n");
  server.otherwise([](fault_exchange& x) {
    header(x.request, "authorization") == "Basic am9lOmh1bnRlcjI=" ? x.pass()
                                                                   : x.reply(401, {"WWW-Authenticate: Basic"}, "");
  });
  for (const char* name : {"work:repo.git", "git@work.example:repo.git"}) {
    const auto from = parse_source(name);
    BOOST_REQUIRE_MESSAGE(from, reason_of(from));
    BOOST_TEST(from.value().location == server.url("repo.git"));
    const auto out = connect({}, name)->resolve("main");
    BOOST_REQUIRE_MESSAGE(out, reason_of(out));
  }
  configure("[url \"http://joe:hunter2@" + server.host() + "/\"]\n\tinsteadOf = " + dir.path().string() + "/\n");
  BOOST_TEST(parse_source((dir / "repo.git").string()).value().location == server.url("repo.git"));
}

BOOST_AUTO_TEST_CASE(a_url_that_only_git_could_use_stays_what_it_was) {
  configure("[url \"git@127.0.0.1:\"]\n\tinsteadOf = http://" + server.host() + "/\n");
  const auto from = parse_source(server.url("repo.git"));
  BOOST_REQUIRE_MESSAGE(from, reason_of(from));
  BOOST_TEST(from.value().location == server.url("repo.git"));
  BOOST_REQUIRE_EQUAL(from.value().warnings.size(), 1U);
  BOOST_TEST(from.value().warnings[0].find("url.git@127.0.0.1:.insteadof in") != std::string::npos,
             from.value().warnings[0]);
  BOOST_REQUIRE(connect()->resolve("main"));
}

BOOST_AUTO_TEST_CASE(an_error_of_a_rewritten_url_names_what_rewrote_it) {
  configure("[url \"ssh://joe:hunter2@host/\"]\n\tinsteadOf = work:\n");
  const auto out = parse_source("work:repo.git");
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == ENOTSUP);
  BOOST_TEST(out.error().message.find((dir / "gitconfig").string()) != std::string::npos, out.error().message);
  BOOST_TEST(secret_in(out.error().message).empty(), out.error().message);
}

BOOST_AUTO_TEST_CASE(a_malformed_configuration_is_no_empty_one) {
  configure("[http\n");
  const auto out = parse_source(server.url("repo.git"));
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EINVAL);
  BOOST_TEST(out.error().message.find((dir / "gitconfig").string()) != std::string::npos, out.error().message);
}

BOOST_FIXTURE_TEST_CASE(an_authority_is_taken_from_the_configuration, git_configuration::over_tls) {
  BOOST_TEST(failure_of(url).find("not trusted") != std::string::npos);
  configure("[http \"" + url + "\"]\n\tsslCAInfo = " + server.certificate().string() + "\n");
  BOOST_TEST(failure_of(url) == "");
  configure("[http \"https://other.example/\"]\n\tsslCAInfo = " + server.certificate().string() + "\n");
  BOOST_TEST(failure_of(url).find("not trusted") != std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(a_client_certificate_is_taken_from_the_configuration, git_configuration::over_tls) {
  const std::string strict = server.url("clientcert", "scratch.git");
  configure("[http]\n\tsslCAInfo = " + server.certificate().string() + "\n");
  BOOST_TEST(failure_of(strict).find("No required SSL certificate was sent") != std::string::npos);
  configure("[http]\n\tsslCAInfo = " + server.certificate().string() + "\n\tsslCert = "
            + server.client_certificate().string() + "\n\tsslKey = " + server.client_key().string() + "\n");
  BOOST_TEST(failure_of(strict) == "");
}

BOOST_FIXTURE_TEST_CASE(verification_is_off_only_where_the_configuration_says_so, git_configuration::over_tls) {
  configure("[http \"https://" + url.substr(8, url.find('/', 8) - 8) + "\"]\n\tsslVerify = false\n");
  const auto from = parse_source(url);
  BOOST_REQUIRE(from);
  BOOST_REQUIRE_EQUAL(from.value().warnings.size(), 1U);
  BOOST_TEST(from.value().warnings[0].find("certificate is not verified (http.sslVerify=false in ")
             != std::string::npos);
  BOOST_TEST(failure_of(url) == "");
  BOOST_TEST(failure_of(server.url("redirect", "scratch.git")) == "");
  server.clear_requests();
  const std::string refused = failure_of(server.url("elsewhere", "scratch.git")); // a redirect to localhost
  BOOST_TEST(refused.find("localhost") != std::string::npos, refused);
  BOOST_TEST(refused.find("http.sslVerify=false is not for another host") != std::string::npos, refused);
  for (const server_request& each : server.requests())
    BOOST_TEST(each.status == 302); // the other host was sent nothing
  std::string by_name = url;
  by_name.replace(by_name.find("127.0.0.1"), 9, "localhost");
  BOOST_TEST(failure_of(by_name).find("not trusted") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
