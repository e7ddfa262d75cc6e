// Each kind of git server is asked in a way that it takes, and is not asked twice which that is.
#include "backend/open/known_forges.hpp"
#include "backend/remote/server_ways.hpp"
#include "backend/remote/server_ways_file.hpp"
#include "test/backend/remote/upstream_fixture.hpp"
#include "test/support/git_server.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>

namespace gitfs::test {

namespace ways_of_servers {

namespace bdata = boost::unit_test::data;

namespace {

struct served : upstream_fixture {
  git_server real{dir.path()};
  const std::filesystem::path file = dir / "server-ways.json";

  std::shared_ptr<gitfs::git_upstream> connect_through(const std::string& modifiers,
                                                       std::shared_ptr<server_ways> ways = {},
                                                       std::optional<capabilities> assumed = {}) {
    return connect_to(store, {}, real.url(modifiers, "repo.git"), std::move(assumed), std::move(ways));
  }
  std::shared_ptr<server_ways> remembered_ways() const { return std::make_shared<server_ways>(file); }

  std::size_t posts() {
    const auto all = real.requests();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [](const auto& each) { return each.method == "POST"; }));
  }
  std::size_t with_filter(const std::string& filter) {
    const auto all = real.requests();
    return static_cast<std::size_t>(
        std::count_if(all.begin(), all.end(), [&](const auto& each) { return each.filter == filter; }));
  }
};

constexpr int cannot = -1; ///< ENOTSUP, and no request

/// Requests that it takes to get a commit, single trees, single blobs and sizes.
using costs = std::array<int, 4>;

struct kind_of_server {
  const char* modifiers;
  costs first, later;
};

std::ostream& operator<<(std::ostream& to, const kind_of_server& kind) {
  return to << '"' << kind.modifiers << '"';
}

const kind_of_server kinds[] = {
    {"", {1, 1, 1, 1}, {1, 1, 1, 1}},
    {"nofilter", {1, cannot, 1, 1}, {1, cannot, 1, 1}},
    {"github", {1, 1, 1, cannot}, {1, 1, 1, cannot}},
    {"gerrit", {1, 2, 1, 1}, {1, 1, 1, 1}},
    {"gerrit/noobjinfo", {1, 2, 1, cannot}, {1, 1, 1, cannot}},
    {"gerrit/nofilter", {1, cannot, 1, 1}, {1, cannot, 1, 1}},
    {"narrow", {3, 1, 1, 1}, {1, 1, 1, 1}},
    {"narrow0", {4, cannot, 1, 1}, {1, cannot, 1, 1}},
    {"silent", {2, 1, 1, 1}, {1, 1, 1, 1}},
};

} // namespace

} // namespace ways_of_servers

BOOST_FIXTURE_TEST_SUITE(ways_of_servers, ways_of_servers::served)

BOOST_DATA_TEST_CASE(each_kind_of_server_is_found_out_once, bdata::make(kinds), kind) {
  const std::vector<oid> trees = {rev("main:dir/sub"), rev("main:dir")};
  const std::vector<oid> blobs = {rev("main:one"), rev("main:dir/two")};
  const auto use = [&](gitfs::git_upstream& up, const costs& expected) {
    const auto step = [&](std::size_t number, const auto& what) {
      real.clear_requests();
      const transfer_outcome out = what();
      const bool possible = expected[number] != cannot;
      BOOST_TEST(code_of(out) == (possible ? 0 : ENOTSUP), "step " << number << ": " << message_of(out));
      BOOST_TEST(posts() == static_cast<std::size_t>(possible ? expected[number] : 0), "step " << number);
      return possible;
    };
    step(0, [&] { return fetch(up, {.wants = {rev("main")}, .need = fetch_need::commit}); });
    BOOST_TEST(store.contains(rev("main")));
    if (step(1, [&] { return fetch(up, {.wants = trees, .need = fetch_need::trees}); }))
      for (const oid& id : trees)
        BOOST_TEST(store.contains(id));
    step(2, [&] { return fetch(up, {.wants = blobs, .need = fetch_need::blobs}); });
    for (const oid& id : blobs)
      BOOST_TEST(store.contains(id));
    step(3, [&] {
      const auto out = sizes(up, blobs);
      BOOST_TEST(out.sizes.size() == (out.failure ? 0 : blobs.size()));
      return out;
    });
  };
  const auto first = connect_through(kind.modifiers, remembered_ways());
  use(*first, kind.first);
  use(*first, kind.later);
  use(*connect_through(kind.modifiers, remembered_ways()), kind.later); // as another mount
}

