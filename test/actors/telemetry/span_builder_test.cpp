// From records to spans: what is below what, and what bounds it.
#include "actors/telemetry/span_builder.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <string>
#include <vector>

namespace gitfs::test {

namespace span_builder {

namespace {

using namespace gitfs::trace;

constexpr std::uint64_t begun = 1'000'000'000'000; // nanoseconds since 1970
constexpr std::uint64_t ms = 1'000'000;

// Records, as the recorder writes their fields.
struct played {
  explicit played(double sampled = 1, bool paths = true) : ids{sampled, 11, 12}, builder{ids, begun, paths} {}

  span_ids ids;
  gitfs::span_builder builder;
  std::vector<span> spans;
  std::deque<std::string> bytes;

  template <class Fields>
  void put(record r, Fields fields) {
    char room[longest_record];
    encoder to{room};
    fields(to);
    bytes.emplace_back(room, static_cast<std::size_t>(to.at() - room));
    r.fields = bytes.back();
    builder.take(r, spans);
  }
  static record edge(kind what, std::uint64_t order, std::uint64_t time, std::uint64_t cause = 0) {
    record out;
    out.what = what;
    out.order = order;
    out.time = time;
    out.cause = cause;
    return out;
  }

  void asks(std::uint64_t order, std::uint64_t time, std::uint64_t request, request_kind op = request_kind::lookup,
            std::string_view name = {}) {
    put(edge(kind::kernel_request, order, time), [&](encoder& to) {
      for (const std::uint64_t each :
           {request, static_cast<std::uint64_t>(op), std::uint64_t{1}, std::uint64_t{0}, std::uint64_t{0}})
        to.number(each);
      to.text(name);
    });
  }
  void answers(std::uint64_t order, std::uint64_t time, std::uint64_t request, std::uint64_t cause,
               std::uint64_t code = 0) {
    put(edge(kind::reply, order, time, cause), [&](encoder& to) {
      to.number(request);
      to.number(static_cast<std::uint64_t>(code == 0 ? reply_kind::entry : reply_kind::error));
      to.number(code);
      to.fixed(0);
      for (int i = 0; i < 3; ++i)
        to.number(0);
    });
  }
  void takes(kind what, std::uint64_t order, std::uint64_t time, std::uint64_t cause, std::uint64_t wait = 0,
             std::uint64_t request = 0) {
    record r = edge(what, order, time, cause);
    r.actor = {actor_kind::directory, 77};
    r.wait = wait;
    put(r, [&](encoder& to) {
      if (what == kind::kernel_op) {
        to.number(request);
        to.number(0);
        to.number(0);
      }
    });
  }
  void done(std::uint64_t order, std::uint64_t time, std::uint64_t duration) {
    record r = edge(kind::handled, order, time);
    r.duration = duration;
    builder.take(r, spans);
  }
  void fetches(std::uint64_t order, std::uint64_t time, std::uint64_t cause, std::uint64_t number) {
    put(edge(kind::transfer_started, order, time, cause), [&](encoder& to) {
      to.number(number);
      to.number(1);
      to.number(5);
      to.id(oid{});
    });
  }
  void fetched(std::uint64_t order, std::uint64_t time, std::uint64_t cause, std::uint64_t number,
               std::uint64_t code = 0) {
    put(edge(kind::transfer_finished, order, time, cause), [&](encoder& to) {
      for (const std::uint64_t each : {number, code, std::uint64_t{100}, std::uint64_t{1}, std::uint64_t{0}})
        to.number(each);
    });
  }

