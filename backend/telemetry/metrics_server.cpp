#include "backend/telemetry/metrics_server.hpp"

#include "backend/os/edge_thread.hpp"
#include "backend/telemetry/prometheus_text.hpp"

// Beast is slow to compile, so nothing else includes it.
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <limits>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using protocol = asio::generic::stream_protocol; // a Unix socket or TCP, as it is asked for

constexpr std::size_t most_connections = 64;
constexpr std::uint32_t longest_request = 8192;
constexpr std::chrono::seconds patience{5};

using response = http::response<http::string_body>;

response answer(http::status status, std::string body, bool with_body,
                std::string_view type = "text/plain; charset=utf-8") {
  response out{status, 11};
  out.set(http::field::content_type, {type.data(), type.size()});
  out.content_length(body.size());
  out.keep_alive(false);
  if (with_body)
    out.body() = std::move(body);
  return out;
}

response answer_to(const http::request<http::empty_body>& what, const metrics_server::pages& of) {
  if (what.method() != http::verb::get && what.method() != http::verb::head)
    return answer(http::status::method_not_allowed, "only GET and HEAD\n", true);
  const bool with_body = what.method() == http::verb::get;
  const auto path = what.target().substr(0, what.target().find('?'));
  if (path == "/healthz")
    return of.is_well() ? answer(http::status::ok, "ok\n", with_body)
                        : answer(http::status::service_unavailable, "the mount does not answer\n", with_body);
  if (path != "/metrics" && path != "/")
    return answer(http::status::not_found, "there are only /metrics and /healthz\n", with_body);
  return answer(http::status::ok, of.metrics(), with_body, prometheus_type);
}

// None: the client has gone, or was too slow.
std::optional<response> answer_to(const error_code& failed) {
  if (failed == http::error::header_limit)
    return answer(http::status::request_header_fields_too_large, "the request is too long\n", true);
  const bool of_parser = failed.category() == http::make_error_code(http::error::bad_method).category();
  if (!of_parser || failed == http::error::end_of_stream || failed == http::error::partial_message)
    return std::nullopt;
  return answer(http::status::bad_request, "this is not an HTTP/1 request\n", true);
}

// One who asks. All that it waits for has one end, `patience` after it came.
class session : public std::enable_shared_from_this<session> {
public:
  session(protocol::socket socket, const metrics_server::pages& made) : stream_(std::move(socket)), pages_(made) {
    parser_.header_limit(longest_request);
    // A body is refused with the method, whatever its size. Boost 1.74 takes `none` here for a limit of 0.
    parser_.body_limit(std::numeric_limits<std::uint64_t>::max());
  }

  void start() {
    stream_.expires_after(patience);
    http::async_read_header(stream_, in_, parser_, [self = shared_from_this()](const error_code& failed, std::size_t) {
      if (auto out = failed ? answer_to(failed) : answer_to(self->parser_.get(), self->pages_))
        self->write(std::move(*out));
    });
  }

  void close() { stream_.close(); }

private:
  void write(response out) {
    out_ = std::move(out);
    http::async_write(stream_, out_, [self = shared_from_this()](const error_code& failed, std::size_t) {
      if (failed && failed != http::error::end_of_stream) // which says that the connection is to end
        return;
      error_code gone;
      self->stream_.socket().shutdown(protocol::socket::shutdown_send, gone);
      if (!gone)
        self->read_away();
    });
  }

  // What still comes is read away: else the reset of the connection would overtake the answer.
  void read_away() {
    stream_.async_read_some(asio::buffer(rest_), [self = shared_from_this()](const error_code& failed, std::size_t) {
      if (!failed)
        self->read_away();
    });
  }

  beast::basic_stream<protocol> stream_;
  const metrics_server::pages& pages_;
  beast::flat_buffer in_;
  http::request_parser<http::empty_body> parser_;
  response out_;
  std::array<char, 4096> rest_{};
};

protocol::endpoint endpoint_of(const listen_address& at) {
  if (!at.socket.empty())
    return asio::local::stream_protocol::endpoint{at.socket.string()};
  const bool is_v6 = at.host == "::1";
  return asio::ip::tcp::endpoint{is_v6 ? asio::ip::address{asio::ip::address_v6::loopback()}
                                       : asio::ip::address{asio::ip::address_v4::loopback()},
                                 at.port};
}

std::string shown(const listen_address& at, std::uint16_t port) {
  if (!at.socket.empty())
    return "unix:" + at.socket.string();
  return (at.host == "::1" ? "[::1]:" : "127.0.0.1:") + std::to_string(port);
}

