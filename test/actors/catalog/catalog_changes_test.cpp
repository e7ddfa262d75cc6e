// Refs that move while they are shown, and another deployment.
#include "test/actors/catalog/catalog_fixture.hpp"

namespace gitfs::test {

namespace catalog_changes {

namespace {

struct followed : catalog_fixture {
  static constexpr std::chrono::milliseconds every{30'000};
  const std::string commit1 = std::string(39, '0') + "1", commit2 = std::string(39, '0') + "2";
  relinked directory{7, 1, std::make_shared<directory_location>()};

  followed() {
    tree.repositories[0].follow = {follow_mode::kind_type::polled, every};
    tree.repositories[1].follow = {follow_mode::kind_type::on_request, {}};
    BOOST_TEST(catalog.reload(tree, {std::make_shared<no_forge>()}));
  }
  static shown_ptr at_commit(const std::string& hex) {
    snapshot_facts facts;
    facts.commit = *oid::from_hex(hex);
    facts.root_tree = facts.commit;
    return std::make_shared<const shown_snapshot>(shown_snapshot{nullptr, facts});
  }
  void resolve(const result<shown_ptr>& what) {
    catalog.resolved(port.resolves.back().call, port.resolves.back().node, what);
  }
  /// Somebody is in it.
  void enter(std::string_view path) {
    catalog.ask({99, 1}, path, {}, directory);
    resolve(at_commit(commit1));
  }
  static bool holds_line(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
  }
  void poll() { catalog.poll_due(port.timers.back().node, port.timers.back().number); }
};

} // namespace

} // namespace catalog_changes

BOOST_FIXTURE_TEST_SUITE(catalog_changes, catalog_changes::followed)

BOOST_AUTO_TEST_CASE(a_followed_ref_is_looked_at_with_what_it_shows) {
  BOOST_TEST(port.timers.empty());
  enter("team/linux");
  BOOST_REQUIRE_EQUAL(port.timers.size(), 1U);
  BOOST_TEST((port.timers[0].in == every));
  poll();
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 2U);
  BOOST_TEST(port.resolves[1].have->hex() == commit1);
  resolve(at_commit(commit1));
  BOOST_TEST(port.relinks.empty());
  BOOST_TEST(port.timers.size() == 2U);
  poll();
  resolve(at_commit(commit2));
  BOOST_REQUIRE_EQUAL(port.relinks.size(), 1U);
  BOOST_TEST(port.relinks[0].slot == directory.slot);
  BOOST_TEST(port.relinks[0].link->tree.hex() == commit2);
  BOOST_TEST(port.relinks[0].link->shown->facts.commit.hex() == commit2);
  BOOST_TEST(answers(asks(3, "team/linux")).shown->facts.commit.hex() == commit2);
}

BOOST_AUTO_TEST_CASE(what_nobody_is_in_is_looked_at_when_somebody_comes) {
  enter("team/linux");
  port.gone.insert(directory.slot);
  poll();
  BOOST_TEST(port.resolves.size() == 1U);
  BOOST_TEST(port.timers.size() == 1U);
  const auto late = asks(5, "team/linux");
  BOOST_TEST(waits(late));
  resolve(at_commit(commit2));
  BOOST_TEST(answers(late).shown->facts.commit.hex() == commit2);
  BOOST_TEST(port.timers.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_look_that_fails_changes_nothing_and_comes_less_often) {
  enter("team/linux");
  for (const int times : {2, 4, 8, 8}) {
    poll();
    catalog.resolved(port.resolves.back().call, port.resolves.back().node, error{ETIMEDOUT, "no answer"});
    BOOST_TEST((port.timers.back().in == every * times));
  }
  BOOST_TEST(answers(asks(5, "team/linux")).shown->facts.commit.hex() == commit1);
  BOOST_TEST(catalog.describe().find("no answer") != std::string::npos);
  poll();
  resolve(at_commit(commit1));
  BOOST_TEST((port.timers.back().in == every));
}

BOOST_AUTO_TEST_CASE(a_refresh_ends_when_what_has_moved_is_shown) {
  enter("team/linux");
  directory.slot = 8;
  enter("team/next");
  directory.slot = 9;
  enter("git"); // pinned
  const std::size_t before = port.resolves.size();
  catalog.refresh(1, {});
  BOOST_REQUIRE_EQUAL(port.resolves.size(), before + 2);
  catalog.resolved(port.resolves[before].call, port.resolves[before].node, at_commit(commit2));
  catalog.resolved(port.resolves[before + 1].call, port.resolves[before + 1].node, at_commit(commit1));
  BOOST_TEST(port.refreshes.empty());
  port.relinks.clear(); // the last one has it now
  BOOST_REQUIRE_EQUAL(port.settled.size(), 1U);
  catalog.moved(port.settled);
  BOOST_TEST(port.refreshes[1]
             == "team/linux: " + commit1 + " → " + commit2 + "\nteam/next: unchanged, " + commit1 + "\n");
  catalog.refresh(2, {"git/Makefile", true});
  BOOST_TEST(port.refreshes[2].starts_with("!git: it is pinned to " + commit1), port.refreshes[2]);
  catalog.refresh(3, {"team", true});
  BOOST_TEST(port.refreshes[3].starts_with("!team: no repository"), port.refreshes[3]);
}

BOOST_AUTO_TEST_CASE(a_refresh_tries_again_what_could_not_be_entered) {
  for (const auto* path : {"team/linux", "git"}) { // followed, and pinned
    asks(path[0] == 't' ? 1 : 2, path);
    resolve(error{EACCES, "no credentials"});
  }
  const std::size_t before = port.resolves.size();
  catalog.refresh(1, {});
  BOOST_REQUIRE_EQUAL(port.resolves.size(), before + 2);
  for (std::size_t i = before; i < before + 2; ++i)
    catalog.resolved(port.resolves[i].call, port.resolves[i].node, error{EACCES, "no credentials yet"});
  BOOST_TEST(holds_line(port.refreshes[1], "!team/linux: no credentials yet"), port.refreshes[1]);
  BOOST_TEST(holds_line(port.refreshes[1], "!git: no credentials yet"), port.refreshes[1]);
  catalog.refresh(2, {"git", true});
  resolve(at_commit(commit2));
  BOOST_TEST(port.refreshes[2] == "git: can be entered now, at " + commit2 + "\n");
  catalog.refresh(3, {"team/next", true});
  BOOST_TEST(port.refreshes[3] == "team/next: nobody has looked into it yet\n");
}

BOOST_AUTO_TEST_CASE(a_refresh_does_not_trust_a_look_that_began_before_it) {
  enter("team/linux");
  poll();
  catalog.refresh(1, {"team/linux", true});
  resolve(at_commit(commit1));
  BOOST_TEST(port.refreshes.empty());
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 3U);
  resolve(at_commit(commit1));
  BOOST_TEST(port.refreshes[1] == "team/linux: unchanged, " + commit1 + "\n");
}

BOOST_AUTO_TEST_CASE(a_refresh_outlives_the_reader_for_whom_the_look_began) {
  const auto reader = asks(1, "team/next");
  catalog.refresh(1, {"team/next", true});
  catalog.cancel(reader);
  BOOST_TEST(port.stopped.empty());
  resolve(at_commit(commit1)); // may have been told before the caller's push
  resolve(at_commit(commit1));
  BOOST_TEST(port.refreshes[1] == "team/next: unchanged, " + commit1 + "\n");
}

BOOST_AUTO_TEST_CASE(a_refresh_outlives_the_ref_that_it_waits_for) {
  const auto reader = asks(1, "team/next");
  catalog.refresh(1, {"team/next", true});
  catalog.cancel(reader);
  tree.repositories[1].ref = "v6.2";
  BOOST_TEST(catalog.reload(tree, {std::make_shared<no_forge>()}));
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 2U);
  BOOST_TEST(port.resolves[1].ref == "v6.2");
  resolve(at_commit(commit1));
  BOOST_TEST(port.refreshes[1] == "team/next: can be entered now, at " + commit1 + "\n");
}

