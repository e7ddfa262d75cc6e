// How an object came here, told from a trace.
#include "actors/model/path_key.hpp"
#include "actors/trace/read/trace_export.hpp"
#include "actors/trace/read/trace_names.hpp"
#include "actors/trace/read/trace_why.hpp"

#include "test/actors/trace/read/written_trace.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace gitfs::test {

namespace trace_why {

namespace {

using namespace gitfs::trace;

oid object(std::uint8_t number) {
  oid out;
  out.bytes[0] = number;
  return out;
}

const oid commit = object(250);
const oid root = object(251);

// Of a directory /a: who asks for what, and what comes.
struct told_trace {
  written_trace out;
  const std::uint64_t a = child_key(root_key, "a");
  std::string bytes, text;

  told_trace() {
    out.edge(kind::mounted, 0, [](encoder& e) {
      e.id(commit);
      e.id(root);
      e.number(1);
    });
    out.spawned(a, root_key, "a");
  }

  /// A request that /a, or the prefetcher for it, wants these for.
  void want(std::uint64_t request, const std::vector<oid>& ids, bool ahead = false) {
    out.request(request, "name-" + std::to_string(request));
    out.message(kind::kernel_op, out.order(), {actor_kind::directory, a}, request, 0);
    if (ahead)
      out.message_with(kind::file_read, out.order(), {actor_kind::prefetcher}, 10, [&](encoder& e) { e.fixed(a); });
    const std::uint64_t number = (ahead ? std::uint64_t{3} << 60 : 0) + request;
    out.message_with(kind::ask_want, out.order(), {actor_kind::fetcher}, 10, [&](encoder& e) {
      for (const std::uint64_t each : {number, std::uint64_t{1}, std::uint64_t{ahead ? 0U : 1U}, ids.size()})
        e.number(each);
      e.id(ids.front());
    });
    if (ids.size() > 1)
      objects(kind::want_objects, number, ids, out.order());
  }
  std::uint64_t start(std::uint64_t number, const oid& first, const std::vector<oid>& all) {
    out.edge(kind::transfer_started, out.order(), [&](encoder& e) {
      for (const std::uint64_t each : {number, std::uint64_t{1}, all.size()})
        e.number(each);
      e.id(first);
    });
    const std::uint64_t begun = out.order();
    if (all.size() > 1 || all.front() != first)
      objects(kind::transfer_objects, number, all, begun);
    return begun;
  }
  void finish(std::uint64_t number, std::uint64_t begun, std::uint64_t error = 0) {
    out.edge(kind::transfer_finished, begun, [&](encoder& e) {
      for (const std::uint64_t each : {number, error, std::uint64_t{12345}, std::uint64_t{1}, std::uint64_t{0}})
        e.number(each);
    });
  }
  void fetch(std::uint64_t number, const std::vector<oid>& all, std::uint64_t error = 0) {
    finish(number, start(number, all.front(), all), error);
  }

  origin why(const oid& id, bool is_tree = false) {
    bytes = out.bytes();
    text.clear();
    return explain(read_well(bytes), id, is_tree, [this](std::string_view more) { text += more; });
  }
  std::size_t count(std::string_view part) const { return count_in(text, part); }

private:
  // Two to a record, so that there are several.
  void objects(kind what, std::uint64_t number, const std::vector<oid>& all, std::uint64_t cause) {
    for (std::size_t i = 0; i < all.size(); i += 2)
      out.edge(what, cause, [&](encoder& e) {
        e.number(number);
        e.text(raw_ids(std::span{all}.subspan(i, std::min<std::size_t>(2, all.size() - i))));
      });
  }
};

} // namespace

} // namespace trace_why

BOOST_FIXTURE_TEST_SUITE(trace_why, trace_why::told_trace)

BOOST_AUTO_TEST_CASE(one_that_a_request_waited_for) {
  want(1, {object(1)});
  fetch(1, {object(1)});
  BOOST_TEST((why(object(1)) == origin::brought));
  BOOST_TEST(count("with transfer 1: this object alone, 12345 bytes in ") == 1U, text);
  BOOST_TEST(count("kernel_request request=1 ") == 1U, text);
  BOOST_TEST(count("so it was wanted by /a\n") == 1U, text);
  BOOST_TEST(count(" transfer_started ") == 1U, text);
  BOOST_TEST(count(" transfer_finished ") == 1U, text);
  BOOST_TEST(text.find("kernel_request") < text.find("transfer_started"), text);
  BOOST_TEST(count("also wanted") == 0U, text);
  BOOST_TEST((why(object(2)) == origin::unknown));
  BOOST_TEST(text == "");
}

BOOST_AUTO_TEST_CASE(one_of_many_that_came_ahead) {
  want(1, {object(1), object(2), object(3)}, true);
  const std::uint64_t begun = start(4, object(1), {object(1), object(2), object(3), object(4), object(5)});
  want(2, {object(3)});
  finish(4, begun);
  want(3, {object(3)}); // after it had come: another story
  BOOST_TEST((why(object(3)) == origin::brought));
  BOOST_TEST(count("with transfer 4: 5 objects") == 1U, text);
  BOOST_TEST(count("so it was wanted ahead of a reader (contents)\n") == 1U, text);
  BOOST_TEST(count("also wanted, while it was on its way:\n") == 1U, text);
  BOOST_TEST(count("    for ") == 1U, text);
  BOOST_TEST(count("name-2") == 1U, text);
  BOOST_TEST(count("name-3") == 0U, text);
  BOOST_TEST(count("with it came 4 others: ") == 1U, text);
  BOOST_TEST(count(object(3).hex().substr(0, 12)) == 1U, text); // only where it is wanted by itself
}

