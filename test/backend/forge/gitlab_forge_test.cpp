#include "test/backend/support/forge_fixture.hpp"

namespace gitfs::test {

namespace gitlab_forge {

namespace {

struct fixture : forge_fixture {
  std::shared_ptr<forge_tree> gitlab(const std::string& token = {}) const {
    return host(forge_kind::gitlab, "", needs(), token);
  }
};

using path = std::vector<std::string>;

} // namespace

} // namespace gitlab_forge

BOOST_FIXTURE_TEST_SUITE(gitlab_forge, gitlab_forge::fixture)

BOOST_AUTO_TEST_CASE(groups_nest_and_projects_stand_at_any_depth) {
  const auto lab = gitlab();
  const struct {
    path where;
    const char *name, *spelled;
    bool is_repository;
  } cases[] = {{{}, "org", "Org", false},
               {{"Org"}, "open", "open", true},
               {{"Org"}, "deep", "deep", false},
               {{"Org", "deep"}, "ER", "er", false},
               {{"Org", "deep", "er"}, "project", "project", true},
               {{}, "octo", "Octo", false}, // a user
               {{"Octo"}, "hello", "hello", true}};
  for (const auto& each : cases) {
    const auto found = lab->lookup(each.where, each.name, {});
    BOOST_REQUIRE_MESSAGE(found, test::reason_of(found));
    BOOST_TEST(found.value().name == each.spelled);
    BOOST_TEST(found.value().is_repository == each.is_repository);
    BOOST_TEST(found.value().default_branch == (each.is_repository ? "trunk" : ""));
  }
  BOOST_TEST(lab->lookup(path{}, "nobody", {}).error().code == ENOENT);
  BOOST_TEST(lab->lookup(path{"Org", "deep"}, "none", {}).error().code == ENOENT);
  server->clear_requests();
  for (const char* name : {".git", "-", "a.git", ".hidden"})
    BOOST_TEST(lab->lookup(path{}, name, {}).error().code == ENOENT);
  BOOST_TEST(server->count() == 0);
}

BOOST_AUTO_TEST_CASE(lists_groups_and_projects_of_every_page) {
  server->set(R"({"page":1})");
  BOOST_TEST(names(gitlab()->list(path{"Org"}, {})) == (path{"deep", "open"}), boost::test_tools::per_element());
  BOOST_TEST(names(gitlab("GOOD")->list(path{"Org"}, {})) == (path{"deep", "open", "secret"}),
             boost::test_tools::per_element());
  BOOST_TEST(names(gitlab()->list(path{"Org", "deep", "er"}, {})) == (path{"project"}),
             boost::test_tools::per_element());
  BOOST_TEST(names(gitlab()->list(path{"Octo"}, {})) == (path{".github", "hello"}), boost::test_tools::per_element());
  BOOST_TEST(gitlab()->list(path{}, {}).error().code == ENOTSUP);
  BOOST_TEST(gitlab()->list(path{"nobody"}, {}).error().code == ENOENT);
}

BOOST_AUTO_TEST_CASE(an_anonymous_listing_does_not_hide_what_git_s_helpers_have_a_token_for) {
  helper_answers("username=me\npassword=good\n");
  const auto lab = gitlab();
  BOOST_TEST(names(lab->list(path{"Org"}, {})) == (path{"deep", "open"}), boost::test_tools::per_element());
  const auto found = lab->lookup(path{"Org"}, "secret", {});
  BOOST_TEST(found.has_value(), test::reason_of(found));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
