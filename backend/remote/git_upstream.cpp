#include "backend/remote/git_upstream.hpp"

#include "backend/git/ref_names.hpp"
#include "backend/http/http_client.hpp"
#include "backend/os/url.hpp"
#include "backend/os/worker_pool.hpp"
#include "backend/remote/capabilities.hpp"
#include "backend/remote/capability_discovery.hpp"
#include "backend/remote/object_requests.hpp"
#include "backend/remote/protocol_v2.hpp"
#include "backend/remote/ref_choice.hpp"
#include "backend/remote/response_in_memory.hpp"
#include "backend/remote/server_ways.hpp"
#include "backend/remote/smart_http.hpp"

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>

namespace gitfs {

namespace {

using clock_type = std::chrono::steady_clock;

attempt_result read_refs(std::vector<advertised_ref>& out, http_exchange& exchange) {
  constexpr std::uint64_t limit = std::uint64_t{64} << 20;
  ls_refs_response response;
  attempt_result done = read_into(response, exchange, limit);
  out = std::move(response.refs());
  return done;
}

std::shared_ptr<http_client> own_client(const upstream_limits& how) {
  return std::make_shared<http_client>(http_client_options{.connections_per_host = std::max(how.parallel, 1u)});
}

std::string host_of(const source& from) {
  const auto url = parse_url(from.location);
  return url ? url.value().authority() : from.location;
}

class running_operation : public transfer {
public:
  running_operation(std::stop_source stop, byte_count arrived) : stop_(std::move(stop)), arrived_(std::move(arrived)) {}
  ~running_operation() override { stop_.request_stop(); }
  running_operation(const running_operation&) = delete;
  running_operation& operator=(const running_operation&) = delete;
  std::uint64_t arrived() const override { return *arrived_; }

private:
  std::stop_source stop_;
  byte_count arrived_;
};

} // namespace

struct git_upstream::state {
  using body = std::function<result<void>(operation&, transfer_outcome&)>;

  state(source where, pack_receiver& receiver, size_receiver sizes, upstream_limits how,
        std::optional<capabilities> assumed, std::shared_ptr<http_client> shared_client,
        std::shared_ptr<worker_pool> shared_workers, std::shared_ptr<server_ways> learned)
    : client(shared_client ? std::move(shared_client) : own_client(how)),
      workers(shared_workers ? std::move(shared_workers) : std::make_shared<worker_pool>()),
      ways(learned ? std::move(learned) : std::make_shared<server_ways>()),
      from(std::move(where)),
      remember_sizes(std::move(sizes)),
      limits(how),
      host(host_of(from)),
      http(from, limits, *client),
      server(http, assumed ? std::move(assumed) : ways->capabilities_of(place_of(from.location)),
             [this](const capabilities& told) { ways->learn_capabilities(place_of(from.location), told); }),
      objects(http, server, *ways, place_of(from.location), receiver, from.display) {}
  ~state() {
    cancel_all();
    std::unique_lock lock{mutex};
    all_ended.wait(lock, [this] { return running.empty(); });
  }

  std::unique_ptr<transfer> start(transfer_callback done, body what) {
    std::stop_source stop;
    std::uint64_t id = 0;
    {
      const std::lock_guard lock{mutex};
      id = ++last_id;
      running.emplace(id, stop);
    }
    const auto deadline = clock_type::now() + limits.total;
    auto arrived = std::make_shared<std::atomic<std::uint64_t>>(0);
    auto job = [this, id, deadline, arrived, token = stop.get_token(), done = std::move(done),
                what = std::move(what)]() mutable {
      operation op{token, deadline};
      op.arrived = arrived;
      done(run(std::move(op), what));
      done = nullptr; // releases what the two hold while `this` certainly exists
      what = nullptr;
      ended(id);
    };
    try {
      workers->run(std::move(job), host);
    } catch (...) {
      ended(id);
      throw;
    }
    return std::make_unique<running_operation>(std::move(stop), std::move(arrived));
  }

  void ended(std::uint64_t id) {
    const std::lock_guard lock{mutex};
    running.erase(id);
    all_ended.notify_all(); // under the mutex, because the thread that waits destroys both afterwards
  }

  transfer_outcome run(operation op, const body& what) {
    transfer_outcome out;
    try {
      if (auto ended = what(op, out); !ended)
        out.failure = std::move(ended.error());
    } catch (const std::exception& thrown) { // out of memory: the operation fails, not the process
      out.failure = error{EIO, from.display + ": " + thrown.what()};
    }
    if (out.failure && out.failure->code == ECANCELED)
      http.count_cancelled();
    out.requests = op.requests;
    out.bytes = op.bytes;
    return out;
  }

  void cancel_all() {
    std::map<std::uint64_t, std::stop_source> all;
    {
      const std::lock_guard lock{mutex};
      all = running;
    }
    for (auto& [id, stop] : all)
      stop.request_stop();
  }

  /// Lists refs with the server's capabilities. If they were only assumed and the request fails, asks for the real ones
  /// and tries again.
  result<std::vector<advertised_ref>> list_refs(operation& op, std::span<const std::string> prefixes) {
    GITFS_TRY(can, server.get(op));
    auto out = list_refs(op, prefixes, can);
    constexpr int not_refused[] = {ECANCELED, ETIMEDOUT, EHOSTDOWN, EACCES, ENOTSUP};
    if (out || std::find(std::begin(not_refused), std::end(not_refused), out.error().code) != std::end(not_refused))
      return out;
    GITFS_TRY(again, server.correct(op, can));
    return again ? list_refs(op, prefixes, can) : out;
  }

