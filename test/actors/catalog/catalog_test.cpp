// The tree above the repositories: what is asked of whom, and who is told what.
#include "test/actors/catalog/catalog_fixture.hpp"

#include <algorithm>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(catalog, catalog_fixture)

BOOST_AUTO_TEST_CASE(folders_are_known_at_once_and_complete) {
  const auto root = answers(asks(1, ""));
  BOOST_TEST((root.names == std::vector<std::string>{"git", "hub", "team"}));
  BOOST_TEST(root.complete);
  BOOST_TEST((answers(asks(2, "team")).names == std::vector<std::string>{"linux", "next"}));
  BOOST_TEST(answers(asks(3, "team/none")).code == ENOENT);
  BOOST_TEST(port.resolves.empty());
  BOOST_TEST(port.requested.empty());
}

BOOST_AUTO_TEST_CASE(a_repository_is_taken_once_for_all_who_enter) {
  const auto one = asks(1, "team/linux"), two = asks(2, "team/linux", "Makefile");
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 1U);
  BOOST_TEST(port.resolves[0].ref == "v6.1");
  BOOST_TEST(port.resolves[0].is_new);
  BOOST_TEST(waits(one));
  catalog.resolved(port.resolves[0].call, port.resolves[0].node, snapshot);
  BOOST_TEST(answers(one).shown == snapshot);
  BOOST_TEST(answers(two).shown == snapshot);
  BOOST_TEST(answers(asks(3, "team/linux")).shown == snapshot);
  BOOST_TEST(port.resolves.size() == 1U);
}

BOOST_AUTO_TEST_CASE(two_refs_of_one_source_are_one_repository) {
  asks(1, "team/linux");
  asks(2, "team/next");
  asks(3, "git");
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 3U);
  BOOST_TEST(port.resolves[0].number == port.resolves[1].number);
  BOOST_TEST(!port.resolves[1].is_new);
  BOOST_TEST(port.resolves[2].number != port.resolves[0].number);
  BOOST_TEST(port.resolves[0].node != port.resolves[1].node);
}

BOOST_AUTO_TEST_CASE(a_failure_is_shared_and_tried_again_after_a_while) {
  const auto one = asks(1, "git"), two = asks(2, "git");
  catalog.resolved(port.resolves[0].call, port.resolves[0].node, error{ETIMEDOUT, "down"});
  BOOST_TEST(answers(one).code == ETIMEDOUT);
  BOOST_TEST(answers(two).code == ETIMEDOUT);
  BOOST_TEST(answers(asks(3, "git")).code == ETIMEDOUT); // at once: nobody asks the server
  BOOST_TEST(port.resolves.size() == 1U);
  BOOST_REQUIRE_EQUAL(port.retries.size(), 1U);
  catalog.may_retry(port.retries[0]);
  const auto later = asks(4, "git");
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 2U);
  BOOST_TEST(!port.resolves[1].is_new);
  catalog.resolved(port.resolves[1].call, port.resolves[1].node, snapshot);
  BOOST_TEST(answers(later).shown == snapshot);
}

BOOST_AUTO_TEST_CASE(errors_that_programs_do_not_expect_are_io_errors) {
  const auto one = asks(1, "git");
  catalog.resolved(port.resolves[0].call, port.resolves[0].node, error{EPROTO, ""});
  BOOST_TEST(answers(one).code == EIO);
}

BOOST_AUTO_TEST_CASE(what_all_have_given_up_is_stopped_and_its_outcome_is_of_nobody) {
  const auto one = asks(1, "git"), two = asks(2, "git");
  catalog.cancel(one);
  BOOST_TEST(port.stopped.empty());
  catalog.cancel(two);
  BOOST_TEST((port.stopped == std::vector{port.resolves[0].call}));
  const auto later = asks(3, "git");
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 2U);
  catalog.resolved(port.resolves[0].call, port.resolves[0].node, error{ECANCELED, ""}); // of the first
  BOOST_TEST(waits(later));
  catalog.resolved(port.resolves[1].call, port.resolves[1].node, snapshot);
  BOOST_TEST(answers(later).shown == snapshot);
  BOOST_TEST(waits(one));
}

