// Held to `git config --get-urlmatch` and `git ls-remote --get-url` on generated configurations.
#include "backend/git_config/url_match.hpp"
#include "test/support/command.hpp"
#include "test/support/environment.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

namespace gitfs::test {

namespace url_match {

namespace {

using texts = std::vector<std::string>;

// Where URLs of the configuration and URLs that are asked for differ.
const texts schemes{"https", "http", "HTTPS", "ftp", "file"};
const texts users{"", "", "", "joe@", "Joe@", "joe:secret@", "j%6fe@", "@", "a%2Fb@", ":x@"};
const texts hosts{"git.example.org", "Git.Example.ORG", "*.example.org",
                  "git.*.org",       "*.org",           "*",
                  "git.example",     "other.org",       "[::1]",
                  "localhost",       "127.0.0.1",       "*x.example.org",
                  "git..org",        "git_x.org",       "",
                  "gït.org",         "*.*.org",         "*.*.*"};
const texts ports{"", "", "", ":443", ":80", ":8443", ":08443", ":0", ":", ":65536", ":x", ":0443"};
const texts paths{"",
                  "/",
                  "/team",
                  "/team/",
                  "/team/app.git",
                  "/team/app.git/",
                  "/Team",
                  "/te",
                  "/team/.",
                  "/team/..",
                  "/a/../b",
                  "/%74eam",
                  "/te%61m/app",
                  "/team%2Fapp",
                  "//team",
                  "/team//app",
                  "/..",
                  "/team/./app",
                  "?x=1",
                  "#f",
                  "/team?x",
                  "/team/%zz",
                  "/a b",
                  "/team/app/../app.git",
                  "/%7Euser",
                  "/~user",
                  "/team/app.git/info/refs",
                  "/%e4",
                  "/a%20b",
                  "/team/...",
                  "/."};

class drawn {
public:
  explicit drawn(unsigned seed) : random_(seed) {}
  const std::string& of(const texts& from) {
    return from[std::uniform_int_distribution<std::size_t>{0, from.size() - 1}(random_)];
  }
  std::size_t below(std::size_t end) { return std::uniform_int_distribution<std::size_t>{0, end - 1}(random_); }
  std::string url() {
    // Mostly the ordinary parts, so that many fit.
    const auto part = [this](const texts& from) { return below(2) == 0 ? from.front() : of(from); };
    return part(schemes) + "://" + of(users) + part(hosts) + part(ports) + of(paths);
  }

private:
  std::mt19937 random_;
};

std::string quoted(const std::string& text) {
  return "'" + text + "'";
}

/// The lines of what git says to each of `questions`, all in one shell.
texts answers(const std::string& before, const texts& questions, const std::filesystem::path& folder) {
  std::string script = before + ";";
  for (const std::string& each : questions)
    script += " echo \"$(" + each + " 2>/dev/null || echo \"exit $?\")\";";
  std::istringstream lines{run(script, folder).output};
  texts out;
  for (std::string line; std::getline(lines, line);)
    out.push_back(line);
  return out;
}

struct folder_of_configs {
  temp_dir dir;
  scoped_env global{"GIT_CONFIG_GLOBAL", (dir / "config").c_str()};
  scoped_env no_system{"GIT_CONFIG_NOSYSTEM", "1"};
  scoped_env count{"GIT_CONFIG_COUNT", nullptr};
  const std::string as_configured = "export GIT_CONFIG_GLOBAL=$PWD/config GIT_CONFIG_NOSYSTEM=1";