  /// Called also for a failed transfer, which may have brought some sizes.
  void keep_sizes(const transfer_outcome& out) const {
    if (remember_sizes && !out.sizes.empty())
      remember_sizes(out.sizes);
  }
  result<std::vector<advertised_ref>> list_refs(operation& op, std::span<const std::string> prefixes,
                                                const capabilities& server);

  const std::shared_ptr<http_client> client;  ///< the first member, because the others use it
  const std::shared_ptr<worker_pool> workers; ///< after the client, because its threads use it
  const std::shared_ptr<server_ways> ways;
  const source from;
  const size_receiver remember_sizes;
  const upstream_limits limits;
  const std::string host; ///< the name of this upstream's jobs in the worker pool
  smart_http http;
  capability_discovery server;
  object_requests objects;
  std::mutex mutex;
  std::condition_variable all_ended;
  std::map<std::uint64_t, std::stop_source> running;
  std::uint64_t last_id = 0;
};

result<std::vector<advertised_ref>> git_upstream::state::list_refs(operation& op, std::span<const std::string> prefixes,
                                                                   const capabilities& can) {
  std::vector<advertised_ref> out;
  GITFS_TRYV(http.post(op, std::make_shared<const std::string>(compose_ls_refs(prefixes, &can)),
                       [&](http_exchange& exchange) { return read_refs(out, exchange); }));
  return out;
}

git_upstream::git_upstream(std::unique_ptr<state> impl) : impl_(std::move(impl)) {}

git_upstream::~git_upstream() = default;

result<std::shared_ptr<git_upstream>>
git_upstream::create(source from, pack_receiver& store, size_receiver remember_sizes, upstream_limits limits,
                     std::optional<capabilities> assumed, std::shared_ptr<http_client> http,
                     std::shared_ptr<worker_pool> workers, std::shared_ptr<server_ways> ways) {
  if (from.kind != source::kind_type::remote)
    return fail(EINVAL, from.display + ": this is not the URL of a remote repository");
  return std::shared_ptr<git_upstream>{new git_upstream{
      std::make_unique<state>(std::move(from), store, std::move(remember_sizes), limits, std::move(assumed),
                              std::move(http), std::move(workers), std::move(ways))}};
}

result<resolved_ref> git_upstream::resolve(const std::string& ref, const std::stop_token& stop) {
  if (const auto id = oid::from_hex(ref))
    return resolved_ref{*id, ""};
  const auto explained = [this](error what) {
    return fail({what.code, impl_->from.display + ": " + std::move(what.message)});
  };
  if (auto usable = check_ref_name(ref); !usable)
    return explained(usable.error());
  operation op{stop, clock_type::now() + impl_->limits.total};
  const auto candidates = ref_candidates(ref);
  // ls-refs is sent beside the request for capabilities, so that both take one round trip. Every server of version 2
  // can answer it.
  std::unique_ptr<http_exchange> early;
  if (!impl_->server.known())
    early = impl_->http.begin_post(op, compose_ls_refs(candidates, nullptr));
  GITFS_TRYV(impl_->server.get(op));
  std::vector<advertised_ref> refs;
  const auto read = [&](http_exchange& exchange) { return read_refs(refs, exchange); };
  if (!early || impl_->http.finish_post(op, *early, read)) {
    GITFS_TRY(listed, impl_->list_refs(op, candidates));
    refs = std::move(listed);
  }
  if (auto chosen = choose_ref(ref, refs))
    return std::move(*chosen);
  const std::string all[] = {"HEAD", "refs/heads/", "refs/tags/"};
  GITFS_TRY(known, impl_->list_refs(op, all));
  auto commit = choose_listed_commit(ref, known);
  if (!commit)
    return explained(commit.error());
  if (commit.value())
    return std::move(*commit.value());
  return explained(no_such_ref(ref, known));
}

std::unique_ptr<transfer> git_upstream::fetch(fetch_request request, transfer_callback done) {
  return impl_->start(std::move(done), [this, request = std::move(request)](operation& op, transfer_outcome& out) {
    if (request.wants.empty())
      return result<void>{success()};
    op.traceparent = request.traceparent;
    auto ended = impl_->objects.fetch(op, request, out);
    impl_->keep_sizes(out);
    return ended;
  });
}

std::unique_ptr<transfer> git_upstream::object_info(std::vector<oid> ids, transfer_callback done,
                                                    std::string traceparent) {
  return impl_->start(std::move(done), [this, ids = std::move(ids),
                                        traceparent = std::move(traceparent)](operation& op, transfer_outcome& out) {
    if (ids.empty())
      return result<void>{success()};
    op.traceparent = traceparent;
    auto ended = impl_->objects.sizes(op, ids, out);
    impl_->keep_sizes(out);
    return ended;
  });
}

const std::string& git_upstream::display_name() const {
  return impl_->from.display;
}

upstream_counters git_upstream::counters() const {
  return impl_->http.counters();
}

} // namespace gitfs
