#include "backend/git_upstream.hpp"
#include "backend/pkt_line.hpp"
#include "backend/source.hpp"
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/outcome.hpp"
#include "test/support/pack_sinks.hpp"
#include "test/support/temp_dir.hpp"

#include <atomic>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>
#include <filesystem>
#include <fstream>
#include <future>
#include <mutex>
#include <set>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>
#include <sstream>
#include <thread>

namespace bdata = boost::unit_test::data;
using namespace gitfs;
using namespace std::chrono_literals;
using test::fault_exchange;
using test::must_run;

namespace {

const std::string result_type = "Content-Type: application/x-git-upload-pack-result";
const std::string advertisement_type = "Content-Type: application/x-git-upload-pack-advertisement";

/// A repository behind a server, a store that git itself checks, and a log that is kept.
struct fixture {
  fixture() {
    must_run("git init -q -b main work && cd work"
             " && mkdir -p dir/sub && printf one > one && printf 'second file' > dir/two && : > dir/empty"
             " && seq 1 20000 > dir/sub/large && git add . && git commit -q -m first && git branch old"
             " && printf changed > one && git commit -q -a -m second && git tag light && git tag -a -m x v1.0"
             " && git branch feature/x && cd .. && git clone -q --bare work repo.git"
             " && git -C repo.git config uploadpack.allowFilter true"
             " && git -C repo.git config uploadpack.allowAnySHA1InWant true && git -C repo.git gc -q",
             dir.path());
    log = std::make_shared<std::ostringstream>();
    auto sink = std::make_shared<spdlog::sinks::ostream_sink_mt>(*log);
    logger_before = spdlog::default_logger();
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
    spdlog::set_level(spdlog::level::trace);
  }
  ~fixture() { spdlog::set_default_logger(logger_before); }

  oid rev(const std::string& what) const { return *oid::from_hex(must_run("git rev-parse " + what, repository())); }
  std::filesystem::path repository() const { return dir / "repo.git"; }

  std::shared_ptr<gitfs::git_upstream> connect(upstream_limits limits = {}, const std::string& url = {}) {
    return connect_to(store, limits, url);
  }
  std::shared_ptr<gitfs::git_upstream> connect_to(pack_receiver& receiver, upstream_limits limits = {},
                                                  const std::string& url = {}) {
    auto from = parse_source(url.empty() ? server.url("repo.git") : url);
    BOOST_REQUIRE_MESSAGE(from, test::why(from));
    auto out = gitfs::git_upstream::create(
        from.value(), receiver,
        [this](auto sizes) {
          const std::lock_guard lock{mutex};
          remembered.assign(sizes.begin(), sizes.end());
        },
        limits);
    BOOST_REQUIRE(out);
    return out.value();
  }
  static transfer_outcome fetch(gitfs::git_upstream& from, fetch_request request) {
    std::promise<transfer_outcome> done;
    const auto running = from.fetch(std::move(request), [&](transfer_outcome out) { done.set_value(std::move(out)); });
    return done.get_future().get();
  }
  static transfer_outcome sizes(gitfs::git_upstream& from, std::vector<oid> ids) {
    std::promise<transfer_outcome> done;
    const auto running =
        from.object_info(std::move(ids), [&](transfer_outcome out) { done.set_value(std::move(out)); });
    return done.get_future().get();
  }
  static int code_of(const transfer_outcome& out) { return out.failure ? out.failure->code : 0; }
  static std::string message_of(const transfer_outcome& out) { return out.failure ? out.failure->message : ""; }

  /// The ids in `text`, a line each, sorted as text.
  static std::set<std::string> words(const std::string& text) {
    std::istringstream in{text};
    return {std::istream_iterator<std::string>{in}, {}};
  }

