#include "backend/mesa/mesa_transfers.hpp"

#include <algorithm>
#include <cerrno>
#include <exception>
#include <utility>

namespace gitfs {

namespace {

class handle : public transfer {
public:
  explicit handle(std::shared_ptr<mesa_transfer> what) : what_(std::move(what)) {}
  ~handle() override { what_->cancel(); }
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;
  std::uint64_t arrived() const override { return *what_->arrived; }

private:
  std::shared_ptr<mesa_transfer> what_;
};

} // namespace

void mesa_transfer::add(unit what) {
  const std::lock_guard lock{mutex_};
  if (!outcome_.failure)
    units_.push_back(std::move(what));
}

void mesa_transfer::then(unit what) {
  const std::lock_guard lock{mutex_};
  if (!outcome_.failure)
    phases_.push_back(std::move(what));
}

void mesa_transfer::fail(error what) {
  const std::lock_guard lock{mutex_};
  if (!outcome_.failure)
    outcome_.failure = std::move(what);
  units_.clear();
  phases_.clear();
}

bool mesa_transfer::failed() const {
  const std::lock_guard lock{mutex_};
  return outcome_.failure.has_value();
}

void mesa_transfer::count(std::uint32_t requests, std::uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  outcome_.requests += requests;
  outcome_.bytes += bytes;
}

void mesa_transfer::tell_sizes(std::vector<std::pair<oid, std::uint64_t>> sizes) {
  const std::lock_guard lock{mutex_};
  outcome_.sizes = std::move(sizes);
}

std::optional<mesa_transfer::unit> mesa_transfer::take() {
  const std::lock_guard lock{mutex_};
  if (units_.empty())
    return std::nullopt;
  auto out = std::move(units_.front());
  units_.pop_front();
  ++active_;
  return out;
}

bool mesa_transfer::ended() {
  const std::lock_guard lock{mutex_};
  if (--active_ != 0 || !units_.empty())
    return false;
  if (phases_.empty())
    return true;
  units_.push_back(std::move(phases_.front()));
  phases_.pop_front();
  return false;
}

bool mesa_transfer::has_units() const {
  const std::lock_guard lock{mutex_};
  return !units_.empty();
}

void mesa_transfer::finish() {
  if (at_end_)
    at_end_(outcome_); // alone: no unit is left
  done_(std::move(outcome_));
}

mesa_transfers::mesa_transfers(unsigned parallel) : parallel_(std::max(parallel, 1u)) {}

mesa_transfers::~mesa_transfers() {
  const std::lock_guard lock{mutex_};
  for (const auto& each : all_)
    each->cancel();
}

std::unique_ptr<transfer> mesa_transfers::start(transfer_callback done, std::function<void(mesa_transfer&)> first) {
  auto what = std::make_shared<mesa_transfer>(std::move(done));
  what->add(std::move(first));
  {
    const std::lock_guard lock{mutex_};
    all_.push_back(what);
  }
  offer(what);
  return std::make_unique<handle>(std::move(what));
}

void mesa_transfers::offer(const std::shared_ptr<mesa_transfer>& what) {
  const std::lock_guard lock{mutex_};
  if (what->has_units() && std::find(ready_.begin(), ready_.end(), what) == ready_.end())
    ready_.push_back(what);
  // a unit may have made many: as many threads as there may be look for them, and end if there is nothing
  for (; busy_ < parallel_ && !ready_.empty(); ++busy_)
    workers_.run([this] { work(); });
}

void mesa_transfers::work() {
  for (;;) {
    std::shared_ptr<mesa_transfer> what;
    std::optional<mesa_transfer::unit> unit;
    {
      const std::lock_guard lock{mutex_};
      while (!unit && !ready_.empty()) {
        what = std::move(ready_.front());
        ready_.pop_front();
        unit = what->take();
        if (what->has_units())
          ready_.push_back(what);
      }
      if (!unit) {
        --busy_;
        return;
      }
    }
    if (what->stop().stop_requested()) {
      what->fail({ECANCELED, "the request was cancelled"});
    } else {
      try {
        (*unit)(*what);
      } catch (const std::exception& thrown) { // out of memory: the transfer fails, not the process
        what->fail({EIO, thrown.what()});
      }
    }
    unit.reset(); // with what it holds
    if (!what->ended()) {
      offer(what);
      continue;
    }
    {
      const std::lock_guard lock{mutex_};
      all_.remove(what);
    }
    what->finish();
  }
}

} // namespace gitfs
