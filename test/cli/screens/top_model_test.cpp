// What top shows of two looks at a mount.
#include "actors/model/latency.hpp"
#include "cli/screens/top_model.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

namespace gitfs::test {

namespace top_model {

namespace {

struct looked_twice {
  gitfs::top_model model{"/mnt/x", 1};
  top_sample first, second;

  looked_twice() {
    first.seconds = 10;
    first.counters = {{"process", 1}, {"kernel.lookup", 100}, {"kernel.read", 10}, {"upstream.bytes", 0}};
    first.now.latency["lookup"] = {{10, 100}};
    second = first;
    second.seconds = 12;
    second.counters["kernel.lookup"] = 120;
    second.counters["kernel.read"] = 110;
    second.counters["upstream.bytes"] = 4096;
    second.now.latency["lookup"] = {{10, 101}, {20, 9}, {50, 10}};
    second.now.latency["read"] = {{15, 100}};
    second.now.transfers = {{1, "blobs", 5, 100, 30, "speculation", 1, {"(ahead of a walker: contents)"}},
                            {2, "trees", 1, 10, 900, "path", 2, {"/a/b/", "/a/c/"}}};
    second.now.queues = {{"sizes", "speculation", 77}};
    second.now.walkers = {{"depth", 64, 1, "/z"}, {"contents", 16, 2, "/a"}};
  }
  void look() {
    model.take(first);
    model.take(second);
  }
  void press(const std::string& keys) {
    for (const char each : keys)
      model.key({&each, 1});
  }
  std::string shown() const {
    std::string out;
    for (const auto& each : model.frame())
      out += each.text + '\n';
    return out;
  }
  bool shows(std::string_view part) const { return shown().find(part) != std::string::npos; }
};

template <class Rows, class Field>
auto column(const Rows& rows, Field field) {
  std::vector<std::string> out;
  for (const auto& each : rows)
    out.push_back(each.*field);
  return out;
}

using names = std::vector<std::string>;

} // namespace

} // namespace top_model

BOOST_FIXTURE_TEST_SUITE(top_model, top_model::looked_twice)

BOOST_AUTO_TEST_CASE(rates_take_two_looks) {
  model.take(first);
  BOOST_TEST(model.samples() == 1U);
  BOOST_TEST(model.rate("kernel.lookup") == 0);
  model.take(second);
  BOOST_TEST(model.rate("kernel.lookup") == 10);
  BOOST_TEST(model.rate("upstream.bytes") == 2048);
  BOOST_TEST(model.rate("no.such") == 0);
  BOOST_TEST(shows("kernel 60/s   upstream 0.0 requests/s, 2K/s"), shown());
}

BOOST_AUTO_TEST_CASE(what_is_kept_in_memory_and_on_disk) {
  second.counters["memory.blobs"] = 3072;
  second.counters["memory.budget"] = 1U << 20;
  second.counters["disk.blob_files"] = 2048;
  look();
  BOOST_TEST(shows("memory 3K of 1M: blobs 3K, "), shown());
  BOOST_TEST(shows("   blob files 2K\n"), shown());
}

BOOST_AUTO_TEST_CASE(durations_are_those_since_the_last_look) {
  look();
  const auto rows = model.operations();
  BOOST_REQUIRE(rows.size() == 2U);
  BOOST_TEST(rows[0].name == "read"); // 50 a second
  BOOST_TEST(rows[0].p50 == latency_histogram::end_of(15));
  BOOST_TEST(rows[1].p50 == latency_histogram::end_of(20)); // not the hundred from before
  BOOST_TEST(rows[1].p99 == latency_histogram::end_of(50));
  top_sample third = second;
  third.seconds = 13;
  model.take(third);
  for (const auto& each : model.operations())
    BOOST_TEST((each.p50 == 0 && each.rate == 0 && each.total != 0));
}

BOOST_AUTO_TEST_CASE(another_process_counts_anew) {
  look();
  top_sample third;
  third.seconds = 13;
  third.counters = {{"process", 2}, {"kernel.lookup", 5}};
  model.take(third);
  BOOST_TEST(model.samples() == 1U);
  BOOST_TEST(model.rate("kernel.lookup") == 0);
}

BOOST_AUTO_TEST_CASE(orders) {
  look();
  BOOST_TEST((column(model.operations(), &gitfs::top_model::operation::name) == names{"read", "lookup"}));
  BOOST_TEST((column(model.transfers(), &activity::transfer::what) == names{"blobs", "trees"}));
  BOOST_TEST((column(model.walkers(), &activity::walker::way) == names{"depth", "contents"}));
  press("l");
  BOOST_TEST((column(model.operations(), &gitfs::top_model::operation::name) == names{"lookup", "read"}));
  BOOST_TEST((column(model.transfers(), &activity::transfer::what) == names{"trees", "blobs"}));
  BOOST_TEST((column(model.walkers(), &activity::walker::way) == names{"contents", "depth"}));
  BOOST_TEST(shows("by slowest"));
  press("n");
  BOOST_TEST((column(model.operations(), &gitfs::top_model::operation::name) == names{"lookup", "read"}));
  BOOST_TEST((column(model.walkers(), &activity::walker::path) == names{"/a", "/z"}));
  press("b");
  BOOST_TEST((column(model.operations(), &gitfs::top_model::operation::name) == names{"read", "lookup"}));
}

BOOST_AUTO_TEST_CASE(a_filter) {
  look();
  press("/a/c");
  BOOST_TEST(model.footer() == "filter: a/c_");
  BOOST_TEST((column(model.transfers(), &activity::transfer::what) == names{"trees"}));
  BOOST_TEST(model.walkers().empty());
  BOOST_TEST(model.operations().empty());
  BOOST_TEST(!shows("queued"));
  press("q\x7f\x7f\r"); // a key like any other while it is typed
  BOOST_TEST(model.filter() == "a/");
  BOOST_TEST(shows("filter 'a/'"));
  BOOST_TEST((model.key("q") == gitfs::top_model::effect::quit));
  press("\x1b");
  BOOST_TEST(model.filter() == "");
  press("/");
  model.key("ü");
  press("\x7f");
  BOOST_TEST(model.filter() == "");
  press("x\x1b");
  BOOST_TEST(model.transfers().size() == 2U);
}

BOOST_AUTO_TEST_CASE(only_what_is_waited_for) {
  look();
  BOOST_TEST(shows("queued"));
  press("w");
  BOOST_TEST((column(model.transfers(), &activity::transfer::what) == names{"trees"}));
  BOOST_TEST(model.walkers().empty());
  BOOST_TEST(!shows("queued"));
  press("w");
  BOOST_TEST(model.transfers().size() == 2U);
}

BOOST_AUTO_TEST_CASE(keys) {
  using effect = gitfs::top_model::effect;
  BOOST_TEST((model.key(" ") == effect::sample));
  BOOST_TEST((model.key("") == effect::none));
  BOOST_TEST((model.key("x") == effect::none));
  press("++");
  BOOST_TEST(model.interval() == 4);
  press("----------");
  BOOST_TEST(model.interval() == 0.1);
  press("++++++++++++");
  BOOST_TEST(model.interval() == 60);
}

BOOST_AUTO_TEST_CASE(rows) {
  look();
  BOOST_TEST(shows("\ntrees                 1       10B       0.9s path         2: /a/b/, /a/c/\n"), shown());
  BOOST_TEST(shows("\nsizes                77    queued            speculation\n"), shown());
  BOOST_TEST(shows("\ndepth                64         1  /z\n"), shown());
  BOOST_TEST(model.frame().front().heading);
  BOOST_TEST((gitfs::top_model{"/m", 1}.frame().size() > 5U)); // before the first look
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
