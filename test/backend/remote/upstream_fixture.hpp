// A repository behind a server that a test can make fail, a store that git itself checks, and a log that is kept.
#pragma once

#include "backend/remote/git_upstream.hpp"
#include "backend/remote/pkt_line.hpp"
#include "backend/remote/source.hpp"
#include "test/support/captured_log.hpp"
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/outcome.hpp"
#include "test/support/pack_sinks.hpp"
#include "test/support/temp_dir.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <iterator>
#include <mutex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace gitfs::test {

using namespace std::chrono_literals;

inline const std::string result_type = "Content-Type: application/x-git-upload-pack-result";
inline const std::string advertisement_type = "Content-Type: application/x-git-upload-pack-advertisement";

struct upstream_fixture {
  upstream_fixture() {
    must_run("git init -q -b main work && cd work"
             " && mkdir -p dir/sub && printf one > one && printf 'second file' > dir/two && : > dir/empty"
             " && seq 1 20000 > dir/sub/large && git add . && git commit -q -m first && git branch old"
             " && printf changed > one && git commit -q -a -m second && git tag light && git tag -a -m x v1.0"
             " && git branch feature/x && cd .. && git clone -q --bare work repo.git"
             " && git -C repo.git config uploadpack.allowFilter true"
             " && git -C repo.git config uploadpack.allowAnySHA1InWant true"
             " && git -C repo.git config transfer.advertiseObjectInfo true && git -C repo.git gc -q",
             dir.path());
  }

  oid rev(const std::string& what) const { return *oid::from_hex(must_run("git rev-parse " + what, repository())); }
  std::filesystem::path repository() const { return dir / "repo.git"; }

  std::shared_ptr<gitfs::git_upstream> connect(upstream_limits limits = {}, const std::string& url = {},
                                               std::optional<capabilities> assumed = {}) {
    return connect_to(store, limits, url, std::move(assumed));
  }
  std::shared_ptr<gitfs::git_upstream> connect_to(pack_receiver& receiver, upstream_limits limits = {},
                                                  const std::string& url = {}, std::optional<capabilities> assumed = {},
                                                  std::shared_ptr<server_ways> ways = {}) {
    auto from = parse_source(url.empty() ? server.url("repo.git") : url);
    BOOST_REQUIRE_MESSAGE(from, reason_of(from));
    auto out = gitfs::git_upstream::create(
        from.value(), receiver,
        [this](auto sizes) {
          const std::lock_guard lock{mutex};
          remembered.assign(sizes.begin(), sizes.end());
        },
        limits, std::move(assumed), nullptr, nullptr, std::move(ways));
    BOOST_REQUIRE(out);
    return out.value();
  }
  static transfer_outcome fetch(gitfs::git_upstream& from, fetch_request request) {
    std::promise<transfer_outcome> done;
    const auto running = from.fetch(std::move(request), [&](transfer_outcome out) { done.set_value(std::move(out)); });
    return done.get_future().get();
  }
  static transfer_outcome sizes(gitfs::git_upstream& from, std::vector<oid> ids) {
    std::promise<transfer_outcome> done;
    const auto running =
        from.object_info(std::move(ids), [&](transfer_outcome out) { done.set_value(std::move(out)); });
    return done.get_future().get();
  }
  static int code_of(const transfer_outcome& out) { return out.failure ? out.failure->code : 0; }
  static std::string message_of(const transfer_outcome& out) { return out.failure ? out.failure->message : ""; }

  /// The ids in `text`, a line each, sorted as text.
  static std::set<std::string> words(const std::string& text) {
    std::istringstream in{text};
    return {std::istream_iterator<std::string>{in}, {}};
  }

  scoped_env no_proxy{"no_proxy", "127.0.0.1"};
  temp_dir dir;
  scoped_env home{"HOME", dir.path().c_str()};
  scoped_env config{"GIT_CONFIG_GLOBAL", (dir / "gitconfig").c_str()};
  scoped_env system{"GIT_CONFIG_SYSTEM", "/dev/null"};
  scoped_env askpass{"GIT_ASKPASS", nullptr};
  scoped_env ssh_askpass{"SSH_ASKPASS", nullptr};
  captured_log log;
  fault_server server{dir.path()};
  index_pack_store store{dir / "store.git"};
  std::mutex mutex;
  std::vector<std::pair<oid, std::uint64_t>> remembered;
};

inline fault status(int code, std::vector<std::string> headers = {}) {
  return [=](fault_exchange& x) { x.reply(code, headers, ""); };
}

/// The real answer, its body changed.
inline fault edited(std::function<std::string(std::string)> edit) {
  return [=](fault_exchange& x) {
    auto answer = x.ask_git();
    answer.body = edit(std::move(answer.body));
    x.reply(answer.status, answer.headers, answer.body);
  };
}

inline std::string without_capability(std::string body, const std::string& name) {
  const std::size_t at = body.find(name);
  if (at == std::string::npos)
    throw std::runtime_error("the server does not advertise " + name);
  return body.replace(at, name.size(), std::string(name.size(), 'x'));
}

inline std::string advertisement(const std::vector<std::string>& lines) {
  std::string out;
  for (const std::string& line : lines)
    append_pkt(out, line + "\n");
  append_flush(out);
  return out;
}

inline fault advertise(std::vector<std::string> lines) {
  return [=](fault_exchange& x) { x.reply(200, {advertisement_type}, advertisement(lines)); };
}

/// An answer to a fetch whose pack never ends, until the client closes the connection.
inline fault endless_pack(std::promise<bool>& closed, std::size_t first = 100'000) {
  return [&closed, first](fault_exchange& x) {
    std::string body;
    append_pkt(body, "packfile\n");
    for (std::size_t sent = 0; sent < first; sent += 10'000)
      append_pkt(body, "\001" + std::string(10'000, 'x'));
    x.send("HTTP/1.1 200 OK\r\n" + result_type + "\r\nContent-Length: 1000000000\r\n\r\n" + body);
    closed.set_value(x.wait_for_close());
  };
}

} // namespace gitfs::test
