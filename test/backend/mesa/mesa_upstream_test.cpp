#include "backend/open/known_side_tables.hpp"
#include "test/backend/mesa/mesa_fixture.hpp"

#include "backend/cache/listing_cache.hpp"
#include "backend/git/sha1.hpp"
#include "backend/store/upkeep/store_maintenance.hpp"
#include "backend/store/upkeep/store_verify.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(mesa_upstream, mesa_fixture)

namespace {

fault status(int code, std::vector<std::string> headers = {}) {
  return [=](fault_exchange& x) { x.reply(code, headers, ""); };
}

/// The true answer, changed.
fault edited(mesa_server& server, std::function<std::string(std::string)> edit) {
  return [&server, edit](fault_exchange& x) {
    int status = 200;
    std::string type;
    const std::string body = edit(server.answer(x.request, status, type));
    x.reply(status, {"Content-Type: " + type}, body);
  };
}

mesa_options large_pages() {
  mesa_options out;
  out.page = 1000;
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_snapshot_is_taken_in_two_requests_and_then_in_one) {
  serve(large_pages());
  const auto repository = open();
  const snapshot_facts first = resolve(*repository);
  BOOST_TEST((first.commit == rev("HEAD")));
  BOOST_TEST((first.root_tree == rev("HEAD^{tree}")));
  BOOST_TEST(first.ref == "refs/heads/main");
  BOOST_TEST(first.time == mesa_server::time_of(""));
  BOOST_TEST(server->requests() == 2u);
  BOOST_TEST((resolve(*repository) == first));
  BOOST_TEST(server->requests() == 3u);
  BOOST_TEST((resolve(*open(), "main") == first)); // as another process
  BOOST_TEST(server->requests() == 4u);
  BOOST_TEST((resolve(*open(), first.commit.hex()).root_tree == first.root_tree));
  BOOST_TEST(server->requests() == 4u);
}

BOOST_AUTO_TEST_CASE(other_refs_are_told_by_their_root) {
  scratch.in_work(
      "git checkout -q -b side/x && printf new > new && git add . && git commit -q -m x && git push -q origin "
      "side/x");
  const auto repository = open();
  const snapshot_facts side = resolve(*repository, "side/x");
  BOOST_TEST((side.root_tree == rev("side/x^{tree}")));
  BOOST_TEST((side.commit == side.root_tree));
  BOOST_TEST(why_not(fetch(*repository, {side.commit}, fetch_need::all_trees)) == "");
  BOOST_TEST((resolve(*repository, rev("side/x").hex()).root_tree == side.root_tree));
  const auto none = repository->resolve("nowhere", {}, {});
  BOOST_TEST((!none && none.error().code == ENOENT));
  BOOST_TEST(holds(reason_of(none), "nowhere"));
}

BOOST_AUTO_TEST_CASE(all_trees_come_at_once_with_sizes_and_times) {
  serve(large_pages());
  const auto repository = open();
  const snapshot_facts taken = resolve(*repository);
  const transfer_outcome out = fetch(*repository, {taken.commit}, fetch_need::all_trees);
  BOOST_TEST(why_not(out) == "");
  BOOST_TEST(out.requests == 1u);
  BOOST_TEST(out.bytes > 1000u);
  BOOST_TEST(server->requests() == 3u);
  BOOST_TEST(walked(*repository->objects(), taken.root_tree) == expected(), boost::test_tools::per_element());
  const listing_ptr root = read_listing(*repository->objects(), taken.root_tree).value();
  for (const tree_entry& e : root->entries) {
    BOOST_TEST(e.time == mesa_server::time_of(e.name), e.name);
    if (has_contents(e.kind))
      BOOST_TEST(e.size == server->snapshot("HEAD").at(e.name).size, e.name);
  }
  const transfer_outcome told = sizes(*repository, all_blobs());
  BOOST_TEST(why_not(told) == "");
  BOOST_TEST(told.sizes.size() == all_blobs().size());
  BOOST_TEST(server->requests() == 3u);
  BOOST_TEST(must_run("git -C '" + static_cast<mesa_objects&>(*repository->objects()).store().folder().string()
                      + "' fsck 2>&1 | grep -vE \"dangling|notice\" || true")
             == "");
}

BOOST_AUTO_TEST_CASE(small_pages_are_followed_everywhere) {
  const auto repository = open();
  const snapshot_facts taken = resolve(*repository);
  BOOST_TEST(why_not(fetch(*repository, {taken.commit}, fetch_need::all_trees)) == "");
  BOOST_TEST(walked(*repository->objects(), taken.root_tree) == expected(), boost::test_tools::per_element());
  // each page once: those of the root twice, for it was listed before
  std::size_t pages = 2;
  std::map<std::string, std::size_t> children;
  for (const auto& [path, e] : server->snapshot("HEAD"))
    if (!path.empty())
      ++children[path.find('/') == std::string::npos ? "" : path.substr(0, path.rfind('/'))];
  for (const auto& [path, count] : children)
    pages += (count + 2) / 3 - (path.empty() ? 0 : 1);
  pages += (children[""] + 2) / 3 - 1;
  BOOST_TEST(server->requests() <= pages);
}

BOOST_AUTO_TEST_CASE(a_service_that_lists_few_levels_is_asked_deeper) {
  mesa_options flat = large_pages();
  flat.deepest = 2;
  serve(flat);
  const auto repository = open();
  const snapshot_facts taken = resolve(*repository);
  BOOST_TEST(why_not(fetch(*repository, {taken.commit}, fetch_need::all_trees)) == "");
  BOOST_TEST(walked(*repository->objects(), taken.root_tree) == expected(), boost::test_tools::per_element());
  BOOST_TEST(server->requests() == 5u); // dir/sub, and all in wide together
}

BOOST_AUTO_TEST_CASE(trees_one_by_one_and_neighbours_together) {
  serve(large_pages());
  const auto repository = open();
  resolve(*repository);
  BOOST_TEST(why_not(fetch(*repository, {told("wide")})) == "");
  BOOST_TEST(why_not(fetch(*repository, {told("dir")})) == "");
  BOOST_TEST(server->requests() == 4u);
  const transfer_outcome out = fetch(*repository, {told("wide/a"), told("wide/b"), told("wide/c"), told("dir/sub")});
  BOOST_TEST(why_not(out) == "");
  BOOST_TEST(out.requests == 2u); // "wide" with depth 2, "dir/sub"
  for (const char* each : {"wide/a", "wide/b", "wide/c", "wide/d", "dir/sub"})
    BOOST_TEST(repository->objects()->contains(told(each)), each);
}

BOOST_AUTO_TEST_CASE(all_contents_are_those_of_git) {
  const auto repository = open();
  const snapshot_facts taken = resolve(*repository);
  fetch(*repository, {taken.commit}, fetch_need::all_trees);
  const std::size_t before = server->requests();
  const transfer_outcome out = fetch(*repository, all_blobs());
  BOOST_TEST(why_not(out) == "");
  BOOST_TEST(server->requests() - before == all_blobs().size() - 1); // the empty one needs none
  BOOST_TEST(out.requests == all_blobs().size() - 1);
  BOOST_TEST(out.bytes > 5'000'000u);
  for (const oid& blob : all_blobs()) {
    const auto read = repository->objects()->read(blob);
    BOOST_REQUIRE_MESSAGE(read, blob.hex());
    BOOST_TEST((name_of(object_type::blob, read.value().data()) == blob));
  }
}

BOOST_AUTO_TEST_CASE(a_new_process_finds_its_way_by_what_is_stored) {
  fetch(*open(), {}, fetch_need::trees);
  {
    const auto first = open();
    fetch(*first, {resolve(*first).commit}, fetch_need::all_trees);
  }
  const auto repository = open();
  resolve(*repository);
  const std::size_t before = server->requests();
  BOOST_TEST(why_not(fetch(*repository, {told("dir/sub/deeper/deep"), told("a b?#%.txt")})) == "");
  BOOST_TEST(server->requests() - before == 2u);
}

BOOST_AUTO_TEST_CASE(names_that_are_no_git_trees_work_too) {
  mesa_options odd;
  odd.git_ids = false;
  serve(odd);
  std::vector<std::string> found;
  {
    const auto repository = open();
    const snapshot_facts taken = resolve(*repository);
    BOOST_TEST((taken.root_tree == told("")));
    BOOST_TEST(why_not(fetch(*repository, {taken.commit}, fetch_need::all_trees)) == "");
    BOOST_TEST(walked(*repository->objects(), taken.root_tree) == expected(), boost::test_tools::per_element());
    BOOST_TEST(why_not(fetch(*repository, all_blobs())) == "");
  }
  const auto again = open();
  const std::size_t before = server->requests();
  const snapshot_facts taken = resolve(*again);
  BOOST_TEST(server->requests() - before == 1u);
  BOOST_TEST(walked(*again->objects(), taken.root_tree) == expected(), boost::test_tools::per_element());
  BOOST_TEST(again->objects()->read_tree(told("dir")).value().entries.front().time != 0);
}

BOOST_AUTO_TEST_CASE(entries_that_the_service_hides_are_not_shown) {
  mesa_options partial = large_pages();
  partial.hidden = {"dir/two", "wide/a/file", "wide/a/same"};
  serve(partial);
  const auto repository = open();
  const snapshot_facts taken = resolve(*repository);
  BOOST_TEST(why_not(fetch(*repository, {taken.commit}, fetch_need::all_trees)) == "");
  BOOST_TEST(walked(*repository->objects(), taken.root_tree) == expected(), boost::test_tools::per_element());
  BOOST_TEST(repository->objects()->read_tree(told("wide/a")).value().entries.empty());
}

BOOST_AUTO_TEST_CASE(wrong_contents_never_reach_the_store) {
  serve(large_pages());
  const auto repository = open();
  fetch(*repository, {resolve(*repository).commit}, fetch_need::all_trees);
  const auto bad = [](const std::string& body) { return body + "!"; };
  for (const char* path : {"one", "large"}) {
    server->faults().next_get(edited(*server, bad));
    const transfer_outcome out = fetch(*repository, {told(path)});
    BOOST_TEST(code_of(out) == EIO);
    BOOST_TEST(holds(why_not(out), path));
    BOOST_TEST(!repository->objects()->contains(told(path)));
  }
  // of many, the others come
  server->faults().next_get(edited(*server, bad));
  BOOST_TEST(why_not(fetch(*repository, {told("one"), told("dir/two"), told("run.sh")})) == "");
  const auto here = [&](const char* path) { return repository->objects()->contains(told(path)) ? 1 : 0; };
  BOOST_TEST(here("one") + here("dir/two") + here("run.sh") == 2);
  BOOST_TEST(why_not(fetch(*repository, {told("one"), told("dir/two"), told("run.sh"), told("large")})) == "");
  BOOST_TEST(repository->objects()->contains(told("large")));
}

BOOST_AUTO_TEST_CASE(contents_longer_than_listed_are_left) {
  serve(large_pages());
  const auto repository = open();
  fetch(*repository, {resolve(*repository).commit}, fetch_need::all_trees);
  std::promise<bool> closed;
  server->faults().next_get([&](fault_exchange& x) {
    const std::string part(std::size_t{1} << 20, 'x');
    bool open = x.send("HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n");
    for (int sent = 0; open && sent < 64; ++sent)
      open = x.send(part);
    x.close();
    closed.set_value(!open);
  });
  const transfer_outcome out = fetch(*repository, {told("one")});
  BOOST_TEST(code_of(out) == EIO);
  BOOST_TEST(holds(why_not(out), "longer than the 3 bytes"), why_not(out));
  BOOST_TEST(closed.get_future().get()); // before all had come
}

BOOST_AUTO_TEST_CASE(a_repository_without_a_commit_is_said_to_be_one) {
  const auto repository = open();
  server->faults().next_get([](fault_exchange& x) {
    x.reply(200, {"Content-Type: application/json"}, R"({"name":"one","default_branch":"main","head_sha":null})");
  });
  const auto out = repository->resolve("", {}, {});
  BOOST_TEST(out.error().code == ENOENT);
  BOOST_TEST(holds(reason_of(out), "no commit"), reason_of(out));
}

BOOST_AUTO_TEST_CASE(the_tools_of_a_cache_know_the_listings) {
  mesa_options other = large_pages();
  other.git_ids = false;
  serve(other);
  std::filesystem::path store;
  {
    const auto opened = gitfs::object_store::open(cache.path(), "s").value();
    store = opened->folder();
    const auto repository = open();
    fetch(*repository, {resolve(*repository).commit}, fetch_need::all_trees);
    fetch(*repository, all_blobs());
  }
  const verify_report sound = verify_store(store, known_side_tables()).value();
  BOOST_TEST(sound.findings.empty());
  BOOST_TEST(sound.listings > 8U); // directories, and the snapshot
  const std::filesystem::path table = gitfs::mesa_objects::table_file(store);
  must_run("sed -i s/run.sh/rUn.sh/g '" + table.string() + "'");
  const verify_report wrong = verify_store(store, known_side_tables()).value();
  BOOST_TEST(wrong.listings + 1 == sound.listings);
  BOOST_REQUIRE_EQUAL(wrong.findings.size(), 1U);
  BOOST_TEST(holds(wrong.findings[0], "1 listings were damaged"), wrong.findings[0]);
  BOOST_TEST(verify_store(store, known_side_tables()).value().findings.empty());
  const maintenance_plan small{.quota = 1, .thorough = false, .wait = true, .beside = known_side_tables()};
  BOOST_TEST(maintain(cache.path(), small, {}).has_value());
  BOOST_TEST(std::filesystem::exists(table)); // its objects were used just now
  must_run("rm -rf objects/?? objects/pack/*", store);
  BOOST_TEST(maintain(cache.path(), small, {}).has_value());
  BOOST_TEST(!std::filesystem::exists(table));
}

BOOST_AUTO_TEST_CASE(the_name_of_a_branch_is_one_line) {
  const auto repository = open();
  server->faults().next_get(
      edited(*server, [](std::string body) { return body.replace(body.find("\"main\""), 6, R"("a\nb")"); }));
  BOOST_TEST(resolve(*repository).ref == "refs/heads/a b");
}

BOOST_AUTO_TEST_CASE(links_are_read_from_base64) {
  serve(large_pages());
  const auto repository = open();
  resolve(*repository);
  for (const char* wrong : {"====", "Zm9", "Zm9v!bar", "Zm9vYg==Zm9v"}) {
    server->faults().next_get(edited(*server, [&](std::string body) {
      const std::size_t at = body.find("\"content\":\"") + 11;
      return body.replace(at, body.find('"', at) - at, wrong);
    }));
    const transfer_outcome out = fetch(*repository, {told("link")});
    BOOST_TEST(code_of(out) == EIO);
    BOOST_TEST(holds(why_not(out), "base64"), why_not(out));
  }
  BOOST_TEST(why_not(fetch(*repository, {told("link")})) == "");
  BOOST_TEST(repository->objects()->read(told("link")).value().data() == "dir/two");
}

BOOST_AUTO_TEST_CASE(transient_failures_are_retried) {
  serve(large_pages());
  const auto repository = open();
  resolve(*repository);
  server->faults().next_get(status(503));
  server->faults().next_get(edited(*server, [](const std::string& body) { return body.substr(0, body.size() / 2); }));
  server->faults().next_get(status(429, {"Retry-After: 1"}));
  const transfer_outcome out = fetch(*repository, {told("dir")});
  BOOST_TEST(why_not(out) == "");
  BOOST_TEST(out.requests == 5u);
}

BOOST_AUTO_TEST_CASE(what_is_no_answer_is_an_error) {
  serve(large_pages());
  const auto repository = open();
  resolve(*repository);
  struct wrong {
    const char* body;
    int code;
    const char* told;
  };
  for (const wrong& each : {wrong{"[1]", EIO, "no listing"}, wrong{R"({"type":"file","sha":"x"})", ENOTDIR, "file"},
                            wrong{R"({"type":"dir","sha":"12","entries":[]})", EIO, "no SHA-1"},
                            wrong{R"({"type":"dir","entries":[} )", EIO, "no JSON"}}) {
    server->faults().next_get([&](fault_exchange& x) { x.reply(200, {"Content-Type: application/json"}, each.body); });
    const transfer_outcome out = fetch(*repository, {told("dir")});
    BOOST_TEST(code_of(out) == each.code, each.body);
    BOOST_TEST(holds(why_not(out), each.told), why_not(out));
  }
  std::string nested;
  for (int i = 0; i < 100'000; ++i)
    nested += R"({"type":"dir","name":"d","sha":")" + std::string(40, 'a') + R"(","entries":[)";
  for (int i = 0; i < 100'000; ++i)
    nested += "]}";
  server->faults().next_get([&](fault_exchange& x) { x.reply(200, {"Content-Type: application/json"}, nested); });
  BOOST_TEST(code_of(fetch(*repository, {told("dir")})) == EIO);
  BOOST_TEST(why_not(fetch(*repository, {told("dir")})) == "");
}

/// A page of a listing at the place where the cursor says, and never the last; with so many entries of its own.
std::string page_without_end(const recorded_request& asked, const std::string& sha, std::size_t entries) {
  const std::size_t at = asked.target.find("cursor=");
  const std::size_t n = at == std::string::npos ? 0 : std::stoul(asked.target.substr(at + 7));
  std::string out = R"({"type":"dir","sha":")" + sha + R"(","has_more":true,"next_cursor":")" + std::to_string(n + 1)
                    + R"(","entries":[)";
  for (std::size_t i = 0; i < entries; ++i)
    out += (i == 0 ? "" : ",") + std::string{R"({"type":"file","name":")"} + std::to_string(n) + "-" + std::to_string(i)
           + R"(","size":1,"sha":")" + std::string(40, 'a') + "\"}";
  return out + "]}";
}

BOOST_AUTO_TEST_CASE(pages_that_never_repeat_are_left_too) {
  serve(large_pages());
  upstream_limits few = limits();
  few.entries = 10'000;
  const auto repository = open(few);
  resolve(*repository);
  const std::string dir = told("dir").hex();
  server->faults().otherwise([&](fault_exchange& x) {
    x.reply(200, {"Content-Type: application/json"}, page_without_end(x.request, dir, 3'000));
  });
  const transfer_outcome out = fetch(*repository, {told("dir")});
  BOOST_TEST(code_of(out) == EIO);
  BOOST_TEST(holds(why_not(out), "no end"), why_not(out));
}

BOOST_AUTO_TEST_CASE(names_that_no_directory_can_show_are_not_gone_into) {
  serve(large_pages());
  const auto repository = open();
  const snapshot_facts facts = resolve(*repository);
  const std::string sha(40, 'a'), name(100'000, 'n');
  std::string nested = R"({"type":"dir","sha":")" + facts.root_tree.hex() + R"(","entries":[)";
  for (int i = 0; i < 400; ++i) // their paths would be 8 GB
    nested += R"({"type":"dir","name":")" + name + R"(","sha":")" + sha + R"(","entries":[)";
  for (int i = 0; i < 400; ++i)
    nested += "]}";
  rapidjson::Document parsed;
  parsed.Parse((nested + "]}").c_str());
  const auto pages = parse_mesa_directory(parsed, "", 512);
  BOOST_REQUIRE_MESSAGE(pages, reason_of(pages));
  BOOST_TEST(pages.value().size() == 1u);
}

BOOST_AUTO_TEST_CASE(endless_pages_are_left) {
  mesa_options round = large_pages();
  round.page = 3;
  const auto repository = open();
  resolve(*repository);
  for (const bool take_first : {true, false}) {
    round.endless = true;
    // the same service from now on, that never ends
    mesa_server endless{scratch.bare(), names(), round};
    server->faults().otherwise([&endless](fault_exchange& x) { endless.serve(x); });
    if (take_first) {
      const auto fresh = open(limits(), "another")->resolve("", {}, {});
      BOOST_TEST(reason_of(fresh).find("no end") != std::string::npos, reason_of(fresh));
    }
    const transfer_outcome out = fetch(*repository, {told("dir")});
    BOOST_TEST(code_of(out) == EIO);
    BOOST_TEST(holds(why_not(out), "no end"), why_not(out));
    server->faults().otherwise([this](fault_exchange& x) { server->serve(x); });
  }
}

BOOST_AUTO_TEST_CASE(a_wrong_key_is_eacces_and_stops_at_once) {
  serve(large_pages());
  const auto repository = open();
  fetch(*repository, {resolve(*repository).commit}, fetch_need::all_trees);
  key = "mistyped-key";
  const std::size_t before = server->requests();
  const transfer_outcome out = fetch(*repository, all_blobs());
  BOOST_TEST(code_of(out) == EACCES);
  BOOST_TEST(!holds(why_not(out), key), why_not(out));
  BOOST_TEST(server->requests() - before <= 8u);
}

BOOST_AUTO_TEST_CASE(a_service_that_fails_is_given_up_soon) {
  serve(large_pages());
  const auto repository = open();
  fetch(*repository, {resolve(*repository).commit}, fetch_need::all_trees);
  server->faults().otherwise(status(501));
  const std::size_t before = server->requests();
  BOOST_TEST(code_of(fetch(*repository, all_blobs())) == EIO);
  BOOST_TEST(server->requests() - before <= 30u);
}

BOOST_AUTO_TEST_CASE(limits_of_bytes_and_sizes) {
  serve(large_pages());
  const auto repository = open();
  const snapshot_facts taken = resolve(*repository);
  BOOST_TEST(code_of(fetch(*repository, {taken.commit}, fetch_need::all_trees, 500)) == EFBIG);
  const std::size_t before = server->requests();
  fetch_request large;
  large.wants = {told("large")};
  large.size_limit = large.byte_limit = 1 << 20;
  const transfer_outcome out = fetch(*repository, large);
  BOOST_TEST(code_of(out) == EFBIG);
  BOOST_REQUIRE(out.sizes.size() == 1u);
  BOOST_TEST(out.sizes.front().second == 5'000'001u);
  BOOST_TEST(server->requests() == before);
  std::atomic<int> logged_long = 0;
  large.size_limit = large.byte_limit = 0;
  large.long_from = 1 << 20;
  large.grew_long = [&] { ++logged_long; };
  BOOST_TEST(why_not(fetch(*repository, large)) == "");
  BOOST_TEST(logged_long == 1);
}

BOOST_AUTO_TEST_CASE(cancelling_closes_the_connection) {
  serve(large_pages());
  const auto repository = open();
  resolve(*repository);
  std::promise<bool> closed;
  std::promise<void> asked;
  server->faults().next_get([&](fault_exchange& x) {
    asked.set_value();
    closed.set_value(x.wait_for_close());
  });
  std::promise<transfer_outcome> done;
  fetch_request request;
  request.wants = {told("dir"), told("one"), told("run.sh")};
  auto running = repository->remote()->fetch(request, [&](transfer_outcome out) { done.set_value(std::move(out)); });
  asked.get_future().get();
  running.reset();
  BOOST_TEST(code_of(done.get_future().get()) == ECANCELED);
  BOOST_TEST(closed.get_future().get());
  std::stop_source stop;
  stop.request_stop();
  BOOST_TEST(repository->resolve("", {}, stop.get_token()).error().code == ECANCELED);
}

BOOST_AUTO_TEST_CASE(a_silent_service_is_a_timeout) {
  serve(large_pages());
  upstream_limits hasty = limits();
  hasty.total = hasty.stall = std::chrono::seconds{3}; // in which a busy machine resolves a ref, too
  const auto repository = open(hasty);
  resolve(*repository);
  server->faults().otherwise([](fault_exchange& x) { x.wait_for_close(); });
  BOOST_TEST(code_of(fetch(*repository, {told("dir"), told("one")})) == ETIMEDOUT);
}

BOOST_AUTO_TEST_CASE(a_ref_that_moves_is_noticed) {
  serve(large_pages());
  scratch.in_work("git push -q origin HEAD:refs/heads/moving");
  const auto repository = open();
  resolve(*repository, "moving");
  const oid before = told("dir");
  scratch.in_work("printf changed > dir/two && git commit -q -a -m y && git push -q origin HEAD:refs/heads/moving");
  const transfer_outcome out = fetch(*repository, {before});
  BOOST_TEST(code_of(out) == EIO);
  BOOST_TEST(holds(why_not(out), "look at the ref again"), why_not(out));
}

BOOST_AUTO_TEST_CASE(unknown_objects_and_commits_are_enoent) {
  const auto repository = open();
  resolve(*repository);
  const oid nobody = *oid::from_hex(std::string(40, '7'));
  BOOST_TEST(code_of(fetch(*repository, {nobody})) == ENOENT);
  BOOST_TEST(code_of(fetch(*repository, {nobody}, fetch_need::all_trees)) == ENOENT);
  BOOST_TEST(code_of(fetch(*repository, {nobody}, fetch_need::snapshot)) == ENOTSUP);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
