#include "backend/open/known_forges.hpp"
#include "backend/remote/git_upstream.hpp"
#include "backend/remote/sized_upstream.hpp"
#include "backend/store/object_store.hpp"
#include "test/backend/support/forge_fixture.hpp"
#include "test/support/git_server.hpp"

#include <future>
#include <set>

namespace gitfs::test {

namespace known_forges {

namespace {

/// A repository of which all trees and no contents are here, of a server without object-info.
struct fixture : forge_fixture {
  void open(forge_kind kind, const std::string& api, const std::string& path = "Octo/hello",
            const std::string& token = {}, std::chrono::milliseconds pause = std::chrono::hours{1}) {
    store = gitfs::object_store::open(dir / "cache", path).value();
    auto remember = [this](std::span<const std::pair<oid, std::uint64_t>> sizes) { store->remember_sizes(sizes); };
    up = git_upstream::create(parse_source(git.url("noobjinfo", path + ".git")).value(), *store, remember, {},
                              capabilities_of_forge(parse_source("https://github.com/a/b").value()))
             .value();
    forge_tokens tokens;
    tokens.general.environment = token;
    tokens.read = needs().read_secret;
    access = std::make_shared<forge_access>(server->url(), limited_options(kind, api), tokens, of_url, password_now);
    sized = with_sizes(up, store, forge_sizes(kind, access, path.substr(0, path.find('/')), path), remember, pause);
    const oid commit = rev("HEAD");
    const auto out = wait(
        [&](auto done) { return sized->fetch({.wants = {commit}, .need = fetch_need::all_trees}, std::move(done)); });
    BOOST_REQUIRE_MESSAGE(!out.failure, out.failure->message);
    sized->search_in(commit, rev("HEAD^{tree}"));
  }

  template <class Start>
  static transfer_outcome wait(Start start) {
    std::promise<transfer_outcome> done;
    const auto running = start([&](transfer_outcome out) { done.set_value(std::move(out)); });
    return done.get_future().get();
  }
  transfer_outcome ask(std::vector<oid> ids) {
    return wait([&](auto done) { return sized->object_info(std::move(ids), std::move(done)); });
  }
  oid rev(const std::string& what) const {
    return *oid::from_hex(must_run("git rev-parse " + what, root() / "Octo/hello.git"));
  }
  std::vector<oid> blobs() const {
    return {rev("HEAD:one"), rev("HEAD:dir/two"), rev("HEAD:dir/sub/five"), rev("HEAD:other/7")};
  }

  int failure_of(std::vector<oid> ids) {
    const auto out = ask(std::move(ids));
    return out.failure ? out.failure->code : 0;
  }
  void hide_hello() const {
    must_run("rm -rf root/Octo/hidden.git && cp -r root/Octo/hello.git root/Octo/hidden.git && touch "
             "root/Octo/hidden.git/private",
             dir.path());
  }
  void close() {
    sized.reset();
    store.reset();
    std::filesystem::remove_all(dir / "cache");
  }

  void check(const transfer_outcome& out, const std::vector<oid>& ids) const {
    BOOST_REQUIRE_MESSAGE(!out.failure, out.failure->message);
    std::vector<std::pair<oid, std::uint64_t>> expected;
    for (const oid& id : ids)
      expected.emplace_back(id, std::stoull(must_run("git cat-file -s " + id.hex(), root() / "Octo/hello.git")));
    BOOST_TEST((out.sizes == expected));
  }

