#include "backend/remote/source.hpp"
#include "test/support/hostile_urls.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <ostream>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(source)

namespace bdata = boost::unit_test::data;
using gitfs::parse_source;
using kind = gitfs::source::kind_type;

namespace {

struct url_case {
  const char *argument, *location, *username, *password;
};
std::ostream& operator<<(std::ostream& out, const url_case& c) {
  return out << c.argument;
}

constexpr url_case urls[] = {
    {"https://example.org/a/b.git", "https://example.org/a/b.git", "", ""},
    {"HTTPS://Example.ORG:443/a/B///", "https://example.org/a/B", "", ""},
    {"http://example.org:8080/a", "http://example.org:8080/a", "", ""},
    {"https://example.org", "https://example.org", "", ""},
    {"https://joe:s%40cret%2F@example.org/a", "https://example.org/a", "joe", "s@cret/"},
    {"https://token@example.org/a", "https://example.org/a", "token", ""},
    {"http://127.0.0.1:8080/team@x/b.git", "http://127.0.0.1:8080/team@x/b.git", "", ""},
    {"http://joe:x@127.0.0.1:8080/team@x/b.git", "http://127.0.0.1:8080/team@x/b.git", "joe", "x"},
    {"http://[::1]:3000/team@x/b.git", "http://[::1]:3000/team@x/b.git", "", ""},
    {"http://[::1]:3000/a", "http://[::1]:3000/a", "", ""},
};

struct bad_case {
  const char* argument;
  int code;
  const char* says;
};
std::ostream& operator<<(std::ostream& out, const bad_case& c) {
  return out << c.argument;
}

constexpr bad_case bad[] = {
    {"", EINVAL, "no repository given"},
    {"https://example.org/a?x=1", EINVAL, "no query"},
    {"https://example.org/a#main", EINVAL, "no fragment"},
    {"https://", EINVAL, "not a valid URL"},
    {"https://exa mple.org/", EINVAL, "not a valid URL"},
    {"https://joe:%zz@example.org/", EINVAL, "percent-encoded"},
    {"https://joe:a%0Ab@example.org/", EINVAL, "percent-encoded"},
    {"ssh://git@example.org:2222/a/b.git", ENOTSUP, "https://example.org/a/b.git"},
    {"git@example.org:a/b.git", ENOTSUP, "https://example.org/a/b.git"},
    {"git://example.org/a", ENOTSUP, "https://example.org/a"},
    {"ftp://example.org/a", ENOTSUP, "ftp:// is not supported"},
    {"/no/such/folder", ENOENT, "no such file or directory"},
    {"example.org/a/b", ENOENT, "https:// URL"},
    {"team/project", ENOENT, "with its host, as in https://HOST/team/project"},
    {"localhost:8080/team/project.git", EINVAL,
     "a URL begins with http:// or https://, as in https://localhost:8080/team/project.git"},
    {"example.org:42/", EINVAL, "a URL begins with http://"},
    {"example.org:42", ENOTSUP, "SSH is not supported"}, // the path 42 there
    {"example.org:team/project", ENOTSUP, "https://example.org/team/project"},
    {"file://host/a", EINVAL, "absolute path"},
    {"file:///no/such", ENOENT, "no such file or directory"},
};

} // namespace

BOOST_DATA_TEST_CASE(takes_a_url_apart, bdata::make(urls), c) {
  const auto out = parse_source(c.argument);
  BOOST_REQUIRE_MESSAGE(out, gitfs::test::reason_of(out));
  BOOST_TEST((out.value().kind == kind::remote));
  BOOST_TEST(out.value().location == c.location);
  BOOST_TEST(out.value().display == c.location);
  BOOST_TEST(out.value().username == c.username);
  BOOST_TEST(out.value().password == c.password);
}

BOOST_AUTO_TEST_CASE(no_message_shows_credentials) {
  for (const std::string scheme : {"http://", "HTTPS://", "ssh://", "git://", "ftp://", ""})
    for (const std::string& url : gitfs::test::hostile_urls("127.0.0.1:1/a/b.git?x", scheme)) {
      const auto out = parse_source(url);
      BOOST_REQUIRE_MESSAGE(!out, url);
      BOOST_TEST(gitfs::test::secret_in(out.error().message).empty()
                     == !(scheme.empty() && url.starts_with("hunter2/")),
                 out.error().message);
    }
}

BOOST_AUTO_TEST_CASE(what_another_host_would_be_shown_is_refused) {
  for (const char* url : {"https://user:12/secret@git.example/a", "https://token/secret@git.example/a"}) {
    const auto out = parse_source(url);
    BOOST_REQUIRE(!out);
    BOOST_TEST(out.error().code == EINVAL);
    BOOST_TEST(out.error().message.starts_with("https://git.example/a: write a \"/\""), out.error().message);
  }
}

BOOST_DATA_TEST_CASE(says_what_is_wrong, bdata::make(bad), c) {
  const auto out = parse_source(c.argument);
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == c.code);
  BOOST_TEST(out.error().message.find(c.says) != std::string::npos, out.error().message);
}

BOOST_DATA_TEST_CASE(never_repeats_a_password,
                     bdata::make({"https://joe:hunter2@example.org/a?q", "https://joe:hunter2@/a",
                                  "ssh://joe:hunter2@h/a", "https://joe:hun/ter2@example.org/a",
                                  "ftp://joe:hunter2@h/a", "joe:hunter2@h:a", "https://joe:hunter2@exa mple.org",
                                  "https://joe:hunter2%zz@example.org"}),
                     argument) {
  const auto out = parse_source(argument);
  const std::string shown = out ? out.value().display + out.value().location : out.error().message;
  BOOST_TEST(shown.find("ter2") == std::string::npos, shown);
}

BOOST_AUTO_TEST_CASE(takes_paths) {
  const gitfs::test::temp_dir dir;
  std::filesystem::create_directory(dir / "with:colon 100%");
  const std::string path = (dir / "with:colon 100%").string();
  for (const std::string& argument : {path, path + "//", "file://" + (dir.path() / "with:colon%20100%25").string(),
                                      "file://localhost" + (dir.path() / "with:colon%20100%25").string() + "/"}) {
    const auto out = parse_source(argument);
    BOOST_REQUIRE_MESSAGE(out, gitfs::test::reason_of(out));
    BOOST_TEST((out.value().kind == kind::local));
    BOOST_TEST(out.value().location == path);
  }
}

BOOST_AUTO_TEST_CASE(makes_paths_absolute) {
  const auto out = parse_source(".");
  BOOST_REQUIRE(out);
  BOOST_TEST(out.value().location.starts_with("/"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
