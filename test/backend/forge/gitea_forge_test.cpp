#include "test/backend/support/forge_fixture.hpp"

namespace gitfs::test {

namespace gitea_forge {

namespace {

const std::vector<std::string> top, octo{"Octo"};

struct fixture : forge_fixture {
  std::shared_ptr<forge_tree> gitea(const std::string& token = {}) const {
    return host(forge_kind::gitea, "", needs(), token); // the API where it usually is
  }
};

} // namespace

} // namespace gitea_forge

BOOST_FIXTURE_TEST_SUITE(gitea_forge, gitea_forge::fixture)

BOOST_AUTO_TEST_CASE(owners_and_repositories) {
  const auto tea = gitea();
  const auto owner = tea->lookup(top, "octo", {});
  BOOST_REQUIRE_MESSAGE(owner, test::reason_of(owner));
  BOOST_TEST(owner.value().name == "Octo");
  const auto found = tea->lookup(octo, "HELLO", {});
  BOOST_REQUIRE_MESSAGE(found, test::reason_of(found));
  BOOST_TEST(found.value().name == "hello");
  BOOST_TEST(found.value().default_branch == "trunk");
  BOOST_TEST(server->count("/api/v1/") == 2);
  BOOST_TEST(tea->lookup(top, "nobody", {}).error().code == ENOENT);
  BOOST_TEST(tea->lookup(octo, "hidden", {}).error().code == ENOENT);
  BOOST_TEST(tea->lookup(top, ".git", {}).error().code == ENOENT);
  BOOST_TEST(tea->list(top, {}).error().code == ENOTSUP);
}

BOOST_AUTO_TEST_CASE(lists_every_page_and_with_a_token_what_is_private) {
  server->set(R"({"page":1})");
  BOOST_TEST(names(gitea()->list(octo, {})) == (std::vector<std::string>{".github", "hello"}),
             boost::test_tools::per_element());
  BOOST_TEST(names(gitea("GOOD")->list(octo, {})) == (std::vector<std::string>{".github", "hello", "hidden"}),
             boost::test_tools::per_element());
  BOOST_TEST(server->requests().back().authorization == "token good");
  BOOST_TEST(gitea("BAD")->list(octo, {}).error().code == EACCES);
}

BOOST_AUTO_TEST_CASE(an_anonymous_listing_does_not_hide_what_git_s_helpers_have_a_token_for) {
  helper_answers("username=me\npassword=good\n");
  const auto tea = gitea();
  BOOST_TEST(names(tea->list(octo, {})) == (std::vector<std::string>{".github", "hello"}),
             boost::test_tools::per_element());
  const auto found = tea->lookup(octo, "hidden", {});
  BOOST_TEST(found.has_value(), test::reason_of(found));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