BOOST_AUTO_TEST_CASE(a_file_that_is_read_again_and_again_takes_no_memory) {
  enter("team/linux");
  const std::string before = catalog.describe();
  const auto forge = std::make_shared<no_forge>();
  for (int i = 0; i < 3; ++i)
    BOOST_TEST(catalog.reload(tree, {forge}));
  BOOST_TEST(catalog.describe() == before);
  BOOST_TEST(forge.use_count() == 1);
  deployment one;
  one.repositories = {{"", "https://a/git", "", {}, {}}};
  BOOST_TEST(!catalog.reload(one, {}));
  BOOST_TEST(catalog.describe() == before);
  tree.repositories.push_back({"team/new", "https://a/new", "", {}, {}});
  BOOST_TEST(catalog.reload(tree, {forge}));
  BOOST_TEST(waits(asks(5, "team/new")));
  BOOST_TEST(port.resolves.back().is_new);
}

BOOST_AUTO_TEST_CASE(places_that_are_shown_no_more_take_no_memory) {
  enter("team/linux");
  const std::string before = catalog.describe();
  const deployment with = tree;
  deployment without = tree;
  without.repositories.erase(without.repositories.begin() + 1);
  const auto forge = std::make_shared<no_forge>();
  for (int i = 0; i < 3; ++i) {
    asks(1 + i, "team/next");
    const auto of = port.resolves.back();
    resolve(at_commit(commit2));
    BOOST_TEST(catalog.is_shown(of.node));
    BOOST_TEST(catalog.reload(without, {forge}));
    BOOST_TEST(!catalog.is_shown(of.node));
    BOOST_TEST(port.forgotten.contains(of.node));
    BOOST_TEST(catalog.reload(with, {forge}));
  }
  BOOST_TEST(catalog.describe() == before);
  // Who waits is told.
  const auto waiting = asks(9, "team/next");
  BOOST_TEST(catalog.reload(without, {forge}));
  resolve(at_commit(commit2));
  BOOST_TEST(answers(waiting).shown != nullptr);
}