  credential of_url;
  std::function<result<std::string>()> password_now;
  gitfs::test::git_server git{root()};
  std::shared_ptr<gitfs::object_store> store;
  std::shared_ptr<git_upstream> up;
  std::shared_ptr<forge_access> access;
  std::shared_ptr<sized_upstream> sized;
};

} // namespace

} // namespace known_forges

BOOST_FIXTURE_TEST_SUITE(known_forges, known_forges::fixture)

BOOST_AUTO_TEST_CASE(github_tells_all_sizes_with_one_request) {
  open(forge_kind::github, server->github());
  check(ask({rev("HEAD:dir/two")}), {rev("HEAD:dir/two")});
  check(ask(blobs()), blobs());
  BOOST_TEST(server->count() == 1);
  BOOST_TEST(git.count("object-info") == 0);
  std::vector<std::uint64_t> known(4);
  store->sizes(blobs(), known);
  BOOST_TEST(known == (std::vector<std::uint64_t>{3, 11, 5, 7}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_a_truncated_tree_the_directories_are_asked_for) {
  server->set(R"({"tree_entries":3})"); // of 9 in all, 4 of them in dir
  open(forge_kind::github, server->github());
  check(ask({rev("HEAD:other/7")}), {rev("HEAD:other/7")});
  BOOST_TEST(server->count() == 2); // the root, other
  check(ask(blobs()), blobs());
  BOOST_TEST(server->count("git/trees/" + rev("HEAD:dir").hex()) == 2); // with all below it, and by itself
}

BOOST_AUTO_TEST_CASE(only_what_the_service_leaves_out_is_left_to_contents) {
  server->set(R"({"tree_entries":1})");
  open(forge_kind::github, server->github());
  const auto out = ask({rev("HEAD:other/7"), rev("HEAD:one")});
  BOOST_REQUIRE(out.failure.has_value());
  BOOST_TEST(out.failure->code == EAGAIN);
  BOOST_REQUIRE_EQUAL(out.sizes.size(), 1U);
  BOOST_TEST((out.sizes[0].first == rev("HEAD:other/7")));
  server->set("{}");
  check(ask({rev("HEAD:other/7"), rev("HEAD:one")}), {rev("HEAD:other/7"), rev("HEAD:one")});
}

BOOST_AUTO_TEST_CASE(a_directory_that_leaves_out_files_is_asked_for_once_for_all_of_them) {
  server->set(R"({"tree_entries":1})");
  open(forge_kind::github, server->github());
  const auto out = ask({rev("HEAD:one"), rev("HEAD:link")});
  BOOST_TEST(out.failure.has_value());
  BOOST_TEST(server->count("git/trees/" + rev("HEAD^{tree}").hex()) == 2); // with all below it, and by itself
}

BOOST_AUTO_TEST_CASE(a_list_of_trees_without_end_is_left) {
  server->set(R"({"faults":[{"match":"trees","body":{"tree":[{"type":"blob","size":1,"sha":")" + std::string(40, 'a')
              + R"("}],"truncated":true}}]})");
  open(forge_kind::gitea, server->gitea());
  BOOST_TEST(failure_of({rev("HEAD:one")}) == EAGAIN);
}

BOOST_AUTO_TEST_CASE(gitea_tells_them_in_pages) {
  server->set(R"({"page":3})");
  open(forge_kind::gitea, server->gitea());
  check(ask(blobs()), blobs());
  BOOST_TEST(server->count() == 3); // 9 entries
  check(ask(blobs()), blobs());
  BOOST_TEST(server->count() == 3);
}

BOOST_AUTO_TEST_CASE(gitlab_tells_them_by_path) {
  open(forge_kind::gitlab, server->gitlab());
  check(ask(blobs()), blobs());
  BOOST_TEST(server->count("POST /api/graphql") == 1);
}

BOOST_AUTO_TEST_CASE(gitlab_is_asked_for_a_hundred_at_a_time) {
  must_run("git clone -q root/Octo/hello.git more && cd more && mkdir many && for i in $(seq 205); do echo $i > "
           "many/$i; done"
           " && git add . && git commit -q -m many && git push -q",
           dir.path());
  open(forge_kind::gitlab, server->gitlab());
  std::vector<oid> ids;
  for (int i = 1; i <= 205; ++i)
    ids.push_back(rev("HEAD:many/" + std::to_string(i)));
  check(ask(ids), ids);
  BOOST_TEST(server->count("POST /api/graphql") == 3);
}

