#include "backend/telemetry/metrics_server.hpp"

#include "backend/os/edge_thread.hpp"
#include "backend/telemetry/prometheus_text.hpp"
#include "config/unique_fd.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <list>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <string_view>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

using clock_type = std::chrono::steady_clock;

constexpr std::size_t most_connections = 64;
constexpr std::size_t longest_request = 8192;
constexpr std::chrono::seconds patience{5};

struct client {
  unique_fd socket;
  clock_type::time_point until;
  std::string in, out;
  bool read_on = false; ///< the answer is out: what still comes is read away, else the reset would overtake it
};

std::string answer(std::string_view status, std::string_view body, bool with_body,
                   std::string_view type = "text/plain; charset=utf-8") {
  std::string out = "HTTP/1.1 ";
  out.append(status).append("\r\nContent-Type: ").append(type).append("\r\nContent-Length: ");
  out.append(std::to_string(body.size())).append("\r\nConnection: close\r\n\r\n");
  return with_body ? out.append(body) : out;
}

std::string answer_to(std::string_view line, const std::function<std::string()>& text) {
  const std::size_t first = line.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || !line.substr(second + 1).starts_with("HTTP/1."))
    return answer("400 Bad Request", "this is not an HTTP/1 request\n", true);
  const std::string_view method = line.substr(0, first);
  std::string_view path = line.substr(first + 1, second - first - 1);
  path = path.substr(0, path.find('?'));
  if (method != "GET" && method != "HEAD")
    return answer("405 Method Not Allowed", "only GET and HEAD\n", true);
  if (path != "/metrics" && path != "/")
    return answer("404 Not Found", "there is only /metrics\n", method == "GET");
  return answer("200 OK", text(), method == "GET", prometheus_type);
}

union any_address {
  sockaddr base;
  sockaddr_un un;
  sockaddr_in in;
  sockaddr_in6 in6;
};

socklen_t fill(any_address& out, const listen_address& at) {
  std::memset(&out, 0, sizeof out);
  if (!at.socket.empty()) {
    out.un.sun_family = AF_UNIX;
    at.socket.native().copy(out.un.sun_path, sizeof out.un.sun_path - 1);
    return sizeof out.un;
  }
  if (at.host == "::1") {
    out.in6.sin6_family = AF_INET6;
    out.in6.sin6_addr = in6addr_loopback;
    out.in6.sin6_port = htons(at.port);
    return sizeof out.in6;
  }
  out.in.sin_family = AF_INET;
  out.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  out.in.sin_port = htons(at.port);
  return sizeof out.in;
}

std::string shown(const listen_address& at, std::uint16_t port) {
  if (!at.socket.empty())
    return "unix:" + at.socket.string();
  return (at.host == "::1" ? "[::1]:" : "127.0.0.1:") + std::to_string(port);
}

// What a killed mount has left behind goes; what somebody listens on does not, and neither does any other file.
result<void> make_room(const listen_address& at, const any_address& address, socklen_t length) {
  struct stat found {};
  if (::lstat(at.socket.c_str(), &found) != 0)
    return success();
  if (!S_ISSOCK(found.st_mode))
    return fail(EEXIST, "--metrics-listen: " + at.socket.string() + " exists and is not a socket: name another path");
  const unique_fd probe{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  if (::connect(probe.get(), &address.base, length) == 0 || errno != ECONNREFUSED)
    return fail(EADDRINUSE, "--metrics-listen: somebody listens on " + at.socket.string() + " already");
  ::unlink(at.socket.c_str());
  return success();
}

} // namespace

struct metrics_server::state {
  ~state() {
    struct stat now {};
    // Somebody else's, if another mount was told the same path after ours was removed by hand.
    if (made && ::lstat(path.c_str(), &now) == 0 && now.st_ino == made->st_ino && now.st_dev == made->st_dev)
      ::unlink(path.c_str());
  }

  void run() {
    std::vector<pollfd> polled;
    for (;;) {
      polled.assign({{stop.get(), POLLIN, 0}, {listener.get(), POLLIN, 0}});
      for (const client& each : clients)
        polled.push_back({each.socket.get(), static_cast<short>(each.out.empty() ? POLLIN : POLLOUT), 0});
      if (::poll(polled.data(), polled.size(), clients.empty() ? -1 : 1000) < 0 && errno != EINTR)
        return;
      if (polled[0].revents != 0)
        return;
      const auto now = clock_type::now();
      try {
        std::size_t i = 2;
        for (auto at = clients.begin(); at != clients.end(); ++i) {
          const bool goes_on = now < at->until && (polled[i].revents == 0 || serve(*at));
          at = goes_on ? std::next(at) : clients.erase(at);
        }
        if (polled[1].revents != 0)
          accept(now);
      } catch (const std::exception&) { // memory is short: that costs those who ask, not the mount
        clients.clear();
      }
    }
  }