BOOST_AUTO_TEST_CASE(a_host_is_asked_for_names_and_never_complete) {
  const auto one = asks(1, "hub", "torvalds"), two = asks(2, "hub", "torvalds");
  BOOST_REQUIRE_EQUAL(port.requested.size(), 1U);
  BOOST_TEST(port.requested[0].name == "torvalds");
  catalog.found(port.requested[0].call, forge_entry{"torvalds"});
  BOOST_TEST((answers(one).names == std::vector<std::string>{"torvalds"}));
  BOOST_TEST(!answers(two).complete);
  BOOST_TEST((answers(asks(3, "hub", "torvalds")).names == std::vector<std::string>{"torvalds"}));
  BOOST_TEST(port.requested.size() == 1U);

  const auto below = asks(4, "hub/torvalds", "linux@v6.1");
  BOOST_REQUIRE_EQUAL(port.requested.size(), 2U);
  BOOST_TEST((port.requested[1].path == std::vector<std::string>{"torvalds"}));
  BOOST_TEST(port.requested[1].name == "linux");
  catalog.found(port.requested[1].call, forge_entry{"linux", true});
  BOOST_TEST((answers(below).names == std::vector<std::string>{"linux@v6.1"}));
  asks(5, "hub/torvalds/linux@v6.1");
  BOOST_REQUIRE_EQUAL(port.resolves.size(), 1U);
  BOOST_TEST(port.resolves[0].ref == "v6.1");
  BOOST_TEST((port.resolves[0].path == std::vector<std::string>{"torvalds", "linux"}));
}

BOOST_AUTO_TEST_CASE(a_ref_is_percent_decoded_where_it_is_encoded) {
  asks(1, "hub", "o");
  catalog.found(port.requested.back().call, forge_entry{"o"});
  for (const auto& [name, ref] :
       std::vector<std::pair<std::string, std::string>>{{"a@feature%2Fwith%2fslash", "feature/with/slash"},
                                                        {"a@100%25", "100%"},
                                                        {"a@50%off", "50%off"},
                                                        {"a@a%2500b", "a%00b"},
                                                        {"a@a%00b", "a%00b"}, // no ref has that in it
                                                        {"a@x@y", "x@y"}}) {
    asks(2, "hub/o", name);
    BOOST_TEST(port.requested.back().name == "a");
    catalog.found(port.requested.back().call, forge_entry{"a", true});
    asks(3, "hub/o/" + name);
    BOOST_TEST(port.resolves.back().ref == ref, name);
  }
}

namespace {

forge_entry folder(const std::string& name) {
  return {.name = name, .assumed = true};
}

} // namespace

BOOST_AUTO_TEST_CASE(what_was_taken_for_a_folder_is_asked_for_again) {
  asks(1, "hub", "x");
  catalog.found(port.requested.back().call, folder("x"));
  BOOST_TEST((answers({1, 1}).assumed == std::vector<std::string>{"x"}));
  const auto listed = asks(2, "hub/x");
  BOOST_REQUIRE_EQUAL(port.requested.size(), 2U);
  BOOST_TEST(port.requested[1].name == "x");
  BOOST_TEST(port.requested[1].path.empty());
  catalog.found(port.requested[1].call, folder("x"));
  BOOST_REQUIRE_EQUAL(port.requested.size(), 3U); // once: now for what is in it
  BOOST_TEST(port.requested[2].name.empty());
  BOOST_TEST((port.requested[2].path == std::vector<std::string>{"x"}));
  catalog.listed(port.requested[2].call, error{ENOTSUP, ""});
  BOOST_TEST(answers(listed).names.empty());
  const auto entered = asks(3, "hub/x", "README");
  catalog.found(port.requested.back().call, forge_entry{"x", true});
  BOOST_TEST(port.resolves.size() == 1U);
  catalog.resolved(port.resolves[0].call, port.resolves[0].node, snapshot);
  BOOST_TEST(answers(entered).shown == snapshot);
  BOOST_TEST(answers(asks(4, "hub", "x")).assumed.empty());
  BOOST_TEST(port.requested.size() == 4U); // and never again
}

BOOST_AUTO_TEST_CASE(a_folder_that_has_a_repository_in_it_stays_one) {
  asks(1, "hub", "x");
  catalog.found(port.requested.back().call, folder("x"));
  asks(2, "hub/x", "y");
  catalog.found(port.requested.back().call, folder("x"));
  const auto late = asks(3, "hub/x");
  const call_number of_late = port.requested.back().call;
  BOOST_TEST(waits(late));
  catalog.found(port.requested[port.requested.size() - 2].call, forge_entry{"y", true});
  const std::size_t requested = port.requested.size();
  catalog.found(of_late, forge_entry{"x", true}); // too late to be believed
  BOOST_TEST(answers(asks(4, "hub", "x")).assumed.empty());
  BOOST_TEST(waits(asks(5, "hub/x/y")));
  BOOST_TEST(port.resolves.size() == 1U);
  BOOST_TEST(port.requested.size() == requested + 1); // what is in x, for the late one
}

