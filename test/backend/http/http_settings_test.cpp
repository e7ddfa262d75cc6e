#include "backend/http/http_settings.hpp"
#include "test/support/environment.hpp"
#include "test/support/hostile_urls.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>
#include <vector>

namespace gitfs::test {

namespace http_settings {

namespace {

const std::string url = "https://git.example/team/app.git";

struct without_variables {
  scoped_env git_file{"GIT_SSL_CAINFO", nullptr}, git_folder{"GIT_SSL_CAPATH", nullptr};
  scoped_env git_certificate{"GIT_SSL_CERT", nullptr}, git_key{"GIT_SSL_KEY", nullptr};
  scoped_env curl_file{"CURL_CA_BUNDLE", nullptr};
  scoped_env openssl_file{"SSL_CERT_FILE", nullptr}, openssl_folder{"SSL_CERT_DIR", nullptr};
  temp_dir dir;
  scoped_env home{"HOME", dir.path().c_str()};

  static git_setting setting(std::string key, std::optional<std::string> value) {
    return {std::move(key), std::move(value), "/etc/gitconfig"};
  }
  static gitfs::http_settings of(std::vector<git_setting> all, const std::string& asked = url) {
    auto out = gitfs::http_settings::of(git_settings{std::move(all)}, asked);
    BOOST_REQUIRE_MESSAGE(out, reason_of(out));
    return std::move(out.value());
  }
  static error error_of(std::vector<git_setting> all) {
    const auto out = gitfs::http_settings::of(git_settings{std::move(all)}, url);
    BOOST_REQUIRE(!out);
    return out.error();
  }
};

} // namespace

} // namespace http_settings

BOOST_FIXTURE_TEST_SUITE(http_settings, http_settings::without_variables)

BOOST_AUTO_TEST_CASE(every_setting_has_its_place) {
  const auto out = of({setting("http.proxy", "http://proxy:3128"), setting("http.extraheader", "X: y"),
                       setting("http.cookiefile", "~/cookies"), setting("http.sslcainfo", "~/ca.pem"),
                       setting("http.sslcapath", "/ca"), setting("http.sslcert", "/c.pem"),
                       setting("http.sslkey", "/k.pem"), setting("http.postbuffer", "1")});
  BOOST_TEST(out.transport.proxy.value() == "http://proxy:3128");
  BOOST_TEST(out.headers == std::vector<std::string>{"X: y"}, boost::test_tools::per_element());
  BOOST_TEST(out.cookie_file.value() == (dir / "cookies").string());
  BOOST_TEST(out.transport.trust.file == (dir / "ca.pem").string());
  BOOST_TEST(out.transport.trust.folder == "/ca");
  BOOST_TEST(out.transport.trust.client_certificate == "/c.pem");
  BOOST_TEST(out.transport.trust.client_key == "/k.pem");
  BOOST_TEST(out.transport.trust.verify);
  BOOST_TEST(out.unverified_by == "");
}

BOOST_AUTO_TEST_CASE(without_settings_all_is_as_it_was) {
  const auto out = of({});
  BOOST_TEST(!out.transport.proxy.has_value());
  BOOST_TEST(!out.cookie_file.has_value());
  BOOST_TEST(out.headers.empty());
  BOOST_TEST(out.transport.trust.verify);
  BOOST_TEST(of({setting("http.proxy", "")}).transport.proxy.value() == ""); // no proxy, whatever the environment says
}

BOOST_AUTO_TEST_CASE(an_empty_header_begins_the_list_anew) {
  const auto out = of({setting("http.extraheader", "A: 1"), setting("http.https://git.example/.extraheader", ""),
                       setting("http.https://git.example/.extraheader", "B: 2"),
                       setting("http.https://git.example/.extraheader", "C: 3")});
  BOOST_TEST(out.headers == (std::vector<std::string>{"B: 2", "C: 3"}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(gits_variables_count_first_and_those_of_others_last) {
  const std::vector<git_setting> all{setting("http.sslcainfo", "/configured.pem")};
  const scoped_env others{"SSL_CERT_FILE", "/others.pem"};
  BOOST_TEST(of(all).transport.trust.file == "/configured.pem");
  BOOST_TEST(of({}).transport.trust.file == "/others.pem");
  const scoped_env gits{"GIT_SSL_CAINFO", "/git.pem"};
  BOOST_TEST(of(all).transport.trust.file == "/git.pem");
}

BOOST_AUTO_TEST_CASE(verification_is_off_for_the_url_alone_that_says_so) {
  const std::vector<git_setting> all{setting("http.https://git.example/team/.sslverify", "false")};
  BOOST_TEST(!of(all).transport.trust.verify);
  BOOST_TEST(of(all).unverified_by == "http.sslVerify=false in /etc/gitconfig");
  BOOST_TEST(of(all, "https://git.example/other/app.git").transport.trust.verify);
  BOOST_TEST(of(all, "https://other.example/team/app.git").transport.trust.verify);
  BOOST_TEST(of({setting("http.sslverify", "false"), setting("http.https://git.example.sslverify", std::nullopt)})
                 .transport.trust.verify);
  const scoped_env variable{"GIT_SSL_NO_VERIFY", "1"};
  BOOST_TEST(of({}).transport.trust.verify);
}

BOOST_AUTO_TEST_CASE(what_is_malformed_is_named_without_its_value) {
  for (const auto& [key, value] : {std::pair<std::string, std::optional<std::string>>{"http.sslverify", "hunter2"},
                                   {"http.proxy", std::nullopt},
                                   {"http.extraheader", "Authorization: hunter2\r\nX: sesame"},
                                   {"http.extraheader", std::nullopt}}) {
    const error out = error_of({setting(key, value)});
    BOOST_TEST(out.code == EINVAL);
    BOOST_TEST(out.message.find(key + " in /etc/gitconfig") != std::string::npos, out.message);
    BOOST_TEST(secret_in(out.message).empty(), out.message);
  }
}

BOOST_AUTO_TEST_CASE(people_see_what_is_in_effect_and_no_secret) {
  std::vector<git_setting> all{setting("http.extraheader", "Authorization: Basic hunter2"),
                               setting("http.extraheader", "sesame"), setting("http.sslcainfo", "/first.pem"),
                               setting("http.sslcainfo", "/second.pem"), setting("http.postbuffer", "5")};
  for (const std::string& hostile : hostile_urls("proxy:3128"))
    all.push_back(setting("http.proxy", hostile));
  std::string text;
  for (const shown_git_setting& each : shown_git_settings(git_settings{all}, url))
    text += each.name + " " + each.value + " " + each.origin + "\n";
  BOOST_TEST(text
             == "http.extraHeader Authorization: (not shown) /etc/gitconfig\n"
                "http.extraHeader (not shown) /etc/gitconfig\n"
                "http.sslCAInfo /second.pem /etc/gitconfig\n"
                "http.proxy http://proxy:3128 /etc/gitconfig\n");
  for (const std::string& hostile : hostile_urls("proxy:3128"))
    for (const shown_git_setting& each : shown_git_settings(git_settings{{setting("http.proxy", hostile)}}, url))
      BOOST_TEST(secret_in(each.value).empty(), each.value);
  for (const std::string& hostile : hostile_urls("mirror.example/", "https://"))
    for (const shown_git_setting& each :
         shown_git_settings(git_settings{{setting("url." + hostile + ".insteadof", "https://git.example/")}}, url)) {
      BOOST_TEST(each.name == "url.insteadOf");
      BOOST_TEST(secret_in(each.value).empty(), each.value);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
