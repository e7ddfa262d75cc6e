#include "backend/http/http_attempt.hpp"

#include "backend/http/upstream_host.hpp"
#include "config/log.hpp"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace gitfs {

namespace {

auto failure_of(attempt_failure& failure) {
  return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(failure.what));
}

bool is_of_host(failure_kind of) {
  return of == failure_kind::doubtful || of == failure_kind::unreachable || of == failure_kind::no_name
         || of == failure_kind::busy;
}

/// The error when a host has never answered and is not waited for.
error first_failure(attempt_failure failure, const attempt_plan& plan) {
  error out = std::move(failure.what);
  if (!out.message.starts_with(plan.display))
    out.message = plan.display + ": " + out.message;
  if (failure.of == failure_kind::unreachable)
    out.message += "; mount with --wait if it is only not up yet";
  return out;
}

} // namespace

http_request request_of(operation& op, std::string url, const upstream_limits& limits) {
  http_request out;
  out.url = std::move(url);
  if (!op.traceparent.empty())
    out.headers.push_back("traceparent: " + op.traceparent);
  out.connect_timeout = limits.connect;
  out.stall_timeout = limits.stall;
  out.deadline = op.deadline;
  ++op.requests;
  return out;
}

bool sleep_for(std::chrono::milliseconds wait, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, stop, wait, [] { return false; });
  return !stop.stop_requested();
}

attempt_failure cut_off(const http_exchange& exchange) {
  const http_end& end = exchange.end();
  attempt_failure out{{EIO, "the server's answer was cut off"}, true};
  out.of = failure_kind::connection;
  if (end.failure == 0)
    return out;
  out.what = {end.failure, end.message};
  out.transient = end.transient;
  if (end.head.status == 0 && end.transient)
    switch (end.outage) {
    case http_outage::none:
      break;
    case http_outage::name:
      out.of = failure_kind::no_name;
      break;
    case http_outage::connection:
      out.of = failure_kind::unreachable;
      break;
    case http_outage::broken:
      out.of = failure_kind::doubtful;
      break;
    }
  return out;
}

failure_kind failure_kind_of(const http_head& head) {
  constexpr long too_many = 429;
  if (head.status == too_many || (transient_status(head.status) && head.retry_after.count() > 0))
    return failure_kind::busy;
  return head.status >= 500 && transient_status(head.status) ? failure_kind::doubtful : failure_kind::request;
}

result<void> attempt_until_done(operation& op, const attempt_plan& plan, std::atomic<std::uint64_t>& retried) {
  retry_policy own{plan.retries, op.deadline, random_unit};
  for (;;) {
    GITFS_TRYV(plan.host.wait_for_turn(plan, op.stop, op.deadline));
    const std::uint64_t answers = plan.host.answers();
    attempt_result failure = plan.attempt();
    if (op.stop.stop_requested() && failure)
      return cancelled();
    if (!failure) {
      plan.host.answered();
      return success();
    }
    if (failure->of == failure_kind::doubtful)
      failure->of = plan.host.settle(*failure, answers, plan, op.stop, op.deadline);
    if (op.stop.stop_requested())
      return cancelled();
    if (failure->of == failure_kind::request)
      plan.host.answered();
    if (is_of_host(failure->of) && failure->transient) {
      if (plan.host.failed(*failure, plan)) {
        log::debug("{}; waiting for the host", failure->what.message);
        ++retried;
        continue;
      }
      if (failure->of != failure_kind::doubtful)
        return fail(first_failure(std::move(*failure), plan));
    }
    if (plan.repair) {
      GITFS_TRY(repaired, plan.repair(*failure));
      if (repaired)
        continue;
    }
    const auto wait =
        failure->transient ? own.next(std::chrono::steady_clock::now(), failure->retry_after) : std::nullopt;
    if (!wait)
      return failure_of(*failure);
    log::debug("{}; trying again in {} ms", failure->what.message, wait->count());
    ++retried;
    if (!sleep_for(*wait, op.stop))
      return cancelled();
  }
}

} // namespace gitfs