  void accept(clock_type::time_point now) {
    unique_fd socket{::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)};
    if (!socket) {
      if (errno != EMFILE && errno != ENFILE && errno != ENOBUFS && errno != ENOMEM)
        return; // it has gone by itself
      // Without a free descriptor the connection stays in the queue: not to spin on it, something has to go, or we
      // wait.
      if (!clients.empty())
        clients.pop_front();
      pollfd end{stop.get(), POLLIN, 0};
      ::poll(&end, 1, 100);
      return;
    }
    if (clients.size() >= most_connections)
      clients.pop_front();
    clients.push_back({std::move(socket), now + patience, {}, {}, false});
  }

  // False: it is over.
  bool serve(client& c) {
    if (!c.out.empty())
      return write(c);
    char bytes[4096];
    const ssize_t got = ::recv(c.socket.get(), bytes, sizeof bytes, 0);
    if (got < 0)
      return errno == EAGAIN || errno == EINTR;
    if (got == 0)
      return false;
    if (c.read_on)
      return true;
    c.in.append(bytes, static_cast<std::size_t>(got));
    if (c.in.find("\r\n\r\n") != std::string::npos)
      c.out = answer_to(std::string_view{c.in}.substr(0, c.in.find("\r\n")), text);
    else if (c.in.size() > longest_request)
      c.out = answer("431 Request Header Fields Too Large", "the request is too long\n", true);
    return c.out.empty() || write(c);
  }

  static bool write(client& c) {
    const ssize_t sent = ::send(c.socket.get(), c.out.data(), c.out.size(), MSG_NOSIGNAL);
    if (sent < 0)
      return errno == EAGAIN || errno == EINTR;
    c.out.erase(0, static_cast<std::size_t>(sent));
    if (c.out.empty()) {
      ::shutdown(c.socket.get(), SHUT_WR);
      c.read_on = true;
    }
    return true;
  }

  std::function<std::string()> text;
  std::filesystem::path path;
  std::optional<struct stat> made;
  std::string address;
  unique_fd listener, stop;
  std::list<client> clients;
  std::thread thread;
};

result<std::unique_ptr<metrics_server>> metrics_server::start(const listen_address& at,
                                                              std::function<std::string()> text) {
  any_address address;
  socklen_t length = fill(address, at);
  auto made = std::make_unique<state>();
  made->text = std::move(text);
  made->path = at.socket;
  made->listener = unique_fd{::socket(address.base.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  made->stop = unique_fd{::eventfd(0, EFD_CLOEXEC)};
  const std::string where = shown(at, at.port);
  const auto refused = [&] {
    return fail(errno, "--metrics-listen: cannot listen on " + where + ": " + std::strerror(errno));
  };
  if (!made->listener || !made->stop)
    return refused();
  if (!at.socket.empty()) {
    GITFS_TRYV(make_room(at, address, length));
    ::fchmod(made->listener.get(), 0600); // before it has a name: the name is made with it
  } else {
    const int on = 1;
    ::setsockopt(made->listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  }
  if (::bind(made->listener.get(), &address.base, length) != 0)
    return refused();
  if (!at.socket.empty()) {
    struct stat socket {};
    if (::lstat(at.socket.c_str(), &socket) == 0)
      made->made = socket;
  }
  if (::listen(made->listener.get(), 64) != 0)
    return refused();
  std::uint16_t port = at.port;
  if (at.socket.empty() && ::getsockname(made->listener.get(), &address.base, &length) == 0)
    port = ntohs(address.base.sa_family == AF_INET6 ? address.in6.sin6_port : address.in.sin_port);
  made->address = shown(at, port);
  made->thread = edge_thread("metrics", [s = made.get()] { s->run(); });
  return std::unique_ptr<metrics_server>{new metrics_server{std::move(made)}};
}

metrics_server::metrics_server(std::unique_ptr<state> impl) : impl_(std::move(impl)) {}

metrics_server::~metrics_server() {
  const std::uint64_t one = 1;
  while (::write(impl_->stop.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  impl_->thread.join();
}

const std::string& metrics_server::address() const {
  return impl_->address;
}

} // namespace gitfs
