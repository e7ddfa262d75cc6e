// What services answer wrongly, and what a mount shows of it.
#include "test/mount/served_hosts.hpp"
#include "test/mount/shared.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <mutex>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs::test {

namespace host_faults {

namespace {

constexpr std::array kinds{"github", "gitea", "gitlab", "mesa"};

struct row {
  const char* owner; ///< all requests that name it
  int status;
  const char* header; ///< "Name: value"; empty: none
  const char* body;
  int times; ///< so often; -1: always
  int expected;
  const char* said; ///< in the log, in the line with that owner
};

const row table[] = {
    {"f401", 401, "", R"({"message": "Bad credentials"})", -1, EACCES, ""},
    {"f403", 403, "", R"({"message": "Forbidden"})", -1, EACCES, ""},
    {"f404", 404, "", R"({"message": "Not Found"})", -1, ENOENT, nullptr},
    {"f429", 429, "Retry-After: 3600", R"({"message": "slow down"})", -1, EIO, "rate limit"},
    {"f429briefly", 429, "Retry-After: 1", R"({"message": "slow down"})", 1, 0, nullptr},
    {"f500", 500, "", R"({"message": "oops"})", -1, EIO, "500"},
    {"f503briefly", 503, "", "down", 2, 0, nullptr},
    {"fmalformed", 200, "", "[{", -1, EIO, ""},
    {"fshape", 200, "", R"("text")", -1, EIO, ""},
    {"fpage", 200, "Content-Type: text/html", "<html>", -1, EIO, ""},
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text)
    (out += c == '"' || c == '\\' ? "\\" : "") += c;
  return out + '"';
}

std::string named(int code) {
  return code == 0 ? "success" : ::strerrorname_np(code);
}

struct served : served_hosts {
  std::mutex mutex;
  std::vector<int> left; // of each row, for mesa
  std::vector<std::pair<std::string, std::string>> tree;

  served() {
    serve_mesa();
    add("Octo/hello");
    for (const row& each : table)
      add(each.owner + std::string{"/hello"});
  }
  /// From now on the services answer as the table says.
  void begin_faults() {
    std::string faults;
    for (const char* api : {"v3", "v1", "v4"})
      for (const row& each : table) {
        const std::string header{each.header};
        const std::size_t colon = header.find(": ");
        faults += (faults.empty() ? "" : ", ") + std::string{R"({"match": "/api/)"} + api + R"(/.*\\b)" + each.owner
                  + R"(\\b", "status": )" + std::to_string(each.status) + R"(, "body": )" + quoted(each.body)
                  + (each.times < 0 ? "" : R"(, "times": )" + std::to_string(each.times))
                  + (header.empty() ? ""
                                    : R"(, "headers": {)" + quoted(header.substr(0, colon)) + ": "
                                          + quoted(header.substr(colon + 2)) + "}")
                  + "}";
      }
    forge->set(R"({"faults": [)" + faults + "]}");
    for (const row& each : table)
      left.push_back(each.times);
    mesa->faults().otherwise([this](fault_exchange& exchange) {
      for (std::size_t i = 0; i < std::size(table); ++i)
        if (exchange.request.target.starts_with("/api/" + std::string{table[i].owner} + "/")) {
          const std::lock_guard lock{mutex};
          if (left[i] != 0)
            return --left[i], answer(exchange, table[i]);
        }
      mesa->serve(exchange);
    });
  }
  static void answer(fault_exchange& exchange, const row& with) {
    const bool typed = std::string_view{with.header}.starts_with("Content-Type");
    std::vector<std::string> headers;
    if (!typed)
      headers.emplace_back("Content-Type: application/json");
    if (*with.header != '\0')
      headers.emplace_back(with.header);
    exchange.reply(with.status, headers, with.body);
  }
  void end_faults() {
    forge->set("{}");
    mesa->faults().otherwise([this](fault_exchange& exchange) { mesa->serve(exchange); });
  }
  // A host for each, so that none is left alone for what another has met.
  static std::string folder(const char* kind, const row& of) { return std::string{kind} + "/" + of.owner; }
};

std::size_t lines_with(const std::string& log, const std::string& one, const std::string& other) {
  std::istringstream lines{log};
  std::size_t out = 0;
  for (std::string line; std::getline(lines, line);)
    out += holds(line, one) && holds(line, other) ? 1 : 0;
  return out;
}

} // namespace

} // namespace host_faults

BOOST_FIXTURE_TEST_SUITE(host_faults, host_faults::served)

BOOST_AUTO_TEST_CASE(a_fault_is_the_errno_of_its_path_and_ends_with_it) {
  begin_faults();
  for (const char* kind : kinds)
    for (const row& each : table)
      tree.emplace_back(folder(kind, each), entry(kind, R"("absent": "1s")"));
  const mount m{mount_plan{.config = config_text(tree)}};
  std::vector<std::future<int>> asked; // all at once, for some take seconds of retries
  for (const char* kind : kinds)
    for (const row& each : table)
      asked.push_back(std::async(std::launch::async, [path = m / folder(kind, each), &each] {
        const int out = failure_of(path / each.owner);
        // The credentials of one owner say nothing about another.
        return out == EACCES && failure_of(path / "Octo/hello") != 0 ? -1 : out;
      }));
  auto answer = asked.begin();
  for (const char* kind : kinds)
    for (const row& each : table) {
      const int code = (answer++)->get();
      BOOST_TEST(code >= 0, folder(kind, each) << ": Octo is refused, too");
      BOOST_TEST(named(std::max(code, 0)) == named(each.expected), folder(kind, each));
      BOOST_TEST(failure_of(m / folder(kind, each)) == 0);
    }
  const std::string log = m.log();
  for (const row& each : table)
    if (each.said != nullptr)
      BOOST_TEST(lines_with(log, ", " + std::string{each.owner} + ": ", each.said) == kinds.size(), each.owner << '\n'
                                                                                                               << log);
  end_faults();
  for (const char* kind : kinds)
    for (const row& each : table) {
      if (std::string_view{each.header} == "Retry-After: 3600") // which is kept to, for all that this token would ask
        continue;
      const auto path = m / folder(kind, each);
      BOOST_TEST(eventually([&] { return failure_of(path / each.owner / "hello/one") == 0; }), path);
    }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
