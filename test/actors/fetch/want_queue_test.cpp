// Single flight, batching, priorities and cancellation.
#include "test/actors/fetch/want_queue_fixture.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(want_queue, want_queue_fixture)

BOOST_AUTO_TEST_CASE(an_object_is_asked_for_once_whoever_wants_it) {
  demand(1, ids(0, 3));
  const auto t = start();
  BOOST_TEST(t.ids.size() == 3U);
  BOOST_TEST(queue.take_joined() == 0U);
  demand(2, ids(1, 4)); // two of them are on their way
  BOOST_TEST(queue.take_joined() == 2U);
  const auto u = start();
  BOOST_TEST((u.ids == ids(3, 4)));
  BOOST_TEST(!queue.next());
  queue.finish(u.number, {});
  BOOST_TEST(finished().empty()); // the second still waits for the first transfer
  queue.finish(t.number, {});
  BOOST_TEST((finished() == outcomes{{1, 0}, {2, 0}}));
  BOOST_TEST(queue.waiting() == 0U);
}

BOOST_AUTO_TEST_CASE(what_arrives_while_all_slots_are_busy_leaves_together) {
  demand(1, ids(0, 1));
  demand(2, ids(10, 11));
  const auto t = start();
  BOOST_TEST(t.ids.size() == 2U); // they came before the first start: together already
  demand(3, ids(20, 21));
  const auto u = start();
  for (want_id w = 4; w < 50; ++w)
    demand(w, ids(100 + static_cast<unsigned>(w), 101 + static_cast<unsigned>(w)));
  BOOST_TEST(!queue.next());
  queue.finish(u.number, {});
  BOOST_TEST(start().ids.size() == 46U);
}

BOOST_AUTO_TEST_CASE(a_batch_has_a_limit) {
  demand(1, ids(0, 250));
  BOOST_TEST(start().ids.size() == 100U);
  BOOST_TEST(start().ids.size() == 100U);
}

BOOST_AUTO_TEST_CASE(duplicates_and_nothing) {
  demand(1, {id_of(1), id_of(1), id_of(2)});
  const auto t = start();
  BOOST_TEST(t.ids.size() == 2U);
  queue.finish(t.number, {});
  BOOST_TEST((finished() == outcomes{{1, 0}}));
  demand(2, {});
  BOOST_TEST((finished() == outcomes{{2, 0}}));
}

BOOST_AUTO_TEST_CASE(sizes_are_asked_for_in_the_order_of_the_want) {
  demand(1, {id_of(7), id_of(3), id_of(7), id_of(5), id_of(3)}, want_kind::sizes);
  BOOST_TEST((start().ids == std::vector{id_of(7), id_of(3), id_of(5)}));
}

BOOST_AUTO_TEST_CASE(demand_goes_first_and_always_finds_a_slot) {
  guess(1, ids(0, 300));
  (void)start();
  BOOST_TEST(!queue.next()); // one slot is kept from speculation
  demand(2, ids(1000, 1001));
  BOOST_TEST((start().ids == ids(1000, 1001)));
}

BOOST_AUTO_TEST_CASE(trees_go_before_contents) {
  demand(1, ids(0, 1));
  demand(2, ids(10, 11), want_kind::trees);
  BOOST_TEST((start().kind == want_kind::trees));
}

BOOST_AUTO_TEST_CASE(a_promoted_guess_goes_as_demand) {
  guess(1, ids(0, 100));
  (void)start();
  guess(2, ids(200, 201));
  BOOST_TEST(!queue.next());
  queue.promote({1, 2}, urgency::demand);
  BOOST_TEST((start().ids == ids(200, 201)));
}

BOOST_AUTO_TEST_CASE(a_demand_for_a_queued_guess_goes_at_once_and_only_once) {
  guess(1, ids(0, 100));
  const auto running = start();
  guess(2, ids(200, 210));
  demand(3, ids(205, 206));
  const auto t = start();
  BOOST_TEST((t.ids == ids(205, 206)));
  queue.finish(running.number, {});
  queue.finish(t.number, {});
  BOOST_TEST(start().ids.size() == 9U);
}

BOOST_AUTO_TEST_CASE(demand_for_sizes_takes_guesses_along) {
  guess(1, ids(0, 5), want_kind::sizes);
  demand(2, ids(10, 12), want_kind::sizes);
  BOOST_TEST(start().ids.size() == 7U);
}

BOOST_AUTO_TEST_CASE(sizes_wait_for_a_window_that_is_being_put_together) {
  queue.hold_sizes(true);
  demand(1, ids(0, 1), want_kind::sizes);
  BOOST_TEST(!queue.next());
  guess(2, ids(1, 50), want_kind::sizes);
  queue.hold_sizes(false);
  BOOST_TEST(start().ids.size() == 50U);
}

BOOST_AUTO_TEST_CASE(cancelling_the_last_waiter_cancels_the_transfer) {
  demand(1, ids(0, 2));
  const auto t = start();
  demand(2, ids(1, 2)); // joined
  queue.cancel({1, 1});
  BOOST_TEST(queue.take_cancelled().empty());
  queue.cancel({1, 2});
  BOOST_TEST((queue.take_cancelled() == std::vector<std::uint64_t>{t.number}));
  BOOST_TEST(queue.in_flight() == 0U);
  queue.finish(t.number, {}); // its outcome finds nobody
  BOOST_TEST(finished().empty());
}