BOOST_AUTO_TEST_CASE(what_was_taken_to_be_in_a_repository_goes_when_it_becomes_one) {
  asks(1, "hub", "x");
  catalog.found(port.requested.back().call, folder("x"));
  const relinked at_x{7, 1, std::make_shared<directory_location>()};
  catalog.ask({2, 1}, "hub/x", "README", at_x);
  catalog.found(port.requested.back().call, folder("x"));
  catalog.found(port.requested.back().call, folder("README"));
  BOOST_TEST((answers({2, 1}).assumed == std::vector<std::string>{"README"}));
  // Whoever looks into the folder that was none finds it out, too.
  const auto inside = asks(3, "hub/x/README");
  BOOST_TEST(port.requested.back().name == "x");
  catalog.found(port.requested.back().call, forge_entry{"x", true});
  BOOST_TEST(answers(inside).code == ENOENT);
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST(port.changes[0].directory == 7U);
  BOOST_TEST(port.changes[0].names.empty());
  BOOST_TEST((port.changes[0].replaced == std::vector<std::string>{"README"}));
  BOOST_TEST(port.forgotten.size() == 1U);
  asks(4, "hub/x", "README");
  BOOST_TEST(port.resolves.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_a_host_does_not_know_is_not_there_and_may_be_asked_for_again) {
  const auto one = asks(1, "hub", "nobody");
  catalog.found(port.requested[0].call, error{ENOENT, ""});
  BOOST_TEST(answers(one).code == ENOENT);
  asks(2, "hub", "nobody");
  BOOST_TEST(port.requested.size() == 2U); // it is the host that remembers
}

BOOST_AUTO_TEST_CASE(a_host_that_fails_is_left_alone_for_a_while) {
  const auto one = asks(1, "hub", "a");
  catalog.found(port.requested[0].call, error{ETIMEDOUT, ""});
  BOOST_TEST(answers(one).code == ETIMEDOUT);
  BOOST_TEST(answers(asks(2, "hub", "b")).code == ETIMEDOUT);
  BOOST_TEST(port.requested.size() == 1U);
  catalog.may_retry(port.retries.at(0));
  asks(3, "hub", "b");
  BOOST_TEST(port.requested.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_name_without_credentials_closes_itself_alone) {
  const auto one = asks(1, "hub", "closed"), all = asks(2, "hub");
  catalog.found(port.requested[0].call, error{EACCES, ""});
  BOOST_TEST(answers(one).code == EACCES);
  BOOST_TEST(answers(asks(3, "hub", "closed")).code == EACCES);
  BOOST_TEST(answers(asks(4, "hub", "closed@v1")).code == EACCES);
  BOOST_TEST(waits(all));
  catalog.listed(port.requested[1].call, error{EACCES, ""});
  BOOST_TEST(answers(asks(5, "hub")).code == EACCES);
  BOOST_TEST(port.requested.size() == 2U);
  const auto other = asks(6, "hub", "other");
  BOOST_REQUIRE_EQUAL(port.requested.size(), 3U);
  catalog.found(port.requested[2].call, forge_entry{"other"});
  BOOST_TEST(answers(other).code == 0);
  catalog.may_retry(port.retries.at(0));
  BOOST_TEST(waits(asks(7, "hub", "closed")));
}

BOOST_AUTO_TEST_CASE(a_list_has_what_the_service_lists_and_what_was_looked_up) {
  asks(1, "hub", "hidden");
  catalog.found(port.requested[0].call, forge_entry{"hidden"});
  const auto all = asks(2, "hub");
  BOOST_TEST(port.requested[1].name.empty());
  catalog.listed(port.requested[1].call, std::vector<forge_entry>{{"b"}, {"a"}, {"../up"}, {".."}, {"a/b"}, {""}});
  BOOST_TEST((answers(all).names == std::vector<std::string>{"a", "b", "hidden"}));
  const auto again = asks(3, "hub");
  catalog.listed(port.requested[2].call, error{ENOTSUP, ""});
  BOOST_TEST((answers(again).names == std::vector<std::string>{"a", "b", "hidden"}));
}

BOOST_AUTO_TEST_CASE(a_ref_of_what_is_no_repository_is_not_there) {
  const auto one = asks(1, "hub", "owner@v1");
  catalog.found(port.requested[0].call, forge_entry{"owner"});
  BOOST_TEST(answers(one).code == ENOENT);
}

BOOST_AUTO_TEST_CASE(a_question_to_a_host_that_all_have_given_up_is_stopped) {
  const auto one = asks(1, "hub", "a");
  catalog.cancel(one);
  BOOST_TEST((port.stopped == std::vector{port.requested[0].call}));
  catalog.found(port.requested[0].call, forge_entry{"a"});
  BOOST_TEST(waits(one));
  BOOST_TEST((answers(asks(2, "")).names == std::vector<std::string>{"git", "hub", "team"}));
}

namespace {

// "1006 nodes, 0 of them open"
std::size_t nodes(const gitfs::catalog& of) {
  return std::stoul(of.describe());
}

} // namespace

BOOST_AUTO_TEST_CASE(invented_names_take_no_memory) {
  constexpr std::size_t most = gitfs::catalog::most_invented;
  const std::size_t before = nodes(catalog);
  std::uint64_t last = 100;
  const auto look_up = [&](const std::string& path, const std::string& name, bool is_repository) {
    const auto who = asks(++last, path, name);
    if (waits(who))
      catalog.found(port.requested.back().call, forge_entry{name.substr(0, name.find('@')), is_repository});
    BOOST_TEST(answers(who).code == 0);
  };
  const auto enter = [&](const std::string& path, const result<shown_ptr>& what) {
    asks(++last, path);
    catalog.resolved(port.resolves.back().call, port.resolves.back().node, what);
  };
  asks(1, "hub");
  catalog.listed(port.requested.back().call, std::vector<forge_entry>{{"listed"}});
  look_up("hub", "owner", false);
  look_up("hub/owner", "real", true);
  enter("hub/owner/real", snapshot);
  look_up("hub/owner", "waited", true);
  const auto waiting = asks(2, "hub/owner/waited");
  const auto its = port.resolves.back();
  for (std::size_t i = 0; i < 5 * most; ++i) {
    const std::string ref = "real@" + std::to_string(i), invented = "x" + std::to_string(i);
    look_up("hub/owner", ref, true);
    enter("hub/owner/" + ref, error{ENOENT, ""});
    look_up("hub", invented, false);
    look_up("hub/" + invented, "y", false);
  }
  BOOST_TEST(nodes(catalog) <= before + 3 * most); // those that others are in go when they are empty
  BOOST_TEST(!port.forgotten.contains(port.resolves.back().node));
  const auto first = port.resolves[2];
  BOOST_TEST(first.ref == "0");
  BOOST_TEST(port.forgotten.contains(first.node));
  // What comes late for one of them is of nobody.
  catalog.resolved(first.call, first.node, snapshot);
  catalog.may_retry(first.node);
  catalog.poll_due(first.node, 1);
  // What is shown, listed or waited for stays.
  const std::size_t requested = port.requested.size();
  BOOST_TEST(answers(asks(3, "hub/owner/real")).shown == snapshot);
  BOOST_TEST(std::ranges::count(answers(asks(4, "hub", "listed")).names, "listed") == 1);
  catalog.resolved(its.call, its.node, snapshot);
  BOOST_TEST(answers(waiting).shown == snapshot);
  BOOST_TEST(port.requested.size() == requested);
}

BOOST_AUTO_TEST_CASE(of_a_place_that_was_forgotten_the_host_is_asked_again) {
  std::uint64_t last = 100;
  const auto look_up = [&](const std::string& path, const std::string& name) {
    asks(++last, path, name);
    catalog.found(port.requested.back().call, forge_entry{name, !path.ends_with("hub")});
  };
  look_up("hub", "first");
  look_up("hub/first", "app@v1");
  for (std::size_t i = 0; i < 3 * gitfs::catalog::most_invented; ++i)
    look_up("hub", "x" + std::to_string(i));
  const std::size_t requested = port.requested.size();
  const auto one = asks(90'001, "hub/first/app@v1", "file"), two = asks(90'002, "hub/first/app@v1");
  const auto gives_up = asks(90'003, "hub/first");
  BOOST_REQUIRE_EQUAL(port.requested.size(), requested + 1);
  BOOST_TEST(port.requested.back().name == "first");
  catalog.cancel(gives_up);
  BOOST_TEST(port.stopped.empty());
  catalog.found(port.requested.back().call, forge_entry{"first"});
  BOOST_REQUIRE_EQUAL(port.requested.size(), requested + 2);
  BOOST_TEST((port.requested.back().path == std::vector<std::string>{"first"}));
  BOOST_TEST(port.requested.back().name == "app");
  catalog.found(port.requested.back().call, forge_entry{"app", true});
  BOOST_TEST(port.resolves.back().ref == "v1");
  catalog.resolved(port.resolves.back().call, port.resolves.back().node, snapshot);
  BOOST_TEST(answers(one).shown == snapshot);
  BOOST_TEST(answers(two).shown == snapshot);
  BOOST_TEST(waits(gives_up));
  const auto gone = asks(90'004, "hub/x0/app");
  catalog.found(port.requested.back().call, error{ENOENT, ""});
  BOOST_TEST(answers(gone).code == ENOENT);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
