// The tree above the repositories: what is asked of whom, and who is told what.
#include "actors/catalog.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <optional>
#include <set>
#include <stop_token>

using namespace gitfs;

namespace {

/// Never asked directly: the port records what would be.
class no_host final : public repository_host {
public:
  result<host_entry> lookup(std::span<const std::string>, const std::string&, std::stop_token) override {
    return fail(EIO, "asked");
  }
  result<std::vector<host_entry>> list(std::span<const std::string>, std::stop_token) override {
    return fail(EIO, "asked");
  }
  result<std::shared_ptr<repository>> open(std::span<const std::string>) override { return fail(EIO, "asked"); }
  const std::string& display() const override { return name_; }

private:
  std::string name_ = "host";
};

struct recorded_port final : catalog_port {
  struct taking {
    call_number call = 0;
    place_number place = 0;
    repository_number number = 0;
    bool is_new = false;
    std::vector<std::string> path;
    std::string ref;
    std::optional<oid> have{};
  };
  struct asking {
    call_number call = 0;
    std::vector<std::string> path;
    std::string name;
  };
  std::map<place_asker, std::vector<place_answer>> told;
  std::vector<taking> takes;
  std::vector<asking> asked;
  std::vector<call_number> stopped;
  std::vector<place_number> retries;

  void tell(const place_asker& who, place_answer answer) override { told[who].push_back(std::move(answer)); }
  void take(call_number call, place_number place, repository_number number, const repository_origin& from,
            const std::string& ref, const std::optional<oid>& have) override {
    takes.push_back({call, place, number, from.entry != nullptr || from.host != nullptr, from.path, ref, have});
  }
  void stop_taking(call_number call, repository_number) override { stopped.push_back(call); }
  void ask_host(call_number call, std::shared_ptr<repository_host>, std::vector<std::string> path,
                std::string name) override {
    asked.push_back({call, std::move(path), std::move(name)});
  }
  void stop_asking(call_number call) override { stopped.push_back(call); }
  void retry_later(place_number place) override { retries.push_back(place); }

  struct timer {
    place_number place = 0;
    std::uint64_t number = 0;
    std::chrono::milliseconds in{0};
  };
  struct change {
    dir_slot directory = no_slot;
    std::vector<std::string> names, replaced;
  };
  std::vector<timer> timers;
  std::vector<relinked> relinks;
  std::vector<change> changes;
  std::map<refresh_number, std::string> refreshes;
  std::set<dir_slot> gone;
  std::vector<refresh_number> settled; ///< by moves that have ended

  void look_later(place_number place, std::uint64_t number, std::chrono::milliseconds in) override {
    timers.push_back({place, number, in});
  }
  bool is_current(const relinked& directory) override { return !gone.contains(directory.slot); }
  void relink(std::vector<relinked> directories) override {
    relinks.insert(relinks.end(), directories.begin(), directories.end());
  }
  void change_entries(const relinked& directory, place_answer now, std::vector<std::string> replaced) override {
    changes.push_back({directory.slot, std::move(now.names), std::move(replaced)});
  }
  std::shared_ptr<place_move> begin_move() override {
    return std::make_shared<place_move>([this](const std::vector<refresh_number>& who) { settled = who; });
  }
  void refreshed(refresh_number number, const refresh_report& report) override { refreshes[number] = report.text; }
};

struct fixture {
  deployment tree{{{"team/linux", "https://a/linux", "v6.1", {}, {}},
                   {"team/next", "https://a/linux", "master", {}, {}},
                   {"git", "https://a/git", "", {}, {}}},
                  {{"hub", host_kind::github, "https://hub", {}, {}, {}, {}}}};
  recorded_port port;
  gitfs::catalog catalog{tree, {std::make_shared<no_host>()}, port};
  shown_ptr snapshot = std::make_shared<const shown_snapshot>();

