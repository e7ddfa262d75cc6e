#include "backend/http/http_client.hpp"

#include "backend/http/http_easy.hpp"
#include "backend/http/upstream_host.hpp"
#include "backend/os/edge_thread.hpp"

#include <algorithm>
#include <cerrno>
#include <map>
#include <mutex>
#include <stdexcept>
#include <thread>
#include <utility>

namespace gitfs {

namespace {

using clock_type = http_easy::clock;
using request_id = std::uint64_t;

void initialise_curl_once() {
  static const CURLcode done = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (done != CURLE_OK)
    throw std::runtime_error("libcurl cannot be initialised");
}

} // namespace

/// The state of the client: commands, which other threads add under a mutex, and everything that the client's thread
/// alone uses.
class http_client::core {
public:
  explicit core(http_client_options options) : options_(std::move(options)) {
    initialise_curl_once();
    multi_ = curl_multi_init();
    if (multi_ == nullptr)
      throw std::bad_alloc{};
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, long{options_.connections_per_host});
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, long{options_.connections});
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS,
                      long{options_.connections}); // by default libcurl keeps 4 for each request
  }

  ~core() { curl_multi_cleanup(multi_); }

  void stop() {
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    curl_multi_wakeup(multi_);
    if (thread_.joinable())
      thread_.join();
  }

  request_id start(http_request request, std::shared_ptr<http_handler> handler) {
    std::unique_lock lock{mutex_};
    if (ended_ || (stopping_ && !thread_.joinable())) {
      lock.unlock();
      handler->on_end(cancelled());
      return 0;
    }
    if (!thread_.joinable())
      thread_ = edge_thread("http", [this] { loop(); });
    const request_id id = ++last_id_;
    commands_.push_back({id, command::what::start, std::move(request), std::move(handler)});
    lock.unlock();
    curl_multi_wakeup(multi_);
    return id;
  }

  void cancel(request_id id) { post({id, command::what::cancel, {}, {}}); }
  void resume(request_id id) { post({id, command::what::resume, {}, {}}); }

private:
  struct command {
    enum class what { start, cancel, resume };
    request_id id;
    what kind;
    http_request request;
    std::shared_ptr<http_handler> handler;
  };

  void post(command c) {
    {
      const std::lock_guard lock{mutex_};
      if (stopping_)
        return;
      commands_.push_back(std::move(c));
    }
    curl_multi_wakeup(multi_);
  }

  void loop() {
    while (obey_commands()) {
      int running = 0;
      curl_multi_perform(multi_, &running);
      collect_finished();
      const int wait = end_overdue();
      curl_multi_poll(multi_, nullptr, 0, wait, nullptr);
    }
    while (!requests_.empty())
      end_cancelled(requests_.begin());
    while (obey_last_commands()) {
    }
  }

  /// Obeys the commands that callbacks of ended requests have added. False: there were none.
  bool obey_last_commands() {
    std::vector<command> commands;
    {
      const std::lock_guard lock{mutex_};
      commands.swap(commands_);
      ended_ = commands.empty();
    }
    for (command& c : commands)
      if (c.kind == command::what::start)
        c.handler->on_end(cancelled());
    return !commands.empty();
  }

  /// False: the client is being destroyed.
  bool obey_commands() {
    std::vector<command> commands;
    bool stopping = false;
    {
      const std::lock_guard lock{mutex_};
      commands.swap(commands_);
      stopping = stopping_;
    }
    for (command& c : commands)
      obey(c);
    return !stopping;
  }

  void obey(command& c) {
    if (c.kind == command::what::start) {
      auto easy = std::make_unique<http_easy>(std::move(c.request), std::move(c.handler), options_);
      curl_multi_add_handle(multi_, easy->handle());
      ids_[easy.get()] = c.id;
      requests_[c.id] = std::move(easy);
      return;
    }
    const auto found = requests_.find(c.id);
    if (found == requests_.end())
      return; // the request has ended meanwhile
    if (c.kind == command::what::cancel)
      end_cancelled(found);
    else
      found->second->resume(clock_type::now());
  }

  using request_map = std::map<request_id, std::unique_ptr<http_easy>>;

  /// Takes the request out of libcurl, which closes the connection if an HTTP/1.1 request is unfinished.
  std::unique_ptr<http_easy> take(request_map::iterator at) {
    std::unique_ptr<http_easy> out = std::move(at->second);
    curl_multi_remove_handle(multi_, out->handle());
    ids_.erase(out.get());
    requests_.erase(at);
    return out;
  }

  static constexpr const char* was_cancelled = "the request was cancelled";
  static http_end cancelled() { return {{}, ECANCELED, was_cancelled}; }
  void end_cancelled(request_map::iterator at) { take(at)->end(cancelled()); }

  void collect_finished() {
    int left = 0;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
      if (message->msg != CURLMSG_DONE)
        continue;
      const CURLcode code = message->data.result; // the message dies with the handle's removal
      take(requests_.find(ids_.at(&http_easy::of(message->easy_handle))))->end(code);
    }
  }

  /// Ends the requests whose time is over. Returns the milliseconds until the next check is due.
  int end_overdue() {
    constexpr auto longest = std::chrono::milliseconds{60'000};
    // libcurl 7.88 keeps frames of HTTP/2 that it has read together with those of another request, and waits for more
    // from the socket: an answer that is there would be seen when the next check is due, up to a minute later.
    constexpr auto longest_with_http2 = std::chrono::milliseconds{50};
    const auto now = clock_type::now();
    auto next = now + longest;
    for (auto at = requests_.begin(); at != requests_.end();) {
      const auto current = at++;
      if (auto overdue = current->second->overdue(now))
        take(current)->end(std::move(*overdue));
      else
        next = std::min({next, current->second->next_check(),
                         now + (current->second->may_be_http2() ? longest_with_http2 : longest)});
    }
    const auto wait = std::chrono::ceil<std::chrono::milliseconds>(next - now);
    return static_cast<int>(std::max(wait, std::chrono::milliseconds{0}).count());
  }

  const http_client_options options_;
  CURLM* multi_ = nullptr;

  std::mutex mutex_;
  std::vector<command> commands_;
  request_id last_id_ = 0;
  bool stopping_ = false;
  bool ended_ = false; ///< nobody obeys commands any more

  request_map requests_;
  std::map<const http_easy*, request_id> ids_;

  std::thread thread_;
};

namespace {

class running_transfer : public http_transfer {
public:
  running_transfer(std::shared_ptr<http_client::core> core, request_id id) : core_(std::move(core)), id_(id) {}
  ~running_transfer() override { core_->cancel(id_); }
  running_transfer(const running_transfer&) = delete;
  running_transfer& operator=(const running_transfer&) = delete;

  void resume() override { core_->resume(id_); }
  void cancel() override { core_->cancel(id_); }

private:
  std::shared_ptr<http_client::core> core_;
  request_id id_;
};

} // namespace

http_client::http_client(http_client_options options)
  : core_(std::make_shared<core>(std::move(options))),
    hosts_(std::make_unique<host_table>()) {}

http_client::~http_client() {
  core_->stop();
}

std::unique_ptr<http_transfer> http_client::start(http_request request, std::shared_ptr<http_handler> handler) {
  const request_id id = core_->start(std::move(request), std::move(handler));
  return std::make_unique<running_transfer>(core_, id);
}

} // namespace gitfs
