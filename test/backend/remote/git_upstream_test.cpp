#include "backend/open/known_forges.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/store/object_store.hpp"
#include "test/backend/remote/upstream_fixture.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(git_upstream, upstream_fixture)

namespace {

/// Hands packs on, and notes how many objects each has.
struct counting_receiver : pack_receiver {
  explicit counting_receiver(pack_receiver& real) : to(real) {}
  result<std::unique_ptr<pack_sink>> new_pack(pack_use use) override {
    GITFS_TRY(real, to.new_pack(use));
    return std::unique_ptr<pack_sink>{std::make_unique<sink>(*this, std::move(real))};
  }
  bool contains(const oid& id) override { return to.contains(id); }

  struct sink : pack_sink {
    sink(counting_receiver& of, std::unique_ptr<pack_sink> real) : owner(of), to(std::move(real)) {}
    result<void> append(std::string_view bytes) override {
      if (start.size() < pack_header_size)
        start += bytes;
      return to->append(bytes);
    }
    result<std::uint32_t> commit() override {
      owner.objects.push_back(parse_pack_header(start).value());
      return to->commit();
    }
    counting_receiver& owner;
    std::unique_ptr<pack_sink> to;
    std::string start;
  };

  pack_receiver& to;
  std::vector<std::size_t> objects;
};

} // namespace

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
    BOOST_REQUIRE_MESSAGE(out, test::reason_of(out));
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
  const auto out = fetch(*up, {.wants = wants, .need = fetch_need::trees});
  BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
  std::set<std::string> expected;
  for (const oid& id : wants)
    expected.insert(id.hex());
  BOOST_TEST(words(store.list_objects()) == expected, boost::test_tools::per_element());
  BOOST_TEST(out.requests == 2); // the capabilities, and the pack
  BOOST_TEST(out.bytes > 0);
  BOOST_TEST(up->counters().bytes == out.bytes);
}

BOOST_AUTO_TEST_CASE(of_a_blob_over_the_limit_only_the_size_comes) {
  auto up = connect();
  must_run("head -c 3000000 /dev/urandom >blob && git hash-object -w blob", repository());
  const oid large = oid::from_hex(must_run("git hash-object blob", repository())).value();
  must_run("git config uploadpack.allowAnySHA1InWant true", repository());
  const auto out = fetch(*up, {.wants = {large}, .size_limit = 2'999'999});
  BOOST_TEST(code_of(out) == EFBIG);
  BOOST_TEST((out.sizes == std::vector<std::pair<oid, std::uint64_t>>{{large, 3'000'000}}));
  BOOST_TEST(store.list_objects() == "");
  const auto whole = fetch(*up, {.wants = {large}, .size_limit = 3'000'000});
  BOOST_TEST(code_of(whole) == 0);
  BOOST_TEST(whole.sizes.empty());
  BOOST_TEST(store.list_objects() == large.hex());
}

// git itself leaves it out without an error.
BOOST_AUTO_TEST_CASE(wants_behind_the_tree_that_lists_them_are_asked_for_again_together) {
  auto up = connect();
  const std::vector<oid> wants = {rev("main:dir"), rev("main:dir/two"), rev("main:dir/empty")};
  const auto out = fetch(*up, {.wants = wants, .need = fetch_need::trees});
  BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
  for (const oid& id : wants)
    BOOST_TEST(store.contains(id));
  BOOST_TEST(out.requests == 3); // the capabilities, the tree, and both files
}

