#include "backend/mesa/mesa_forge.hpp"

#include "test/backend/mesa/mesa_fixture.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs::test {

namespace mesa_forge {

namespace {

struct host_fixture : mesa_fixture {
  std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now();

  std::unique_ptr<gitfs::mesa_forge> connect() {
    mesa_forge_options o;
    o.url = server->url();
    o.tokens = {{"acme", {"ACME_KEY", ""}}, {"broken", {"BROKEN_KEY", ""}}, {"gone", {"ACME_KEY", ""}}};
    o.limits = limits();
    o.now = [this] { return now; };
    return std::make_unique<gitfs::mesa_forge>(
        o,
        [this](const secret_place& place) -> result<std::string> {
          if (place.environment == "ACME_KEY")
            return key;
          return fail(ENOENT, "no variable " + place.environment);
        },
        [this](const std::string& url) { return gitfs::object_store::open(cache.path(), url); });
  }

  static std::string names_of(const result<std::vector<forge_entry>>& listed) {
    if (!listed)
      return reason_of(listed);
    std::vector<std::string> names;
    for (const forge_entry& e : listed.value())
      names.push_back(e.name + (e.is_repository ? "" : "/"));
    std::sort(names.begin(), names.end());
    std::string out;
    for (const std::string& name : names)
      out += (out.empty() ? "" : " ") + name;
    return out;
  }
};

const std::vector<std::string> top, acme{"acme"};

} // namespace

} // namespace mesa_forge

BOOST_FIXTURE_TEST_SUITE(mesa_forge, mesa_forge::host_fixture)

BOOST_AUTO_TEST_CASE(organisations_with_a_key_are_listed_without_asking) {
  BOOST_TEST(names_of(connect()->list(top, {})) == "acme/ broken/ gone/");
  BOOST_TEST(server->requests() == 0u);
}

BOOST_AUTO_TEST_CASE(repositories_of_every_page) {
  const auto host = connect();
  BOOST_TEST(host->lookup(top, "acme", {}).value().name == "acme");
  BOOST_TEST(server->requests() == 1u);
  BOOST_TEST(names_of(host->list(acme, {})) == "four one three two");
  BOOST_TEST(server->requests() == 3u);
  const forge_entry one = host->lookup(acme, "one", {}).value();
  BOOST_TEST(one.is_repository);
  BOOST_TEST(one.default_branch == "main");
  for (int i = 0; i < 2; ++i) // once: it may have come since
    BOOST_TEST(host->lookup(acme, "five", {}).error().code == ENOENT);
  BOOST_TEST(names_of(host->list(acme, {})) == "four one three two");
  BOOST_TEST(server->requests() == 4u);
  now += std::chrono::seconds{61};
  BOOST_TEST(names_of(host->list(acme, {})) == "four one three two");
  BOOST_TEST(server->requests() == 6u);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_asked_once_a_minute) {
  const auto host = connect();
  for (int i = 0; i < 3; ++i) {
    BOOST_TEST(host->lookup(acme, "nothing", {}).error().code == ENOENT);
    BOOST_TEST(host->lookup(top, "gone", {}).error().code == ENOENT);
  }
  BOOST_TEST(server->requests() == 2u);
  now += std::chrono::seconds{61};
  BOOST_TEST(host->lookup(acme, "nothing", {}).error().code == ENOENT);
  BOOST_TEST(server->requests() == 3u);
}

BOOST_AUTO_TEST_CASE(what_a_list_shows_is_there) {
  const auto host = connect();
  server->faults().next_get([](fault_exchange& x) { x.reply(404, {}, ""); });
  BOOST_TEST(host->lookup(acme, "one", {}).error().code == ENOENT);
  BOOST_TEST(names_of(host->list(acme, {})) == "four one three two");
  BOOST_TEST(host->lookup(acme, "one", {}).has_value());
}

BOOST_AUTO_TEST_CASE(impossible_names_are_never_asked) {
  const auto host = connect();
  for (const char* name : {".git", ".Trash", "a b", "x/y", "", ".."}) {
    BOOST_TEST(host->lookup(top, name, {}).error().code == ENOENT);
    BOOST_TEST(host->lookup(acme, name, {}).error().code == ENOENT);
  }
  BOOST_TEST(host->lookup(acme, "repos", {}).error().code == ENOENT);
  BOOST_TEST(server->requests() == 0u);
}

BOOST_AUTO_TEST_CASE(without_a_key_the_remedy_is_told) {
  const auto host = connect();
  const auto other = host->lookup(top, "other", {});
  BOOST_TEST(other.error().code == EACCES);
  BOOST_TEST(holds(reason_of(other), "config file"), reason_of(other));
  const auto broken = host->lookup(top, "broken", {});
  BOOST_TEST(broken.error().code == EACCES);
  BOOST_TEST(holds(reason_of(broken), "BROKEN_KEY"), reason_of(broken));
  BOOST_TEST(server->requests() == 0u);
  key = "wrong";
  BOOST_TEST(host->lookup(top, "acme", {}).error().code == EACCES);
  key = "secret-key";
  BOOST_TEST(bool{host->lookup(top, "acme", {})});
}

BOOST_AUTO_TEST_CASE(a_repository_is_opened_without_asking_and_shared) {
  const auto host = connect();
  const std::vector<std::string> path{"acme", "two"};
  const auto first = host->open(path).value();
  BOOST_TEST(server->requests() == 0u);
  BOOST_TEST(host->open(path).value() == first);
  BOOST_TEST(first->display() == server->url() + "/acme/two");
  const snapshot_facts taken = resolve(*first);
  BOOST_TEST(why_not(fetch(*first, {taken.commit}, fetch_need::all_trees)) == "");
  BOOST_TEST(walked(*first->objects(), taken.root_tree) == expected(), boost::test_tools::per_element());
  BOOST_TEST(host->open(acme).error().code == ENOENT);
}

BOOST_AUTO_TEST_CASE(endless_lists_are_left) {
  mesa_options round;
  round.endless = true;
  serve(round);
  const auto listed = connect()->list(acme, {});
  BOOST_TEST(holds(reason_of(listed), "no end"), reason_of(listed));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
