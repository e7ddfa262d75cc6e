#include "backend/telemetry/otlp_outbox.hpp"

#include "backend/os/url.hpp"
#include "backend/telemetry/otlp_json.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <mutex>

namespace gitfs {

namespace {

constexpr std::chrono::minutes longest_retry{5}; // of one body: what it tells is old by then
constexpr std::size_t longest_answer = 64U << 10;

// Those that the specification names; transient_status has more.
bool is_retryable(long status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

} // namespace

/// Filled on the client's thread.
struct otlp_outbox::answer : http_handler {
  explicit answer(std::function<void()> w) : wake(std::move(w)) {}

  flow on_body(const http_head&, std::string_view bytes) override {
    const std::lock_guard lock{mutex};
    body += bytes.substr(0, longest_answer - std::min(longest_answer, body.size()));
    return flow::more;
  }
  void on_end(http_end how) override {
    {
      const std::lock_guard lock{mutex};
      end = std::move(how);
    }
    wake();
  }

  const std::function<void()> wake;
  std::mutex mutex;
  std::string body;
  std::optional<http_end> end;
};

otlp_outbox::otlp_outbox(otlp_target target, http_client& client, std::function<void()> wake, retry_limits retries)
  : target_(std::move(target)),
    retries_(retries),
    client_(client),
    wake_(std::move(wake)) {
  request_.url = target_.url;
  name_ = "the collector";
  if (auto url = parse_url(target_.url)) {
    request_.url = url.value().bare;
    request_.username = url.value().username;
    request_.password = url.value().password;
    name_ = url.value().authority();
  }
  request_.headers = {"Content-Type: application/json"};
  if (target_.gzip)
    request_.headers.emplace_back("Content-Encoding: gzip");
  for (const auto& [name, value] : target_.headers)
    request_.headers.emplace_back(name).append(value.empty() ? ";" : ": ").append(value); // ";": libcurl's for empty
  request_.connect_timeout = request_.stall_timeout = target_.timeout;
  request_.follow = false; // the headers are for this host
  tls_trust trust = tls_trust::of_environment();
  if (!target_.certificate.empty())
    trust.file = target_.certificate;
  trust.client_certificate = target_.client_certificate;
  trust.client_key = target_.client_key;
  request_.trust = std::move(trust);
}

otlp_outbox::~otlp_outbox() = default;

void otlp_outbox::put(otlp_body body) {
  if (full()) {
    counts_.dropped += body.items;
    return;
  }
  bytes_ += body.plain->size();
  bodies_.push_back(std::move(body));
}

void otlp_outbox::step(clock::time_point now) {
  if (transfer_)
    judge(now);
  if (!transfer_ && !bodies_.empty() && now >= due_)
    send(now);
}

void otlp_outbox::send(clock::time_point now) {
  if (!policy_)
    policy_.emplace(retries_, now + longest_retry, random_unit);
  http_request request = request_;
  request.body = target_.gzip ? bodies_.front().gzipped : bodies_.front().plain;
  request.deadline = now + target_.timeout;
  answer_ = std::make_shared<answer>(wake_);
  transfer_ = client_.start(std::move(request), answer_);
  due_ = clock::time_point::max(); // the answer wakes
}

void otlp_outbox::judge(clock::time_point now) {
  std::unique_lock lock{answer_->mutex};
  if (!answer_->end)
    return;
  const http_end end = std::move(*answer_->end);
  const std::string body = std::move(answer_->body);
  lock.unlock();
  transfer_.reset();
  due_ = clock::time_point::min();
  if (end.failure != 0)
    return failed(now, end.message, end.transient, {});
  if (end.head.status < 200 || end.head.status >= 300)
    return failed(now, name_ + " answers with HTTP status " + std::to_string(end.head.status),
                  is_retryable(end.head.status), end.head.retry_after);
  const std::uint64_t refused = std::min<std::uint64_t>(otlp_rejected(body), bodies_.front().items);
  counts_.sent += bodies_.front().items - refused;
  counts_.dropped += refused;
  if (refused != 0)
    complain(name_ + " has refused a part of what was sent");
  else if (!std::exchange(complaint_, {}).empty())
    log::info("telemetry: {} takes it again", name_);
  bytes_ -= bodies_.front().plain->size();
  bodies_.pop_front();
  policy_.reset();
}

void otlp_outbox::failed(clock::time_point now, const std::string& why, bool again, std::chrono::seconds retry_after) {
  ++counts_.failed_requests;
  complain(why);
  const auto wait = again && !hurry_ ? policy_->next(now, retry_after) : std::nullopt;
  if (wait)
    due_ = now + *wait;
  else
    drop_first();
}

// Once for each reason until it works again, not for each batch.
void otlp_outbox::complain(const std::string& why) {
  if (std::exchange(complaint_, why) != why)
    log::warn("telemetry is not delivered: {}", why);
}

void otlp_outbox::drop_first() {
  counts_.dropped += bodies_.front().items;
  bytes_ -= bodies_.front().plain->size();
  bodies_.pop_front();
  policy_.reset();
}

void otlp_outbox::hurry() {
  hurry_ = true;
  if (!transfer_)
    due_ = clock::time_point::min();
}

void otlp_outbox::give_up() {
  transfer_.reset();
  while (!bodies_.empty())
    drop_first();
}

} // namespace gitfs