  test::scoped_env no_proxy{"no_proxy", "127.0.0.1"};
  test::temp_dir dir;
  test::scoped_env home{"HOME", dir.path().c_str()};
  test::scoped_env config{"GIT_CONFIG_GLOBAL", (dir / "gitconfig").c_str()};
  test::scoped_env system{"GIT_CONFIG_SYSTEM", "/dev/null"};
  test::scoped_env askpass{"GIT_ASKPASS", nullptr};
  test::scoped_env ssh_askpass{"SSH_ASKPASS", nullptr};
  std::shared_ptr<std::ostringstream> log;
  std::shared_ptr<spdlog::logger> logger_before;
  test::fault_server server{dir.path()};
  test::index_pack_store store{dir / "store.git"};
  std::mutex mutex;
  std::vector<std::pair<oid, std::uint64_t>> remembered;
};

void serve_status(fault_exchange& x, int status, const std::vector<std::string>& headers = {}) {
  x.reply(status, headers, "");
}

test::fault status(int code, std::vector<std::string> headers = {}) {
  return [=](fault_exchange& x) { serve_status(x, code, headers); };
}

/// The real answer, its body changed.
test::fault edited(std::function<std::string(std::string)> edit) {
  return [=](fault_exchange& x) {
    auto answer = x.ask_git();
    answer.body = edit(std::move(answer.body));
    x.reply(answer.status, answer.headers, answer.body);
  };
}

std::string without_capability(std::string body, const std::string& name) {
  const std::size_t at = body.find(name);
  if (at == std::string::npos)
    throw std::runtime_error("the server does not advertise " + name);
  return body.replace(at, name.size(), std::string(name.size(), 'x'));
}

std::string advertisement(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines)
    append_pkt(out, line + "\n");
  append_flush(out);
  return out;
}

test::fault advertise(std::vector<std::string> lines) {
  return [=](fault_exchange& x) { x.reply(200, {advertisement_type}, advertisement(lines)); };
}

