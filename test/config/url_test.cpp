// Credentials in URLs, also in those that are no proper ones.
#include "config/secret.hpp"
#include "config/url.hpp"
#include "test/support/hostile_urls.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <ostream>
#include <string>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(url)

namespace {

struct redaction {
  std::string text;
  std::string expected;
};

std::ostream& operator<<(std::ostream& out, const redaction& r) {
  return out << r.text;
}

const std::vector<redaction> redactions{
    {"nothing to hide", "nothing to hide"},
    {"https://example.org/a.git", "https://example.org/a.git"},
    {"https://user:secret@example.org/a.git", "https://example.org/a.git"},
    {"https://token@example.org:8443/a.git", "https://example.org:8443/a.git"},
    {"ssh://git@example.org/a", "ssh://example.org/a"},
    {"https://user:p@ss@example.org/a", "https://example.org/a"},
    {"from https://u:p@a.example/x to 'http://u:p@b.example'.", "from https://a.example/x to 'http://b.example'."},
    {"https://example.org/u:p@v", "https://example.org/u:p@v"},
    {"https://example.org/u:p@v/w", "https://example.org/u:p@v/w"},
    {"https://example.org?mail=a@b", "https://example.org?mail=a@b"},
    {"https://example.org:8443/team/app@v6.1", "https://example.org:8443/team/app@v6.1"},
    {"http://localhost:3000/team@x/app", "http://localhost:3000/team@x/app"},
    {"\"https://example.org\" a@b", "\"https://example.org\" a@b"},
    {"https://@example.org/", "https://@example.org/"},
    {"git@example.org:a.git", "git@example.org:a.git"}, // a login name, no secret: ssh has no password there
    {"https://u:p@", "https://"},
    {"://", "://"},
    {"file:///srv/a@b/c", "file:///srv/a@b/c"},
    {"http://a.example:1,http://u:p@b.example:2", "http://a.example:1,http://b.example:2"},
    {"http://u:a\"b@c.example/x and y@z", "http://c.example/x and y@z"},
    // In doubt too much is hidden.
    {"http://gitea:3000/team/app@main", "http://main"},
    {"https://example.org:8443/a@b/c", "https://b/c"},
};

struct one_source {
  std::string source;
  std::string shown;
};

std::ostream& operator<<(std::ostream& out, const one_source& s) {
  return out << s.source;
}

const std::vector<one_source> sources{
    {"http://127.0.0.1:8080/team@x/b.git", "http://127.0.0.1:8080/team@x/b.git"},
    {"http://[::1]:3000/team@x", "http://[::1]:3000/team@x"},
    {"https://h/team@x", "https://h/team@x"},
    {"https://joe:x@h:80/team", "https://h:80/team"},
    {"https://joe:pass/word@h/a", "https://h/a"},
    {"https://joe:/word@h/a", "https://h/a"},
    {"https://joe:pass word@h/a", "https://h/a"},
    {"joe:x@h.example/a", "h.example/a"},
    {"git@h.example:a/b.git", "h.example:a/b.git"},
    {"/srv/a@b/c:d", "/srv/a@b/c:d"},
    {"a/b@c", "a/b@c"},
    {"", ""},
};

} // namespace

BOOST_DATA_TEST_CASE(of_a_text_credentials_are_left_out, boost::unit_test::data::make(redactions), r) {
  BOOST_TEST(redacted(r.text) == r.expected);
}

BOOST_DATA_TEST_CASE(of_one_source_credentials_are_left_out, boost::unit_test::data::make(sources), s) {
  BOOST_TEST(without_userinfo(s.source) == s.shown);
}

BOOST_AUTO_TEST_CASE(no_spelling_of_credentials_is_shown) {
  for (const std::string scheme : {"http://", "https://", "HTTPS://", "ssh://", "git://", "ftp://"})
    for (const std::string host : {"git.example/a/b.git", "git:3000/a.git", "127.0.0.1:1/a.git", "[::1]:1/a.git"})
      for (const std::string& url : hostile_urls(host, scheme)) {
        BOOST_TEST(secret_in(without_userinfo(url)).empty(), url << " as " << without_userinfo(url));
        for (const std::string& text : {url, "GET " + url + " failed", "'" + url + "': no", "fsname=" + url + ",ro"})
          BOOST_TEST(secret_in(redacted(text)).empty(), text << " as " << redacted(text));
        BOOST_TEST(without_userinfo(url).ends_with(host), url << " as " << without_userinfo(url));
      }
  for (const std::string& source : hostile_urls("git.example/a.git", ""))
    if (source.starts_with("user:") || source.starts_with(":")) // else it may be a path
      BOOST_TEST(secret_in(without_userinfo(source)).empty(), source << " as " << without_userinfo(source));
}

BOOST_AUTO_TEST_CASE(a_config_file_must_not_hold_any_of_them) {
  for (const std::string& url : hostile_urls("git.example/a.git"))
    if (userinfo_of(url)->size > 7) // a bare user name may be just that
      BOOST_TEST(!secret_in_url(url).empty(), url);
}

BOOST_AUTO_TEST_CASE(what_another_would_take_for_another_host_is_told) {
  for (const char* url :
       {"https://user:a/b@h.example/x", "https://user:12/b@h.example/x", "https://user:12?b@h.example/x",
        "https://token/more@h.example/x", "https://user:12#b@h.example/x", "https://user:a@b/c@h.example/x"})
    BOOST_TEST(has_unencoded_userinfo(url), url);
  for (const char* url : {"https://user:a@h.example/x", "https://user:a%2Fb@h.example/x", "https://h.example/x@y/z",
                          "https://user:a@h.example/x@y/z", "https://h.example", "/srv/a@b/c", ""})
    BOOST_TEST(!has_unencoded_userinfo(url), url);
}

BOOST_AUTO_TEST_CASE(percent_coding) {
  BOOST_TEST(percent_encode("a/b c%\xc3\xa9~.-_") == "a%2Fb%20c%25%C3%A9~.-_");
  BOOST_TEST(percent_encode("") == "");
  const std::string with_nul{"a\0b", 3};
  BOOST_TEST(percent_encode(with_nul) == "a%00b");
  BOOST_TEST(percent_decoded("a%2fb%2Fc+%25").value() == "a/b/c+%");
  BOOST_TEST(percent_decoded("").value() == "");
  BOOST_TEST(percent_decoded("a%00b").value() == with_nul);
  BOOST_TEST(!percent_decoded_text("a%00b").has_value());
  BOOST_TEST(!percent_decoded_text("a%0Ab").has_value());
  BOOST_TEST(percent_decoded_text("%41").value() == "A");
  for (const char* malformed : {"%", "%4", "a%zz", "%4g", "50%off", "%-1", "%+1"})
    BOOST_TEST(!percent_decoded(malformed).has_value(), malformed);
}

BOOST_AUTO_TEST_CASE(tells_paths_from_urls) {
  for (const char* path : {"/a/b", "a", "./a:b", "~/a", "a/b:c", "a@b"})
    BOOST_TEST(is_local_path(path), path);
  for (const char* source : {"https://example.org/a", "file:///a", "git@example.org:a.git", "example.org:a/b"})
    BOOST_TEST(!is_local_path(source), source);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
