#include "backend/git_upstream.hpp"

#include "backend/capabilities.hpp"
#include "backend/fetch_response.hpp"
#include "backend/http_client.hpp"
#include "backend/object_db.hpp"
#include "backend/pack_format.hpp"
#include "backend/protocol_v2.hpp"
#include "backend/ref_choice.hpp"
#include "backend/smart_http.hpp"
#include "backend/url.hpp"
#include "backend/worker_pool.hpp"

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

attempt_result as_attempt(result<void> done) {
  return done ? attempt_result{} : attempt_failure{std::move(done.error())};
}

auto failure(error what) {
  return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(what));
}

/// Reads an answer that is kept in memory, at most `limit` bytes of it.
template <class Response>
attempt_result read_into(Response& response, http_exchange& exchange, std::uint64_t limit) {
  std::string piece;
  while (exchange.read(piece)) {
    if (exchange.received() > limit)
      return attempt_failure{{EIO, "the server's answer is longer than it can rightly be"}};
    if (auto fed = response.feed(piece); !fed)
      return as_attempt(std::move(fed));
  }
  return response.complete() ? attempt_result{} : cut_off(exchange);
}

attempt_result read_refs(std::vector<advertised_ref>& out, http_exchange& exchange) {
  constexpr std::uint64_t limit = std::uint64_t{64} << 20;
  ls_refs_response response;
  attempt_result done = read_into(response, exchange, limit);
  out = std::move(response.refs());
  return done;
}

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

/// One attempt's pack on its way from the answer to the store.
class pack_download {
public:
  pack_download(pack_receiver& store, const fetch_request& request) : store_(store), request_(request) {}

  attempt_result read(http_exchange& exchange, const std::stop_token& stop) {
    fetch_response response{[this](std::string_view bytes) { return take(bytes); }};
    std::string piece;
    while (exchange.read(piece)) {
      if (stop.stop_requested())
        break;
      if (auto fed = response.feed(piece); !fed)
        return failed(std::move(fed.error()));
    }
    if (stop.stop_requested())
      return attempt_failure{{ECANCELED, "the request was cancelled"}};
    if (!response.complete())
      return cut_off(exchange);
    if (!sink_)
      return attempt_failure{{EIO, "the server sent no pack"}};
    auto done = sink_->commit();
    sink_failed_ = !done;
    return done ? attempt_result{} : failed(std::move(done.error()));
  }

  /// Of the blob that was too large.
  std::optional<std::uint64_t> size() const { return size_of_blob_; }

private:
  /// The size of the blob that is all there is in the pack, from its first bytes.
  void look_at_size(std::string_view bytes) {
    constexpr std::size_t longest = pack_header_size + 16;
    if (start_.size() >= longest)
      return;
    start_ += bytes.substr(0, longest - start_.size());
    if (parse_pack_header(start_) != 1u)
      return;
    const auto entry = entry_header::parse(std::string_view{start_}.substr(pack_header_size));
    if (entry && entry.value() && entry.value()->type == static_cast<unsigned>(object_type::blob)
        && entry.value()->size > request_.size_limit)
      size_of_blob_ = entry.value()->size;
  }

  result<void> take(std::string_view bytes) {
    const std::uint64_t before = std::exchange(size_, size_ + bytes.size());
    if (request_.size_limit != 0 && request_.wants.size() == 1)
      look_at_size(bytes);
    if (size_of_blob_)
      return fail(EFBIG, "the blob has more than " + std::to_string(request_.size_limit) + " bytes");
    if (request_.byte_limit != 0 && size_ > request_.byte_limit)
      return fail(EFBIG, "the pack is longer than the limit of " + std::to_string(request_.byte_limit) + " bytes");
    if (request_.grew_long && before <= request_.long_from && size_ > request_.long_from)
      request_.grew_long();
    if (!sink_) {
      GITFS_TRY(sink, store_.new_pack(request_.use));
      sink_ = std::move(sink);
    }
    auto done = sink_->append(bytes);
    sink_failed_ = !done;
    return done;
  }

  /// A pack that does not check may have been damaged on its way, so it is worth asking again; a full disk is not.
  attempt_result failed(error what) const {
    const bool transient = sink_failed_ && what.code == EIO;
    return attempt_failure{std::move(what), transient};
  }

  pack_receiver& store_;
  const fetch_request& request_;
  std::uint64_t size_ = 0;
  std::string start_; // of the pack, with a size_limit
  std::optional<std::uint64_t> size_of_blob_;
  std::unique_ptr<pack_sink> sink_;
  bool sink_failed_ = false;
};