/// An answer to a fetch whose pack never ends, until the client closes the connection.
test::fault endless_pack(std::promise<bool>& closed, std::size_t first = 100'000) {
  return [&closed, first](fault_exchange& x) {
    std::string body;
    append_pkt(body, "packfile\n");
    for (std::size_t sent = 0; sent < first; sent += 10'000)
      append_pkt(body, "\001" + std::string(10'000, 'x'));
    x.send("HTTP/1.1 200 OK\r\n" + result_type + "\r\nContent-Length: 1000000000\r\n\r\n" + body);
    closed.set_value(x.wait_for_close());
  };
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(git_upstream, fixture)

BOOST_AUTO_TEST_CASE(resolves_names_as_git_does) {
  auto up = connect();
  const struct {
    const char *given, *commit, *name;
  } cases[] = {{"", "HEAD", "refs/heads/main"},
               {"HEAD", "HEAD", "refs/heads/main"},
               {"main", "main", "refs/heads/main"},
               {"old", "old", "refs/heads/old"},
               {"feature/x", "feature/x", "refs/heads/feature/x"},
               {"light", "light", "refs/tags/light"},
               {"v1.0", "v1.0^{commit}", "refs/tags/v1.0"},
               {"refs/tags/v1.0", "v1.0^{commit}", "refs/tags/v1.0"},
               {"heads/old", "old", "refs/heads/old"}};
  for (const auto& c : cases) {
    const auto out = up->resolve(c.given);
    BOOST_REQUIRE_MESSAGE(out, test::why(out));
    BOOST_TEST(out.value().commit.hex() == rev(c.commit).hex());
    BOOST_TEST(out.value().name == c.name);
  }
  BOOST_TEST(up->display_name() == server.url("repo.git"));
}

BOOST_AUTO_TEST_CASE(the_first_resolve_asks_twice_at_once_and_a_commit_id_not_at_all) {
  auto up = connect();
  const std::string id(40, 'A');
  BOOST_TEST(up->resolve(id).value().commit.hex() == std::string(40, 'a'));
  BOOST_TEST(up->resolve(id).value().name == "");
  BOOST_TEST(server.requests().size() == 0);
  // each of the two is answered only when the other is there, too
  std::promise<void> get, post;
  std::atomic<int> met{0};
  server.next_get([&](fault_exchange& x) {
    get.set_value();
    met += post.get_future().wait_for(20s) == std::future_status::ready ? 1 : 0;
    x.pass();
  });
  server.next_post([&](fault_exchange& x) {
    post.set_value();
    met += get.get_future().wait_for(20s) == std::future_status::ready ? 1 : 0;
    x.pass();
  });
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST(met == 2);
  BOOST_TEST(server.requests().size() == 2);
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST(server.requests().size() == 3);
  BOOST_TEST(up->counters().requests == 3);
  for (const auto& each : server.requests())
    BOOST_TEST(each.headers.at("git-protocol") == "version=2");
}

BOOST_AUTO_TEST_CASE(an_early_question_that_fails_is_asked_again_properly) {
  for (const auto& what : {status(500), status(403), edited([](const std::string&) { return "0003"; }),
                           test::fault{[](fault_exchange& x) { x.close(); }}}) {
    server.next_post(what);
    const auto out = connect()->resolve("main");
    BOOST_REQUIRE_MESSAGE(out, test::why(out));
  }
}

BOOST_AUTO_TEST_CASE(explains_a_ref_that_is_not_there) {
  auto up = connect();
  const auto says = [&](const std::string& ref, int code, const std::string& part) {
    const auto out = up->resolve(ref);
    BOOST_REQUIRE(!out);
    BOOST_TEST(out.error().code == code);
    BOOST_TEST(out.error().message.find(part) != std::string::npos, out.error().message);
    BOOST_TEST(out.error().message.find(server.url("repo.git")) != std::string::npos, out.error().message);
  };
  says("mian", ENOENT, "did you mean: main?");
  says("zzzzzzzz", ENOENT, "feature/x");
  says("abcdef12", EINVAL, "give all 40 digits");
  says("main~1", EINVAL, "full commit id");
  must_run("git symbolic-ref HEAD refs/heads/gone", repository());
  says("", ENOENT, "HEAD (refs/heads/gone) points to no commit");
  must_run("git init -q --bare empty.git", dir.path());
  const auto empty = connect({}, server.url("empty.git"))->resolve("");
  BOOST_REQUIRE(!empty);
  BOOST_TEST(empty.error().code == ENOENT);
  BOOST_TEST(empty.error().message.find("empty") != std::string::npos, empty.error().message);
}

BOOST_AUTO_TEST_CASE(tree_0_brings_exactly_the_wanted_objects) {
  auto up = connect();
  // children before the trees that list them: see the next test
  const std::vector<oid> wants = {rev("main:dir/two"), rev("main:dir/sub"), rev("main:dir"), rev("main^{tree}")};
  const auto out = fetch(*up, {.wants = wants, .filter = fetch_filter::tree_0});
  BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
  std::set<std::string> expected;
  for (const oid& id : wants)
    expected.insert(id.hex());
  BOOST_TEST(words(store.list_objects()) == expected, boost::test_tools::per_element());
  BOOST_TEST(out.requests == 2); // the capabilities, and the pack
  BOOST_TEST(out.bytes > 0);
  BOOST_TEST(up->counters().bytes == out.bytes);
}

BOOST_AUTO_TEST_CASE(git_leaves_out_a_want_behind_the_tree_that_lists_it) {
  auto up = connect();
  const oid tree = rev("main:dir"), child = rev("main:dir/two");
  BOOST_TEST(code_of(fetch(*up, {.wants = {tree, child}})) == 0);
  BOOST_TEST(store.list_objects() == tree.hex()); // no error, and yet the child is missing
  BOOST_TEST(code_of(fetch(*up, {.wants = {child}})) == 0);
  BOOST_TEST(words(store.list_objects()) == (std::set{tree.hex(), child.hex()}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(other_filters_bring_what_they_say) {
  const auto fetched = [&](fetch_filter filter) {
    test::index_pack_store fresh{dir / ("filter" + std::to_string(static_cast<int>(filter)))};
    const auto out = fetch(*connect_to(fresh), {.wants = {rev("main")}, .filter = filter, .shallow = true});
    BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
    return words(fresh.list_objects());
  };
  const auto listed = [&](const std::string& options) {
    return words(must_run("git rev-list --objects --no-object-names -n 1 " + options + " main", repository()));
  };
  BOOST_TEST(fetched(fetch_filter::tree_0) == listed("--filter=tree:0"), boost::test_tools::per_element());
  BOOST_TEST(fetched(fetch_filter::tree_1) == listed("--filter=tree:1"), boost::test_tools::per_element());
  BOOST_TEST(fetched(fetch_filter::blob_none) == listed("--filter=blob:none"), boost::test_tools::per_element());
  BOOST_TEST(fetched(fetch_filter::none) == listed(""), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(sizes_are_those_of_git) {
  auto up = connect();
  std::vector<oid> ids;
  for (const char* path : {"one", "dir/two", "dir/empty", "dir/sub/large"})
    ids.push_back(rev(std::string{"main:"} + path));
  ids.push_back(*oid::from_hex(std::string(40, 'f'))); // the server does not have this one
  const auto out = sizes(*up, ids);
  BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
  BOOST_REQUIRE(out.sizes.size() == 4);
  for (const auto& [id, size] : out.sizes)
    BOOST_TEST(std::to_string(size) == must_run("git cat-file -s " + id.hex(), repository()));
  BOOST_TEST((remembered == out.sizes));
  BOOST_TEST(server.count("object-info") == 1);
}

BOOST_AUTO_TEST_CASE(asks_for_many_sizes_in_one_request) {
  auto up = connect();
  const auto out = sizes(*up, std::vector<oid>(40'000, rev("main:one")));
  BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
  BOOST_TEST(out.sizes.size() == 40'000);
  BOOST_TEST(server.count("object-info") == 1);
}

BOOST_AUTO_TEST_CASE(nothing_wanted_is_nothing_asked) {
  auto up = connect();
  BOOST_TEST(code_of(fetch(*up, {})) == 0);
  BOOST_TEST(code_of(sizes(*up, {})) == 0);
  BOOST_TEST(server.requests().empty());
}

BOOST_AUTO_TEST_CASE(asks_only_for_what_the_server_offers) {
  must_run("git config uploadpack.allowFilter false", repository());
  server.next_get(edited([](std::string body) { return without_capability(std::move(body), "object-info"); }));
  auto up = connect();
  const auto filtered = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(filtered) == ENOTSUP);
  BOOST_TEST(message_of(filtered).find("filter") != std::string::npos);
  BOOST_TEST(code_of(sizes(*up, {rev("main:one")})) == ENOTSUP);
  BOOST_TEST(server.requests().size() == 1);
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}, .filter = fetch_filter::none})) == 0);
  BOOST_TEST(store.list_objects() == rev("main:one").hex());
}

BOOST_AUTO_TEST_CASE(capabilities_are_asked_once_by_all_together) {
  auto up = connect();
  std::vector<std::future<transfer_outcome>> all;
  for (int i = 0; i < 6; ++i)
    all.push_back(std::async(std::launch::async, [&] { return sizes(*up, {rev("main:one")}); }));
  for (auto& each : all)
    BOOST_TEST(code_of(each.get()) == 0);
  std::size_t gets = 0;
  for (const auto& each : server.requests())
    gets += each.method == "GET" ? 1 : 0;
  BOOST_TEST(gets == 1);
}

BOOST_AUTO_TEST_CASE(servers_that_will_not_do_are_told_apart) {
  const auto says = [&](const test::fault& what, int code, const std::string& part) {
    server.next_get(what);
    const auto out = connect()->resolve("main");
    BOOST_REQUIRE_MESSAGE(!out, part);
    BOOST_TEST(out.error().code == code, out.error().message);
    BOOST_TEST(out.error().message.find(part) != std::string::npos, out.error().message);
    BOOST_TEST(out.error().message.find(server.host()) != std::string::npos, out.error().message);
  };
  says(advertise({"version 2", "ls-refs", "fetch", "object-format=sha256"}), ENOTSUP,
       "SHA-256 repositories are not supported yet");
  says(advertise({std::string(40, 'a') + " HEAD"}), ENOTSUP, "old git protocol");
  says([](fault_exchange& x) { x.reply(200, {"Content-Type: text/html"}, "<html>"); }, ENOTSUP, "text/html");
  says([](fault_exchange& x) { x.reply(404, {"Content-Type: text/plain"}, "No such project\nmore"); }, ENOENT,
       "repository not found");
  says([](fault_exchange& x) { x.reply(404, {"Content-Type: text/plain"}, "No such project\nmore"); }, ENOENT,
       "(\"No such project\")");
  says(status(403), EACCES, "access denied");
  says(status(410), ENOENT, "gone");
  says(status(418), EIO, "418");
  says([](fault_exchange& x) { x.reply(200, {advertisement_type}, advertisement({"ERR go away"})); }, EIO, "go away");
}

BOOST_AUTO_TEST_CASE(an_object_that_the_server_does_not_have_is_named) {
  const std::string id(40, 'd');
  const auto out = fetch(*connect(), {.wants = {*oid::from_hex(id)}});
  BOOST_TEST(code_of(out) == ENOENT);
  BOOST_TEST(message_of(out).find(id) != std::string::npos, message_of(out));
  BOOST_TEST(out.requests == 2); // no retry
}

BOOST_AUTO_TEST_CASE(what_may_pass_is_tried_again_with_a_fresh_sink) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  const test::fault faults[] = {
      status(500),
      status(429, {"Retry-After: 0"}),
      [](fault_exchange& x) { // closed inside the header (before it, libcurl itself tries once more)
        x.send("HTTP/1.1 200 OK\r\nContent-Len");
        x.close();
      },
      edited([](std::string body) { return body.substr(0, body.size() / 2); }),             // ends inside the pack
      edited([](std::string body) { return body.replace(body.size() - 60, 20, 20, 'z'); }), // damaged
      [](fault_exchange& x) {                                                               // closed inside the body
        const auto answer = x.ask_git();
        x.send("HTTP/1.1 200 OK\r\n" + result_type + "\r\nContent-Length: " + std::to_string(answer.body.size())
               + "\r\n\r\n" + answer.body.substr(0, answer.body.size() / 2));
        x.close();
      },
  };
  std::uint64_t retries = 0;
  for (const test::fault& what : faults) {
    server.next_post(what);
    const auto out = fetch(*up, {.wants = {rev("main:dir/sub/large")}});
    BOOST_TEST(code_of(out) == 0, message_of(out));
    BOOST_TEST(out.requests == 2);
    BOOST_TEST(up->counters().retries == ++retries);
  }
  BOOST_TEST(store.list_objects() == rev("main:dir/sub/large").hex());
}

BOOST_AUTO_TEST_CASE(waits_as_long_as_the_server_asks) {
  auto up = connect();
  server.next_get(status(429, {"Retry-After: 1"}));
  const auto begin = std::chrono::steady_clock::now();
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST((std::chrono::steady_clock::now() - begin >= 1s));
  // but not beyond its own deadline: then it fails at once
  server.otherwise(status(503, {"Retry-After: 3600"}));
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == EIO);
  BOOST_TEST(message_of(out).find("503") != std::string::npos);
  BOOST_TEST(out.requests == 1);
}

BOOST_AUTO_TEST_CASE(gives_up_in_the_end) {
  server.otherwise(status(502));
  const auto out = connect()->resolve("main");
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EIO);
  BOOST_TEST(out.error().message.find("502") != std::string::npos);
  BOOST_TEST(server.requests().size() == 6); // five GETs, and the early POST
}

BOOST_AUTO_TEST_CASE(the_total_limit_ends_an_operation) {
  auto up = connect({.total = 300ms});
  BOOST_REQUIRE(up->resolve(""));
  std::promise<bool> closed;
  server.next_post(endless_pack(closed));
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == ETIMEDOUT, message_of(out));
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(store.list_objects() == "");
}

BOOST_AUTO_TEST_CASE(a_stall_is_tried_again) {
  auto up = connect({.stall = 100ms});
  std::promise<bool> closed;
  server.next_post(endless_pack(closed));
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == 0, message_of(out));
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(out.requests == 3);
}

BOOST_AUTO_TEST_CASE(a_pack_over_the_limit_is_cut) {
  auto up = connect();
  std::promise<bool> closed;
  server.next_post(endless_pack(closed, 200'000));
  const auto out = fetch(*up, {.wants = {rev("main:one")}, .byte_limit = 150'000});
  BOOST_TEST(code_of(out) == EFBIG);
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(store.list_objects() == "");
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}, .byte_limit = 150'000})) == 0);
}

BOOST_AUTO_TEST_CASE(a_full_disk_is_not_tried_again) {
  test::failing_store full{ENOSPC};
  auto up = connect_to(full);
  const auto out = fetch(*up, {.wants = {rev("main:one")}});
  BOOST_TEST(code_of(out) == ENOSPC);
  BOOST_TEST(out.requests == 2);
}

BOOST_AUTO_TEST_CASE(dropping_the_handle_cancels_down_to_the_connection) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  std::promise<bool> closed;
  server.next_post(endless_pack(closed));
  std::promise<transfer_outcome> done;
  auto running = up->fetch({.wants = {rev("main:one")}}, [&](transfer_outcome out) { done.set_value(std::move(out)); });
  while (server.count("fetch") == 0)
    std::this_thread::sleep_for(1ms);
  running.reset();
  BOOST_TEST(code_of(done.get_future().get()) == ECANCELED);
  BOOST_TEST(closed.get_future().get());
  BOOST_TEST(up->counters().cancelled == 1);
}

BOOST_AUTO_TEST_CASE(cancels_between_two_attempts) {
  auto up = connect();
  BOOST_REQUIRE(up->resolve(""));
  server.otherwise(status(503, {"Retry-After: 60"}));
  std::promise<transfer_outcome> done;
  auto running = up->fetch({.wants = {rev("main:one")}}, [&](transfer_outcome out) { done.set_value(std::move(out)); });
  while (up->counters().retries == 0)
    std::this_thread::sleep_for(1ms);
  running.reset();
  BOOST_TEST(code_of(done.get_future().get()) == ECANCELED);
  BOOST_TEST(server.count("fetch") == 1);
}

BOOST_AUTO_TEST_CASE(a_cancelled_discovery_is_taken_over) {
  std::promise<void> asked;
  server.next_get([&](fault_exchange& x) {
    asked.set_value();
    x.wait_for_close();
  });
  auto up = connect();
  std::promise<transfer_outcome> first, second;
  auto leader = up->object_info({rev("main:one")}, [&](transfer_outcome out) { first.set_value(std::move(out)); });
  asked.get_future().get();
  const auto follower =
      up->object_info({rev("main:one")}, [&](transfer_outcome out) { second.set_value(std::move(out)); });
  leader.reset();
  BOOST_TEST(code_of(first.get_future().get()) == ECANCELED);
  BOOST_TEST(code_of(second.get_future().get()) == 0);
}

BOOST_AUTO_TEST_CASE(destruction_ends_everything_with_one_callback_each) {
  std::atomic<int> cancelled{0}, called{0};
  std::vector<std::unique_ptr<transfer>> handles;
  const oid one = rev("main:one");
  {
    auto up = connect({.parallel = 2});
    BOOST_REQUIRE(up->resolve(""));
    server.otherwise([](fault_exchange& x) { x.wait_for_close(); });
    for (int i = 0; i < 10; ++i)
      handles.push_back(up->fetch({.wants = {one}}, [&](const transfer_outcome& out) {
        ++called;
        cancelled += code_of(out) == ECANCELED ? 1 : 0;
      }));
    while (server.count("fetch") < 2)
      std::this_thread::sleep_for(1ms);
  }
  BOOST_TEST(called == 10);
  BOOST_TEST(cancelled == 10);
  handles.clear(); // they outlive it
  BOOST_TEST(called == 10);
}

BOOST_AUTO_TEST_CASE(a_slow_store_holds_the_server_back) {
  test::gated_store slow;
  auto up = connect_to(slow);
  BOOST_REQUIRE(up->resolve(""));
  constexpr std::uint64_t total = std::uint64_t{64} << 20;
  std::atomic<std::uint64_t> sent{0};
  server.next_post([&](fault_exchange& x) {
    std::string pack, piece;
    append_pkt(pack, "packfile\n");
    for (int i = 0; i < 16; ++i)
      append_pkt(piece, "\001" + std::string(60'000, 'x'));
    x.send("HTTP/1.1 200 OK\r\n" + result_type + "\r\nConnection: close\r\n\r\n" + pack);
    while (sent < total && x.send(piece))
      sent += piece.size();
    x.send("0000");
    x.close();
  });
  std::promise<transfer_outcome> done;
  const auto running =
      up->fetch({.wants = {rev("main:one")}}, [&](transfer_outcome out) { done.set_value(std::move(out)); });
  std::uint64_t before = 0;
  do { // until the server cannot send any more
    before = sent;
    std::this_thread::sleep_for(300ms);
  } while (sent != before || before == 0);
  BOOST_TEST(sent < total / 2);
  slow.open();
  const auto out = done.get_future().get();
  BOOST_TEST(code_of(out) == 0, message_of(out));
  BOOST_TEST(out.bytes > total);
  BOOST_TEST(slow.received() > total - total / 100);
}

BOOST_AUTO_TEST_CASE(follows_the_repository_to_where_it_moved) {
  test::fault_server moved{dir.path()};
  server.otherwise(
      [&](fault_exchange& x) { x.reply(301, {"Location: http://" + moved.host() + x.request.target}, ""); });
  auto up = connect();
  BOOST_REQUIRE(up->resolve("main"));
  const std::size_t asked = server.requests().size();
  BOOST_TEST(asked == 2);
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
  BOOST_TEST(server.requests().size() == asked); // later requests go there at once
  BOOST_TEST(moved.count("fetch") == 1);
}

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
  auto up = connect({}, "http://joe:hunter2@" + server.host() + "/repo.git");
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_TEST(up->display_name() == server.url("repo.git"));
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
  std::string shown = log->str();
  for (const auto& what :
       {status(500), status(403), status(404), test::fault{[](fault_exchange& x) { x.close(); }}, demands("else")}) {
    server.otherwise(what);
    const auto out = fetch(*up, {.wants = {rev("main:one")}});
    BOOST_TEST(code_of(out) != 0);
    shown += message_of(out) + log->str();
  }
  BOOST_TEST(shown.find("trying again") != std::string::npos); // something was logged
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
    BOOST_REQUIRE_MESSAGE(out, test::why(out));
    BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0);
  }
  BOOST_TEST(must_run("cat asked", dir.path()) == "get\nstore");

  std::ofstream{dir / "gitconfig"} << "";
  std::ofstream{dir / ".netrc"} << "machine 127.0.0.1 login joe password hunter2\n";
  std::filesystem::permissions(dir / ".netrc", std::filesystem::perms::owner_read);
  BOOST_TEST(bool(connect()->resolve("main")));
}

BOOST_AUTO_TEST_CASE(wrong_credentials_of_the_url_end_with_advice) {
  server.otherwise(demands(joe_hunter2));
  const auto out = connect({}, "http://joe:wrong@" + server.host() + "/repo.git")->resolve("main");
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EACCES);
  BOOST_TEST(out.error().message.find("of the URL") != std::string::npos, out.error().message);
  BOOST_TEST(out.error().message.find("wrong") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_local_source_is_refused) {
  source local;
  local.display = "/srv/x";
  const auto out = gitfs::git_upstream::create(local, store, {});
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EINVAL);
}

BOOST_AUTO_TEST_SUITE_END()
