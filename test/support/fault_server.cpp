#include "test/support/fault_server.hpp"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>
#include <utility>

#include "test/support/temp_dir.hpp"

namespace gitfs::test {

namespace {

[[noreturn]] void fail_with_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream in{path, std::ios::binary};
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (std::string& each : strings)
    out.push_back(each.data());
  out.push_back(nullptr);
  return out;
}

/// Runs the CGI program and gives what it prints.
std::string run_http_backend(const recorded_request& request, const std::filesystem::path& root) {
  const temp_dir scratch;
  const std::string in = scratch / "in", out = scratch / "out";
  std::ofstream{in, std::ios::binary} << request.body;
  const std::size_t question = request.target.find('?');
  const auto header = [&](const char* name) {
    const auto found = request.headers.find(name);
    return found == request.headers.end() ? std::string{} : found->second;
  };
  std::vector<std::string> environment = {
      "PATH=" + std::string{std::getenv("PATH")},
      "HOME=/nonexistent",
      "GIT_CONFIG_GLOBAL=/dev/null",
      "GIT_CONFIG_SYSTEM=/dev/null",
      "GIT_PROJECT_ROOT=" + root.string(),
      "GIT_HTTP_EXPORT_ALL=1",
      "REQUEST_METHOD=" + request.method,
      "PATH_INFO=" + request.target.substr(0, question),
      "QUERY_STRING=" + (question == std::string::npos ? "" : request.target.substr(question + 1)),
      "CONTENT_TYPE=" + header("content-type"),
      "CONTENT_LENGTH=" + std::to_string(request.body.size()),
      "GIT_PROTOCOL=" + header("git-protocol"),
  };
  std::vector<std::string> argv = {"git", "-c", "safe.directory=*", "http-backend"};
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, in.c_str(), O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t child = -1;
  const int failure =
      ::posix_spawnp(&child, "git", &files, nullptr, pointers(argv).data(), pointers(environment).data());
  posix_spawn_file_actions_destroy(&files);
  if (failure != 0)
    throw std::system_error(failure, std::generic_category(), "git http-backend");
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR)
    ;
  return slurp(out);
}

} // namespace

bool fault_exchange::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR)
      continue;
    if (sent <= 0)
      return closing_ = true, false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

void fault_exchange::reply(int status, const std::vector<std::string>& headers, std::string_view body) {
  std::string head = "HTTP/1.1 " + std::to_string(status) + " Scripted\r\n";
  for (const std::string& line : headers)
    head += line + "\r\n";
  send(head + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n");
  send(body);
}

fault_exchange::real_answer fault_exchange::ask_git() {
  const std::string printed = run_http_backend(request, root_);
  const std::size_t end = printed.find("\r\n\r\n");
  if (end == std::string::npos)
    throw std::runtime_error("git http-backend printed no CGI header: " + printed);
  real_answer out;
  std::istringstream lines{printed.substr(0, end)};
  for (std::string line; std::getline(lines, line);) {
    if (!line.empty() && line.back() == '\r')
      line.pop_back();
    if (line.starts_with("Status: "))
      out.status = std::stoi(line.substr(8));
    else
      out.headers.push_back(line);
  }
  out.body = printed.substr(end + 4);
  return out;
}

void fault_exchange::pass() {
  const real_answer answer = ask_git();
  reply(answer.status, answer.headers, answer.body);
}

bool fault_exchange::wait_for_close(std::chrono::milliseconds limit) {
  closing_ = true;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    if (left <= 0)
      return false;
    pollfd fd{socket_, POLLIN, 0};
    char byte = 0;
    if (::poll(&fd, 1, static_cast<int>(left)) > 0 && ::recv(socket_, &byte, 1, 0) <= 0)
      return true;
  }
}

fault_server::fault_server(std::filesystem::path root) : root_(std::move(root)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), length) != 0
      || ::listen(listener_, 64) != 0 || ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &length) != 0)
    fail_with_errno("cannot listen on 127.0.0.1");
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread{[this] { accept_all(); }};
}

fault_server::~fault_server() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    for (const int socket : sockets_)
      ::shutdown(socket, SHUT_RDWR);
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_)
    thread.join();
  ::close(listener_);
}

std::string fault_server::host() const {
  return "127.0.0.1:" + std::to_string(port_);
}

void fault_server::push(std::deque<fault>& queue, fault what) {
  const std::lock_guard lock{mutex_};
  queue.push_back(std::move(what));
}

void fault_server::otherwise(fault what) {
  const std::lock_guard lock{mutex_};
  otherwise_ = std::move(what);
}

std::vector<recorded_request> fault_server::requests() const {
  const std::lock_guard lock{mutex_};
  return requests_;
}

std::size_t fault_server::count(const std::string& command) const {
  std::size_t out = 0;
  for (const recorded_request& each : requests())
    out += each.method == "POST" && each.body.find("command=" + command + "\n") != std::string::npos ? 1 : 0;
  return out;
}

void fault_server::accept_all() {
  for (;;) {
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0 && (errno == EINTR || errno == ECONNABORTED))
      continue;
    if (socket < 0)
      return;
    ++connections_;
    const std::lock_guard lock{mutex_};
    if (stopping_) {
      ::close(socket);
      return;
    }
    sockets_.push_back(socket);
    threads_.emplace_back([this, socket] { serve(socket); });
  }
}

void fault_server::serve(int socket) {
  std::string buffer;
  while (serve_one(socket, buffer))
    ;
  const std::lock_guard lock{mutex_};
  sockets_.remove(socket);
  ::close(socket);
}

bool fault_server::serve_one(int socket, std::string& buffer) {
  const auto receive = [&] {
    char bytes[65536];
    const ssize_t got = ::recv(socket, bytes, sizeof bytes, 0);
    if (got > 0)
      buffer.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  };
  std::size_t end = 0;
  while ((end = buffer.find("\r\n\r\n")) == std::string::npos)
    if (!receive())
      return false;
  recorded_request request;
  std::istringstream lines{buffer.substr(0, end)};
  std::string line, version;
  lines >> request.method >> request.target >> version;
  std::getline(lines, line);
  while (std::getline(lines, line)) {
    const std::size_t colon = line.find(": ");
    std::string name = line.substr(0, colon);
    for (char& c : name)
      c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    request.headers[name] = line.substr(colon + 2, line.find('\r') - colon - 2);
  }
  buffer.erase(0, end + 4);
  const std::size_t length =
      request.headers.contains("content-length") ? std::stoul(request.headers["content-length"]) : 0;
  while (buffer.size() < length)
    if (!receive())
      return false;
  request.body = buffer.substr(0, length);
  buffer.erase(0, length);
  fault what;
  {
    const std::lock_guard lock{mutex_};
    requests_.push_back(request);
    std::deque<fault>& queue = request.method == "GET" ? get_ : post_;
    if (!queue.empty()) {
      what = std::move(queue.front());
      queue.pop_front();
    } else {
      what = otherwise_;
    }
  }
  fault_exchange exchange{request, socket, root_};
  what ? what(exchange) : exchange.pass();
  return !exchange.closing();
}

} // namespace gitfs::test