  gitfs::git_settings read() const {
    auto out = gitfs::git_settings::read();
    BOOST_REQUIRE_MESSAGE(out, reason_of(out));
    return out.value();
  }
};

} // namespace

} // namespace url_match

BOOST_FIXTURE_TEST_SUITE(url_match, url_match::folder_of_configs)

BOOST_AUTO_TEST_CASE(the_settings_of_a_url_are_those_that_git_takes) {
  std::size_t compared = 0, of_a_url = 0;
  for (unsigned seed = 0; seed < 100; ++seed) {
    url_match::drawn draw{seed};
    std::string text;
    for (int number = 0, last = 6; number < last; ++number)
      text += (draw.below(5) == 0 ? "[http]" : "[http \"" + draw.url() + "\"]") + "\n\tproxy = number"
              + std::to_string(number) + "\n";
    std::ofstream{dir / "config"} << text;
    const auto all = read();
    url_match::texts urls, questions;
    for (int i = 0; i < 12; ++i) {
      urls.push_back(draw.url());
      std::erase(urls.back(), '*');
      questions.push_back("git config --get-urlmatch http.proxy " + url_match::quoted(urls.back()));
    }
    const auto git = url_match::answers(as_configured, questions, dir.path());
    BOOST_REQUIRE_EQUAL(git.size(), urls.size());
    for (std::size_t i = 0; i < urls.size(); ++i) {
      const auto ours = settings_of(all, "http", urls[i]);
      const std::string ours_last = ours.empty() ? "exit 1" : *ours.back()->value;
      if (git[i] == "exit 128") { // git dies of what is no URL, where its HTTP takes the settings without a URL
        BOOST_TEST(!normal_url::parse(urls[i]).has_value(), urls[i]);
        continue;
      }
      BOOST_TEST(normal_url::parse(urls[i]).has_value(), urls[i]);
      BOOST_TEST(ours_last == git[i], urls[i] << " of\n" << text);
      ++compared;
      of_a_url += !ours.empty() && ours.back()->key != "http.proxy" ? 1 : 0;
    }
  }
  BOOST_TEST(compared > 300U);
  BOOST_TEST(of_a_url > 40U); // so that it is matching that was compared
}

BOOST_AUTO_TEST_CASE(urls_are_rewritten_as_git_rewrites_them) {
  const url_match::texts bases{
      "https://a.example/", "https://b.example/x/", "/srv/git/", "git@c:", "https://u:p@d/", ""};
  const url_match::texts prefixes{"https://",
                                  "https://git.example.org/",
                                  "https://git.example.org/team/",
                                  "gh:",
                                  "g",
                                  "HTTPS://",
                                  "git@git.example.org:",
                                  "/srv/",
                                  "",
                                  "gh:team/",
                                  "ssh://git@",
                                  "https://git.example.org"};
  const url_match::texts rests{"x", "git.example.org/team/app.git", "team/app", "", "git/app.git", "/team/x"};
  std::size_t changed = 0;
  for (unsigned seed = 0; seed < 60; ++seed) {
    url_match::drawn draw{seed};
    std::string text;
    for (int i = 0; i < 5; ++i)
      text += "[url \"" + draw.of(bases) + "\"]\n\t" + (draw.below(8) == 0 ? "pushInsteadOf" : "insteadOf") + " = \""
              + draw.of(prefixes) + "\"\n";
    std::ofstream{dir / "config"} << text;
    const auto all = read();
    url_match::texts urls, questions;
    for (int i = 0; i < 8; ++i) {
      urls.push_back(draw.of(prefixes) + draw.of(rests) + "!"); // never empty, which git takes for "origin"
      questions.push_back("git ls-remote --get-url " + url_match::quoted(urls.back()));
    }
    const auto git = url_match::answers(as_configured, questions, dir.path());
    BOOST_REQUIRE_EQUAL(git.size(), urls.size());
    for (std::size_t i = 0; i < urls.size(); ++i) {
      const auto ours = rewritten(all, urls[i]);
      BOOST_TEST((ours ? ours->url : urls[i]) == git[i], urls[i] << " of\n" << text);
      changed += ours ? 1 : 0;
    }
  }
  BOOST_TEST(changed > 100U);
}

BOOST_AUTO_TEST_CASE(all_values_of_a_variable_are_there_in_gits_order) {
  const gitfs::git_settings all{{{"http.extraheader", "A: 1", ""},
                                 {"http.https://git.example/.extraheader", "B: 2", ""},
                                 {"http.extraheader", "C: 3", ""}, // fits worse than what was before
                                 {"http.https://git.example/.extraheader", "D: 4", ""},
                                 {"http.https://other.example/.extraheader", "E: 5", ""},
                                 {"https.extraheader", "F: 6", ""}}};
  std::string out;
  for (const git_setting* each : settings_of(all, "http", "https://git.example/a.git"))
    out += *each->value + ",";
  BOOST_TEST(out == "A: 1,B: 2,D: 4,");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