BOOST_AUTO_TEST_CASE(many_at_once_find_out_once) {
  const auto ways = remembered_ways();
  const auto up = connect_through("gerrit", ways);
  std::vector<std::future<transfer_outcome>> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(std::async(std::launch::async, [&, i] {
      return fetch(*up, {.wants = {rev(i % 2 == 0 ? "main:dir" : "main:dir/sub")}, .need = fetch_need::trees});
    }));
  for (auto& each : all) {
    const auto out = each.get();
    BOOST_TEST(code_of(out) == 0, message_of(out));
  }
  BOOST_TEST(with_filter("tree:0") == 1U);
  BOOST_TEST(with_filter("tree:1") == 8U);
  BOOST_TEST(ways->text().find("object tree:0 lacking, object tree:1 works") != std::string::npos, ways->text());
}

BOOST_AUTO_TEST_CASE(of_a_host_that_is_known_nothing_is_tried_that_it_refuses) {
  const auto github = capabilities_of_forge(parse_source("https://github.com/a/b").value());
  const auto up = connect_through("github", {}, github);
  const auto main = up->resolve("main");
  BOOST_REQUIRE_MESSAGE(main, test::reason_of(main));
  for (const fetch_request& each : {fetch_request{.wants = {main.value().commit}, .need = fetch_need::commit},
                                    fetch_request{.wants = {rev("main^{tree}")}, .need = fetch_need::trees},
                                    fetch_request{.wants = {main.value().commit}, .need = fetch_need::all_trees},
                                    fetch_request{.wants = {rev("main:one")}}}) {
    const auto out = fetch(*up, each);
    BOOST_TEST(code_of(out) == 0, message_of(out));
    BOOST_TEST(out.requests == 1U);
  }
  BOOST_TEST(code_of(sizes(*up, {rev("main:one")})) == ENOTSUP);
  BOOST_TEST(real.count("info/refs") == 0U);
  BOOST_TEST(real.count("object-info") == 0U);
  BOOST_TEST(with_filter("tree:1") == 0U);
  BOOST_TEST(real.count() == 5U);
}

BOOST_AUTO_TEST_CASE(repositories_of_one_host_may_differ) {
  must_run("cp -r repo.git strict.git && git -C strict.git config uploadpackfilter.tree.maxDepth 0", dir.path());
  const auto ways = remembered_ways();
  const auto commit_from = [&](const std::string& repository) {
    const auto up = connect_to(store, {}, real.url(repository), {}, ways);
    const std::size_t before = real.count("fetch");
    const auto out = fetch(*up, {.wants = {rev("main")}, .need = fetch_need::commit});
    BOOST_TEST(code_of(out) == 0, message_of(out));
    return real.count("fetch") - before;
  };
  BOOST_TEST(commit_from("repo.git") == 1U);
  BOOST_TEST(commit_from("strict.git") == 2U);
  BOOST_TEST(commit_from("strict.git") == 1U);
  BOOST_TEST(commit_from("repo.git") == 1U);
  BOOST_TEST(with_filter("tree:1") == 3U); // still where it works
  BOOST_TEST(ways->text().find("/strict.git: commit tree:1 refused") != std::string::npos, ways->text());
}

// As a job does that mounts a new commit by its id: the second one of a day waits for one answer instead of two.
BOOST_AUTO_TEST_CASE(the_next_mount_does_not_ask_for_capabilities) {
  const fetch_request commit{.wants = {rev("main")}, .need = fetch_need::commit};
  BOOST_TEST(fetch(*connect_through("", remembered_ways()), commit).requests == 2U);
  real.clear_requests();
  const auto up = connect_through("", remembered_ways());
  BOOST_TEST(fetch(*up, commit).requests == 1U);
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST(code_of(sizes(*up, {rev("main:one")})) == 0);
  BOOST_TEST(real.count("info/refs") == 0U);
  BOOST_TEST(real.count() == 3U);
}

