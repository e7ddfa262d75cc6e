// What people are shown of a trace.
#include "actors/model/inode_number.hpp"
#include "actors/trace/read/trace_export.hpp"
#include "actors/trace/read/trace_names.hpp"
#include "actors/trace/read/trace_show.hpp"

#include "test/actors/trace/read/written_trace.hpp"
#include "test/support/outcome.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

namespace trace_show {

namespace {

using namespace gitfs::trace;

// Request 1 makes /a's actor fetch; request 2 comes meanwhile and is answered by what request 1 had begun.
struct example {
  written_trace out;
  const std::uint64_t a = child_key(root_key, "a");
  std::string bytes;
  contents in;
  std::string text;
  const printer to_text = [this](std::string_view more) { text += more; };

  example() {
    out.spawned(a, root_key, "a");                                     // 1
    out.request(1);                                                    // 2
    out.message(kind::kernel_op, 2, {actor_kind::directory, a}, 1, 3); // 3
    for (int i = 0; i < 10; ++i)
      out.message(kind::ask_want, 3, {actor_kind::fetcher}, 7, 0);         // 4 to 13
    out.request(2);                                                        // 14
    out.message(kind::kernel_op, 14, {actor_kind::directory, a}, 2, 3);    // 15
    out.message(kind::want_finished, 4, {actor_kind::directory, a}, 7, 0); // 16
    out.reply(1, 16);                                                      // 17
    out.reply(2, 16);                                                      // 18
    out.request(3);                                                        // 19
    bytes = out.bytes();
    in = read_well(bytes);
  }

  std::size_t count(std::string_view part) const { return count_in(text, part); }
};

} // namespace

} // namespace trace_show

BOOST_FIXTURE_TEST_SUITE(trace_show, trace_show::example)

BOOST_AUTO_TEST_CASE(lines) {
  BOOST_TEST(!!show(in, {}, false, to_text));
  BOOST_TEST(count("\n") == in.records.size());
  BOOST_TEST(count("       3    0.003000 /a kernel_op request=1 op=readdir | waited 1.5us, took 4.0us | by 2\n") == 1U);
  BOOST_TEST(count("name='looked\xff\\x0a'") == 3U); // nothing that a terminal would obey
}

BOOST_AUTO_TEST_CASE(filters) {
  BOOST_TEST(!!show(in, {.actor = a}, false, to_text));
  BOOST_TEST(count("\n") == 3U);
  text.clear();
  BOOST_TEST(!!show(in, {.actor = inode_number({}, "a", a)}, false, to_text)); // as stat says
  BOOST_TEST(count("\n") == 3U);
  text.clear();
  BOOST_TEST(key_of_path("/a/") == a);
  BOOST_TEST(key_of_path(".") == root_key);
  BOOST_TEST(!!show(in, {.about = key_of_path("a")}, false, to_text));
  BOOST_TEST(count("\n") == 4U); // with its spawn
  text.clear();
  BOOST_TEST(!!show(in, {.message = "ask_want", .from = 5'000'000, .until = 7'000'000}, false, to_text));
  BOOST_TEST(count("\n") == 3U);
  const auto wrong = show(in, {.message = "ask_wnat"}, false, to_text);
  BOOST_REQUIRE(!wrong);
  BOOST_TEST(wrong.error().message.find("did you mean 'ask_want'") != std::string::npos, wrong.error().message);
}

BOOST_AUTO_TEST_CASE(the_story_of_a_request) {
  BOOST_TEST(!!show_request(in, 1, false, to_text));
  BOOST_TEST(count("ask_want") == 3U + 1U, text); // what is alike is left out
  BOOST_TEST(count("... and 7 more ask_want\n") == 1U, text);
  BOOST_TEST(count(" reply request=1 ") == 1U, text);
  BOOST_TEST(count("answered by what others had begun") == 0U, text);
}

BOOST_AUTO_TEST_CASE(the_story_of_one_that_another_has_answered) {
  BOOST_TEST(!!show_request(in, 2, false, to_text));
  BOOST_TEST(count("answered by what others had begun:\n       2 ") == 1U, text);
  BOOST_TEST(count(" want_finished ") == 1U, text);
  BOOST_TEST(count(" reply request=2 ") == 1U, text);
  BOOST_TEST(!show_request(in, 9, false, to_text));
  text.clear();
  BOOST_TEST(!!show_request(in, 3, false, to_text));
  BOOST_TEST(count("not answered in this trace\n") == 1U, text);
}

BOOST_AUTO_TEST_CASE(numbers) {
  text = stats_text(in);
  BOOST_TEST(count("\nask_want                   10      4.0us     4.0us     4.0us      1.5us     1.5us     1.5us\n")
                 == 1U,
             text);
  BOOST_TEST(count("\n19 records in 18.0ms; 0 between them are missing\n") == 1U, text);
  BOOST_TEST(stats_text({}) == "no records\n");
}

BOOST_AUTO_TEST_CASE(perfetto) {
  export_perfetto(in, false, to_text);
  BOOST_TEST(count("\"ph\":\"X\"") == in.records.size(), text);
  BOOST_TEST(count("\"ph\":\"s\"") == count("\"ph\":\"f\""));
  BOOST_TEST(count("\"ph\":\"s\"") == 15U, text);
  BOOST_TEST(count("\"ph\":\"M\"") == 5U, text); // the process, "-", kernel, /a and the fetcher
  BOOST_TEST(count("\"ts\":3000.000,\"dur\":4.000") == 1U, text);
  BOOST_TEST(count("looked?") == 3U, text); // JSON has no bytes that are no text
}

// Two edges closer to each other than an edge is drawn long, and the later one first: threads write as they come.
BOOST_AUTO_TEST_CASE(perfetto_slices_of_a_track_do_not_overlap) {
  written_trace near;
  near.request(1);         // at 1000 us
  near.earlier(1'000'400); // at 999.6 us
  near.request(2);         //
  near.earlier(1'000'000); // at 999.6 us, too
  near.reply(2, 2);        //
  const std::string written = near.bytes();
  export_perfetto(read_well(written), false, to_text);
  BOOST_TEST(count("\"ts\":1000.000,\"dur\":1.000") == 1U, text);
  BOOST_TEST(count("\"ts\":999.600,\"dur\":0.399") == 1U, text);
  BOOST_TEST(count("\"ts\":999.600,\"dur\":0.000") == 1U, text);
}

BOOST_AUTO_TEST_CASE(redacted) {
  const std::string other = redacted_trace(in);
  BOOST_TEST(other.find("looked") == std::string::npos);
  const auto read = read_bytes(other);
  BOOST_REQUIRE_MESSAGE(read, reason_of(read));
  BOOST_TEST(!!show(read.value(), {}, false, to_text));
  std::string plain;
  plain.swap(text);
  BOOST_TEST(!!show(in, {}, true, to_text));
  BOOST_TEST(text == plain);
  BOOST_TEST(count(redacted_name("a") + " kernel_op ") == 2U, text);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