BOOST_AUTO_TEST_CASE(a_cancelled_want_that_was_queued_is_never_asked_for) {
  demand(1, ids(0, 2));
  demand(2, ids(1, 3));
  queue.cancel({1, 1});
  queue.cancel({1, 1});
  BOOST_TEST((start().ids == ids(1, 3)));
  queue.cancel({7, 7}); // unknown: nothing
}

BOOST_AUTO_TEST_CASE(while_all_trees_are_on_their_way_no_others_are_asked_for) {
  queue.hold_trees(true);
  guess(1, ids(0, 5), want_kind::trees);
  guess(2, ids(10, 15), want_kind::sizes);
  guess(3, ids(20, 25));
  demand(4, ids(30, 31), want_kind::trees); // a walk
  BOOST_TEST(!queue.next());
  look(5, id_of(40), want_kind::trees);
  BOOST_TEST(!queue.next());
  queue.serve_paths(); // for so long no path waits
  BOOST_TEST((start().ids == ids(40, 41)));
  BOOST_TEST(!queue.next());
  demand(6, ids(50, 51), want_kind::sizes);
  BOOST_TEST(start().ids.size() == 6U); // what somebody waits for, and with it what costs nothing more
}

BOOST_AUTO_TEST_CASE(a_path_waits_again_once_all_trees_are_known_to_be_here_soon) {
  queue.hold_trees(true);
  queue.serve_paths();
  queue.hold_paths();
  look(1, id_of(40), want_kind::trees);
  BOOST_TEST(!queue.next());
  queue.serve_paths();
  BOOST_TEST((start().ids == ids(40, 41)));
  queue.hold_trees(false);
  queue.hold_paths(); // told late: there is nothing to wait for
  look(2, id_of(50), want_kind::trees);
  BOOST_TEST((start().ids == ids(50, 51)));
}

BOOST_AUTO_TEST_CASE(walks_are_served_a_little_while_all_trees_take_long) {
  queue.hold_trees(true);
  guess(1, ids(0, 5), want_kind::trees);
  queue.held_long();
  for (unsigned n = 0; n < 2; ++n) {
    demand(10 + n, ids(100 + n, 101 + n), want_kind::trees);
    const auto t = start();
    BOOST_TEST((t.ids == ids(100 + n, 101 + n)));
    queue.finish(t.number, {});
  }
  demand(20, ids(200, 201), want_kind::trees);
  BOOST_TEST(!queue.next());
  (void)finished();
  queue.finish_if([](const oid& id) { return id == id_of(200); });
  BOOST_TEST((finished() == outcomes{{20, 0}}));
  queue.hold_trees(false);
  BOOST_TEST(start().ids.size() == 5U);
}

BOOST_AUTO_TEST_CASE(a_path_goes_before_a_walk) {
  demand(1, ids(0, 1), want_kind::sizes);
  demand(2, ids(10, 11));
  look(3, id_of(20), want_kind::trees);
  BOOST_TEST((start().kind == want_kind::trees));
}

BOOST_AUTO_TEST_CASE(a_file_that_is_looked_up_is_sized_with_its_siblings_where_looks_are_not_followed_by_reads) {
  look_without_reading();
  look(1, id_of(5), want_kind::sizes, ids(0, 5));
  const auto t = start();
  BOOST_TEST((t.kind == want_kind::sizes));
  BOOST_TEST(t.ids.size() == 6U);
}

BOOST_AUTO_TEST_CASE(the_size_of_a_file_that_is_looked_up_comes_with_the_contents) {
  look(1, id_of(5), want_kind::sizes, ids(0, 5));
  const auto t = start();
  BOOST_TEST((t.kind == want_kind::blobs));
  BOOST_TEST((t.ids == ids(5, 6)));
  BOOST_TEST(t.is_probe);
  BOOST_TEST(queue.wants_sizes(t.number));
  queue.finish(t.number, {0, {{id_of(5), 77}}});
  const auto ended = queue.take_finished();
  BOOST_REQUIRE_EQUAL(ended.size(), 1U);
  BOOST_TEST((ended[0].outcome.sizes == std::vector<std::pair<oid, std::uint64_t>>{{id_of(5), 77}}));
}

BOOST_AUTO_TEST_CASE(who_looks_without_reading_gets_sizes_again) {
  look_without_reading();
  look(9, id_of(9), want_kind::sizes);
  const auto t = start();
  BOOST_TEST((t.kind == want_kind::sizes));
  queue.finish(t.number, {});
  queue.probe_was_read();
  look(10, id_of(10), want_kind::sizes);
  BOOST_TEST((start().kind == want_kind::blobs));
}

BOOST_AUTO_TEST_CASE(without_object_info_a_look_costs_one_file_and_a_walk_what_it_is_worth) {
  demand(1, ids(0, 3), want_kind::sizes);
  queue.finish(start().number, {ENOTSUP, {}});
  BOOST_TEST((start().kind == want_kind::blobs));
  look(2, id_of(10), want_kind::sizes, ids(11, 20));
  BOOST_TEST((start().ids == ids(10, 11)));
  queue.add({1, 3}, {3, want_kind::sizes, urgency::speculation, ids(30, 40)});
  want worth{4, want_kind::sizes, urgency::speculation, ids(50, 60)};
  worth.worth_contents = true;
  queue.add({1, 4}, std::move(worth));
  BOOST_TEST((finished() == outcomes{{3, ENOTSUP}}));
  BOOST_TEST(!queue.next()); // both slots are busy
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