BOOST_AUTO_TEST_CASE(of_a_snapshot_comes_what_is_needed) {
  const auto fetched = [&](fetch_need need) {
    test::index_pack_store fresh{dir / ("need" + std::to_string(static_cast<int>(need)))};
    const auto out = fetch(*connect_to(fresh), {.wants = {rev("main")}, .need = need});
    BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
    return words(fresh.list_objects());
  };
  const auto listed = [&](const std::string& options) {
    return words(must_run("git rev-list --objects --no-object-names -n 1 " + options + " main", repository()));
  };
  BOOST_TEST(fetched(fetch_need::commit) == listed("--filter=tree:1"), boost::test_tools::per_element());
  BOOST_TEST(fetched(fetch_need::all_trees) == listed("--filter=blob:none"), boost::test_tools::per_element());
  BOOST_TEST(fetched(fetch_need::snapshot) == listed(""), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_a_snapshot_that_follows_another_only_what_changed_comes) {
  // the parts of many are alike enough to come as deltas of those of before, and too many to become loose objects
  must_run("for i in $(seq 150); do mkdir -p many/d$i && for f in 1 2 3 4; do echo $i >many/d$i/f$f; done; done"
           " && git add . && git commit -q -m 0"
           " && for i in 1 2 3; do echo $i >dir/sub/more && git add . && git commit -q -m $i; done; mkdir -p a/b/c &&"
           " echo x >a/b/c/d && git add . && git commit -q -m other"
           " && for i in $(seq 150); do echo x >many/d$i/f2; done && git commit -q -a -m all"
           " && git push -q ../repo.git main && git -C ../repo.git gc -q",
           dir / "work");
  int stores = 0;
  const auto brought = [&](const std::string& from, const std::string& to, fetch_need need) {
    const auto opened = gitfs::object_store::open(dir / "cache", std::to_string(++stores));
    BOOST_REQUIRE(opened);
    counting_receiver counted{*opened.value()};
    const auto up = connect_to(counted);
    const auto first = fetch(*up, {.wants = {rev(from)}, .need = need});
    BOOST_REQUIRE_MESSAGE(!first.failure, message_of(first));
    const auto second = fetch(*up, {.wants = {rev(to)}, .need = need, .haves = {rev(from)}});
    BOOST_REQUIRE_MESSAGE(!second.failure, message_of(second));
    BOOST_TEST(second.requests == 1U);
    const char* const filters[] = {"--filter=tree:1", "--filter=blob:none", ""};
    for (const std::string& id :
         words(must_run("git rev-list --objects --no-object-names -n 1 "
                            + std::string{filters[static_cast<std::size_t>(need)]} + " " + rev(to).hex(),
                        repository())))
      BOOST_TEST(opened.value()->read(*oid::from_hex(id)).has_value());
    must_run("git fsck --connectivity-only 2>&1 | grep -i corrupt && exit 1; for i in objects/pack/*.idx; do"
             " [ ! -e $i ] || git verify-pack $i; done",
             opened.value()->folder());
    return counted.objects;
  };
  const auto objects = [](std::size_t first, std::size_t second) { return std::vector<std::size_t>{first, second}; };
  const std::size_t all = 3 + 2 + 151; // commit, root, dir, dir/sub, many and what is in it
  BOOST_TEST(brought("main~3", "main~2", fetch_need::all_trees) == objects(all - 1, 4),
             boost::test_tools::per_element()); // commit, root, dir, dir/sub
  BOOST_TEST(brought("main~2", "main~1", fetch_need::all_trees) == objects(all - 1, 5),
             boost::test_tools::per_element()); // commit, root, a, a/b, a/b/c
  BOOST_TEST(brought("main~4", "main~1", fetch_need::all_trees) == objects(all - 1, 7),
             boost::test_tools::per_element()); // not what was between
  BOOST_TEST(brought("main~1", "main~2", fetch_need::all_trees) == objects(all + 2, 2),
             boost::test_tools::per_element()); // as after a reset
  BOOST_TEST(brought("main~2", "main~1", fetch_need::commit) == objects(2, 2), boost::test_tools::per_element());
  BOOST_TEST(brought("main~1", "main", fetch_need::all_trees) == objects(all + 2, 2 + 151),
             boost::test_tools::per_element());
  BOOST_TEST(brought("main~2", "main~1", fetch_need::snapshot).back() == 6U);
}

BOOST_AUTO_TEST_CASE(a_have_that_the_server_has_lost_is_passed_over) {
  auto up = connect();
  const oid lost = rev("main"), now = rev("old");
  must_run(
      "git update-ref -d refs/tags/light && git update-ref -d refs/tags/v1.0 && git update-ref -d"
      " refs/heads/feature/x && git update-ref refs/heads/main old && git -c gc.reflogExpire=now gc -q --prune=now",
      repository());
  BOOST_REQUIRE(run("git cat-file -e " + lost.hex(), repository()).status != 0);
  const oid never = *oid::from_hex(std::string(40, 'e'));
  const auto out = fetch(*up, {.wants = {now}, .need = fetch_need::all_trees, .haves = {lost, never}});
  BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
  BOOST_TEST(
      words(store.list_objects())
          == words(must_run("git rev-list --objects --no-object-names --filter=blob:none -n 1 old", repository())),
      boost::test_tools::per_element());
}

// A have promises nothing about the store: it may never have brought the old trees, or have evicted them.
BOOST_AUTO_TEST_CASE(what_a_have_kept_back_is_fetched_by_itself) {
  must_run("for i in $(seq 200); do echo $i >dir/sub/f$i; done && git add . && git commit -q -m wide"
           " && echo x >dir/sub/f7 && git commit -q -a -m next && mkdir new && echo 1 >new/x && git add ."
           " && git commit -q -m last && git push -q ../repo.git main && git -C ../repo.git gc -q",
           dir / "work");
  const auto brought = [&](const std::string& to, const std::string& from) {
    const auto opened = gitfs::object_store::open(dir / "cache", to);
    BOOST_REQUIRE(opened);
    const auto up = connect_to(*opened.value());
    const auto out = fetch(*up, {.wants = {rev(to)}, .need = fetch_need::all_trees, .haves = {rev(from)}});
    BOOST_REQUIRE_MESSAGE(!out.failure, message_of(out));
    BOOST_TEST(opened.value()->contains(rev(to)));
    BOOST_TEST(opened.value()->contains(rev(to + "^{tree}")));
    BOOST_TEST(code_of(fetch(*up, {.wants = {rev(to + ":dir/sub"), rev(to + ":dir")}})) == 0);
    BOOST_TEST(opened.value()->contains(rev(to + ":dir")));
    BOOST_TEST(opened.value()->contains(rev(to + ":dir/sub")));
    return out.requests;
  };
  brought("main", "main~1");
  // dir/sub comes as a delta of one that is not here: all is asked for again
  BOOST_TEST(brought("main~1", "main~2") == 3U);
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
  for (const fetch_need need : {fetch_need::trees, fetch_need::all_trees}) {
    const auto filtered = fetch(*up, {.wants = {rev("main")}, .need = need});
    BOOST_TEST(code_of(filtered) == ENOTSUP);
    BOOST_TEST(message_of(filtered).find("filter") != std::string::npos);
  }
  BOOST_TEST(code_of(sizes(*up, {rev("main:one")})) == ENOTSUP);
  BOOST_TEST(server.requests().size() == 1);
  BOOST_TEST(code_of(fetch(*up, {.wants = {rev("main:one")}})) == 0); // of a blob there is nothing to be left out
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

BOOST_AUTO_TEST_CASE(an_object_that_the_server_does_not_have_is_named) {
  const std::string id(40, 'd');
  const auto out = fetch(*connect(), {.wants = {*oid::from_hex(id)}});
  BOOST_TEST(code_of(out) == ENOENT);
  BOOST_TEST(message_of(out).find(id) != std::string::npos, message_of(out));
  BOOST_TEST(out.requests == 2); // no retry
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

BOOST_AUTO_TEST_CASE(a_local_source_is_refused) {
  source local;
  local.display = "/srv/x";
  const auto out = gitfs::git_upstream::create(local, store, {});
  BOOST_REQUIRE(!out);
  BOOST_TEST(out.error().code == EINVAL);
}

BOOST_AUTO_TEST_CASE(what_a_server_is_known_for_is_not_asked) {
  const auto github = capabilities_of_forge(parse_source("https://github.com/a/b").value());
  auto up = connect({}, {}, github);
  BOOST_TEST(up->resolve("main").value().commit.hex() == rev("main").hex());
  const auto out = fetch(*up, {.wants = {rev("main")}, .need = fetch_need::commit});
  BOOST_TEST(!out.failure, (out.failure ? out.failure->message : ""));
  BOOST_TEST(server.requests().size() == 2);
  BOOST_TEST(sizes(*up, {rev("main:one")}).failure->code == ENOTSUP); // as it is known for
  BOOST_TEST(server.requests().size() == 2);
}

BOOST_AUTO_TEST_CASE(a_server_that_refuses_what_it_is_known_for_is_asked) {
  must_run("git config uploadpack.allowFilter false", repository());
  auto up = connect({}, {}, capabilities_of_forge(parse_source("https://github.com/a/b").value()));
  const oid main = up->resolve("main").value().commit;
  const auto out = fetch(*up, {.wants = {main}, .need = fetch_need::commit});
  BOOST_TEST(!out.failure, (out.failure ? out.failure->message : ""));
  BOOST_TEST(store.contains(rev("main:dir/two"))); // the whole snapshot is all that can be had
  const auto all = server.requests();
  BOOST_TEST(std::count_if(all.begin(), all.end(), [](const auto& each) { return each.method == "GET"; }) == 1);
}

BOOST_AUTO_TEST_CASE(where_a_post_is_redirected_to_the_next_goes) {
  auto up = connect({}, server.url("old.git"), capabilities_of_forge(parse_source("https://github.com/a/b").value()));
  server.next_post(
      [&](fault_exchange& x) { x.reply(301, {"Location: " + server.url("repo.git") + "/git-upload-pack"}, ""); });
  BOOST_REQUIRE(up->resolve("main"));
  BOOST_REQUIRE(up->resolve("main"));
  const auto all = server.requests();
  BOOST_REQUIRE(all.size() == 3);
  BOOST_TEST(all[0].target == "/old.git/git-upload-pack");
  BOOST_TEST(all[2].target == "/repo.git/git-upload-pack");
}

BOOST_AUTO_TEST_CASE(an_at_sign_in_the_path_is_part_of_the_path) {
  must_run("mkdir team@x && cp -r repo.git team@x/", dir.path());
  auto up = connect({}, server.url("team@x/repo.git"));
  for (int i = 0; i < 2; ++i) { // the second knows where the first was answered
    const auto found = up->resolve("main");
    BOOST_REQUIRE_MESSAGE(found, reason_of(found));
  }
  for (const auto& each : server.requests())
    BOOST_TEST(each.target.starts_with("/team@x/repo.git/"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
