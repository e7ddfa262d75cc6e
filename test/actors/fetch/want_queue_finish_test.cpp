// What becomes of wants when a transfer ends, and of the plan where a server can do less than hoped.
#include "test/actors/fetch/want_queue_fixture.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(want_queue_finish, want_queue_fixture)

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

// Contents may have come for a reader before somebody wants their sizes.
BOOST_AUTO_TEST_CASE(what_is_known_is_told_with_what_is_asked_for) {
  demand(1, ids(0, 2), want_kind::sizes);
  queue.finish(start().number, {ENOTSUP, {}});
  queue.finish(start().number, {});
  (void)finished();
  queue.add({1, 2}, {2, want_kind::sizes, urgency::demand, ids(10, 12)}, {{id_of(12), 112}});
  const auto t = start();
  BOOST_TEST((t.ids == ids(10, 12)));
  queue.finish(t.number, {0, {{id_of(10), 110}, {id_of(11), 111}}});
  queue.add({1, 3}, {3, want_kind::sizes, urgency::path, {}}, {{id_of(13), 113}});
  BOOST_TEST(!queue.next());
  const auto done = queue.take_finished();
  BOOST_REQUIRE_EQUAL(done.size(), 2U);
  using sizes = std::vector<std::pair<oid, std::uint64_t>>;
  BOOST_TEST((done[0].outcome.sizes == sizes{{id_of(12), 112}, {id_of(10), 110}, {id_of(11), 111}}));
  BOOST_TEST((done[1].outcome.sizes == sizes{{id_of(13), 113}}));
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
  BOOST_TEST(!whole.is_probe);
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

BOOST_AUTO_TEST_CASE(a_large_file_is_sized_without_its_contents_after_all) {
  look(1, id_of(5), want_kind::sizes, ids(0, 5));
  const auto t = start();
  demand(2, ids(5, 6)); // and meanwhile somebody reads it
  queue.finish(t.number, {EFBIG, {}});
  BOOST_TEST(finished().empty());
  const auto whole = start(), size = start();
  BOOST_TEST((whole.kind == want_kind::blobs));
  BOOST_TEST(!whole.is_probe);
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
    want_queue_fixture f;
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

BOOST_AUTO_TEST_CASE(sizes_that_come_with_contents_go_on_to_where_a_look_is_cut) {
  demand(1, ids(0, 1), want_kind::sizes);
  const auto sizes = start();
  look(2, id_of(10), want_kind::sizes);
  look(3, id_of(11), want_kind::sizes);
  const auto looks = start();
  BOOST_REQUIRE(looks.is_probe);
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