BOOST_AUTO_TEST_CASE(what_failed_has_not_brought_it) {
  want(1, {object(1)});
  fetch(1, {object(1), object(2)}, 5);
  BOOST_TEST((why(object(1)) == origin::wanted));
  fetch(2, {object(1)});
  BOOST_TEST((why(object(1)) == origin::brought));
  BOOST_TEST(count("with transfer 2: ") == 1U, text);
  BOOST_TEST(count("name-1") == 1U, text);
}

BOOST_AUTO_TEST_CASE(one_that_came_twice) {
  want(1, {object(1)});
  fetch(1, {object(1)});
  want(2, {object(1)});
  fetch(2, {object(1)});
  BOOST_TEST((why(object(1)) == origin::brought));
  BOOST_TEST(count("it came 2 times") == 1U, text);
  BOOST_TEST(count("name-2") == 1U, text);
  BOOST_TEST(count("name-1") == 0U, text);
}

BOOST_AUTO_TEST_CASE(one_that_is_on_its_way) {
  want(1, {object(1)});
  start(1, object(1), {object(1)});
  BOOST_TEST((why(object(1)) == origin::brought));
  BOOST_TEST(count("on its way with transfer 1 since ") == 1U, text);
}

BOOST_AUTO_TEST_CASE(what_comes_with_the_commit) {
  want(1, {object(9)});
  finish(0, start(0, commit, {commit}));
  BOOST_TEST((why(object(7), true) == origin::brought));
  BOOST_TEST(count("with transfer 0: all that is in the commit") == 1U, text);
  BOOST_TEST((why(object(7), false) == origin::unknown)); // these are trees only
  finish(3, start(3, commit, {object(9), object(10)}));
  BOOST_TEST((why(object(7), false) == origin::brought));
  BOOST_TEST((why(root, true) == origin::brought));
  BOOST_TEST(count("when the mount was made") == 1U, text);
}

// Of two repositories, whose fetchers number alike.
BOOST_AUTO_TEST_CASE(transfers_of_two_fetchers) {
  const auto begin = [&](std::uint64_t repository, std::uint64_t number, const oid& first, const oid& what) {
    out.message(kind::start_transfers, 0, {actor_kind::fetcher, repository}, 0, 0);
    return start(number, first, {what});
  };
  const auto of_1 = begin(1, 1, object(1), object(1)), of_2 = begin(2, 1, object(2), object(2));
  finish(1, of_2);
  finish(1, of_1);
  BOOST_TEST((why(object(1)) == origin::brought));
  BOOST_TEST(count("with transfer 1 of repository 1: this object alone") == 1U, text);
  BOOST_TEST(count("server 1 transfer_finished") == 1U, text);
  BOOST_TEST((why(object(2)) == origin::brought));
  BOOST_TEST(count("with transfer 1 of repository 2: this object alone") == 1U, text);
  // All trees of one say nothing of an object that may be the other's.
  finish(0, begin(2, 0, commit, commit));
  BOOST_TEST((why(object(7), true) == origin::unknown));
  out.message_with(kind::ask_want, 0, {actor_kind::fetcher, 2}, 10, [&](encoder& e) {
    for (int i = 0; i < 4; ++i)
      e.number(1);
    e.id(object(7));
  });
  BOOST_TEST((why(object(7), true) == origin::brought));
}

BOOST_AUTO_TEST_CASE(the_root_of_a_snapshot_that_was_taken) {
  out.message_with(kind::snapshot_resolved, 0, {actor_kind::repository, 1}, 10, [&](encoder& e) {
    e.number(1);
    e.number(0);
    e.id(commit);
    e.id(object(5));
  });
  BOOST_TEST((why(object(5), true) == origin::brought));
  BOOST_TEST(count("came with the commit, when somebody entered the repository, or was stored before\n") == 1U, text);
}

BOOST_AUTO_TEST_CASE(a_chain_that_begins_earlier_than_the_trace) {
  out.skip(10);
  out.message_with(kind::ask_want, 5, {actor_kind::fetcher}, 10, [&](encoder& e) {
    for (const std::uint64_t each : {1U, 1U, 1U, 1U})
      e.number(each);
    e.id(object(1));
  });
  fetch(1, {object(1)});
  BOOST_TEST((why(object(1)) == origin::brought));
  BOOST_TEST(count("... what was before that is not in this trace: mount with --trace FILE to keep all\n") == 1U, text);
}

BOOST_AUTO_TEST_CASE(two_halves_of_one_run) {
  want(1, {object(1)});
  const std::string begin = out.bytes();
  fetch(1, {object(1)});
  const std::string all = out.bytes();
  const contents first = read_well(begin);
  const contents both = read_well(all);
  BOOST_TEST(same_run(first, both));
  BOOST_TEST(joined(first, both).records.size() == both.records.size());
  BOOST_TEST(joined(both, first).records.size() == both.records.size());
}

BOOST_AUTO_TEST_CASE(lists_of_objects_are_shown_as_counts_and_kept_when_names_are_taken_out) {
  want(1, {object(1), object(2), object(3)});
  bytes = out.bytes();
  const contents in = read_well(bytes);
  BOOST_TEST(!!show(in, {.message = "want_objects"}, false, [this](std::string_view more) { text += more; }));
  BOOST_TEST(count("want_objects want=1 objects=2") == 1U, text);
  BOOST_TEST(count("want_objects want=1 objects=1") == 1U, text);
  const std::string redacted = redacted_trace(in);
  std::vector<oid> found;
  const contents again = read_well(redacted);
  for (const record& each : again.records)
    for (const oid& id : objects_in(each))
      found.push_back(id);
  BOOST_TEST((found == std::vector{object(1), object(2), object(3)}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