BOOST_AUTO_TEST_CASE(a_repository_is_closed_when_nobody_is_in_it) {
  const auto reload = [&] { BOOST_TEST(catalog.reload(tree, {std::make_shared<no_forge>()})); };
  enter("team/linux");
  const auto of = port.resolves.back().number;
  asks(1, "team/next"); // of the same one
  resolve(at_commit(commit2));
  const auto first = tree.repositories[0];
  tree.repositories.erase(tree.repositories.begin());
  reload();
  port.gone.insert(directory.slot);
  poll();
  BOOST_TEST(port.closed.empty()); // the other ref is of it
  port.gone.clear();
  tree.repositories.push_back(first);
  reload();
  enter("team/linux");
  BOOST_TEST(port.resolves.back().number == of);
  tree.repositories = {{"git", "https://a/git", "", {}, {}}};
  reload();
  BOOST_TEST(port.closed.empty()); // somebody is in it
  for (int i = 0; i < 3; ++i)
    poll();
  BOOST_TEST(port.closed.empty());
  port.gone.insert(directory.slot);
  const auto timer = port.timers.back();
  catalog.poll_due(timer.node, timer.number - 1);
  BOOST_TEST(port.closed.empty());
  poll();
  BOOST_TEST((port.closed == std::vector{of}));
  poll(); // what comes late is of nobody
  tree.repositories.push_back(first);
  reload();
  asks(2, "team/linux");
  BOOST_TEST(port.resolves.back().is_new);
  BOOST_TEST(port.resolves.back().number != of);
  // As soon as nobody waits for it.
  const auto again = port.resolves.back();
  tree.repositories.pop_back();
  reload();
  BOOST_TEST(port.closed.size() == 1U);
  resolve(error{EIO, ""});
  poll();
  BOOST_TEST((port.closed == std::vector{of, again.number}));
}

BOOST_AUTO_TEST_CASE(a_look_for_a_refresh_alone_ends_with_it) {
  enter("team/linux");
  catalog.refresh(1, {"team/linux", true});
  catalog.refresh(2, {"team/linux", true});
  catalog.cancel_refresh(1);
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 3U); // the second began after the first look
  BOOST_TEST((port.stopped == std::vector{port.resolves[1].call}));
  BOOST_TEST(port.timers.size() == 2U); // and it is polled as before
  catalog.resolved(port.resolves[1].call, port.resolves[1].node, error{ECANCELED, ""});
  resolve(at_commit(commit1));
  BOOST_TEST(port.refreshes[2] == "team/linux: unchanged, " + commit1 + "\n");
  BOOST_TEST(!port.refreshes.contains(1));
  poll(); // which goes on without it
  catalog.refresh(3, {"team/linux", true});
  catalog.cancel_refresh(3);
  resolve(at_commit(commit1));
  BOOST_TEST(port.stopped.size() == 1U);
  BOOST_TEST(port.resolves.size() == 4U);
}

BOOST_AUTO_TEST_CASE(entries_come_and_go) {
  catalog.ask({50, 1}, "team", {}, {3, 1, std::make_shared<directory_location>()});
  enter("team/linux");
  tree.repositories = {tree.repositories[0], {"team/new", "https://a/new", "", {}, {}}};
  BOOST_TEST(catalog.reload(tree, {std::make_shared<no_forge>()}));
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST(port.changes[0].directory == 3U);
  BOOST_TEST((port.changes[0].names == std::vector<std::string>{"linux", "new"}));
  BOOST_TEST(port.changes[0].replaced.empty());
  BOOST_TEST(answers(asks(51, "git")).code == ENOENT);
  BOOST_TEST(answers(asks(52, "team/linux")).shown->facts.commit.hex() == commit1); // what is the same stays
  tree.repositories.erase(tree.repositories.begin());
  BOOST_TEST(catalog.reload(tree, {std::make_shared<no_forge>()}));
  const std::size_t resolves = port.resolves.size();
  poll();
  BOOST_TEST(port.resolves.size() == resolves); // of one that was removed
}

BOOST_AUTO_TEST_CASE(another_source_is_another_directory_and_another_ref_moves) {
  catalog.ask({50, 1}, "team", {}, {3, 1, std::make_shared<directory_location>()});
  enter("team/linux");
  tree.repositories[0].ref = "v6.2";
  tree.repositories[1].source = "https://b/linux";
  BOOST_TEST(catalog.reload(tree, {std::make_shared<no_forge>()}));
  BOOST_TEST(port.resolves.back().ref == "v6.2");
  BOOST_TEST(answers(asks(51, "team/linux")).shown->facts.commit.hex() == commit1); // until it is here
  resolve(at_commit(commit2));
  BOOST_TEST(port.relinks.size() == 1U);
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST((port.changes[0].replaced == std::vector<std::string>{"next"}));
}

BOOST_AUTO_TEST_CASE(the_mountpoint_itself_stays_what_it_is) {
  deployment one;
  one.repositories = {{"", "https://a/git", "", {}, {}}};
  BOOST_TEST(!catalog.reload(one, {}));
  BOOST_TEST((answers(asks(1, "")).names == std::vector<std::string>{"git", "hub", "team"}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
