// What a mount says that it is doing right now.
#include "actors/model/activity.hpp"
#include "actors/model/latency.hpp"
#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/question_messages.hpp"

#include "test/actors/support/played_system.hpp"
#include "test/support/outcome.hpp"

#include <caf/send.hpp>

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(activity)

namespace {

struct asked_system : played_system {
  oid file = db->blob("text");
  oid sub = db->tree({{"a file", entry_kind::file, file}, {"other", entry_kind::file, db->blob("other")}});
  oid root = db->tree({{"sub", entry_kind::directory, sub}});

  gitfs::activity ask() {
    request question;
    question.id = next_request_id();
    caf::anon_send(supervisor, tell_activity{question.make(), activity_of(context->latency)});
    run();
    BOOST_TEST(question.answered->answers == 1);
    auto read = gitfs::activity::parse(question.answered->text);
    BOOST_REQUIRE_MESSAGE(read, reason_of(read));
    return read.value();
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(as_text_and_back) {
  gitfs::activity said;
  said.latency["lookup"] = {{3, 1}, {40, 7}};
  said.transfers = {{7, "blobs", 12, 345, 678, "demand", 3, {"/a b/c", "/"}}, {8, "sizes", 1, 0, 0, "path", 1, {}}};
  said.queues = {{"trees", "speculation", 9}};
  said.walkers = {{"contents", 4096, 2, "/with a space/in it"}};
  const auto read = gitfs::activity::parse(said.text() + "of a later version 1 2 3\n");
  BOOST_REQUIRE_MESSAGE(read, reason_of(read));
  BOOST_TEST(read.value().text() == said.text());
  BOOST_TEST(read.value().transfers.at(0).waits.at(0) == "/a b/c");
  BOOST_TEST(read.value().walkers.at(0).path == "/with a space/in it");
}

BOOST_AUTO_TEST_CASE(what_is_no_such_text) {
  for (const char* text :
       {"transfer", "transfer x blobs 1 2 3 demand 4", "transfer 1 blobs 2 3 4 demand", "waits /a",
        "queue trees demand", "walker depth 1", "latency lookup 1:", "latency lookup 1", "latency a :2"})
    BOOST_TEST(!gitfs::activity::parse(text), text);
  BOOST_TEST(!!gitfs::activity::parse(""));
}

BOOST_AUTO_TEST_CASE(paths) {
  BOOST_TEST(shown_path("/a\nb\x1b[2J") == "/a\\x0ab\\x1b[2J");
  const std::string cut = shown_path(std::string(300, 'x') + "/ü/end");
  BOOST_TEST(cut.size() < 210U);
  BOOST_TEST(cut.ends_with("/ü/end"));
  std::string wide;
  for (int i = 0; i < 101; ++i)
    wide += "ü";
  BOOST_TEST((shown_path(wide + "x").starts_with("…ü"))); // cut where a character begins
}

BOOST_AUTO_TEST_CASE(durations) {
  latencies all;
  all.of(counter::read).add(std::chrono::nanoseconds{100});
  all.of(counter::read).add(std::chrono::nanoseconds{100});
  const gitfs::activity said = activity_of(all);
  BOOST_REQUIRE(said.latency.size() == 1U);
  const auto& buckets = said.latency.at("read");
  BOOST_REQUIRE(buckets.size() == 1U);
  BOOST_TEST(buckets.begin()->second == 2U);
  BOOST_TEST(latency_histogram::end_of(buckets.begin()->first) >= 100U);
}

BOOST_FIXTURE_TEST_CASE(who_waits_for_what, asked_system) {
  open(root, false);
  const node_address top{root_slot, self_child};
  const auto looked = send(top, lookup_op{"sub"});
  run();
  const node_address below = looked.answered->node.address;
  const auto found = send(below, lookup_op{"a file"});
  run();
  db->hide(file);
  const node_address at = found.answered->node.address;
  const auto first = send(at, read_op{0, 10});
  const auto second = send(at, read_op{0, 10});
  run();
  const gitfs::activity said = ask();
  BOOST_REQUIRE(said.transfers.size() == 1U);
  const auto& t = said.transfers[0];
  BOOST_TEST(t.what == "blobs");
  BOOST_TEST(t.objects == 1U);
  BOOST_TEST(t.urgency == "demand");
  BOOST_TEST(t.waiting == 1U); // the directory wants it once for both
  BOOST_REQUIRE(t.waits.size() == 1U);
  BOOST_TEST(t.waits[0] == "/sub/a file");
  db->show(file);
  server->answer(0, {});
  run();
  BOOST_TEST(first.answered->text == "text");
  BOOST_TEST(second.answered->text == "text");
  BOOST_TEST(ask().transfers.empty());
}

BOOST_FIXTURE_TEST_CASE(what_waits_for_its_turn, asked_system) {
  open(root);
  for (int i = 0; i < 10; ++i)
    caf::anon_send(
        fetcher,
        ask_want{
            {}, 100, {static_cast<want_id>(i + 1), want_kind::blobs, urgency::speculation, {db->blob("x")}}, nullptr});
  run();
  const gitfs::activity none = ask();
  BOOST_TEST(none.queues.empty()); // they are here
  std::vector<oid> away;
  for (int i = 0; i < 10; ++i) {
    away.push_back(db->blob("away"));
    db->hide(away.back());
    caf::anon_send(
        fetcher,
        ask_want{
            {}, 100, {static_cast<want_id>(i + 20), want_kind::blobs, urgency::speculation, {away.back()}}, nullptr});
    run(); // each leaves for itself while there is a slot
  }
  const gitfs::activity said = ask();
  BOOST_TEST(said.transfers.size() == 2U); // so many guesses may be on their way
  BOOST_REQUIRE(said.queues.size() == 1U);
  BOOST_TEST(said.queues[0].what == "blobs");
  BOOST_TEST(said.queues[0].urgency == "speculation");
  BOOST_TEST(said.queues[0].objects == 8U);
  BOOST_TEST(said.transfers[0].waits.size() == 1U);
  BOOST_TEST(said.transfers[0].waits[0].starts_with("(ahead of a walker"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
