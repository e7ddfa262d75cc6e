#include "backend/remote/capability_discovery.hpp"

#include <cerrno>

namespace gitfs {

namespace {

attempt_result read_capabilities(capabilities& out, http_exchange& exchange) {
  constexpr std::size_t limit = std::size_t{1} << 20; // an old server may list every ref: its first lines are enough
  auto parsed = parse_capabilities(exchange.read_all(limit));
  if (!parsed && parsed.error().code == EPROTO) // cut off, by whom and why the transport may know
    return exchange.received() < limit ? cut_off(exchange) : attempt_failure{{EIO, parsed.error().message}};
  if (!parsed)
    return attempt_failure{std::move(parsed.error())};
  out = std::move(parsed.value());
  return {};
}

} // namespace

result<capabilities> capability_discovery::get(operation& op) {
  std::unique_lock lock{mutex_};
  for (;;) {
    if (known_)
      return *known_;
    if (!asking_)
      break;
    const unsigned round = round_;
    const bool ended = changed_.wait_until(lock, op.stop, op.deadline, [&] { return round_ != round; });
    if (op.stop.stop_requested())
      return fail(ECANCELED, "the request was cancelled");
    if (!ended)
      return fail(ETIMEDOUT, "the server did not tell its capabilities within the time limit");
    if (!known_ && last_failure_.code != ECANCELED) // of a cancelled one another takes the place
      return fail(last_failure_);
  }
  asking_ = true;
  lock.unlock();
  capabilities found;
  const auto done =
      http_.get_advertisement(op, [&](http_exchange& exchange) { return read_capabilities(found, exchange); });
  lock.lock();
  asking_ = false;
  ++round_;
  if (done)
    known_ = found;
  else
    last_failure_ = done.error();
  lock.unlock();
  changed_.notify_all();
  if (!done)
    return fail(done.error());
  told_(found);
  return found;
}

std::optional<capabilities> capability_discovery::known() const {
  const std::lock_guard lock{mutex_};
  return known_;
}

result<bool> capability_discovery::correct(operation& op, capabilities& can) {
  const std::string place = http_.base();
  if (!doubt() && !began_assumed_)
    return false;
  GITFS_TRY(really, get(op)); // no request if another operation has asked meanwhile
  return std::exchange(can, really) != really || http_.base() != place;
}

/// Drops capabilities that were only assumed. True: they were.
bool capability_discovery::doubt() {
  const std::lock_guard lock{mutex_};
  if (!std::exchange(only_assumed_, false))
    return false;
  known_.reset();
  return true;
}

} // namespace gitfs