// What a killed mount has left behind goes; what somebody listens on does not, and neither does any other file.
result<void> make_room(const std::filesystem::path& path, const protocol::endpoint& endpoint) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0)
    return success();
  if (!S_ISSOCK(found.st_mode))
    return fail(EEXIST, "--metrics-listen: " + path.string() + " exists and is not a socket: name another path");
  asio::io_context io;
  protocol::socket probe{io};
  error_code refused;
  probe.open(endpoint.protocol(), refused);
  if (!refused)
    probe.non_blocking(true, refused); // a full queue is somebody who listens, and nothing to wait for
  if (!refused)
    probe.connect(endpoint, refused);
  if (refused != asio::error::connection_refused)
    return fail(EADDRINUSE, "--metrics-listen: somebody listens on " + path.string() + " already");
  ::unlink(path.c_str());
  return success();
}

} // namespace

struct metrics_server::state {
  ~state() {
    io.stop();
    if (thread.joinable())
      thread.join();
    struct stat now {};
    // Somebody else's, if another mount was told the same path after ours was removed by hand.
    if (made && ::lstat(path.c_str(), &now) == 0 && now.st_ino == made->st_ino && now.st_dev == made->st_dev)
      ::unlink(path.c_str());
  }

  result<void> listen(const listen_address& at) {
    path = at.socket;
    const protocol::endpoint endpoint = endpoint_of(at);
    error_code failed;
    acceptor.open(endpoint.protocol(), failed);
    if (!failed && !path.empty()) {
      GITFS_TRYV(make_room(path, endpoint));
      ::fchmod(acceptor.native_handle(), 0600); // before it has a name: the name is made with it
    } else if (!failed) {
      acceptor.set_option(asio::socket_base::reuse_address{true}, failed);
    }
    if (!failed)
      acceptor.bind(endpoint, failed);
    struct stat socket {};
    if (!failed && !path.empty() && ::lstat(path.c_str(), &socket) == 0)
      made = socket;
    if (!failed)
      acceptor.listen(most_connections, failed);
    if (failed)
      return fail(failed.value(), "--metrics-listen: cannot listen on " + shown(at, at.port) + ": " + failed.message());
    address = shown(at, path.empty() ? port() : at.port);
    thread = edge_thread("metrics", [this] { run(); });
    return success();
  }

  std::uint16_t port() const {
    const protocol::endpoint bound = acceptor.local_endpoint();
    asio::ip::tcp::endpoint out;
    out.resize(bound.size());
    std::memcpy(out.data(), bound.data(), bound.size());
    return out.port();
  }

  void run() {
    while (!io.stopped())
      try {
        if (!accepting)
          accept();
        io.run();
      } catch (const std::exception&) { // memory is short: that costs those who ask, not the mount
        close_oldest(sessions.size());
        std::this_thread::sleep_for(pause);
      }
  }

  void accept() {
    acceptor.async_accept([this](const error_code& failed, protocol::socket socket) {
      accepting = false;
      if (!failed)
        welcome(std::move(socket));
      // Without a free descriptor the connection stays in the queue: not to spin on it, something has to go, or we
      // wait.
      else if (failed != asio::error::connection_aborted)
        return accept_later();
      accept();
    });
    accepting = true;
  }

  void accept_later() {
    drop_ended();
    close_oldest(1);
    retry.expires_after(pause);
    retry.async_wait([this](const error_code&) {
      accepting = false;
      accept();
    });
    accepting = true;
  }

  void welcome(protocol::socket socket) {
    drop_ended();
    if (sessions.size() >= most_connections)
      close_oldest(1);
    const auto fresh = std::make_shared<session>(std::move(socket), made_pages);
    sessions.push_back(fresh);
    fresh->start();
  }

  void drop_ended() {
    std::erase_if(sessions, [](const std::weak_ptr<session>& each) { return each.expired(); });
  }

  void close_oldest(std::size_t many) {
    const auto end = sessions.begin() + static_cast<std::ptrdiff_t>(std::min(many, sessions.size()));
    for (auto at = sessions.begin(); at != end; ++at)
      if (const auto one = at->lock())
        one->close();
    sessions.erase(sessions.begin(), end);
  }

  static constexpr std::chrono::milliseconds pause{100};

  pages made_pages;
  std::filesystem::path path;
  std::optional<struct stat> made;
  std::string address;
  asio::io_context io{1};
  asio::basic_socket_acceptor<protocol> acceptor{io};
  asio::steady_timer retry{io};
  bool accepting = false;                       // or waiting to
  std::vector<std::weak_ptr<session>> sessions; // the oldest first
  std::thread thread;
};

result<std::unique_ptr<metrics_server>> metrics_server::start(const listen_address& at, pages made) {
  auto out = std::make_unique<state>();
  out->made_pages = std::move(made);
  GITFS_TRYV(out->listen(at));
  return std::unique_ptr<metrics_server>{new metrics_server{std::move(out)}};
}

metrics_server::metrics_server(std::unique_ptr<state> impl) : impl_(std::move(impl)) {}

metrics_server::~metrics_server() = default;

const std::string& metrics_server::address() const {
  return impl_->address;
}

} // namespace gitfs
