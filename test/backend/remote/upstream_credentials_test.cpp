#include "test/backend/remote/upstream_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(upstream_credentials, upstream_fixture)

namespace {

test::fault demands(const std::string& basic) {
  return [=](fault_exchange& x) {
    const auto given = x.request.headers.find("authorization");
    if (given != x.request.headers.end() && given->second == "Basic " + basic)
      return x.pass();
    x.reply(401, {"WWW-Authenticate: Basic realm=\"git\""}, "");
  };
}

const std::string joe_hunter2 = "am9lOmh1bnRlcjI=";

} // namespace

BOOST_AUTO_TEST_CASE(credentials_of_the_url_are_used_and_never_shown) {
  server.otherwise(demands(joe_hunter2));
  auto up = connect({.total = 2s}, "http://joe:hunter2@" + server.host() + "/repo.git");
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST(up->display_name() == server.url("repo.git"));
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
  std::string shown = log.text();
  for (const auto& what :
       {status(500), status(403), status(404), test::fault{[](fault_exchange& x) { x.close(); }}, demands("else")}) {
    server.otherwise(what);
    const auto out = fetch(*up, {.wants = {rev("main:one")}});
    BOOST_TEST(code_of(out) != 0);
    shown += message_of(out) + log.text();
  }
  BOOST_TEST(shown.find("waiting for the host") != std::string::npos); // something was logged
  for (const auto& secret : {std::string{"hunter2"}, joe_hunter2})
    BOOST_TEST(shown.find(secret) == std::string::npos, shown);
}

BOOST_AUTO_TEST_CASE(credentials_do_not_follow_to_another_host) {
  test::fault_server moved{dir.path()};
  server.otherwise(
      [&](fault_exchange& x) { x.reply(301, {"Location: http://" + moved.host() + x.request.target}, ""); });
  auto up = connect({}, "http://joe:hunter2@" + server.host() + "/repo.git");
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
  BOOST_TEST(!moved.requests().empty());
  for (const auto& each : moved.requests())
    BOOST_TEST(!each.headers.contains("authorization"));
}

BOOST_AUTO_TEST_CASE(netrc_and_then_gits_helpers_are_asked) {
  server.otherwise(demands(joe_hunter2));
  const auto refused = connect()->resolve("main");
  BOOST_REQUIRE(!refused);
  BOOST_TEST(refused.error().code == EACCES);
  BOOST_TEST(refused.error().message.find("credential helper") != std::string::npos);

  std::ofstream{dir / "gitconfig"} << "[credential]\n\thelper = \"!f() { echo $1 >> '" << (dir / "asked").string()
                                   << "'; echo username=joe; echo password=hunter2; }; f\"\n";
  {
    auto up = connect();
    const auto out = up->resolve("main");
    BOOST_REQUIRE_MESSAGE(out, test::reason_of(out));
    BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
  }
  BOOST_TEST(must_run("cat asked", dir.path()) == "get\nstore");

  std::ofstream{dir / "gitconfig"} << "";
  std::ofstream{dir / ".netrc"} << "machine 127.0.0.1 login joe password hunter2\n";
  std::filesystem::permissions(dir / ".netrc", std::filesystem::perms::owner_read);
  BOOST_TEST(bool(connect()->resolve("main")));
}

BOOST_AUTO_TEST_CASE(a_token_that_is_replaced_is_read_again) {
  server.otherwise(demands("am9lOm9sZA=="));
  auto from = parse_source("http://joe:old@" + server.host() + "/repo.git").value();
  std::string kept = "old";
  from.password_now = [&] { return result<std::string>{kept}; };
  const auto up = gitfs::git_upstream::create(from, store, [](auto) {}, {}).value();
  BOOST_REQUIRE(up->resolve("main"));
  server.otherwise(demands(joe_hunter2));
  const auto refused = up->resolve("main");
  BOOST_TEST(refused.error().code == EACCES);
  BOOST_TEST(refused.error().message.find("configured token") != std::string::npos, refused.error().message);
  kept = "hunter2";
  const auto out = up->resolve("main");
  BOOST_TEST(out.has_value(), test::reason_of(out));
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
}

BOOST_AUTO_TEST_CASE(wrong_credentials_of_the_url_end_with_advice) {
  server.otherwise(demands(joe_hunter2));
  const auto out = connect({}, "http://joe:wrong@" + server.host() + "/repo.git")->resolve("main");
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EACCES);
  BOOST_TEST(out.error().message.find("of the URL") != std::string::npos, out.error().message);
  BOOST_TEST(out.error().message.find("wrong") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_scheme_that_is_asked_for_is_named_if_nobody_can_it) {
  server.otherwise([](fault_exchange& x) { x.reply(401, {"WWW-Authenticate: Hawk ts=\"1\""}, ""); });
  for (const std::string who : {"", "joe:hunter2@"}) {
    const auto out = connect({}, "http://" + who + server.host() + "/repo.git")->resolve("main");
    BOOST_REQUIRE(!out);
    BOOST_TEST(out.error().code == EACCES);
    BOOST_TEST(out.error().message.find("scheme Hawk, which is not supported") != std::string::npos,
               out.error().message);
  }
}

// Some want a token as a password of Basic, and do not say so.
BOOST_AUTO_TEST_CASE(basic_is_sent_unasked_and_costs_no_question) {
  server.otherwise([](fault_exchange& x) {
    const auto given = x.request.headers.find("authorization");
    if (given != x.request.headers.end() && given->second == "Basic " + joe_hunter2)
      return x.pass();
    x.reply(401, {"WWW-Authenticate: Bearer"}, "");
  });
  auto up = connect({}, "http://joe:hunter2@" + server.host() + "/repo.git");
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST(server.requests().size() == 2U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
