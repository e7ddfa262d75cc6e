#include "backend/open/known_forges.hpp"
#include "backend/remote/git_upstream.hpp"
#include "backend/store/object_store.hpp"
#include "test/backend/support/forge_fixture.hpp"
#include "test/support/git_server.hpp"

#include <future>

namespace gitfs::test {

namespace github_forge {

namespace {

const std::vector<std::string> top, octo{"Octo"}, org{"Org"};

struct fixture : forge_fixture {
  std::shared_ptr<forge_tree> github(const forge_needs& with = needs(), const std::string& token = {}) const {
    return host(forge_kind::github, server->github(), with, token);
  }
};

} // namespace

} // namespace github_forge

BOOST_FIXTURE_TEST_SUITE(github_forge, github_forge::fixture)

BOOST_AUTO_TEST_CASE(an_owner_is_one_request_and_its_repositories_come_with_it) {
  const auto hub = github();
  const auto owner = hub->lookup(top, "oCTO", {});
  BOOST_REQUIRE_MESSAGE(owner, test::reason_of(owner));
  BOOST_TEST(owner.value().name == "Octo");
  BOOST_TEST(!owner.value().is_repository);
  for (const char* name : {"hello", "Hello", ".github"}) {
    const auto found = hub->lookup(octo, name, {});
    BOOST_REQUIRE_MESSAGE(found, test::reason_of(found));
    BOOST_TEST(found.value().is_repository);
    BOOST_TEST(found.value().default_branch == "trunk");
    BOOST_TEST(found.value().name == (name[0] == '.' ? ".github" : "hello"));
  }
  BOOST_TEST(hub->lookup(top, "Octo", {}).has_value());
  BOOST_TEST(server->count() == 1);
}

BOOST_AUTO_TEST_CASE(a_repository_behind_the_first_page_is_asked_for_by_itself) {
  server->set(R"({"page":1})");
  const auto hub = github();
  BOOST_REQUIRE(hub->lookup(top, "Octo", {}));
  const auto found = hub->lookup(octo, "HELLO", {});
  BOOST_REQUIRE_MESSAGE(found, test::reason_of(found));
  BOOST_TEST(found.value().name == "hello");
  BOOST_TEST(server->count() == 2);
  BOOST_TEST(names(hub->list(octo, {})) == (std::vector<std::string>{".github", "hello"}),
             boost::test_tools::per_element());
  BOOST_TEST(names(hub->list(octo, {})).size() == 2);
  BOOST_TEST(server->count("/users/Octo/repos") == 3); // the first page again, with its ETag
  BOOST_TEST(server->requests()[2].status == 304);
}

BOOST_AUTO_TEST_CASE(an_owner_without_repositories_is_there) {
  const auto hub = github();
  const auto empty = hub->lookup(top, "empty", {});
  BOOST_REQUIRE_MESSAGE(empty, test::reason_of(empty));
  BOOST_TEST(empty.value().name == "Empty");
  BOOST_TEST(names(hub->list(std::vector<std::string>{"Empty"}, {})).empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_remembered_for_a_while) {
  auto with = needs();
  auto now = std::make_shared<cached_forge::clock::time_point>(cached_forge::clock::now());
  with.keep.now = [now] { return *now; };
  const auto hub = github(with);
  for (int i = 0; i < 3; ++i) {
    const auto nobody = hub->lookup(top, "nobody", {});
    BOOST_REQUIRE(!nobody);
    BOOST_TEST(nobody.error().code == ENOENT);
  }
  BOOST_TEST(server->count() == 1);
  *now += 61s;
  BOOST_TEST(hub->lookup(top, "Nobody", {}).error().code == ENOENT);
  BOOST_TEST(server->count() == 2);
  BOOST_REQUIRE(hub->lookup(top, "Octo", {}));
  server->clear_requests();
  for (const char* absent : {"nothing", "hidden", "nothing"})
    BOOST_TEST(hub->lookup(octo, absent, {}).error().code == ENOENT);
  BOOST_TEST(server->count() == 2); // each once
  *now += 61s;
  BOOST_TEST(hub->lookup(octo, "nothing", {}).error().code == ENOENT);
  BOOST_TEST(server->count() == 3);
  *now += 601s; // and what is there, too
  BOOST_REQUIRE(hub->lookup(top, "Octo", {}));
  BOOST_TEST(server->count() == 4);
}

BOOST_AUTO_TEST_CASE(names_that_cannot_be_are_not_asked_for) {
  const auto hub = github();
  for (const char* name : {".git", "..", ".", "", "a b", ".Trash", "-x", "caf\xc3\xa9", "a/b", "x.git",
                           "a234567890123456789012345678901234567890"})
    BOOST_TEST(hub->lookup(top, name, {}).error().code == ENOENT, name);
  for (const char* name : {".git", "..", "", "a b", "hello.git", "hello.wiki", "a\nb"})
    BOOST_TEST(hub->lookup(octo, name, {}).error().code == ENOENT, name);
  BOOST_TEST(hub->lookup(std::vector<std::string>{"Octo", "hello"}, "x", {}).error().code == ENOENT);
  BOOST_TEST(server->count() == 0);
}

BOOST_AUTO_TEST_CASE(the_service_does_not_list_its_users) {
  BOOST_TEST(github()->list(top, {}).error().code == ENOTSUP);
}

BOOST_AUTO_TEST_CASE(a_token_shows_what_is_private) {
  const auto hub = github(needs(), "GOOD");
  BOOST_REQUIRE(hub->lookup(top, "Octo", {}));
  const auto hidden = hub->lookup(octo, "hidden", {});
  BOOST_TEST(hidden.has_value(), test::reason_of(hidden));
  BOOST_TEST(names(hub->list(org, {})) == (std::vector<std::string>{"open", "secret"}),
             boost::test_tools::per_element());
  for (const auto& each : server->requests())
    BOOST_TEST(each.authorization == "Bearer good");
  BOOST_TEST(names(github()->list(org, {})) == (std::vector<std::string>{"open"}), boost::test_tools::per_element());
  BOOST_TEST(helper_requests() == 0);
}

BOOST_AUTO_TEST_CASE(a_token_of_an_owner_goes_before_the_general_one) {
  shown_forge what = shown(forge_kind::github, server->url(), server->github());
  what.token.environment = "BAD";
  what.tokens["ORG"].environment = "GOOD";
  std::optional<source> opened;
  auto with = needs();
  with.open = [&](const source& from,
                  const std::shared_ptr<size_source>& sizes) -> result<std::shared_ptr<repository>> {
    BOOST_TEST((sizes != nullptr));
    opened = from;
    return std::shared_ptr<repository>{};
  };
  const auto hub = make_forge(what, with).value();
  BOOST_TEST(hub->lookup(top, "Org", {}).has_value());
  const auto refused = hub->lookup(top, "Octo", {});
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == EACCES);
  BOOST_TEST(!holds(refused.error().message + log(), "bad-token"));
  BOOST_REQUIRE(hub->open(std::vector<std::string>{"org", "open"}));
  BOOST_TEST(opened->location == server->url() + "/Org/open.git");
  BOOST_TEST(opened->password == "good");
  what.token.environment = "UNSET";
  const auto unreadable = make_forge(what, with).value();
  for (int i = 0; i < 2; ++i) { // it is not taken for "there is no Octo"
    const auto octo_found = unreadable->lookup(top, "Octo", {});
    BOOST_REQUIRE(!octo_found);
    BOOST_TEST(octo_found.error().code == EACCES);
    BOOST_TEST(holds(octo_found.error().message, server->github()));
  }
  BOOST_TEST(unreadable->open(std::vector<std::string>{"Octo", "hello"}).error().code == EACCES);
}

BOOST_AUTO_TEST_CASE(git_s_helpers_are_asked_once_something_is_hidden) {
  helper_answers("username=me\npassword=good\n");
  const auto hub = github();
  BOOST_REQUIRE(hub->lookup(top, "Octo", {}));
  BOOST_TEST(helper_requests() == 0);
  const auto hidden = hub->lookup(octo, "hidden", {});
  BOOST_TEST(hidden.has_value(), test::reason_of(hidden));
  BOOST_TEST(helper_requests() == 1);
  BOOST_TEST(!holds(log(), "good"));
}

BOOST_AUTO_TEST_CASE(helpers_that_have_nothing_are_not_asked_for_each_name) {
  const auto hub = github();
  for (const char* name : {"a", "b", "c"})
    BOOST_TEST(hub->lookup(top, name, {}).error().code == ENOENT);
  BOOST_TEST(helper_requests() == 1);
}

BOOST_AUTO_TEST_CASE(a_rate_limit_says_until_when_and_failures_are_not_remembered) {
  server->set(R"({"faults":[{"match":"users","times":1,"status":403,"body":{"message":"API rate limit exceeded"},)"
              R"("headers":{"x-ratelimit-remaining":"0","x-ratelimit-reset":"4102444800"}}]})");
  const auto hub = github();
  const auto limited = hub->lookup(top, "Octo", {});
  BOOST_REQUIRE(!limited);
  BOOST_TEST(limited.error().code == EAGAIN);
  BOOST_TEST(holds(limited.error().message, "UTC"), limited.error().message);
  const auto other = github();
  server->set(R"({"faults":[{"match":"users","times":3,"status":503,"body":{}}]})");
  BOOST_TEST(other->lookup(top, "Octo", {}).error().code == EIO);
  BOOST_TEST(other->lookup(top, "Octo", {}).has_value());
}

// Names can only come from the service; sizes can come with contents, now.
BOOST_AUTO_TEST_CASE(a_rate_limit_that_is_over_in_time_is_waited_for_where_nothing_else_can_be_done) {
  auto options = limited_options(forge_kind::github, server->github());
  options.longest_wait = 0s; // so that no test has to wait for longer
  for (const auto limited : {on_rate_limit::waits, on_rate_limit::fails}) {
    server->set(R"({"faults":[{"match":"users","times":1,"status":429,"headers":{"Retry-After":"1"},"body":{}}]})");
    server->clear_requests();
    forge_access access{server->github(), options, {}};
    const auto out = access.get("Octo", "/users/Octo", {}, limited);
    BOOST_TEST(out.has_value() == (limited == on_rate_limit::waits), test::reason_of(out));
    BOOST_TEST((out ? 0 : out.error().code) == (limited == on_rate_limit::waits ? 0 : EAGAIN));
    BOOST_TEST(server->count() == (limited == on_rate_limit::waits ? 2U : 1U));
  }
}

BOOST_AUTO_TEST_CASE(over_the_anonymous_limit_the_helpers_token_is_used) {
  helper_answers("username=me\npassword=good\n");
  server->set(R"({"faults":[{"match":"users","times":1,"status":429,"headers":{"Retry-After":"3600"},"body":{}}]})");
  const auto found = github()->lookup(top, "Octo", {});
  BOOST_TEST(found.has_value(), test::reason_of(found));
}

// One for the owner with its repositories, ls-refs, and a fetch.
BOOST_AUTO_TEST_CASE(a_cold_repository_is_listed_with_three_requests) {
  gitfs::test::git_server git{root()};
  auto store = gitfs::object_store::open(dir / "cache", "key").value();
  std::shared_ptr<git_upstream> up;
  auto with = needs();
  with.open = [&](const source& from, const std::shared_ptr<size_source>&) -> result<std::shared_ptr<repository>> {
    const auto github_can = capabilities_of_forge(parse_source("https://github.com/a/b").value());
    BOOST_REQUIRE(github_can.has_value());
    GITFS_TRY(made, git_upstream::create(from, *store, {}, {}, github_can));
    up = made;
    return std::shared_ptr<repository>{};
  };
  shown_forge what = shown(forge_kind::github, git.url(""), server->github());
  what.url.pop_back();
  const auto hub = make_forge(what, with).value();
  BOOST_REQUIRE(hub->lookup(top, "Octo", {}));
  BOOST_REQUIRE(hub->lookup(octo, "hello", {}));
  BOOST_REQUIRE(hub->open(std::vector<std::string>{"Octo", "hello"}));
  const auto commit = up->resolve("");
  BOOST_REQUIRE_MESSAGE(commit, test::reason_of(commit));
  std::promise<transfer_outcome> done;
  fetch_request request{.wants = {commit.value().commit}, .need = fetch_need::commit};
  const auto running = up->fetch(request, [&](transfer_outcome out) { done.set_value(std::move(out)); });
  const auto out = done.get_future().get();
  BOOST_TEST(!out.failure, (out.failure ? out.failure->message : ""));
  BOOST_TEST(server->count() == 1);
  BOOST_TEST(git.count() == 2);
  BOOST_TEST(git.count("info/refs") == 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