// Another server may have come in its place. What it does not take is seen by the first request, and then it is asked.
BOOST_AUTO_TEST_CASE(remembered_capabilities_are_doubted_when_something_is_refused) {
  capabilities all;
  {
    const auto ways = remembered_ways();
    BOOST_REQUIRE(connect_through("", ways)->resolve("main"));
    all = ways->capabilities_of(place_of(real.url("repo.git"))).value();
    BOOST_TEST(all.object_info);
  }
  const auto remembered_of = [&](const std::string& modifiers) {
    const auto ways = remembered_ways();
    ways->learn_capabilities(place_of(real.url(modifiers, "repo.git")), all);
    real.clear_requests();
    return connect_through(modifiers, ways);
  };
  for (int again = 0; again < 2; ++again) {
    const auto up = again == 0 ? remembered_of("noobjinfo") : connect_through("noobjinfo", remembered_ways());
    BOOST_TEST(code_of(sizes(*up, {rev("main:one")})) == ENOTSUP);
  }
  BOOST_TEST(real.count("object-info") == 1U);
  BOOST_TEST(real.count("info/refs") == 1U);

  const auto unfiltered = remembered_of("nofilter");
  const auto out = fetch(*unfiltered, {.wants = {rev("main:dir")}, .need = fetch_need::trees});
  BOOST_TEST(code_of(out) == ENOTSUP);
  BOOST_TEST(message_of(out).find("does not offer partial fetches") != std::string::npos, message_of(out));
  BOOST_TEST(!remembered_ways()->capabilities_of(place_of(real.url("nofilter", "repo.git"))));

  const auto old = remembered_of("v0")->resolve("main");
  BOOST_REQUIRE(!old);
  BOOST_TEST(reason_of(old).find("version 2") != std::string::npos, reason_of(old));
}

// Servers redirect the request for capabilities, with which git begins, and not all of them any other.
BOOST_AUTO_TEST_CASE(a_repository_that_has_moved_is_found_by_asking_for_capabilities) {
  const std::string old = server.url("old.git");
  const auto ways = remembered_ways();
  ways->learn_capabilities(place_of(old), [&] {
    const auto there = remembered_ways();
    BOOST_REQUIRE(connect_through("", there)->resolve("main"));
    return there->capabilities_of(place_of(real.url("repo.git"))).value();
  }());
  server.otherwise([&](fault_exchange& x) {
    if (x.request.target.find("old.git") == std::string::npos)
      return x.pass();
    if (x.request.method == "GET")
      return x.reply(301, {"Location: " + server.url("repo.git") + "/info/refs?service=git-upload-pack"}, "");
    x.reply(404, {}, "");
  });
  const auto by_name = connect_to(store, {}, old, {}, ways)->resolve("main");
  BOOST_REQUIRE_MESSAGE(by_name, reason_of(by_name));
  const auto by_id =
      fetch(*connect_to(store, {}, old, {}, remembered_ways()), {.wants = {rev("main")}, .need = fetch_need::commit});
  BOOST_TEST(code_of(by_id) == 0, message_of(by_id));
}

// What a server takes may be changed, and then it is asked anew in the same operation.
BOOST_AUTO_TEST_CASE(a_way_that_worked_may_end) {
  const auto up = connect_through("", remembered_ways());
  const fetch_request commit{.wants = {rev("main")}, .need = fetch_need::commit};
  BOOST_TEST(fetch(*up, commit).requests == 2U);
  must_run("git config uploadpackfilter.tree.maxDepth 0", repository());
  BOOST_TEST(fetch(*up, commit).requests == 2U);
  BOOST_TEST(fetch(*up, commit).requests == 1U);
}

