#include "fuse_bridge/control_server.hpp"

#include "config/log.hpp"
#include "config/version.hpp"
#include "fuse_bridge/control_folder.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <pthread.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;

// The time after which a silent client is disconnected. The number of clients is limited, and only few may be others
// than the owner and root, so that nobody can keep these two out.
constexpr std::chrono::seconds patience{10}, last_patience{1};
constexpr std::ptrdiff_t most_of_owner = 200, most_of_others = 20;
// The most memory that one answer may take.
constexpr std::size_t room_of_answer = 4 * 1024 * 1024;

// The user at the other end, as the kernel tells it. None: it is unknown.
uid_t user_of(stream_protocol::socket& socket) {
  ucred who{};
  socklen_t size = sizeof who;
  return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 ? who.uid
                                                                                         : static_cast<uid_t>(-1);
}

} // namespace

class control_server::listener {
public:
  listener(const bridge& of, std::filesystem::path path) : of_(of), path_(std::move(path)) {}

  result<void> listen() {
    ::unlink(path_.c_str()); // left by a mount that died, because no two living mounts have one device number
    error_code failed;
    acceptor_.open(stream_protocol{}, failed);
    if (!failed)
      acceptor_.bind(stream_protocol::endpoint{path_.string()}, failed);
    if (!failed && ::chmod(path_.c_str(), 0666) != 0) // whatever the umask
      failed = {errno, boost::system::system_category()};
    if (!failed)
      acceptor_.listen(asio::socket_base::max_listen_connections, failed);
    struct stat st {};
    if (!failed && ::stat(path_.c_str(), &st) == 0)
      inode_ = st.st_ino;
    if (failed)
      return fail(failed.value(), "cannot listen at " + path_.string() + ": " + failed.message());
    accept();
    thread_ = std::thread{[this] {
      pthread_setname_np(pthread_self(), "control");
      io_.run();
    }};
    return success();
  }

  ~listener() {
    end();
    if (thread_.joinable())
      thread_.join();
    struct stat st {};
    if (::stat(path_.c_str(), &st) == 0 && st.st_ino == inode_) // a later mount may have the device number by now
      ::unlink(path_.c_str());
  }

  void end_questions() {
    if (!thread_.joinable() || ended_.exchange(true))
      return;
    asio::post(io_, [this] {
      handed_on_.store(true);
      handed_on_.notify_all();
    });
    handed_on_.wait(false);
  }

  const std::filesystem::path& path() const { return path_; }

private:
  class session;
  class channel;

  // Everybody who could answer has done so, and these answers are in the queue before this.
  void end() {
    end_questions();
    asio::post(io_, [this] {
      error_code ignored;
      acceptor_.close(ignored);
      retry_.cancel(ignored);
      for (const std::weak_ptr<session>& each : sessions_)
        if (const auto one = each.lock())
          close_soon(*one);
    });
  }

  static void close_soon(session& one);

  void accept() {
    acceptor_.async_accept([this](const error_code& failed, stream_protocol::socket socket) {
      if (!acceptor_.is_open())
        return;
      if (failed) // for want of descriptors, say: it may be over in a moment
        return accept_later();
      welcome(std::move(socket));
      accept();
    });
  }

  void accept_later() {
    retry_.expires_after(std::chrono::milliseconds{100});
    retry_.async_wait([this](const error_code& failed) {
      if (!failed)
        accept();
    });
  }

  void welcome(stream_protocol::socket socket);

  const bridge& of_;
  const std::filesystem::path path_;
  ino_t inode_ = 0;
  asio::io_context io_{1};
  stream_protocol::acceptor acceptor_{io_};
  asio::steady_timer retry_{io_};
  std::vector<std::weak_ptr<session>> sessions_; // used by the server's thread alone
  std::atomic<bool> ended_{false}, handed_on_{false};
  std::thread thread_;
};

// One client: it asks a question, gets the answer, asks the next question.
class control_server::listener::session : public std::enable_shared_from_this<session> {
public:
  session(listener& in, stream_protocol::socket socket)
    : in_(in),
      socket_(std::move(socket)),
      timer_(in.io_),
      user_(user_of(socket_)) {}

  bool is_owner() const { return user_ == 0 || user_ == in_.of_.common.uid; }

  void read_question() {
    limit();
    asio::async_read(socket_, asio::buffer(head_), [self = shared_from_this()](const error_code& failed, std::size_t) {
      if (!failed)
        self->read_rest();
    });
  }

  void write(control::answer what) {
    if (!asking_)
      return; // the client has given up
    asking_ = false;
    interrupted_ = nullptr;
    what.protocol = control::protocol_version;
    what.program = version;
    out_ = frame_of(what);
    error_code ignored;
    socket_.cancel(ignored); // ends the wait for the client's end
    limit();
    asio::async_write(socket_, asio::buffer(out_), [self = shared_from_this()](const error_code& failed, std::size_t) {
      if (failed)
        return;
      self->out_.clear();
      self->last_ ? self->close() : self->read_question();
    });
  }

