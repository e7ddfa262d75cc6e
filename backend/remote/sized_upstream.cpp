#include "backend/remote/sized_upstream.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <unordered_map>
#include <utility>

namespace gitfs {

struct sized_upstream::question {
  std::vector<oid> ids;
  transfer_callback done;
  std::stop_source stop;

  void fail(int code, std::string message) const {
    transfer_outcome out;
    out.failure = error{code, std::move(message)};
    done(std::move(out));
  }
};

struct sized_upstream::core {
  using clock = std::chrono::steady_clock;
  static constexpr int incomplete = ENODATA; ///< some files are unknown to the service

  core(std::shared_ptr<object_db> db, std::shared_ptr<size_source> from, size_receiver to, std::string name,
       std::chrono::milliseconds pause)
    : objects(std::move(db)),
      sizes(std::move(from)),
      remember(std::move(to)),
      display(std::move(name)),
      pause_length(pause),
      index(objects),
      workers(std::make_unique<worker_pool>()) {}

  /// On a worker thread soon; at once if there are no workers any more.
  void begin(const std::shared_ptr<question>& what) {
    {
      const std::lock_guard lock{mutex};
      if (workers) {
        running.insert(what);
        workers->run([this, what] {
          transfer_outcome out = answer(*what);
          {
            const std::lock_guard inner{mutex};
            running.erase(what);
          }
          what->done(std::move(out));
        });
        return;
      }
    }
    what->fail(ECANCELED, "the request was cancelled");
  }

  void close() {
    std::unique_ptr<worker_pool> ending;
    {
      const std::lock_guard lock{mutex};
      ending = std::move(workers);
      for (const auto& each : running)
        each->stop.request_stop();
    }
  }

  /// One at a time: what the first brings are mostly the sizes that the next wants, too.
  transfer_outcome answer(const question& what) {
    transfer_outcome out;
    std::unique_lock lock{mutex};
    changed.wait(lock, what.stop.get_token(), [this] { return !busy; });
    if (what.stop.stop_requested()) {
      out.failure = error{ECANCELED, "the request was cancelled"};
      return out;
    }
    if (refused) {
      out.failure = error{ENOTSUP, *refused};
      return out;
    }
    if (clock::now() < paused_until) {
      out.failure = error{EAGAIN, pause_reason};
      return out;
    }
    busy = true;
    for (; !roots.empty(); roots.erase(roots.begin()))
      index.add(roots.front());
    lock.unlock();
    std::optional<error> failure;
    try {
      failure = ask(what, out.sizes);
    } catch (const std::exception& thrown) { // out of memory: the question fails, not the process
      failure = error{EIO, thrown.what()};
    }
    lock.lock();
    busy = false;
    judge(failure);
    out.failure = std::move(failure);
    lock.unlock();
    changed.notify_all();
    return out;
  }

  /// What a failure means for this question and for the next ones. ENOTSUP is final. EAGAIN costs this one contents.
  void judge(std::optional<error>& failure) {
    constexpr int final_ones[] = {EACCES, ENOENT, E2BIG, EFBIG, EINVAL, ENOTSUP};
    if (!failure || failure->code == incomplete) {
      failures = 0;
      if (failure)
        failure->code = EAGAIN; // of those files only
      else
        logged = false;
      return;
    }
    if (failure->code == ECANCELED)
      return;
    if (std::ranges::find(final_ones, failure->code) != std::end(final_ones)) {
      log::warn("{}: the service does not tell sizes of files, so their contents are fetched to know them: {}", display,
                failure->message);
      refused = failure->message;
      failure->code = ENOTSUP;
      return;
    }
    // The first time the network is probably away, and contents could not be had either.
    if (failure->code != EAGAIN && ++failures == 1)
      return;
    failure->code = EAGAIN;
    paused_until = clock::now() + pause_length;
    pause_reason = failure->message;
    if (!std::exchange(logged, true))
      log::warn("{}: the service does not tell sizes of files for now, so their contents are fetched to know them: {}",
                display, failure->message);
  }