/// Asks for the capabilities once, whoever needs them first; who comes meanwhile waits and shares a failure.
class discovery {
public:
  discovery(smart_http& http, std::optional<capabilities> assumed)
    : http_(http),
      known_(std::move(assumed)),
      only_assumed_(known_.has_value()) {}

  result<capabilities> get(operation& op) {
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
        return failure(last_failure_);
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
    return done ? result<capabilities>{std::move(found)} : failure(done.error());
  }

  std::optional<capabilities> known() const {
    const std::lock_guard lock{mutex_};
    return known_;
  }

  /// True if what was known so far was only assumed: who needs it next asks.
  bool doubt() {
    const std::lock_guard lock{mutex_};
    if (!std::exchange(only_assumed_, false))
      return false;
    known_.reset();
    return true;
  }

private:
  smart_http& http_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::optional<capabilities> known_;
  error last_failure_;
  unsigned round_ = 0;
  bool asking_ = false;
  bool only_assumed_ = false; ///< nobody has asked
};

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
        std::shared_ptr<worker_pool> shared_workers)
    : client(shared_client ? std::move(shared_client) : own_client(how)),
      workers(shared_workers ? std::move(shared_workers) : std::make_shared<worker_pool>()),
      from(std::move(where)),
      store(receiver),
      remember_sizes(std::move(sizes)),
      limits(how),
      host(host_of(from)),
      http(from, limits, *client),
      server(http, std::move(assumed)) {}
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
      done = nullptr; // what these two hold goes before `this` may
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
    all_ended.notify_all(); // under the mutex: whoever waits destroys both
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

  /// `what` with the server's capabilities; if it fails with ones that were only assumed, again with the real ones.
  template <class Answer>
  result<Answer> with_capabilities(operation& op, const std::function<result<Answer>(const capabilities&)>& what) {
    GITFS_TRY(can, server.get(op));
    auto out = what(can);
    constexpr int not_refused[] = {ECANCELED, ETIMEDOUT, EHOSTDOWN, EACCES, EFBIG, E2BIG, ENOTSUP};
    if (out || std::find(std::begin(not_refused), std::end(not_refused), out.error().code) != std::end(not_refused)
        || !server.doubt())
      return out;
    GITFS_TRY(really, server.get(op));
    if (really == can)
      return out;
    return what(really);
  }

  result<void> fetch(operation& op, const fetch_request& request, const capabilities& can, transfer_outcome& out);
  result<void> object_info(operation& op, const std::vector<oid>& ids, transfer_outcome& out);
  result<std::vector<advertised_ref>> list_refs(operation& op, std::span<const std::string> prefixes,
                                                const capabilities& server);

  const std::shared_ptr<http_client> client;  ///< first: the rest uses it
  const std::shared_ptr<worker_pool> workers; ///< second: its threads use the client
  const source from;
  pack_receiver& store;
  const size_receiver remember_sizes;
  const upstream_limits limits;
  const std::string host; ///< whose jobs these are
  smart_http http;
  discovery server;
  std::mutex mutex;
  std::condition_variable all_ended;
  std::map<std::uint64_t, std::stop_source> running;
  std::uint64_t last_id = 0;
};

result<void> git_upstream::state::fetch(operation& op, const fetch_request& request, const capabilities& can,
                                        transfer_outcome& out) {
  if (request.filter != fetch_filter::none && !can.fetch_filter)
    return fail(ENOTSUP, from.display
                             + ": the server does not offer partial fetches (capability \"filter\"; on the "
                               "server: git config uploadpack.allowFilter true)");
  if (request.shallow && !can.fetch_shallow)
    return fail(ENOTSUP, from.display + ": the server does not offer shallow fetches");
  const auto ask = [&](const fetch_request& what) {
    return http.post(op, std::make_shared<const std::string>(compose_fetch(what, can)), [&](http_exchange& exchange) {
      pack_download download{store, request};
      auto read = download.read(exchange, op.stop);
      if (const auto size = download.size())
        out.sizes = {{request.wants.front(), *size}};
      return read;
    });
  };
  auto done = ask(request);
  if (!done && done.error().code == ESTALE && !request.haves.empty()) {
    fetch_request whole = request;
    whole.haves.clear();
    done = ask(whole);
  }
  if (!done && done.error().code == ESTALE) // nobody asked for a thin pack
    done = fail(EIO, done.error().message);
  if (remember_sizes && !out.sizes.empty())
    remember_sizes(out.sizes);
  return done;
}

