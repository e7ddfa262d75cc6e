// The recorded races of test/traces: the actors do again what they did.
#include "actors/replay/replay_report.hpp"
#include "actors/replay/replayer.hpp"
#include "actors/trace/read/record_table.hpp"
#include "actors/trace/read/trace_reader.hpp"
#include "actors/trace/read/trace_show.hpp"
#include "config/log.hpp"
#include "test/support/outcome.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(replay)

namespace {

// `Iterator`: of a folder, or of all below it.
template <class Iterator>
std::vector<std::filesystem::path> traces_in(const char* folder) {
  const char* source = std::getenv("GITFS_SOURCE_DIR");
  BOOST_REQUIRE_MESSAGE(source != nullptr, "GITFS_SOURCE_DIR is not set");
  std::vector<std::filesystem::path> out;
  for (const auto& each : Iterator{std::filesystem::path{source} / "test/traces" / folder})
    if (each.path().extension() == ".trace")
      out.push_back(each.path());
  std::ranges::sort(out);
  return out;
}

std::vector<std::filesystem::path> all_traces() {
  return traces_in<std::filesystem::directory_iterator>("");
}

std::vector<std::filesystem::path> traces_of_earlier_versions() {
  return traces_in<std::filesystem::recursive_directory_iterator>("kept");
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

// Those of one thread: of two it is often not certain who was first, and a tear leaves more than one gap.
std::vector<std::filesystem::path> recorded_races() {
  auto out = all_traces();
  std::erase_if(out, [](const auto& each) { return each.filename().string().starts_with("walkers"); });
  return out;
}

struct outcome {
  bool equal = false;
  std::string report;
};

outcome replay_of(const std::filesystem::path& file) {
  const auto read = trace::read_file(file);
  BOOST_REQUIRE_MESSAGE(read, file);
  const auto from = recording::of(read.value().in);
  BOOST_REQUIRE_MESSAGE(from, file << ": " << reason_of(from));
  BOOST_TEST(!from.value().ends_before(), file);
  replayer play{from.value()};
  while (play.more())
    play.step();
  BOOST_TEST(play.replies() > 0U, file);
  return {!play.diverged(), report_text(play, from.value(), trace::trace_names{read.value().in, false})};
}

} // namespace

BOOST_AUTO_TEST_CASE(recorded_races_are_equal_each_time) {
  log::set_level(log_level::off);
  const auto files = all_traces();
  BOOST_REQUIRE_GE(files.size(), 12U);
  for (const auto& file : files) {
    const outcome first = replay_of(file);
    BOOST_TEST(first.equal,
               file.filename() << ": " << first.report << "If messages were changed on purpose: test/traces/README.md");
    BOOST_TEST(replay_of(file).report == first.report, file.filename());
    BOOST_TEST_MESSAGE(file.filename().string() << ": " << first.report);
  }
}

BOOST_AUTO_TEST_CASE(traces_of_earlier_versions_are_shown_as_they_were) {
  for (const auto& file : traces_of_earlier_versions()) {
    const auto read = trace::read_file(file);
    BOOST_REQUIRE_MESSAGE(read, file << ": " << reason_of(read));
    std::string shown;
    BOOST_REQUIRE(trace::show(read.value().in, {}, false, [&](std::string_view line) { shown += line; }));
    const std::string then = text_of(std::filesystem::path{file}.replace_extension(".txt"));
    BOOST_TEST(!then.empty(), file);
    BOOST_TEST((shown == then), file << " is shown differently; 'gitfs-actor trace show' says how");
  }
}

BOOST_AUTO_TEST_CASE(traces_of_earlier_versions_are_equal) {
  log::set_level(log_level::off);
  const auto files = traces_of_earlier_versions();
  BOOST_REQUIRE_GE(files.size(), 2U);
  for (const auto& file : files) {
    const outcome played = replay_of(file);
    BOOST_TEST(played.equal, file << ": " << played.report);
  }
}

// A trace of a later version: what would be done about a message or an operation of it, nobody here knows.
BOOST_AUTO_TEST_CASE(what_only_a_later_version_knows_is_refused) {
  const auto file = all_traces().back(); // walkers, with all that a mount of one repository does
  const auto refused = [&](trace::kind which, const auto& change) {
    auto read = trace::read_file(file);
    BOOST_REQUIRE(read);
    auto& records = read.value().in.records;
    const auto at = std::ranges::find(records, which, &trace::record::what);
    BOOST_REQUIRE((at != records.end()));
    change(*at);
    const auto from = recording::of(read.value().in);
    return from ? std::string{} : from.error().message;
  };
  BOOST_TEST(refused(trace::kind::ask_want, [](auto& r) {
               r.what = trace::kind{70'000};
             }).starts_with("this trace has a message of number 70000, which this version does not know"));
  static constexpr char fields[] = {1, 100, 0, 0, 0, 0};
  BOOST_TEST(refused(trace::kind::kernel_request, [](auto& r) {
               r.fields = {fields, sizeof fields};
             }).starts_with("this trace has a kernel operation of number 100, which this version does not know"));
}

// A recording that differs in one message must not pass.
BOOST_AUTO_TEST_CASE(a_difference_is_found) {
  for (const auto& file : recorded_races()) {
    const auto read = trace::read_file(file);
    BOOST_REQUIRE(read);
    trace::contents in = read.value().in;
    // Without the last reply of a handler.
    const auto last = std::find_if(in.records.rbegin(), in.records.rend(),
                                   [](const auto& r) { return r.what == trace::kind::reply && r.cause != 0; });
    BOOST_REQUIRE(last != in.records.rend());
    const std::uint64_t of = last->cause;
    last->what = trace::kind::interrupted; // so that no order number is missing
    const auto from = recording::of(in);
    BOOST_REQUIRE(from);
    replayer play{from.value()};
    while (play.more())
      play.step();
    BOOST_REQUIRE_MESSAGE(play.diverged(), file);
    BOOST_TEST(play.diverged()->order == of, file);
    BOOST_TEST(play.diverged()->replayed.starts_with("reply "), file << play.diverged()->replayed);
  }
}

// As if a message had not been sent when it was recorded. Who took nothing more has not missed it either.
BOOST_AUTO_TEST_CASE(a_message_too_many_is_found) {
  const std::vector<trace::kind> not_missed{
      trace::kind::cancel_want,       trace::kind::promote_want, // while actors end
      trace::kind::cancel_mount_node, trace::kind::other_message,
      trace::kind::retry_allowed,     trace::kind::check_idle}; // by a clock
  std::size_t tried = 0;
  for (const auto& file : recorded_races()) {
    const auto read = trace::read_file(file);
    BOOST_REQUIRE(read);
    const auto& all = read.value().in.records;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const auto sender = std::ranges::find(all, all[i].cause, &trace::record::order);
      if (!trace::is_message(all[i].what) || sender == all.end() || !trace::is_message(sender->what)
          || std::ranges::count(not_missed, all[i].what) != 0)
        continue;
      const bool took_more =
          std::any_of(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end(), [&](const auto& r) {
            const auto by = std::ranges::find(all, r.cause, &trace::record::order);
            return trace::is_message(r.what) && r.actor == all[i].actor && by != all.end()
                   && by->time > sender->time + sender->duration;
          });
      if (!took_more)
        continue;
      ++tried;
      trace::contents in = read.value().in;
      in.records[i].what = trace::kind::interrupted; // so that no order number is missing
      const auto from = recording::of(in);
      BOOST_REQUIRE(from);
      replayer play{from.value()};
      while (play.more())
        play.step();
      BOOST_TEST(play.diverged().has_value(),
                 file << ": " << all[i].order << " " << trace::row_of(all[i].what)->name << " is not missed");
    }
  }
  BOOST_TEST(tried > 100U);
}

// What comes behind the first record that is missing is not replayed.
BOOST_AUTO_TEST_CASE(a_gap_ends_it) {
  for (const auto& file : recorded_races()) {
    const auto read = trace::read_file(file);
    BOOST_REQUIRE(read);
    const auto& all = read.value().in.records;
    const std::size_t count = all.size();
    // Before the first message stands what the mount is of.
    const auto first = std::ranges::find_if(all, [](const auto& r) { return trace::is_message(r.what); });
    for (auto i = static_cast<std::size_t>(first - all.begin()); i < count; i += 7) {
      trace::contents in = read.value().in;
      const std::uint64_t lost = in.records[i].order;
      // With it what its handler's thread has written after it: here that is all.
      in.records.resize(i);
      for (trace::record& each : in.records)
        if (trace::is_message(each.what) && read.value().in.records[i].cause == each.order)
          each.duration = trace::record::no_duration;
      const auto from = recording::of(in);
      BOOST_REQUIRE(from);
      replayer play{from.value()};
      while (play.more())
        play.step();
      BOOST_TEST(!play.diverged(),
                 file << " without " << lost << report_text(play, from.value(), trace::trace_names{in, false}));
    }
  }
}

// A tree that another thread has recorded behind the tear is no difference; in a recording that is whole, it is.
BOOST_AUTO_TEST_CASE(a_tree_that_is_missing) {
  for (const bool whole : {true, false}) {
    const auto read = trace::read_file(recorded_races().front());
    BOOST_REQUIRE(read);
    trace::contents in = read.value().in;
    const auto tree = std::ranges::find(in.records, trace::kind::tree, &trace::record::what);
    BOOST_REQUIRE(tree != in.records.end());
    const std::uint64_t of = tree->cause;
    tree->what = trace::kind::interrupted; // so that no order number is missing
    if (!whole)
      std::erase_if(in.records, [&](const auto& r) { return r.order > of + 10; });
    const auto from = recording::of(in);
    BOOST_REQUIRE(from);
    replayer play{from.value()};
    while (play.more())
      play.step();
    BOOST_TEST(play.diverged().has_value() == whole);
    BOOST_TEST(play.messages() > 0U);
    BOOST_TEST((play.messages() < from.value().messages().size()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
