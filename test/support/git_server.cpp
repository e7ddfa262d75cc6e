#include "test/support/git_server.hpp"

#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <unistd.h>
#include <utility>

namespace gitfs::test {

namespace {

server_request parse_line(const std::string& line) {
  std::vector<std::string> field;
  std::istringstream in{line};
  for (std::string each; std::getline(in, each, '\t');)
    field.push_back(each);
  if (field.size() != 11)
    throw std::runtime_error("a line of the server's log that is none: " + line);
  return {.method = field[1],
          .path = field[2],
          .status = std::stoi(field[3]),
          .bytes_sent = std::stoull(field[4]),
          .bytes_received = std::stoull(field[5]),
          .seconds = std::stod(field[6]),
          .command = field[7],
          .wants = field[8] == "-" ? 0 : std::stoull(field[8]),
          .filter = field[9],
          .protocol = field[10]};
}

/// What scripts/real-servers --suites puts into every URL of a run, so that every server is one of another kind.
std::string modifiers_of_all() {
  const char* set = std::getenv("GITFS_SERVER_MODIFIERS");
  return set != nullptr ? set : "";
}

/// Then the log has what a client asked for three times: refused, let in, and as it was handed on to git. The last is
/// what the same client asks of a server that wants no password, so tests count that.
bool is_one_of_digest_alone(const server_request& request) {
  return modifiers_of_all() == "digest" && request.path.starts_with("/digest/");
}

} // namespace

git_server::git_server(std::filesystem::path root, transport over, passwords asked)
  : root_{std::move(root)},
    over_{over},
    asked_{modifiers_of_all() == "digest" ? passwords::digest : asked} {
  start();
}

git_server::~git_server() {
  try {
    stop();
  } catch (const std::exception& e) {
    std::cerr << "a test's git server does not end: " << e.what() << '\n';
  }
}

std::string git_server::url(std::string_view modifiers, std::string_view repository) const {
  std::string out = base_ + "/";
  // A server asks for one kind of authentication: a test that is about one has it.
  const std::string all = modifiers_of_all();
  const bool has_its_own = all == "digest"
                           && (("/" + std::string{modifiers} + "/").find("/auth/") != std::string::npos
                               || modifiers.find("digest") != std::string_view::npos);
  if (!all.empty() && !has_its_own)
    (out += all) += "/";
  if (!modifiers.empty())
    (out += modifiers) += "/";
  return out += repository;
}

std::string git_server::plain_port() const {
  const std::string file = over_ == transport::tls ? "plain-port" : "port";
  return must_run("cat " + (state_ / file).string());
}

std::vector<server_request> git_server::requests() {
  // nginx has one worker: once the line of a request of our own is in the log, so are those of all answers before it.
  const std::string mark = "/-/mark/" + std::to_string(++marks_);
  must_run("exec 3<>/dev/tcp/127.0.0.1/" + plain_port() + "; printf 'GET " + mark
           + " HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3");
  for (int tries = 0; tries < 1000; ++tries) {
    std::ifstream log{state_ / "access.log"};
    log.seekg(static_cast<std::streamoff>(read_from_));
    std::vector<server_request> out;
    for (std::string line; std::getline(log, line) && !log.eof();) {
      server_request request = parse_line(line);
      if (request.path == mark)
        return out;
      if (request.command != "mark" && !is_one_of_digest_alone(request))
        out.push_back(std::move(request));
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{5});
  }
  throw std::runtime_error("the server's log does not show " + mark);
}

std::size_t git_server::count(std::string_view command) {
  const auto all = requests();
  return static_cast<std::size_t>(std::count_if(
      all.begin(), all.end(), [&](const auto& each) { return command.empty() || each.command == command; }));
}

void git_server::clear_requests() {
  requests();
  read_from_ = std::filesystem::file_size(state_ / "access.log");
}

void git_server::answer_all_with(std::string_view status) {
  const auto file = state_ / "answer";
  if (status.empty()) {
    std::filesystem::remove(file);
    return;
  }
  std::ofstream{file.string() + ".new"} << status;
  std::filesystem::rename(file.string() + ".new", file);
}

void git_server::stop() {
  must_run(script("git-server") + " stop --dir " + state_.path().string());
}

void git_server::start() {
  base_ = must_run(script("git-server") + " start --dir " + state_.path().string() + " --root '" + root_.string()
                   + (over_ == transport::tls ? "' --tls" : "'") + (asked_ == passwords::digest ? " --digest" : "")
                   + " --owner " + std::to_string(::getpid()));
}

} // namespace gitfs::test