result<void> git_upstream::state::object_info(operation& op, const std::vector<oid>& ids, transfer_outcome& out) {
  if (ids.empty())
    return success();
  GITFS_TRY(can, server.get(op));
  if (!can.object_info)
    return fail(ENOTSUP, from.display + ": the server does not tell sizes of objects (capability \"object-info\")");
  constexpr std::uint64_t longest_line = 80, slack = 4096;
  GITFS_TRYV(
      http.post(op, std::make_shared<const std::string>(compose_object_info(ids, can)), [&](http_exchange& exchange) {
        object_info_response response;
        auto done = read_into(response, exchange, ids.size() * longest_line + slack);
        out.sizes = std::move(response.sizes());
        return done;
      }));
  if (remember_sizes)
    remember_sizes(out.sizes);
  return success();
}

result<std::vector<advertised_ref>> git_upstream::state::list_refs(operation& op, std::span<const std::string> prefixes,
                                                                   const capabilities& can) {
  std::vector<advertised_ref> out;
  GITFS_TRYV(http.post(op, std::make_shared<const std::string>(compose_ls_refs(prefixes, &can)),
                       [&](http_exchange& exchange) { return read_refs(out, exchange); }));
  return out;
}

git_upstream::git_upstream(std::unique_ptr<state> impl) : impl_(std::move(impl)) {}

git_upstream::~git_upstream() = default;

result<std::shared_ptr<git_upstream>> git_upstream::create(source from, pack_receiver& store,
                                                           size_receiver remember_sizes, upstream_limits limits,
                                                           std::optional<capabilities> assumed,
                                                           std::shared_ptr<http_client> http,
                                                           std::shared_ptr<worker_pool> workers) {
  if (from.kind != source::kind_type::remote)
    return fail(EINVAL, from.display + ": this is not the URL of a remote repository");
  return std::shared_ptr<git_upstream>{
      new git_upstream{std::make_unique<state>(std::move(from), store, std::move(remember_sizes), limits,
                                               std::move(assumed), std::move(http), std::move(workers))}};
}

result<resolved_ref> git_upstream::resolve(const std::string& ref, const std::stop_token& stop) {
  if (const auto id = oid::from_hex(ref))
    return resolved_ref{*id, ""};
  const auto explained = [this](error what) {
    return failure({what.code, impl_->from.display + ": " + std::move(what.message)});
  };
  if (auto usable = check_ref_name(ref); !usable)
    return explained(usable.error());
  operation op{stop, clock_type::now() + impl_->limits.total};
  const auto candidates = ref_candidates(ref);
  // The question goes out beside the discovery, so that both cost one round trip; every v2 server can answer it.
  std::unique_ptr<http_exchange> early;
  if (!impl_->server.known())
    early = impl_->http.begin_post(op, compose_ls_refs(candidates, nullptr));
  GITFS_TRYV(impl_->server.get(op));
  std::vector<advertised_ref> refs;
  const auto read = [&](http_exchange& exchange) { return read_refs(refs, exchange); };
  const auto list = [&](std::span<const std::string> prefixes) {
    return impl_->with_capabilities<std::vector<advertised_ref>>(
        op, [&](const capabilities& can) { return impl_->list_refs(op, prefixes, can); });
  };
  if (!early || impl_->http.finish_post(op, *early, read)) {
    GITFS_TRY(listed, list(candidates));
    refs = std::move(listed);
  }
  if (auto chosen = choose_ref(ref, refs))
    return std::move(*chosen);
  const std::string all[] = {"HEAD", "refs/heads/", "refs/tags/"};
  GITFS_TRY(known, list(all));
  return explained(no_such_ref(ref, known));
}

std::unique_ptr<transfer> git_upstream::fetch(fetch_request request, transfer_callback done) {
  return impl_->start(std::move(done), [this, request = std::move(request)](operation& op, transfer_outcome& out) {
    if (request.wants.empty())
      return result<void>{success()};
    op.traceparent = request.traceparent;
    return impl_->with_capabilities<void>(op,
                                          [&](const capabilities& can) { return impl_->fetch(op, request, can, out); });
  });
}

std::unique_ptr<transfer> git_upstream::object_info(std::vector<oid> ids, transfer_callback done,
                                                    std::string traceparent) {
  return impl_->start(std::move(done), [this, ids = std::move(ids),
                                        traceparent = std::move(traceparent)](operation& op, transfer_outcome& out) {
    op.traceparent = traceparent;
    return impl_->object_info(op, ids, out);
  });
}

const std::string& git_upstream::display_name() const {
  return impl_->from.display;
}

upstream_counters git_upstream::counters() const {
  return impl_->http.counters();
}

} // namespace gitfs