  void on_interrupt(std::function<void()> interrupted) {
    if (asking_)
      interrupted_ = std::move(interrupted);
    else
      interrupted(); // the client has given up already
  }

  // Closes the connection once everything was written. The client can delay that for a moment only.
  void close_soon() {
    last_ = true;
    if (out_.empty())
      close();
    else
      limit(last_patience);
  }

private:
  void read_rest() {
    const auto lengths = control::lengths_of(head_.data());
    // Memory for a text is only for who may ask what has one.
    if (!lengths || lengths->text > (is_owner() ? control::longest_question_text : 0))
      return close(); // there is no frame that could be answered
    object_size_ = lengths->object;
    in_text_.resize(std::size_t{lengths->object} + lengths->text);
    asio::async_read(socket_, asio::buffer(in_text_),
                     [self = shared_from_this()](const error_code& failed, std::size_t) {
                       if (!failed)
                         self->handle();
                     });
  }

  void handle();

  // The client sends nothing before it has the answer, so if something can be read it is the end of the connection.
  void watch_for_end() {
    socket_.async_wait(stream_protocol::socket::wait_read, [self = shared_from_this()](const error_code& failed) {
      if (failed || !self->asking_)
        return;
      self->asking_ = false;
      self->close();
      if (const auto interrupted = std::exchange(self->interrupted_, nullptr))
        interrupted();
    });
  }

  void limit(std::chrono::seconds most = patience) {
    timer_.expires_after(most);
    timer_.async_wait([self = weak_from_this()](const error_code& failed) {
      if (const auto one = self.lock(); one && !failed)
        one->close();
    });
  }

  void close() {
    error_code ignored;
    timer_.cancel(ignored);
    socket_.close(ignored);
  }

  listener& in_;
  stream_protocol::socket socket_;
  asio::steady_timer timer_;
  const uid_t user_;
  std::array<char, control::lengths_size> head_{};
  std::size_t object_size_ = 0; // the rest of in_text_ is the text
  std::string in_text_, out_;
  bool asking_ = false; // a question is not answered yet
  bool last_ = false;
  std::function<void()> interrupted_;
};

// Brings an answer from any thread to the thread of the sockets.
class control_server::listener::channel final : public control_channel {
public:
  explicit channel(std::shared_ptr<session> to, asio::io_context& io) : to_(std::move(to)), io_(io) {}
  ~channel() override {
    if (to_)
      asio::post(io_, [to = std::move(to_)] { to->close_soon(); });
  }

  void send(control::answer what) override {
    asio::post(io_, [to = std::move(to_), what = std::move(what)]() mutable { to->write(std::move(what)); });
  }
  void on_interrupt(std::function<void()> interrupted) override {
    asio::post(io_, [to = to_, call = std::move(interrupted)]() mutable { to->on_interrupt(std::move(call)); });
  }
  std::size_t room() const override { return room_of_answer; }

private:
  std::shared_ptr<session> to_;
  asio::io_context& io_;
};

void control_server::listener::session::handle() {
  timer_.cancel();
  auto what = control::question_of(std::string_view{in_text_}.substr(0, object_size_), in_text_.substr(object_size_));
  if (!what)
    return close();
  asking_ = true;
  watch_for_end();
  auto back = std::make_unique<channel>(shared_from_this(), in_.io_);
  if (!in_.ended_)
    return handle_question(in_.of_, what.value(), user_, false, std::move(back));
  control::answer ending;
  ending.code = ESHUTDOWN;
  ending.error = "the mount at " + in_.of_.mountpoint.string() + " is ending";
  back->send(std::move(ending));
}

void control_server::listener::close_soon(session& one) {
  one.close_soon();
}

void control_server::listener::welcome(stream_protocol::socket socket) {
  std::erase_if(sessions_, [](const std::weak_ptr<session>& each) { return each.expired(); });
  const auto one = std::make_shared<session>(*this, std::move(socket));
  const auto is_like_it = [&](const std::weak_ptr<session>& each) {
    const auto other = each.lock();
    return other && other->is_owner() == one->is_owner();
  };
  if (std::ranges::count_if(sessions_, is_like_it) >= (one->is_owner() ? most_of_owner : most_of_others))
    return; // closes it
  sessions_.push_back(one);
  one->read_question();
}

result<std::unique_ptr<control_server>> control_server::start(const bridge& of, dev_t device) {
  GITFS_TRY(folder, control::socket_folder());
  auto one = std::make_unique<listener>(of, folder / control::socket_name(device));
  GITFS_TRYV(one->listen());
  return std::unique_ptr<control_server>{new control_server{std::move(one)}};
}

control_server::control_server(std::unique_ptr<listener> of) : listener_(std::move(of)) {}

control_server::~control_server() = default;

void control_server::end_questions() {
  listener_->end_questions();
}

const std::filesystem::path& control_server::socket() const {
  return listener_->path();
}

} // namespace gitfs
