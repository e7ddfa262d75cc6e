// Two traces compared.
#include "actors/model/path_key.hpp"
#include "actors/trace/read/trace_diff.hpp"

#include "test/actors/trace/read/written_trace.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(trace_diff)

namespace {

using namespace gitfs::trace;

const std::uint64_t a = child_key(root_key, "a");

// A request for `name` in /a, answered with `error`; requests count from `number`.
struct story {
  written_trace out;
  std::uint64_t number;

  explicit story(std::uint64_t first = 1) : number(first) { out.spawned(a, root_key, "a"); }

  void ask(std::string_view name, std::uint64_t error = 0, std::uint64_t took = 4000) {
    out.request(number, name);
    out.message(kind::kernel_op, out.order(), {actor_kind::directory, a}, number, 0, took);
    out.reply(number, out.order(), reply_kind::error, error);
    ++number;
  }
  void list(std::uint64_t inode) {
    out.message_with(kind::directory_listed, 0, {actor_kind::prefetcher}, 10, [&](encoder& e) { e.fixed(inode); });
  }
};

struct compared {
  std::string text;
  bool equal;

  compared(const story& first, const story& other, bool redact = false) {
    const std::string x = first.out.bytes();
    const std::string y = other.out.bytes();
    equal = show_diff(read_well(x), read_well(y), redact, [this](std::string_view more) { text += more; });
  }
  std::size_t count(std::string_view part) const { return count_in(text, part); }
};

} // namespace

BOOST_AUTO_TEST_CASE(numbers_and_times_are_no_difference) {
  story first;
  story other{100};
  for (const char* name : {"x", "y"}) {
    first.ask(name);
    other.out.skip(7);
    other.ask(name, 0, 8000);
    other.out.message(kind::check_idle, 0, {actor_kind::supervisor}, 0, 0);
  }
  const compared c{first, other};
  BOOST_TEST(c.equal, c.text);
  BOOST_TEST(c.count("the same was done: 7 records\n") == 1U, c.text);
  BOOST_TEST(c.count("requests: 2 in both, 0 of them answered differently; 0 only in the first, 0 only in the other\n")
                 == 1U,
             c.text);
  BOOST_TEST(c.count("kernel_op                   2        2  took         4.0us     8.0us    2.00") == 1U, c.text);
}

// Told by environment that other threads change.
BOOST_AUTO_TEST_CASE(what_a_replay_needs_is_no_difference) {
  story first;
  story other;
  for (story* each : {&first, &other}) {
    each->ask("x");
    each->out.edge(kind::learned, each->out.order(), [&](encoder& e) { e.text(each == &first ? "one" : "another"); });
  }
  other.out.edge(kind::tree, other.out.order(), [](encoder& e) {
    e.id({});
    e.number(0);
    e.number(0);
    e.text({});
  });
  const compared both{first, other};
  BOOST_TEST(both.equal, both.text);
}

BOOST_AUTO_TEST_CASE(the_first_difference) {
  story first;
  story other;
  first.ask("x");
  other.ask("x");
  first.list(a);
  other.list(root_key);
  first.list(a);
  const compared c{first, other};
  BOOST_TEST(!c.equal);
  BOOST_TEST(c.count("first difference: message 1 of prefetcher\n  first:        5 ") == 1U, c.text);
  BOOST_TEST(c.count("directory_listed inode=/a ") == 1U, c.text);
  BOOST_TEST(c.count("  other:        5    0.005000 prefetcher directory_listed inode=/ ") == 1U, c.text);
}

BOOST_AUTO_TEST_CASE(one_that_goes_on) {
  story first;
  story other;
  first.list(a);
  other.list(a);
  other.list(a);
  const compared c{first, other};
  BOOST_TEST(!c.equal);
  BOOST_TEST(c.count("first difference: message 2 of prefetcher\n  both: ") == 1U, c.text);
  BOOST_TEST(c.count("  first:        nothing more\n") == 1U, c.text);
}

// A reply that differs does not make another message: it is found by its request.
BOOST_AUTO_TEST_CASE(answers) {
  story first;
  story other;
  first.ask("x");
  other.ask("x", 5);
  first.ask("y");
  const compared c{first, other};
  BOOST_TEST(!c.equal);
  BOOST_TEST(c.count("requests: 1 in both, 1 of them answered differently; 1 only in the first, 0 only in the other\n")
                 == 1U,
             c.text);
  BOOST_TEST(c.count("    first: error=\n    other: error=5 (Input/output error)\n") == 1U, c.text);
  BOOST_TEST(c.count("name='x'") != 0U);
  BOOST_TEST((compared{first, other, true}.count("name='x'")) == 0U);
}

BOOST_AUTO_TEST_CASE(requests_in_another_order_are_paired) {
  story first;
  story other;
  first.ask("x");
  first.ask("y", 2);
  other.ask("y", 2);
  other.ask("x");
  const compared c{first, other};
  BOOST_TEST(!c.equal);
  BOOST_TEST(c.count("first difference: kernel_request 1 of /a\n") == 1U, c.text);
  BOOST_TEST(c.count("requests: 2 in both, 0 of them") == 1U, c.text);
}

BOOST_AUTO_TEST_CASE(nothing) {
  std::string text;
  BOOST_TEST(show_diff({}, {}, false, [&](std::string_view more) { text += more; }));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