  /// Sizes that are known, also if it fails.
  std::optional<error> ask(const question& what, blob_sizes& out) {
    std::vector<std::uint64_t> known(what.ids.size(), unknown_size);
    objects->sizes(what.ids, known);
    std::vector<oid> wanted;
    for (std::size_t i = 0; i < known.size(); ++i)
      if (known[i] == unknown_size)
        wanted.push_back(what.ids[i]);
    std::unordered_map<oid, std::uint64_t> came;
    if (!wanted.empty()) {
      auto found = sizes->sizes(wanted, index, what.stop.get_token());
      if (!found)
        return std::move(found.error());
      if (remember)
        remember(found.value());
      came.insert(found.value().begin(), found.value().end());
    }
    std::optional<error> failure;
    for (std::size_t i = 0; i < known.size(); ++i) {
      const auto found = came.find(what.ids[i]);
      if (known[i] != unknown_size)
        out.emplace_back(what.ids[i], known[i]);
      else if (found != came.end())
        out.emplace_back(what.ids[i], found->second);
      else if (!failure)
        failure = error{incomplete, "it does not know the file " + what.ids[i].hex()};
    }
    return failure;
  }

  const std::shared_ptr<object_db> objects;
  const std::shared_ptr<size_source> sizes;
  const size_receiver remember;
  const std::string display;
  const std::chrono::milliseconds pause_length;
  std::mutex mutex;
  std::condition_variable_any changed;
  bool server_cannot = false;           ///< it said so
  std::optional<std::string> refused{}; ///< the service has, for good, for this reason
  unsigned failures = 0;                ///< in a row, that may pass
  clock::time_point paused_until{};     ///< it is left alone
  std::string pause_reason;
  bool logged = false;                 ///< the log says that it does not tell for now
  bool busy = false;                   ///< somebody uses `index` and `sizes`
  std::vector<tree_index::root> roots; ///< for `index`
  tree_index index;
  std::set<std::shared_ptr<question>> running;
  std::unique_ptr<worker_pool> workers;
};

namespace {

class size_transfer final : public transfer {
public:
  explicit size_transfer(std::stop_source stop) : stop_(std::move(stop)) {}
  ~size_transfer() override { stop_.request_stop(); }
  size_transfer(const size_transfer&) = delete;
  size_transfer& operator=(const size_transfer&) = delete;

  std::unique_ptr<transfer> of_server; ///< first the server is asked

private:
  std::stop_source stop_;
};

} // namespace

sized_upstream::sized_upstream(std::shared_ptr<upstream> server, std::shared_ptr<object_db> objects,
                               std::shared_ptr<size_source> sizes, size_receiver remember,
                               std::chrono::milliseconds pause)
  : server_(std::move(server)),
    core_(std::make_shared<core>(std::move(objects), std::move(sizes), std::move(remember), server_->display_name(),
                                 pause)) {}

sized_upstream::~sized_upstream() {
  core_->close();
}

void sized_upstream::search_in(const oid& commit, const oid& root_tree) {
  const std::lock_guard lock{core_->mutex};
  core_->roots.push_back({commit, root_tree});
}

std::unique_ptr<transfer> sized_upstream::fetch(fetch_request request, transfer_callback done) {
  return server_->fetch(std::move(request), std::move(done));
}

std::unique_ptr<transfer> sized_upstream::object_info(std::vector<oid> ids, transfer_callback done,
                                                      std::string traceparent) {
  auto what = std::make_shared<question>(question{std::move(ids), std::move(done), {}});
  auto out = std::make_unique<size_transfer>(what->stop);
  bool server_cannot = false;
  {
    const std::lock_guard lock{core_->mutex};
    server_cannot = core_->server_cannot;
  }
  if (server_cannot) {
    core_->begin(what);
    return out;
  }
  const auto answered = [core = core_, what](transfer_outcome outcome) {
    if (!outcome.failure || outcome.failure->code != ENOTSUP)
      return what->done(std::move(outcome));
    {
      const std::lock_guard lock{core->mutex};
      core->server_cannot = true;
    }
    core->begin(what);
  };
  out->of_server = server_->object_info(what->ids, answered, std::move(traceparent));
  return out;
}

std::shared_ptr<sized_upstream> with_sizes(std::shared_ptr<upstream> server, std::shared_ptr<object_db> objects,
                                           std::shared_ptr<size_source> sizes, size_receiver remember,
                                           std::chrono::milliseconds pause) {
  if (!sizes)
    return nullptr;
  return std::make_shared<sized_upstream>(std::move(server), std::move(objects), std::move(sizes), std::move(remember),
                                          pause);
}

} // namespace gitfs