BOOST_AUTO_TEST_CASE(what_does_not_come_by_any_way_is_an_error_that_names_it) {
  const auto up = connect();
  const std::string nothing{
      "PACK\0\0\0\2\0\0\0\0\x02\x9d\x08\x82\x3b\xd8\xa8\xea\xb5\x10\xad\x6a\xc7\x5c\x82\x3c\xfd\x3e\xd3\x1e", 32};
  server.otherwise([&](fault_exchange& x) {
    if (x.request.method == "GET")
      return x.pass();
    std::string body;
    append_pkt(body, "packfile\n");
    append_pkt(body, "\001" + nothing);
    append_flush(body);
    x.reply(200, {result_type}, body);
  });
  const auto out = fetch(*up, {.wants = {rev("main:one"), rev("main:dir/two")}});
  BOOST_TEST(code_of(out) == EIO);
  for (const std::string& part : {server.host(), rev("main:one").hex(), std::string{"and 1 more"},
                                  std::string{"object tree:0, object blob:none, object without a filter"}})
    BOOST_TEST(message_of(out).find(part) != std::string::npos, message_of(out));
  BOOST_TEST(server.count("fetch") == 3U);
}

// A server that fails for another reason is not asked in other ways, nor is anything learned of it.
BOOST_AUTO_TEST_CASE(a_failure_that_may_pass_teaches_nothing) {
  const auto ways = remembered_ways();
  const auto up = connect_to(store, {}, server.url("repo.git"), {}, ways);
  BOOST_REQUIRE(up->resolve("main"));
  server.otherwise(status(503, {"Retry-After: 3600"}));
  const auto out = fetch(*up, {.wants = {rev("main")}, .need = fetch_need::commit});
  BOOST_TEST(code_of(out) == EIO);
  BOOST_TEST(out.requests == 1U);
  BOOST_TEST(ways->text() == "");
}

BOOST_AUTO_TEST_CASE(absent_objects_cost_a_request_each_and_no_sizes) {
  std::vector<oid> ids = {rev("main:one"), rev("main:dir/two"), rev("main:dir/empty"), rev("main:dir/sub/large")};
  ids.insert(ids.begin() + 1, *oid::from_hex(std::string(40, 'd')));
  ids.insert(ids.begin() + 3, *oid::from_hex(std::string(40, 'e')));
  const auto up = connect_through("gerrit");
  const auto out = sizes(*up, ids);
  BOOST_TEST(code_of(out) == 0, message_of(out));
  BOOST_TEST(out.sizes.size() == 4U);
  BOOST_TEST(real.count("object-info") == 3U);
}

// One that does not say which object is absent, nor tells any size before: halves of the question find it.
BOOST_AUTO_TEST_CASE(an_absent_object_that_is_not_named_is_found) {
  const auto up = connect();
  const oid absent = *oid::from_hex(std::string(40, 'd'));
  BOOST_TEST(code_of(sizes(*up, {rev("main:one")})) == 0); // it does tell sizes
  server.otherwise([&](fault_exchange& x) {
    if (x.request.body.find(absent.hex()) == std::string::npos)
      return x.pass();
    std::string body;
    append_pkt(body, "ERR no such object\n");
    x.reply(200, {result_type}, body);
  });
  std::vector<oid> ids(16, rev("main:one"));
  ids[11] = absent;
  const auto out = sizes(*up, ids);
  BOOST_TEST(code_of(out) == 0, message_of(out));
  BOOST_TEST(out.sizes.size() == 15U);
  BOOST_TEST(server.count("object-info") <= 1U + 9U);
}

BOOST_AUTO_TEST_CASE(a_server_that_offers_sizes_and_refuses_them_is_left_alone) {
  const auto up = connect();
  server.otherwise([&](fault_exchange& x) {
    if (x.request.method == "GET")
      return x.pass();
    std::string body;
    append_pkt(body, "ERR unexpected command\n");
    x.reply(200, {result_type}, body);
  });
  BOOST_TEST(code_of(sizes(*up, {rev("main:one")})) == ENOTSUP);
  BOOST_TEST(code_of(sizes(*up, {rev("main:one")})) == ENOTSUP);
  BOOST_TEST(server.count("object-info") == 1U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
