#include "backend/http/http_exchange.hpp"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace gitfs {

/// Filled on the client's thread, emptied by the reader.
struct http_exchange::mailbox : http_handler {
  flow on_body(const http_head& answer, std::string_view bytes) override {
    {
      const std::lock_guard lock{mutex};
      if (!head)
        head = answer;
      if (!body.empty() && body.size() + bytes.size() > queue_limit) {
        paused = true;
        return flow::pause;
      }
      body += bytes;
    }
    changed.notify_one();
    return flow::more;
  }

  void on_end(http_end how) override {
    {
      const std::lock_guard lock{mutex};
      if (!head)
        head = how.head;
      ended = std::move(how);
    }
    changed.notify_one();
  }

  std::mutex mutex;
  std::condition_variable changed;
  std::optional<http_head> head;
  std::string body;
  bool paused = false;
  std::optional<http_end> ended;
};

http_exchange::http_exchange(http_client& client, http_request request, std::stop_token stop, byte_count arrived)
  : mailbox_(std::make_shared<mailbox>()),
    transfer_(client.start(std::move(request), mailbox_)),
    arrived_(std::move(arrived)) {
  // the end then comes through the mailbox, as any other
  on_stop_.emplace(std::move(stop), [this] { transfer_->cancel(); });
}

http_head http_exchange::head() {
  std::unique_lock lock{mailbox_->mutex};
  mailbox_->changed.wait(lock, [this] { return mailbox_->head.has_value(); });
  return *mailbox_->head;
}

bool http_exchange::read(std::string& bytes) {
  bytes.clear();
  std::unique_lock lock{mailbox_->mutex};
  mailbox_->changed.wait(lock, [this] { return !mailbox_->body.empty() || mailbox_->ended; });
  if (mailbox_->body.empty())
    return false;
  bytes.swap(mailbox_->body);
  const bool resume = std::exchange(mailbox_->paused, false);
  lock.unlock();
  if (resume)
    transfer_->resume();
  received_ += bytes.size();
  if (arrived_)
    arrived_->fetch_add(bytes.size(), std::memory_order_relaxed);
  return true;
}

std::string http_exchange::read_all(std::size_t limit) {
  std::string out, piece;
  while (out.size() < limit && read(piece))
    out += piece;
  if (out.size() > limit)
    out.resize(limit);
  return out;
}

const http_end& http_exchange::end() const {
  return *mailbox_->ended; // on_end has been seen by `read` under the mutex, and comes once
}

} // namespace gitfs
