#include "backend/http/upstream_host.hpp"

#include "backend/os/url.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

namespace {

std::string clock_text(std::time_t time) {
  std::tm parts{};
  ::localtime_r(&time, &parts);
  char text[16];
  return {text, std::strftime(text, sizeof text, "%H:%M:%S", &parts)};
}

long whole_seconds(std::chrono::milliseconds time) {
  return static_cast<long>(std::chrono::ceil<std::chrono::seconds>(time).count());
}

/// `message` without the name of who asked: others are told of it, too.
std::string_view without_name(std::string_view message, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (message.starts_with(name) && message.substr(name.size()).starts_with(": "))
      message.remove_prefix(name.size() + 2);
  return message;
}

} // namespace

result<void> upstream_host::wait_for_turn(const attempt_plan& plan, const std::stop_token& stop,
                                          clock::time_point deadline) {
  bool probed = false;
  std::unique_lock lock{mutex_};
  for (;;) {
    if (stop.stop_requested())
      return cancelled();
    const auto now = clock::now();
    const auto [what, until] = health_.ask(now, plan.patience);
    using turn = host_health::turn;
    if (what == turn::go)
      return success();
    if (what == turn::fail || (what == turn::last_probe && probed) || now >= deadline
        || (health_.busy() && health_.next_try() >= deadline)) // it has said that this is in vain
      return BOOST_OUTCOME_V2_NAMESPACE::failure(reason());
    if (what == turn::wait) {
      changed_.wait_until(lock, stop, std::min(until, deadline), [&, now = changes_] { return changes_ != now; });
      continue;
    }
    probed = true;
    run_probe(lock, plan, stop);
  }
}

void upstream_host::run_probe(std::unique_lock<std::mutex>& lock, const attempt_plan& plan,
                              const std::stop_token& stop) {
  health_.probe_begins();
  lock.unlock();
  attempt_result failure;
  try {
    failure = plan.probe();
  } catch (...) {
    lock.lock();
    health_.probe_given_up();
    changed();
    throw;
  }
  lock.lock();
  if (stop.stop_requested()) { // that is why it failed, and another one looks
    health_.probe_given_up();
    changed();
    return;
  }
  if (failure && failure->transient && failure->of != failure_kind::request)
    note(*failure, plan, true);
  else
    note_answer();
}

void upstream_host::answered() {
  const std::lock_guard lock{mutex_};
  note_answer();
}

void upstream_host::changed() {
  ++changes_;
  changed_.notify_all();
}

void upstream_host::note_answer() {
  const bool was_there = health_.there();
  const auto away = health_.answered(clock::now());
  if (!was_there)
    changed();
  if (away && std::exchange(logged_, false))
    log::info("{} answers again, after {} s", name_, whole_seconds(*away));
}

std::uint64_t upstream_host::answers() const {
  const std::lock_guard lock{mutex_};
  return health_.answers();
}

bool upstream_host::there() const {
  const std::lock_guard lock{mutex_};
  return health_.there();
}

failure_kind upstream_host::settle(const attempt_failure& failure, std::uint64_t before, const attempt_plan& plan,
                                   const std::stop_token& stop, clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  // Of many that fail together one looks: an outage must not become as many requests more.
  while (settling_ && health_.answers() == before && health_.there())
    if (!changed_.wait_until(lock, stop, deadline, [&] { return !settling_; }))
      return failure.of;
  if (health_.answers() != before)
    return failure_kind::alone;
  if (!health_.there() || silent_ == before || plan.is_probe)
    return failure.of;
  settling_ = true;
  lock.unlock();
  attempt_result other;
  try {
    other = plan.probe();
  } catch (...) {
    lock.lock();
    settling_ = false;
    changed();
    throw;
  }
  lock.lock();
  settling_ = false;
  const bool silent = other && other->transient && other->of != failure_kind::request;
  if (silent && !stop.stop_requested())
    silent_ = before;
  changed();
  if (!silent) {
    note_answer();
    return failure_kind::alone;
  }
  return other->of == failure_kind::busy ? failure_kind::busy : failure.of;
}

bool upstream_host::failed(const attempt_failure& failure, const attempt_plan& plan) {
  const std::lock_guard lock{mutex_};
  if (!health_.has_answered() && failure.of != failure_kind::busy
      && (!plan.wait_at_first || failure.of == failure_kind::no_name))
    return false;
  note(failure, plan, false);
  return true;
}

void upstream_host::note(const attempt_failure& failure, const attempt_plan& plan, bool by_probe) {
  const bool was_there = health_.there();
  const auto now = clock::now();
  if (failure.of == failure_kind::busy)
    health_.is_busy(now, failure.retry_after, plan.patience, by_probe);
  else
    health_.is_away(now, by_probe);
  if (was_there)
    since_ = std::time(nullptr);
  if (was_there || by_probe)
    why_ = without_name(failure.what.message, {plan.display, name_});
  if (was_there && health_.busy())
    log::info("{}: {}: requests to it wait", name_, why_);
  // one failure may be a connection that was just closed
  constexpr unsigned certain = 2;
  if (health_.failures() >= certain && !std::exchange(logged_, true))
    log::warn("{} is away ({}): what needs it waits, up to {} s in all", name_, why_, whole_seconds(plan.patience));
  changed();
}

error upstream_host::reason() const {
  if (health_.busy())
    return {EIO, name_ + ": " + why_ + "; it wants no requests now"};
  return {EHOSTDOWN, name_ + ": " + why_ + "; it has been away since " + clock_text(since_)};
}

upstream_host& host_table::of(const std::string& url) {
  const auto parsed = parse_url(url);
  const std::string key = parsed ? parsed.value().origin() : url;
  const std::lock_guard lock{mutex_};
  std::unique_ptr<upstream_host>& found = hosts_[key];
  if (!found)
    found = std::make_unique<upstream_host>(parsed ? parsed.value().authority() : "the server");
  return *found;
}

} // namespace gitfs
