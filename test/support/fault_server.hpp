// A loopback HTTP server that hands requests to the real `git http-backend`, except where a test scripts a fault.
#pragma once

#include "test/support/environment.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace gitfs::test {

struct recorded_request {
  std::string method, target;
  std::map<std::string, std::string> headers; ///< names in lower case
  std::string body;
};

/// What a fault does its mischief with. Used on the thread of the connection.
class fault_exchange {
public:
  fault_exchange(const recorded_request& asked, int socket, const std::filesystem::path& root)
    : request(asked),
      socket_(socket),
      root_(root) {}

  const recorded_request& request;

  /// A whole answer with Content-Length. `headers`: "Name: value" lines.
  void reply(int status, const std::vector<std::string>& headers, std::string_view body);
  /// The answer of the real server: header lines, and the body.
  struct real_answer {
    int status = 200;
    std::vector<std::string> headers;
    std::string body;
  };
  real_answer ask_git();
  /// ask_git and reply.
  void pass();
  /// Bytes as they are; false once the client has closed the connection.
  bool send(std::string_view bytes);
  /// Waits until the client closes the connection, at most for `limit`; true if it did.
  bool wait_for_close(std::chrono::milliseconds limit = std::chrono::seconds{20});
  /// The connection ends after this exchange.
  void close() { closing_ = true; }
  bool closing() const { return closing_; }

private:
  int socket_;
  std::filesystem::path root_;
  bool closing_ = false;
};

using fault = std::function<void(fault_exchange&)>;

/// Listens on an ephemeral port of 127.0.0.1 and serves the repositories below `root` as /NAME.
class fault_server {
public:
  explicit fault_server(std::filesystem::path root);
  ~fault_server();
  fault_server(const fault_server&) = delete;
  fault_server& operator=(const fault_server&) = delete;

  /// "127.0.0.1:PORT"
  std::string host() const;
  std::string url(const std::string& repository) const { return "http://" + host() + "/" + repository; }

  /// The next GET (POST) is for `what`; given many times, the next ones in turn.
  void next_get(fault what) { push(get_, std::move(what)); }
  void next_post(fault what) { push(post_, std::move(what)); }
  /// All that are not for one of these, in place of git.
  void otherwise(fault what);

  std::vector<recorded_request> requests() const;
  /// Those to git-upload-pack whose command is `command` ("fetch", …).
  std::size_t count(const std::string& command) const;
  std::size_t connections() const { return connections_; }

private:
  void push(std::deque<fault>& queue, fault what);
  void accept_all();
  void serve(int socket);
  bool serve_one(int socket, std::string& buffer);

  std::filesystem::path root_;
  int listener_ = -1;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::deque<fault> get_, post_;
  fault otherwise_;
  std::vector<recorded_request> requests_;
  std::list<int> sockets_;
  bool stopping_ = false;
  std::atomic<std::size_t> connections_{0};
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

} // namespace gitfs::test
