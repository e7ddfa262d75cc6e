#include "cli/screens/status_report.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(status_report)

namespace {

using mounts = std::vector<std::pair<std::string, mount_status>>;

entry_status entry(std::string path, std::string state, std::string failure = {}) {
  entry_status out;
  out.path = std::move(path);
  out.source = "https://h/r";
  out.state = std::move(state);
  out.follow = "never";
  out.failure = std::move(failure);
  return out;
}

mount_status plain() {
  mount_status out;
  out.facts["source"] = "https://h/r";
  out.entries.push_back(entry("", "open"));
  out.entries.front().commit = std::string(40, 'a');
  out.entries.front().shown = "refs/heads/main";
  return out;
}

mount_status many() {
  mount_status out;
  out.facts["config"] = "/etc/t.json";
  out.entries = {entry("a", "open"), entry("b", "not opened"), entry("c", "failed", "no\x1b[2J")};
  return out;
}

mount_status dead() {
  mount_status out;
  out.facts["dead"] = "its process has died: unmount it";
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_line_for_each_mount) {
  mount_status failing = plain();
  failing.entries.front().ref = "v1";
  failing.entries.front().failure = "no\x1b[2J";
  const mounts all{{"/m/one", plain()}, {"/m", many()}, {"/m/two", dead()}, {"/f", failing}};
  BOOST_TEST(status_lines(all)
             == "/m/one  https://h/r main, open " + std::string(40, 'a')
                    + "\n/m      config /etc/t.json, 3 entries, 1 open, 1 failed\n/m/two  dead: its process has died\n"
                      "/f      https://h/r v1, open "
                    + std::string(40, 'a') + ", failed: no?[2J\n");
  BOOST_TEST(status_lines({}) == "nothing of yours is mounted\n");
}

BOOST_AUTO_TEST_CASE(warnings_are_no_failures) {
  mount_status warned = plain();
  warned.facts["warnings"] = "https://h/r: its certificate\x1b\nanother\n";
  const mounts all{{"/m", warned}};
  BOOST_TEST(status_lines(all).ends_with(", 2 warnings\n"), status_lines(all));
  BOOST_TEST(status_text(all, false).find("  warning: https://h/r: its certificate?\n  warning: another\n")
                 != std::string::npos,
             status_text(all, false));
  BOOST_TEST(status_json(all).find("\"warnings\": [\n") != std::string::npos, status_json(all));
  BOOST_TEST(!has_failed(all));
}

BOOST_AUTO_TEST_CASE(what_has_failed) {
  BOOST_TEST(!has_failed(mounts{{"/m", plain()}}));
  BOOST_TEST(has_failed(mounts{{"/m", plain()}, {"/n", many()}}));
  BOOST_TEST(has_failed(mounts{{"/m", dead()}}));
  BOOST_TEST(!has_failed({}));
}

BOOST_AUTO_TEST_CASE(a_mount_whose_process_has_died) {
  const mounts all{{"/m", dead()}};
  BOOST_TEST(status_text(all, false) == "/m: dead: its process has died: unmount it\n");
  const std::string json = status_json(all);
  BOOST_TEST(json.find(R"("state": "dead")") != std::string::npos, json);
  BOOST_TEST(json.find(R"("failure": "its process has died: unmount it")") != std::string::npos, json);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
