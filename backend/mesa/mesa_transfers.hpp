// Runs operations of many requests each on a few threads.
#pragma once

#include "backend/http/http_exchange.hpp"
#include "backend/os/worker_pool.hpp"
#include "backend/remote/upstream.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>

namespace gitfs {

/// One operation. It has phases, and in each phase units of work that run side by side. A unit may add units.
/// Thread-safe.
class mesa_transfer {
public:
  using unit = std::function<void(mesa_transfer&)>;

  explicit mesa_transfer(transfer_callback done) : done_(std::move(done)) {}

  /// Adds a unit to the present phase. Without effect once the transfer has failed.
  void add(unit what);
  /// Adds a phase, which begins when all units are done, unless the transfer has failed by then. Phases run in their
  /// order.
  void then(unit what);
  /// The first failure becomes the transfer's; units that have not begun are dropped.
  void fail(error what);
  bool failed() const;
  std::stop_token stop() const { return stop_.get_token(); }
  void cancel() { stop_.request_stop(); }
  void count(std::uint32_t requests, std::uint64_t bytes);
  void tell_sizes(std::vector<std::pair<oid, std::uint64_t>> sizes);
  /// Sets what runs at the very end, also after a failure.
  void at_end(std::function<void(transfer_outcome&)> what) { at_end_ = std::move(what); }

  const byte_count arrived = std::make_shared<std::atomic<std::uint64_t>>(0);

private:
  friend class mesa_transfers;
  std::optional<unit> take();
  /// Called after a unit. True: it was the last one, and the transfer is over.
  bool ended();
  bool has_units() const;
  void finish();

  mutable std::mutex mutex_;
  std::deque<unit> units_, phases_;
  std::size_t active_ = 0;
  transfer_outcome outcome_;
  std::function<void(transfer_outcome&)> at_end_;
  transfer_callback done_;
  std::stop_source stop_;
};

/// Runs units of transfers: at most `parallel` at once, one unit of each transfer in turn, so that a small transfer
/// does not wait for a large one. Destruction cancels running transfers and waits for their end.
class mesa_transfers {
public:
  explicit mesa_transfers(unsigned parallel);
  ~mesa_transfers();
  mesa_transfers(const mesa_transfers&) = delete;
  mesa_transfers& operator=(const mesa_transfers&) = delete;

  /// Starts a transfer with `first`. Destroying the handle cancels the transfer.
  std::unique_ptr<transfer> start(transfer_callback done, std::function<void(mesa_transfer&)> first);

private:
  void offer(const std::shared_ptr<mesa_transfer>& what);
  void work();

  const unsigned parallel_;
  std::mutex mutex_;
  std::list<std::shared_ptr<mesa_transfer>> ready_; ///< transfers with units that no thread has taken, each once
  std::list<std::shared_ptr<mesa_transfer>> all_;
  unsigned busy_ = 0;
  worker_pool workers_; ///< last: its threads use everything above
};

} // namespace gitfs