BOOST_AUTO_TEST_CASE(a_service_that_cannot_is_asked_no_more_and_the_log_says_why_once) {
  for (const char* fault : {R"("status":401,"body":{"message":"Bad credentials"})",
                            R"("status":404,"body":{"message":"Not Found"})", R"("status":451,"body":{})"}) {
    BOOST_TEST_CONTEXT(fault) {
      log_.clear();
      server->set(std::string{R"({"faults":[{"match":"trees",)"} + fault + "}]}");
      open(forge_kind::github, server->github());
      BOOST_TEST(failure_of(blobs()) == ENOTSUP);
      server->set("{}");
      server->clear_requests();
      BOOST_TEST(failure_of(blobs()) == ENOTSUP);
      BOOST_TEST(server->count() == 0);
      const std::size_t first = log().find("does not tell sizes");
      BOOST_TEST(first != std::string::npos);
      BOOST_TEST(log().find("does not tell sizes", first + 1) == std::string::npos);
      close();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_failure_that_passes_is_that_of_one_request) {
  for (const char* fault : {R"("status":503,"body":{})", R"("body":"nonsense")",
                            R"("body":"<html>","headers":{"Content-Type":"text/html"})", R"("body":{})"}) {
    BOOST_TEST_CONTEXT(fault) {
      server->set(std::string{R"({"faults":[{"match":"trees",)"} + fault + "}]}");
      open(forge_kind::github, server->github());
      BOOST_TEST(failure_of(blobs()) == EIO);
      server->set("{}");
      check(ask(blobs()), blobs());
      close();
    }
  }
}

BOOST_AUTO_TEST_CASE(a_service_that_goes_on_failing_is_left_alone_for_a_while) {
  const std::string failing = R"({"faults":[{"match":"trees","status":503,"body":{}}]})";
  server->set(failing);
  open(forge_kind::github, server->github());
  BOOST_TEST(failure_of(blobs()) == EIO);
  BOOST_TEST(failure_of(blobs()) == EAGAIN);
  server->set("{}");
  server->clear_requests();
  BOOST_TEST(failure_of(blobs()) == EAGAIN);
  BOOST_TEST(server->count() == 0);
  const std::size_t first = log().find("for now");
  BOOST_TEST(first != std::string::npos);
  BOOST_TEST(log().find("for now", first + 1) == std::string::npos);
  close();

  server->set(failing);
  open(forge_kind::github, server->github(), "Octo/hello", {}, std::chrono::milliseconds{0});
  for (const int expected : {EIO, EAGAIN, EAGAIN})
    BOOST_TEST(failure_of(blobs()) == expected);
  server->set("{}");
  check(ask(blobs()), blobs());
}

BOOST_AUTO_TEST_CASE(a_rate_limit_is_no_answer_for_good) {
  server->set(
      R"({"faults":[{"match":"trees","status":403,"body":{"message":"API rate limit exceeded"},"headers":{"x-ratelimit-remaining":"0","x-ratelimit-reset":"4102444800"}}]})");
  open(forge_kind::github, server->github(), "Octo/hello", {}, std::chrono::milliseconds{0});
  BOOST_TEST(failure_of(blobs()) == EAGAIN);
  BOOST_TEST(failure_of(blobs()) == EAGAIN);
}

BOOST_AUTO_TEST_CASE(a_token_that_is_refused_or_cannot_be_read_may_be_replaced) {
  hide_hello();
  for (const char* token : {"BAD", "UNSET"}) {
    open(forge_kind::github, server->github(), "Octo/hidden", token);
    BOOST_TEST(failure_of(blobs()) == EAGAIN);
    close();
  }
}

BOOST_AUTO_TEST_CASE(the_token_of_the_url_is_read_anew_when_it_is_refused) {
  hide_hello();
  of_url = {"user", "bad-token"};
  password_now = [] { return result<std::string>{"good"}; };
  open(forge_kind::github, server->github(), "Octo/hidden");
  check(ask(blobs()), blobs());
}

BOOST_AUTO_TEST_CASE(a_private_repository_needs_the_token) {
  hide_hello();
  open(forge_kind::github, server->github(), "Octo/hidden", "GOOD");
  check(ask(blobs()), blobs());
}

BOOST_AUTO_TEST_CASE(a_git_server_that_tells_sizes_is_asked_itself) {
  store = gitfs::object_store::open(dir / "cache", "x").value();
  up = git_upstream::create(parse_source(git.url("Octo/hello.git")).value(), *store, {}, {}).value();
  access = std::make_shared<forge_access>(server->url(), limited_options(forge_kind::github, server->github()),
                                          forge_tokens{});
  sized = with_sizes(up, store, forge_sizes(forge_kind::github, access, "Octo", "Octo/hello"), {});
  check(ask(blobs()), blobs());
  BOOST_TEST(server->count() == 0);
  BOOST_TEST(git.count("object-info") == 1);
}

BOOST_AUTO_TEST_CASE(cancelling_and_destroying_end_what_waits) {
  server->set(R"({"faults":[{"match":"trees","delay":60000}]})");
  open(forge_kind::github, server->github());
  std::promise<transfer_outcome> first, second;
  auto running = sized->object_info(blobs(), [&](transfer_outcome out) { first.set_value(std::move(out)); });
  auto waiting = sized->object_info(blobs(), [&](transfer_outcome out) { second.set_value(std::move(out)); });
  running.reset();
  BOOST_TEST(first.get_future().get().failure->code == ECANCELED);
  sized.reset();
  BOOST_TEST(second.get_future().get().failure->code == ECANCELED);
  waiting.reset();
}

BOOST_AUTO_TEST_CASE(well_known_hosts_are_known) {
  const struct {
    const char* url;
    bool sizes, capabilities;
  } cases[] = {{"https://github.com/a/b", true, true},           {"https://user:x@github.com/a/b.git", true, true},
               {"https://gitlab.com/a/b/c.git", true, false},    {"https://codeberg.org/a/b", true, false},
               {"https://github.com.example/a/b", false, false}, {"http://github.com/a/b", false, false},
               {"https://git.example/a/b", false, false},        {"https://github.com/a", false, true}};
  for (const auto& each : cases) {
    const source from = parse_source(each.url).value();
    BOOST_TEST((sizes_of_forge(from, {}) != nullptr) == each.sizes, each.url);
    BOOST_TEST(capabilities_of_forge(from).has_value() == each.capabilities, each.url);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