  place_asker asks(std::uint64_t id, std::string_view path, const std::string& name = {}) {
    catalog.ask({id, 1}, path, name);
    return {id, 1};
  }
  const place_answer& told(const place_asker& who) {
    BOOST_REQUIRE_EQUAL(port.told[who].size(), 1U);
    return port.told[who].front();
  }
  bool waits(const place_asker& who) { return port.told[who].empty(); }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(catalog, fixture)

BOOST_AUTO_TEST_CASE(folders_are_known_at_once_and_complete) {
  const auto root = told(asks(1, ""));
  BOOST_TEST((root.names == std::vector<std::string>{"git", "hub", "team"}));
  BOOST_TEST(root.complete);
  BOOST_TEST((told(asks(2, "team")).names == std::vector<std::string>{"linux", "next"}));
  BOOST_TEST(told(asks(3, "team/none")).code == ENOENT);
  BOOST_TEST(port.takes.empty());
  BOOST_TEST(port.asked.empty());
}

BOOST_AUTO_TEST_CASE(a_repository_is_taken_once_for_all_who_enter) {
  const auto one = asks(1, "team/linux"), two = asks(2, "team/linux", "Makefile");
  BOOST_REQUIRE_EQUAL(port.takes.size(), 1U);
  BOOST_TEST(port.takes[0].ref == "v6.1");
  BOOST_TEST(port.takes[0].is_new);
  BOOST_TEST(waits(one));
  catalog.taken(port.takes[0].call, port.takes[0].place, snapshot);
  BOOST_TEST(told(one).shown == snapshot);
  BOOST_TEST(told(two).shown == snapshot);
  BOOST_TEST(told(asks(3, "team/linux")).shown == snapshot);
  BOOST_TEST(port.takes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(two_refs_of_one_source_are_one_repository) {
  asks(1, "team/linux");
  asks(2, "team/next");
  asks(3, "git");
  BOOST_REQUIRE_EQUAL(port.takes.size(), 3U);
  BOOST_TEST(port.takes[0].number == port.takes[1].number);
  BOOST_TEST(!port.takes[1].is_new);
  BOOST_TEST(port.takes[2].number != port.takes[0].number);
  BOOST_TEST(port.takes[0].place != port.takes[1].place);
}

BOOST_AUTO_TEST_CASE(a_failure_is_shared_and_tried_again_after_a_while) {
  const auto one = asks(1, "git"), two = asks(2, "git");
  catalog.taken(port.takes[0].call, port.takes[0].place, error{ETIMEDOUT, "down"});
  BOOST_TEST(told(one).code == ETIMEDOUT);
  BOOST_TEST(told(two).code == ETIMEDOUT);
  BOOST_TEST(told(asks(3, "git")).code == ETIMEDOUT); // at once: nobody asks the server
  BOOST_TEST(port.takes.size() == 1U);
  BOOST_REQUIRE_EQUAL(port.retries.size(), 1U);
  catalog.may_retry(port.retries[0]);
  const auto later = asks(4, "git");
  BOOST_REQUIRE_EQUAL(port.takes.size(), 2U);
  BOOST_TEST(!port.takes[1].is_new);
  catalog.taken(port.takes[1].call, port.takes[1].place, snapshot);
  BOOST_TEST(told(later).shown == snapshot);
}

BOOST_AUTO_TEST_CASE(errors_that_programs_do_not_expect_are_io_errors) {
  const auto one = asks(1, "git");
  catalog.taken(port.takes[0].call, port.takes[0].place, error{EPROTO, ""});
  BOOST_TEST(told(one).code == EIO);
}

BOOST_AUTO_TEST_CASE(what_all_have_given_up_is_stopped_and_its_outcome_is_of_nobody) {
  const auto one = asks(1, "git"), two = asks(2, "git");
  catalog.cancel(one);
  BOOST_TEST(port.stopped.empty());
  catalog.cancel(two);
  BOOST_TEST((port.stopped == std::vector{port.takes[0].call}));
  const auto later = asks(3, "git");
  BOOST_REQUIRE_EQUAL(port.takes.size(), 2U);
  catalog.taken(port.takes[0].call, port.takes[0].place, error{ECANCELED, ""}); // of the first
  BOOST_TEST(waits(later));
  catalog.taken(port.takes[1].call, port.takes[1].place, snapshot);
  BOOST_TEST(told(later).shown == snapshot);
  BOOST_TEST(waits(one));
}

BOOST_AUTO_TEST_CASE(a_host_is_asked_for_names_and_never_complete) {
  const auto one = asks(1, "hub", "torvalds"), two = asks(2, "hub", "torvalds");
  BOOST_REQUIRE_EQUAL(port.asked.size(), 1U);
  BOOST_TEST(port.asked[0].name == "torvalds");
  catalog.found(port.asked[0].call, host_entry{"torvalds"});
  BOOST_TEST((told(one).names == std::vector<std::string>{"torvalds"}));
  BOOST_TEST(!told(two).complete);
  BOOST_TEST((told(asks(3, "hub", "torvalds")).names == std::vector<std::string>{"torvalds"}));
  BOOST_TEST(port.asked.size() == 1U);

  const auto below = asks(4, "hub/torvalds", "linux@v6.1");
  BOOST_REQUIRE_EQUAL(port.asked.size(), 2U);
  BOOST_TEST((port.asked[1].path == std::vector<std::string>{"torvalds"}));
  BOOST_TEST(port.asked[1].name == "linux");
  catalog.found(port.asked[1].call, host_entry{"linux", true});
  BOOST_TEST((told(below).names == std::vector<std::string>{"linux@v6.1"}));
  asks(5, "hub/torvalds/linux@v6.1");
  BOOST_REQUIRE_EQUAL(port.takes.size(), 1U);
  BOOST_TEST(port.takes[0].ref == "v6.1");
  BOOST_TEST((port.takes[0].path == std::vector<std::string>{"torvalds", "linux"}));
}

BOOST_AUTO_TEST_CASE(what_a_host_does_not_know_is_not_there_and_may_be_asked_for_again) {
  const auto one = asks(1, "hub", "nobody");
  catalog.found(port.asked[0].call, error{ENOENT, ""});
  BOOST_TEST(told(one).code == ENOENT);
  asks(2, "hub", "nobody");
  BOOST_TEST(port.asked.size() == 2U); // it is the host that remembers
}

BOOST_AUTO_TEST_CASE(a_host_that_fails_is_left_alone_for_a_while) {
  const auto one = asks(1, "hub", "a");
  catalog.found(port.asked[0].call, error{ETIMEDOUT, ""});
  BOOST_TEST(told(one).code == ETIMEDOUT);
  BOOST_TEST(told(asks(2, "hub", "b")).code == ETIMEDOUT);
  BOOST_TEST(port.asked.size() == 1U);
  catalog.may_retry(port.retries.at(0));
  asks(3, "hub", "b");
  BOOST_TEST(port.asked.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_name_without_credentials_closes_itself_alone) {
  const auto one = asks(1, "hub", "closed"), all = asks(2, "hub");
  catalog.found(port.asked[0].call, error{EACCES, ""});
  BOOST_TEST(told(one).code == EACCES);
  BOOST_TEST(told(asks(3, "hub", "closed")).code == EACCES);
  BOOST_TEST(told(asks(4, "hub", "closed@v1")).code == EACCES);
  BOOST_TEST(waits(all));
  catalog.listed(port.asked[1].call, error{EACCES, ""});
  BOOST_TEST(told(asks(5, "hub")).code == EACCES);
  BOOST_TEST(port.asked.size() == 2U);
  const auto other = asks(6, "hub", "other");
  BOOST_REQUIRE_EQUAL(port.asked.size(), 3U);
  catalog.found(port.asked[2].call, host_entry{"other"});
  BOOST_TEST(told(other).code == 0);
  catalog.may_retry(port.retries.at(0));
  BOOST_TEST(waits(asks(7, "hub", "closed")));
}

BOOST_AUTO_TEST_CASE(a_list_has_what_the_service_lists_and_what_was_looked_up) {
  asks(1, "hub", "hidden");
  catalog.found(port.asked[0].call, host_entry{"hidden"});
  const auto all = asks(2, "hub");
  BOOST_TEST(port.asked[1].name.empty());
  catalog.listed(port.asked[1].call, std::vector<host_entry>{{"b"}, {"a"}, {"../up"}, {".."}, {"a/b"}, {""}});
  BOOST_TEST((told(all).names == std::vector<std::string>{"a", "b", "hidden"}));
  const auto again = asks(3, "hub");
  catalog.listed(port.asked[2].call, error{ENOTSUP, ""});
  BOOST_TEST((told(again).names == std::vector<std::string>{"a", "b", "hidden"}));
}

BOOST_AUTO_TEST_CASE(a_ref_of_what_is_no_repository_is_not_there) {
  const auto one = asks(1, "hub", "owner@v1");
  catalog.found(port.asked[0].call, host_entry{"owner"});
  BOOST_TEST(told(one).code == ENOENT);
}

BOOST_AUTO_TEST_CASE(a_question_to_a_host_that_all_have_given_up_is_stopped) {
  const auto one = asks(1, "hub", "a");
  catalog.cancel(one);
  BOOST_TEST((port.stopped == std::vector{port.asked[0].call}));
  catalog.found(port.asked[0].call, host_entry{"a"});
  BOOST_TEST(waits(one));
  BOOST_TEST((told(asks(2, "")).names == std::vector<std::string>{"git", "hub", "team"}));
}

// --- refs that move, and another deployment -------------------------------------------------------------------------

struct followed : fixture {
  static constexpr std::chrono::milliseconds every{30'000};
  const std::string commit1 = std::string(39, '0') + "1", commit2 = std::string(39, '0') + "2";
  relinked directory{7, 1, std::make_shared<dir_link>()};

  followed() {
    tree.repositories[0].follow = {follow_mode::kind_type::polled, every};
    tree.repositories[1].follow = {follow_mode::kind_type::on_request, {}};
    BOOST_TEST(catalog.reload(tree, {std::make_shared<no_host>()}));
  }
  static shown_ptr at_commit(const std::string& hex) {
    snapshot_facts facts;
    facts.commit = *oid::from_hex(hex);
    facts.root_tree = facts.commit;
    return std::make_shared<const shown_snapshot>(shown_snapshot{nullptr, facts});
  }
  void take(const shown_ptr& what) { catalog.taken(port.takes.back().call, port.takes.back().place, what); }
  /// Somebody is in it.
  void enter(std::string_view path) {
    catalog.ask({99, 1}, path, {}, directory);
    take(at_commit(commit1));
  }
  void poll() { catalog.look_due(port.timers.back().place, port.timers.back().number); }
};

BOOST_FIXTURE_TEST_CASE(a_followed_ref_is_looked_at_with_what_it_shows, followed) {
  BOOST_TEST(port.timers.empty());
  enter("team/linux");
  BOOST_REQUIRE_EQUAL(port.timers.size(), 1U);
  BOOST_TEST((port.timers[0].in == every));
  poll();
  BOOST_REQUIRE_EQUAL(port.takes.size(), 2U);
  BOOST_TEST(port.takes[1].have->hex() == commit1);
  take(at_commit(commit1));
  BOOST_TEST(port.relinks.empty());
  BOOST_TEST(port.timers.size() == 2U);
  poll();
  take(at_commit(commit2));
  BOOST_REQUIRE_EQUAL(port.relinks.size(), 1U);
  BOOST_TEST(port.relinks[0].slot == directory.slot);
  BOOST_TEST(port.relinks[0].link->tree.hex() == commit2);
  BOOST_TEST(port.relinks[0].link->shown->facts.commit.hex() == commit2);
  BOOST_TEST(told(asks(3, "team/linux")).shown->facts.commit.hex() == commit2);
}

BOOST_FIXTURE_TEST_CASE(what_nobody_is_in_is_looked_at_when_somebody_comes, followed) {
  enter("team/linux");
  port.gone.insert(directory.slot);
  poll();
  BOOST_TEST(port.takes.size() == 1U);
  BOOST_TEST(port.timers.size() == 1U);
  const auto late = asks(5, "team/linux");
  BOOST_TEST(waits(late));
  take(at_commit(commit2));
  BOOST_TEST(told(late).shown->facts.commit.hex() == commit2);
  BOOST_TEST(port.timers.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_look_that_fails_changes_nothing_and_comes_less_often, followed) {
  enter("team/linux");
  for (const int times : {2, 4, 8, 8}) {
    poll();
    catalog.taken(port.takes.back().call, port.takes.back().place, error{ETIMEDOUT, "no answer"});
    BOOST_TEST((port.timers.back().in == every * times));
  }
  BOOST_TEST(told(asks(5, "team/linux")).shown->facts.commit.hex() == commit1);
  BOOST_TEST(catalog.describe().find("no answer") != std::string::npos);
  poll();
  take(at_commit(commit1));
  BOOST_TEST((port.timers.back().in == every));
}

BOOST_FIXTURE_TEST_CASE(a_refresh_ends_when_what_has_moved_is_shown, followed) {
  enter("team/linux");
  directory.slot = 8;
  enter("team/next");
  directory.slot = 9;
  enter("git"); // pinned
  const std::size_t before = port.takes.size();
  catalog.refresh(1, {});
  BOOST_REQUIRE_EQUAL(port.takes.size(), before + 2);
  catalog.taken(port.takes[before].call, port.takes[before].place, at_commit(commit2));
  catalog.taken(port.takes[before + 1].call, port.takes[before + 1].place, at_commit(commit1));
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

BOOST_FIXTURE_TEST_CASE(a_refresh_does_not_trust_a_look_that_began_before_it, followed) {
  enter("team/linux");
  poll();
  catalog.refresh(1, {"team/linux", true});
  take(at_commit(commit1));
  BOOST_TEST(port.refreshes.empty());
  BOOST_REQUIRE_EQUAL(port.takes.size(), 3U);
  take(at_commit(commit1));
  BOOST_TEST(port.refreshes[1] == "team/linux: unchanged, " + commit1 + "\n");
}

BOOST_FIXTURE_TEST_CASE(a_look_for_a_refresh_alone_ends_with_it, followed) {
  enter("team/linux");
  catalog.refresh(1, {"team/linux", true});
  catalog.refresh(2, {"team/linux", true});
  catalog.cancel_refresh(1);
  BOOST_REQUIRE_EQUAL(port.takes.size(), 3U); // the second began after the first look
  BOOST_TEST((port.stopped == std::vector{port.takes[1].call}));
  BOOST_TEST(port.timers.size() == 2U); // and it is polled as before
  catalog.taken(port.takes[1].call, port.takes[1].place, error{ECANCELED, ""});
  take(at_commit(commit1));
  BOOST_TEST(port.refreshes[2] == "team/linux: unchanged, " + commit1 + "\n");
  BOOST_TEST(!port.refreshes.contains(1));
  poll(); // which goes on without it
  catalog.refresh(3, {"team/linux", true});
  catalog.cancel_refresh(3);
  take(at_commit(commit1));
  BOOST_TEST(port.stopped.size() == 1U);
  BOOST_TEST(port.takes.size() == 4U);
}

BOOST_FIXTURE_TEST_CASE(entries_come_and_go, followed) {
  catalog.ask({50, 1}, "team", {}, {3, 1, std::make_shared<dir_link>()});
  enter("team/linux");
  tree.repositories = {tree.repositories[0], {"team/new", "https://a/new", "", {}, {}}};
  BOOST_TEST(catalog.reload(tree, {std::make_shared<no_host>()}));
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST(port.changes[0].directory == 3U);
  BOOST_TEST((port.changes[0].names == std::vector<std::string>{"linux", "new"}));
  BOOST_TEST(port.changes[0].replaced.empty());
  BOOST_TEST(told(asks(51, "git")).code == ENOENT);
  BOOST_TEST(told(asks(52, "team/linux")).shown->facts.commit.hex() == commit1); // what is the same stays
  tree.repositories.erase(tree.repositories.begin());
  BOOST_TEST(catalog.reload(tree, {std::make_shared<no_host>()}));
  const std::size_t takes = port.takes.size();
  poll();
  BOOST_TEST(port.takes.size() == takes); // of one that was removed
}

BOOST_FIXTURE_TEST_CASE(another_source_is_another_directory_and_another_ref_moves, followed) {
  catalog.ask({50, 1}, "team", {}, {3, 1, std::make_shared<dir_link>()});
  enter("team/linux");
  tree.repositories[0].ref = "v6.2";
  tree.repositories[1].source = "https://b/linux";
  BOOST_TEST(catalog.reload(tree, {std::make_shared<no_host>()}));
  BOOST_TEST(port.takes.back().ref == "v6.2");
  BOOST_TEST(told(asks(51, "team/linux")).shown->facts.commit.hex() == commit1); // until it is here
  take(at_commit(commit2));
  BOOST_TEST(port.relinks.size() == 1U);
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST((port.changes[0].replaced == std::vector<std::string>{"next"}));
}

BOOST_FIXTURE_TEST_CASE(the_mountpoint_itself_stays_what_it_is, followed) {
  deployment one;
  one.repositories = {{"", "https://a/git", "", {}, {}}};
  BOOST_TEST(!catalog.reload(one, {}));
  BOOST_TEST((told(asks(1, "")).names == std::vector<std::string>{"git", "hub", "team"}));
}

BOOST_AUTO_TEST_SUITE_END()
