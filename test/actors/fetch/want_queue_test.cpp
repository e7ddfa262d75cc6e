// Single flight, batching, priorities, cancellation and the two ways in which a server may be less than hoped.
#include "actors/fetch/want_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>

namespace gitfs::test {

namespace want_queue {

namespace {

oid id_of(unsigned n) {
  oid out;
  out.bytes[0] = static_cast<std::uint8_t>(n);
  out.bytes[1] = static_cast<std::uint8_t>(n >> 8);
  return out;
}

std::vector<oid> ids(unsigned from, unsigned to) {
  std::vector<oid> out;
  for (unsigned n = from; n < to; ++n)
    out.push_back(id_of(n));
  return out;
}

struct fixture {
  gitfs::want_queue queue{{.slots = 2, .speculative_slots = 1, .objects = 100, .sizes = 1000, .size_slots = 1}};

  void demand(want_id id, std::vector<oid> of, want_kind kind = want_kind::blobs) {
    queue.add({1, id}, {id, kind, urgency::demand, std::move(of)});
  }
  void guess(want_id id, std::vector<oid> of, want_kind kind = want_kind::blobs) {
    queue.add({1, id}, {id, kind, urgency::speculation, std::move(of)});
  }
  /// Somebody looked up one name: of the sizes, `focus` is the one that it needs.
  void look(want_id id, const oid& focus, want_kind kind, std::vector<oid> company = {}) {
    company.push_back(focus);
    want w{id, kind, urgency::path, std::move(company)};
    if (kind == want_kind::sizes)
      w.focus = focus;
    queue.add({1, id}, std::move(w));
  }
  /// As somebody who stats files by their paths.
  void look_without_reading() {
    for (unsigned n = 900; n < 905; ++n) {
      look(n, id_of(n), want_kind::sizes);
      const auto t = start();
      BOOST_TEST((t.kind == want_kind::blobs));
      queue.finish(t.number, {});
    }
    (void)finished();
  }
  planned_transfer start() {
    auto t = queue.next();
    BOOST_REQUIRE(t);
    return *t;
  }
  /// Want ids that finished, with the code of each.
  std::vector<std::pair<want_id, int>> finished() {
    std::vector<std::pair<want_id, int>> out;
    for (const auto& f : queue.take_finished())
      out.emplace_back(f.key.second, f.outcome.code);
    std::sort(out.begin(), out.end());
    return out;
  }
};

using outcomes = std::vector<std::pair<want_id, int>>;

} // namespace

} // namespace want_queue

BOOST_FIXTURE_TEST_SUITE(want_queue, want_queue::fixture)

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

BOOST_AUTO_TEST_CASE(a_failure_is_of_those_in_that_transfer) {
  demand(1, ids(0, 100));
  const auto t = start();
  demand(2, ids(200, 201));
  const auto u = start();
  queue.finish(t.number, {ETIMEDOUT, {}});
  queue.finish(u.number, {});
  BOOST_TEST((finished() == outcomes{{1, ETIMEDOUT}, {2, 0}}));
  demand(3, ids(0, 1)); // not remembered
  BOOST_TEST((start().ids == ids(0, 1)));
}

BOOST_AUTO_TEST_CASE(one_missing_object_does_not_fail_the_others_in_its_request) {
  demand(1, ids(0, 1));
  demand(2, ids(1, 2));
  demand(3, ids(2, 3));
  const auto t = start();
  BOOST_REQUIRE_EQUAL(t.ids.size(), 3U);
  queue.finish(t.number, {ENOENT, {}});
  BOOST_TEST(finished().empty());
  for (int i = 0; i < 3; ++i) {
    const auto alone = start();
    BOOST_REQUIRE_EQUAL(alone.ids.size(), 1U);
    queue.finish(alone.number, {alone.ids == ids(1, 2) ? ENOENT : 0, {}});
  }
  BOOST_TEST((finished() == outcomes{{1, 0}, {2, ENOENT}, {3, 0}}));
}

BOOST_AUTO_TEST_CASE(what_a_successful_transfer_left_out_is_asked_for_once_more_alone) {
  demand(1, ids(0, 3), want_kind::trees);
  queue.finish(start().number, {}, ids(1, 2));
  BOOST_TEST(finished().empty());
  const auto again = start();
  BOOST_TEST((again.ids == ids(1, 2)));
  queue.finish(again.number, {}, ids(1, 2));
  BOOST_TEST((finished() == outcomes{{1, EIO}}));
  BOOST_TEST(!queue.next());
}

BOOST_AUTO_TEST_CASE(sizes_are_given_to_those_who_wanted_them) {
  demand(1, ids(0, 2), want_kind::sizes);
  demand(2, ids(1, 3), want_kind::sizes);
  const auto t = start();
  queue.finish(t.number, {0, {{id_of(0), 10}, {id_of(1), 11}, {id_of(2), 12}}});
  for (const auto& f : queue.take_finished())
    BOOST_TEST(f.outcome.sizes.size() == 2U);
}

BOOST_AUTO_TEST_CASE(sizes_may_be_told_in_any_order_and_not_all) {
  demand(1, ids(0, 5), want_kind::sizes);
  const auto t = start();
  queue.finish(t.number, {0, {{id_of(0), 10}, {id_of(4), 14}, {id_of(2), 12}, {id_of(77), 99}}});
  const auto done = queue.take_finished();
  BOOST_REQUIRE_EQUAL(done.size(), 1U);
  const std::vector<std::pair<oid, std::uint64_t>> expected{{id_of(0), 10}, {id_of(2), 12}, {id_of(4), 14}};
  BOOST_TEST((done.front().outcome.sizes == expected));
}

BOOST_AUTO_TEST_CASE(without_object_info_demanded_sizes_come_with_contents) {
  demand(1, ids(0, 2), want_kind::sizes);
  guess(2, ids(1, 9), want_kind::sizes);
  const auto t = start();
  BOOST_TEST((t.kind == want_kind::sizes));
  queue.finish(t.number, {ENOTSUP, {}});
  BOOST_TEST(queue.sizes_cost_contents());
  BOOST_TEST((finished() == outcomes{{2, ENOTSUP}})); // a guess is not worth contents
  const auto u = start();
  BOOST_TEST((u.kind == want_kind::blobs));
  BOOST_TEST((u.ids.size() == 2U));
  BOOST_TEST(queue.wants_sizes(u.number));
  queue.finish(u.number, {0, {{id_of(0), 5}, {id_of(1), 6}}});
  const auto all = queue.take_finished();
  BOOST_REQUIRE_EQUAL(all.size(), 1U);
  BOOST_TEST(all[0].outcome.sizes.size() == 2U);
  guess(3, ids(20, 30), want_kind::sizes);
  BOOST_TEST((finished() == outcomes{{3, ENOTSUP}}));
}

BOOST_AUTO_TEST_CASE(sizes_that_are_not_told_for_now_come_with_contents_and_later_ones_are_asked_for) {
  demand(1, ids(0, 3), want_kind::sizes);
  guess(2, ids(2, 9), want_kind::sizes);
  const auto t = start();
  queue.finish(t.number, {EAGAIN, {{id_of(0), 10}, {id_of(8), 18}}});
  BOOST_TEST(!queue.sizes_cost_contents());
  const auto guessed = queue.take_finished(); // a guess is not worth contents
  BOOST_REQUIRE_EQUAL(guessed.size(), 1U);
  BOOST_TEST(guessed[0].outcome.code == ENOTSUP);
  const auto u = start();
  BOOST_TEST((u.kind == want_kind::blobs));
  BOOST_TEST((u.ids == ids(1, 3)));
  queue.finish(u.number, {0, {{id_of(1), 11}, {id_of(2), 12}}});
  const auto all = queue.take_finished();
  BOOST_REQUIRE_EQUAL(all.size(), 1U);
  BOOST_TEST(all[0].outcome.code == 0);
  BOOST_TEST(all[0].outcome.sizes.size() == 3U);
  demand(3, ids(20, 30), want_kind::sizes);
  BOOST_TEST((start().kind == want_kind::sizes));
}

BOOST_AUTO_TEST_CASE(a_large_file_whose_size_is_not_told_for_now_is_fetched_whole) {
  look(1, id_of(5), want_kind::sizes, ids(0, 5));
  queue.finish(start().number, {EFBIG, {}});
  queue.finish(start().number, {EAGAIN, {}});
  const auto whole = start();
  BOOST_TEST((whole.kind == want_kind::blobs));
  BOOST_TEST(!whole.looked_up);
  queue.finish(whole.number, {0, {{id_of(5), 77}}});
  BOOST_TEST((finished() == outcomes{{1, 0}}));
}

BOOST_AUTO_TEST_CASE(without_filter_everything_waits_for_one_snapshot) {
  demand(1, ids(0, 1), want_kind::trees);
  const auto t = start();
  BOOST_TEST(!t.snapshot);
  queue.finish(t.number, {ENOTSUP, {}});
  const auto u = start();
  BOOST_TEST(u.snapshot);
  demand(2, ids(5, 6));
  BOOST_TEST(!queue.next()); // the snapshot that is on its way brings it too
  queue.finish(u.number, {});
  BOOST_TEST((finished() == outcomes{{1, 0}, {2, 0}}));
}

BOOST_AUTO_TEST_CASE(without_filter_who_wants_another_snapshot_waits_for_that) {
  const oid one = id_of(1001), other = id_of(1002);
  const auto of = [&](want_id id, const oid& object, const oid& commit) {
    want w{id, want_kind::blobs, urgency::demand, {object}};
    w.commit = commit;
    queue.add({1, id}, std::move(w));
  };
  of(1, id_of(0), one);
  queue.finish(start().number, {ENOTSUP, {}});
  const auto first = start();
  BOOST_TEST((first.commits == std::vector{one}));
  of(2, id_of(5), other);
  of(3, id_of(6), one);
  queue.finish(first.number, {});
  BOOST_TEST((finished() == outcomes{{1, 0}, {3, 0}}));
  const auto second = start();
  BOOST_TEST((second.commits == std::vector{other}));
  queue.finish(second.number, {});
  BOOST_TEST((finished() == outcomes{{2, 0}}));
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
  BOOST_TEST(t.looked_up);
  BOOST_TEST(queue.wants_sizes(t.number));
  queue.finish(t.number, {0, {{id_of(5), 77}}});
  const auto ended = queue.take_finished();
  BOOST_REQUIRE_EQUAL(ended.size(), 1U);
  BOOST_TEST((ended[0].outcome.sizes == std::vector<std::pair<oid, std::uint64_t>>{{id_of(5), 77}}));
}

BOOST_AUTO_TEST_CASE(a_large_file_is_sized_without_its_contents_after_all) {
  look(1, id_of(5), want_kind::sizes, ids(0, 5));
  const auto t = start();
  demand(2, ids(5, 6)); // and meanwhile somebody reads it
  queue.finish(t.number, {EFBIG, {}});
  BOOST_TEST(finished().empty());
  const auto whole = start(), size = start();
  BOOST_TEST((whole.kind == want_kind::blobs));
  BOOST_TEST(!whole.looked_up);
  BOOST_TEST((size.kind == want_kind::sizes));
  BOOST_TEST((size.ids == ids(5, 6)));
  queue.finish(size.number, {});
  queue.finish(whole.number, {});
  BOOST_TEST((finished() == outcomes{{1, 0}, {2, 0}}));
}

BOOST_AUTO_TEST_CASE(the_size_of_a_large_file_may_come_with_the_refusal) {
  look(1, id_of(5), want_kind::sizes, ids(0, 5));
  const auto t = start();
  queue.finish(t.number, {EFBIG, {{id_of(5), 77}}});
  const auto ended = queue.take_finished();
  BOOST_REQUIRE_EQUAL(ended.size(), 1U);
  BOOST_TEST(ended[0].outcome.code == 0);
  BOOST_TEST((ended[0].outcome.sizes == std::vector<std::pair<oid, std::uint64_t>>{{id_of(5), 77}}));
  BOOST_TEST(!queue.next());
}

BOOST_AUTO_TEST_CASE(a_server_that_refuses_long_requests_gets_shorter_ones) {
  for (const want_kind kind : {want_kind::sizes, want_kind::blobs}) {
    fixture f;
    const unsigned most = kind == want_kind::sizes ? 1000 : 100;
    f.demand(1, ids(0, most), kind);
    f.queue.finish(f.start().number, {E2BIG, {}});
    BOOST_TEST(f.finished().empty());
    const auto half = f.start();
    BOOST_TEST(half.ids.size() == most / 2);
    f.queue.finish(half.number, {E2BIG, {}});
    std::vector<oid> came;
    for (int request = 0; request < 4; ++request) {
      const auto t = f.start();
      BOOST_TEST(t.ids.size() == most / 4);
      came.insert(came.end(), t.ids.begin(), t.ids.end());
      f.queue.finish(t.number, {});
    }
    std::sort(came.begin(), came.end());
    auto all = ids(0, most);
    std::sort(all.begin(), all.end());
    BOOST_TEST((came == all));
    BOOST_TEST((f.finished() == outcomes{{1, 0}}));
    f.demand(2, ids(2000, 2000 + most), kind);
    BOOST_TEST(f.start().ids.size() == most / 4);
  }
}

BOOST_AUTO_TEST_CASE(longer_requests_are_tried_again_carefully) {
  const std::size_t most = gitfs::want_queue::limits{}.objects, half = most / 2;
  request_length length{most};
  const auto requests_until_longer = [&] {
    for (int count = 1; count < 10'000; ++count) {
      const std::size_t before = length.now();
      length.taken(before - 1); // of those that are shorter anyway nothing is to be learned
      length.taken(before);
      if (length.now() > before)
        return count;
    }
    return -1;
  };
  length.refused(most);
  BOOST_TEST(length.now() == half);
  const int first = requests_until_longer();
  BOOST_TEST(first > 4);
  BOOST_TEST(length.now() == most);
  // In vain: the next time takes longer.
  length.refused(most);
  length.refused(most); // another one that was on its way
  BOOST_TEST(length.now() == half);
  BOOST_TEST(requests_until_longer() > 2 * first);
  // It was a server in trouble: as if it had never refused one.
  length.taken(most);
  BOOST_TEST(length.now() == most);
  length.refused(most);
  BOOST_TEST(requests_until_longer() == first);
  // One object is always asked for.
  for (std::size_t each = most; each != 0; each /= 2)
    length.refused(each);
  BOOST_TEST(length.now() == 1U);
}

BOOST_AUTO_TEST_CASE(after_a_refusal_the_queue_asks_for_more_again) {
  demand(1, ids(0, 100));
  queue.finish(start().number, {E2BIG, {}});
  std::size_t longest = 0;
  for (unsigned round = 0; round < 100 && longest < 100; ++round) {
    demand(2 + round, ids(1000 + 100 * round, 1100 + 100 * round));
    for (int i = 0; i < 2; ++i)
      if (const auto t = queue.next()) {
        longest = std::max(longest, t->ids.size());
        queue.finish(t->number, {});
      }
  }
  BOOST_TEST(longest == 100U);
}

BOOST_AUTO_TEST_CASE(what_is_refused_alone_fails_alone) {
  demand(1, ids(0, 1));
  demand(2, ids(1, 2));
  queue.finish(start().number, {E2BIG, {}});
  queue.finish(start().number, {E2BIG, {}});
  queue.finish(start().number, {});
  BOOST_TEST((finished() == outcomes{{1, EIO}, {2, 0}}));
}

BOOST_AUTO_TEST_CASE(a_refused_snapshot_is_not_asked_for_again) {
  demand(1, ids(0, 10));
  queue.finish(start().number, {ENOTSUP, {}});
  const auto all = start();
  BOOST_REQUIRE(all.snapshot);
  queue.finish(all.number, {E2BIG, {}});
  BOOST_TEST((finished() == outcomes{{1, EIO}}));
}

BOOST_AUTO_TEST_CASE(who_looks_without_reading_gets_sizes_again) {
  look_without_reading();
  look(9, id_of(9), want_kind::sizes);
  const auto t = start();
  BOOST_TEST((t.kind == want_kind::sizes));
  queue.finish(t.number, {});
  queue.look_was_read();
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

BOOST_AUTO_TEST_CASE(sizes_that_come_with_contents_go_on_to_where_a_look_is_cut) {
  demand(1, ids(0, 1), want_kind::sizes);
  const auto sizes = start();
  look(2, id_of(10), want_kind::sizes);
  look(3, id_of(11), want_kind::sizes);
  const auto looks = start();
  BOOST_REQUIRE(looks.looked_up);
  BOOST_TEST(looks.ids.size() == 2U);
  queue.finish(sizes.number, {ENOTSUP, {}});
  queue.finish(start().number, {0, {{id_of(0), 10}}});
  BOOST_TEST((finished() == outcomes{{1, 0}}));
  demand(4, ids(10, 13), want_kind::sizes); // joins the looks
  const auto rest = start();
  BOOST_TEST((rest.ids == ids(12, 13)));
  queue.finish(looks.number, {EFBIG, {}});
  for (auto t = queue.next(); t; t = queue.next()) {
    if (t->kind == want_kind::sizes) {
      queue.finish(t->number, {ENOTSUP, {}});
      continue;
    }
    std::vector<std::pair<oid, std::uint64_t>> told;
    for (const oid& id : t->ids)
      told.emplace_back(id, 7);
    queue.finish(t->number, {0, told});
  }
  queue.finish(rest.number, {0, {{id_of(12), 12}}});
  const auto ended = queue.take_finished();
  BOOST_REQUIRE_EQUAL(ended.size(), 3U);
  for (const auto& each : ended) {
    BOOST_TEST(each.outcome.code == 0);
    BOOST_TEST(each.outcome.sizes.size() == (each.key.second == 4 ? 3U : 1U));
  }
  BOOST_TEST(queue.waiting() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
