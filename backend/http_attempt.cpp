#include "backend/http_attempt.hpp"
#include "config/log.hpp"

#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace gitfs {

namespace {

/// False if stopped before.
bool sleep_for(std::chrono::milliseconds wait, const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, stop, wait, [] { return false; });
  return !stop.stop_requested();
}

auto cancelled() {
  return fail(ECANCELED, "the request was cancelled");
}

} // namespace

attempt_failure cut_off(const http_exchange& exchange) {
  const http_end& end = exchange.end();
  if (end.failure != 0)
    return {{end.failure, end.message}, end.transient};
  return {{EIO, "the server's answer was cut off"}, true};
}

result<void> attempt_until_done(operation& op, retry_limits limits, std::atomic<std::uint64_t>& retried,
                                const std::function<attempt_result()>& attempt,
                                const std::function<result<bool>(const attempt_failure&)>& repair) {
  retry_policy retries{limits, op.deadline, random_unit};
  for (;;) {
    if (op.stop.stop_requested())
      return cancelled();
    attempt_result failure = attempt();
    if (!failure)
      return success();
    if (op.stop.stop_requested())
      return cancelled();
    if (repair) {
      GITFS_TRY(repaired, repair(*failure));
      if (repaired)
        continue;
    }
    const auto wait =
        failure->transient ? retries.next(std::chrono::steady_clock::now(), failure->retry_after) : std::nullopt;
    if (!wait)
      return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(failure->what));
    log::debug("{}; trying again in {} ms", failure->what.message, wait->count());
    ++retried;
    if (!sleep_for(*wait, op.stop))
      return cancelled();
  }
}

} // namespace gitfs