  const span& only(std::string_view name) const {
    BOOST_REQUIRE_MESSAGE(std::ranges::count(spans, name, &span::name) == 1, name);
    return *std::ranges::find(spans, name, &span::name);
  }
};

bool below(const span& child, const span& parent) {
  return child.trace == parent.trace && child.parent && *child.parent == parent.id;
}

std::string text(const span& of, std::string_view name) {
  for (const span_attribute& each : of.attributes)
    if (each.name == name)
      return each.number ? std::to_string(*each.number) : each.text;
  return "(none)";
}

} // namespace

} // namespace span_builder

BOOST_FIXTURE_TEST_SUITE(span_builder, span_builder::played)

BOOST_AUTO_TEST_CASE(a_request_that_is_answered_at_once_is_one_span) {
  asks(1, 10, 100);
  takes(kind::kernel_op, 2, 11, 1, 1, 100);
  answers(3, 15, 100, 2);
  done(2, 16, 5);
  BOOST_REQUIRE(spans.size() == 1U);
  const span& s = only("lookup");
  BOOST_TEST(!s.parent);
  BOOST_TEST(s.begin == begun + 10);
  BOOST_TEST(s.end == begun + 15);
  BOOST_TEST((s.kind == span::kind_type::server));
  BOOST_TEST(text(s, "gitfs.reply") == "entry");
  BOOST_TEST(text(s, "gitfs.folder") == "…");
  BOOST_TEST(!s.failed);
}

BOOST_AUTO_TEST_CASE(a_request_that_waits_for_its_own_transfer) {
  asks(1, 0, 100);
  takes(kind::kernel_op, 2, 1, 1, 1, 100);
  done(2, 3, 2);
  takes(kind::ask_want, 3, 4, 2);
  fetches(4, 5, 3, 9);
  done(3, 6, 2);
  fetched(5, 50 * ms, 4, 9);
  takes(kind::transfer_ended, 6, 50 * ms + 1, 5);
  takes(kind::want_finished, 7, 50 * ms + 2, 6);
  answers(8, 50 * ms + 3, 100, 7);
  const span& root = only("lookup");
  const span& wait = only("wait");
  const span& fetch = only("fetch blobs");
  BOOST_TEST(below(wait, root));
  BOOST_TEST(below(fetch, root));
  BOOST_TEST(wait.begin == begun + 3);
  BOOST_TEST(wait.end == root.end);
  BOOST_TEST(!wait.link);
  BOOST_TEST((wait.id != root.id));
  BOOST_TEST((fetch.kind == span::kind_type::client));
  BOOST_TEST(text(fetch, "gitfs.objects") == "5");
  BOOST_TEST(text(fetch, "gitfs.bytes") == "100");
  BOOST_TEST(ids.traceparent(4, 1).size() == 55U);
  BOOST_TEST((fetch.id == ids.of(4)));
  BOOST_TEST((fetch.trace == ids.trace(1)));
}

BOOST_AUTO_TEST_CASE(a_request_that_waits_for_the_transfer_of_another_is_linked_to_it) {
  asks(1, 0, 100);
  takes(kind::kernel_op, 2, 1, 1, 1, 100);
  done(2, 2, 1);
  fetches(3, 3, 2, 9);
  asks(4, 4, 101, request_kind::read);
  takes(kind::kernel_op, 5, 5, 4, 1, 101);
  done(5, 6, 1);
  fetched(6, 9, 3, 9);
  takes(kind::want_finished, 7, 10, 6);
  answers(8, 11, 100, 7);
  answers(9, 12, 101, 7);
  const span& fetch = only("fetch blobs");
  std::size_t linked = 0;
  for (const span& each : spans)
    if (each.link) {
      ++linked;
      BOOST_TEST((each.trace == ids.trace(4)));
      BOOST_TEST((each.link->id == fetch.id));
      BOOST_TEST((each.link->trace == fetch.trace));
    }
  BOOST_TEST(linked == 1U);
}

// Each counts its transfers by itself.
BOOST_AUTO_TEST_CASE(two_fetchers_with_a_transfer_of_the_same_number) {
  asks(1, 0, 100);
  takes(kind::kernel_op, 2, 1, 1, 1, 100);
  asks(3, 2, 101, request_kind::read);
  takes(kind::kernel_op, 4, 3, 3, 1, 101);
  fetches(5, 10, 2, 1);
  fetches(6, 20, 4, 1);
  fetched(7, 30, 6, 1);
  fetched(8, 40, 5, 1);
  BOOST_REQUIRE_EQUAL(spans.size(), 2U);
  BOOST_TEST((spans[0].id == ids.of(6)));
  BOOST_TEST((spans[0].trace == ids.trace(3)));
  BOOST_TEST(spans[0].begin == begun + 20);
  BOOST_TEST((spans[1].id == ids.of(5)));
  BOOST_TEST((spans[1].trace == ids.trace(1)));
  BOOST_TEST(spans[1].end == begun + 40);
}

BOOST_AUTO_TEST_CASE(messages_that_wait_or_take_long_are_spans_and_what_comes_of_waiting_is_below) {
  asks(1, 0, 100);
  takes(kind::kernel_op, 2, 5 * ms, 1, 5 * ms, 100); // waited
  fetches(3, 5 * ms + 1, 2, 9);
  done(2, 5 * ms + 2, 2);
  fetched(4, 7 * ms, 3, 9);
  takes(kind::want_finished, 5, 7 * ms, 4); // took
  answers(6, 8 * ms, 100, 5);
  done(5, 9 * ms, 2 * ms);
  takes(kind::directory_listed, 7, 9 * ms, 5, 10);
  done(7, 9 * ms + 10, 10); // neither
  const span& root = only("lookup");
  const span& op = only("kernel_op");
  BOOST_TEST(below(op, root));
  BOOST_TEST(op.begin == begun);
  BOOST_TEST(op.end == begun + 5 * ms + 2);
  BOOST_TEST(text(op, "gitfs.waited_ns") == std::to_string(5 * ms));
  BOOST_TEST(below(only("fetch blobs"), op));
  BOOST_TEST(below(only("want_finished"), only("fetch blobs")));
  BOOST_TEST(std::ranges::count(spans, "directory_listed", &span::name) == 0);
}

BOOST_AUTO_TEST_CASE(what_no_request_has_led_to_is_a_trace_of_its_own) {
  takes(kind::windows_due, 1, 1, 0);
  fetches(2, 2, 1, 9);
  done(1, 3, 2);
  fetched(3, 4, 2, 9, EIO);
  takes(kind::transfer_ended, 4, 5, 3, 2 * ms);
  done(4, 6, 1);
  const span& fetch = only("fetch blobs");
  BOOST_TEST(!fetch.parent);
  BOOST_TEST((fetch.trace == ids.trace(2))); // as its traceparent says
  BOOST_TEST(fetch.failed);
  BOOST_TEST(text(fetch, "error.type") == "EIO");
  BOOST_TEST(below(only("transfer_ended"), fetch));
}

BOOST_AUTO_TEST_CASE(errors) {
  asks(1, 0, 100);
  answers(2, 1, 100, 1, EIO);
  asks(3, 2, 101);
  answers(4, 3, 101, 3, ENOENT);
  BOOST_REQUIRE(spans.size() == 2U);
  BOOST_TEST(spans[0].failed);
  BOOST_TEST(!spans[1].failed);
  BOOST_TEST(text(spans[1], "error.type") == "ENOENT");
}

BOOST_AUTO_TEST_CASE(what_is_open_at_the_end) {
  asks(1, 0, 100);
  fetches(2, 1, 1, 9);
  builder.finish(50, spans);
  BOOST_REQUIRE(spans.size() == 1U);
  BOOST_TEST(spans[0].end == begun + 50);
  BOOST_TEST(text(spans[0], "error.type") == "ECANCELED");
}

BOOST_AUTO_TEST_CASE(nothing_comes_of_what_is_not_sampled) {
  played none{0};
  none.asks(1, 0, 100);
  none.takes(kind::kernel_op, 2, 1, 1, 5 * ms, 100);
  none.fetches(3, 2, 2, 9);
  none.done(2, 3, 5 * ms);
  none.fetched(4, 4, 3, 9);
  none.answers(5, 5, 100, 2);
  BOOST_TEST(none.spans.empty());
}

BOOST_AUTO_TEST_CASE(names_only_with_paths) {
  asks(1, 0, 100, request_kind::lookup, "secret");
  answers(2, 1, 100, 1);
  BOOST_TEST(text(spans.at(0), "gitfs.name") == "secret");
  played without{1, false};
  without.asks(1, 0, 100, request_kind::lookup, "secret");
  without.takes(kind::kernel_op, 2, 1, 1, 0, 100);
  without.answers(3, 2, 100, 2);
  BOOST_TEST(text(without.spans.at(0), "gitfs.name") == "(none)");
  BOOST_TEST(text(without.spans.at(0), "gitfs.folder") == "(none)");
}

BOOST_AUTO_TEST_CASE(lost_records_cost_spans_but_no_memory) {
  for (std::uint64_t i = 1; i <= 100'000; ++i)
    asks(i, i, i); // and no reply
  BOOST_TEST(builder.take_dropped() > 80'000U);
  BOOST_TEST(builder.take_dropped() == 0U);
  answers(100'001, 100'001, 100'000, 100'000);
  BOOST_TEST(spans.size() == 1U);
}

BOOST_AUTO_TEST_CASE(sampling_keeps_its_share_and_agrees_with_the_header) {
  const span_ids half{0.5, 1, 2};
  std::size_t kept = 0;
  for (std::uint64_t i = 1; i <= 10'000; ++i) {
    kept += half.sampled(i) ? 1U : 0U;
    BOOST_TEST(half.traceparent(i, i).ends_with("1") == half.sampled(i));
  }
  BOOST_TEST(kept > 4'500U);
  BOOST_TEST(kept < 5'500U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
