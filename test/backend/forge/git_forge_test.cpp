#include "backend/forge/cached_forge.hpp"
#include "test/backend/support/forge_fixture.hpp"
#include "test/support/git_server.hpp"

namespace gitfs::test {

namespace git_forge {

namespace {

using path = std::vector<std::string>;

struct fixture : forge_fixture {
  std::shared_ptr<forge_tree> templated(const std::string& names) {
    const shown_forge what = shown(forge_kind::git, git.url(names));
    auto with = needs();
    with.open = [this](const source& from, const auto& sizes) -> result<std::shared_ptr<repository>> {
      BOOST_TEST((sizes == nullptr));
      opened = from.location;
      return std::shared_ptr<repository>{};
    };
    auto out = make_forge(what, with);
    BOOST_REQUIRE_MESSAGE(out, test::reason_of(out));
    return out.value();
  }

  gitfs::test::git_server git{root()};
  std::string opened;
};

} // namespace

} // namespace git_forge

BOOST_FIXTURE_TEST_SUITE(git_forge, git_forge::fixture)

BOOST_AUTO_TEST_CASE(the_git_server_says_what_is_there) {
  const auto host = templated("{owner}/{repo}.git");
  BOOST_TEST(!host->lookup(path{}, "Octo", {}).value().is_repository);
  BOOST_TEST(git.count() == 0); // nobody can tell
  const auto found = host->lookup(path{"Octo"}, "hello", {});
  BOOST_REQUIRE_MESSAGE(found, test::reason_of(found));
  BOOST_TEST(found.value().is_repository);
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(host->lookup(path{"Octo"}, "none", {}).error().code == ENOENT);
  BOOST_TEST(host->lookup(path{"Octo"}, "Hello", {}).error().code == ENOENT); // which minds the case
  BOOST_TEST(git.count() == 3);
  BOOST_TEST(host->list(path{"Octo"}, {}).error().code == ENOTSUP);
  BOOST_REQUIRE(host->open(path{"Octo", "hello"}));
  BOOST_TEST(opened == git.url("Octo/hello.git"));
}

BOOST_AUTO_TEST_CASE(a_path_may_have_any_depth) {
  const auto host = templated("{path}.git");
  BOOST_TEST(!host->lookup(path{}, "Org", {}).value().is_repository);
  BOOST_TEST(host->lookup(path{"Org"}, "open", {}).value().is_repository);
  BOOST_TEST(host->lookup(path{"Org", "deep", "er"}, "project", {}).value().is_repository);
  BOOST_REQUIRE(host->open(path{"Org", "deep", "er", "project"}));
  BOOST_TEST(opened == git.url("Org/deep/er/project.git"));
}

BOOST_AUTO_TEST_CASE(what_is_taken_for_a_folder_is_one_as_long_as_absence_is_remembered) {
  auto with = needs();
  auto now = std::make_shared<cached_forge::clock::time_point>(cached_forge::clock::now());
  with.keep.now = [now] { return *now; };
  shown_forge what = shown(forge_kind::git, git.url("{path}.git"));
  what.absent = 10s;
  const auto host = make_forge(what, with).value();
  const auto later = [&] { return host->lookup(path{"Org"}, "later", {}).value(); };
  BOOST_TEST(later().assumed);
  must_run("cp -r open.git later.git", root() / "Org");
  BOOST_TEST(later().assumed);
  BOOST_TEST(git.count() == 1);
  *now += 11s;
  BOOST_TEST(later().is_repository);
  BOOST_TEST(!later().assumed);
  BOOST_TEST(git.count() == 2);
  *now += 11s;
  BOOST_TEST(later().is_repository);
  BOOST_TEST(git.count() == 2);
}

// The server decides which of them it has. What desktops look for in every folder is not asked for.
BOOST_AUTO_TEST_CASE(names_may_begin_as_those_of_git_servers_do) {
  const auto host = templated("{owner}/{repo}.git");
  for (const std::string owner : {"~user", ".config", "_org", "-dash"}) {
    BOOST_TEST(host->lookup(path{}, owner, {}).has_value(), owner);
    for (const std::string name : {"~user", ".github", "_x", "-dash", "+plus"}) {
      BOOST_TEST(host->lookup(path{owner}, name, {}).error().code == ENOENT);
      must_run("mkdir -p ./" + owner + " && cp -r Octo/hello.git ./" + owner + "/" + name + ".git", root());
      const auto found = templated("{owner}/{repo}.git")->lookup(path{owner}, name, {});
      BOOST_TEST(found.has_value(), owner << '/' << name << ": " << test::reason_of(found));
    }
  }
  const std::size_t asked = git.count();
  for (const char* name : {".git", "..", ".Trash", ".Trash-1000", ".hidden", "a b", "x.git"})
    BOOST_TEST(host->lookup(path{"Octo"}, name, {}).error().code == ENOENT, name);
  BOOST_TEST(host->lookup(path{}, ".Trash-0", {}).error().code == ENOENT);
  BOOST_TEST(git.count() == asked);
}

BOOST_AUTO_TEST_CASE(invented_names_take_no_memory) {
  const auto host = templated("{owner}/{repo}.git");
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(host->lookup(path{"Octo"}, "none", {}).error().code == ENOENT);
  BOOST_TEST(git.count() == 1);
  for (std::size_t i = 0; i < cached_forge::most_lookups; ++i)
    BOOST_REQUIRE(host->lookup(path{}, "x" + std::to_string(i), {}));
  for (int i = 0; i < 2; ++i)
    BOOST_TEST(host->lookup(path{"Octo"}, "none", {}).error().code == ENOENT);
  BOOST_TEST(git.count() == 2); // what was known before the last of them is forgotten
}

BOOST_AUTO_TEST_CASE(a_token_that_cannot_be_read_is_no_answer_of_the_server) {
  shown_forge what = shown(forge_kind::git, git.url("{owner}/{repo}.git"));
  what.token.environment = "UNSET";
  const auto host = make_forge(what, needs()).value();
  for (int i = 0; i < 2; ++i) {
    const auto found = host->lookup(path{"Octo"}, "hello", {});
    BOOST_REQUIRE(!found);
    BOOST_TEST(found.error().code == EACCES);
    BOOST_TEST(found.error().message.starts_with(git.url("{owner}/{repo}.git")));
  }
  BOOST_TEST(host->open(path{"Octo", "hello"}).error().code == EACCES);
  BOOST_TEST(git.count() == 0);
}

BOOST_AUTO_TEST_CASE(a_template_has_places_for_the_names) {
  const shown_forge what = shown(forge_kind::git, "https://git.example/all.git");
  const auto out = make_forge(what, needs());
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EINVAL);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
