#include "backend/snapshot.hpp"

#include "backend/commit.hpp"
#include "backend/git_upstream.hpp"
#include "backend/local_repository.hpp"
#include "backend/object_store.hpp"
#include "backend/source.hpp"

#include <future>

namespace gitfs {

namespace {

transfer_outcome fetch_and_wait(upstream& remote, fetch_request request) {
  std::promise<transfer_outcome> ended;
  auto running =
      remote.fetch(std::move(request), [&](transfer_outcome outcome) { ended.set_value(std::move(outcome)); });
  return ended.get_future().get();
}

result<void> read_commit(snapshot& s, const oid& named) {
  BOOST_OUTCOME_TRY(commit, peel_to_commit(*s.db, named));
  BOOST_OUTCOME_TRY(raw, s.db->read(commit));
  BOOST_OUTCOME_TRY(parsed, parse_commit(raw.data()));
  s.commit = commit;
  s.root_tree = parsed.tree;
  s.time = parsed.committer_time;
  return success();
}

bool is_here(snapshot& s, const oid& named) {
  return s.db->contains(named) && read_commit(s, named) && s.db->contains(s.root_tree);
}

// The commit and its root tree in one request, or from a server that cannot filter the whole snapshot.
result<void> bring(snapshot& s, const oid& named) {
  fetch_request request;
  request.wants = {named};
  request.shallow = true;
  request.filter = fetch_filter::tree_1;
  transfer_outcome outcome = fetch_and_wait(*s.remote, request);
  if (outcome.failure && outcome.failure->code == ENOTSUP) {
    request.filter = fetch_filter::none;
    outcome = fetch_and_wait(*s.remote, request);
  }
  if (outcome.failure)
    return fail(outcome.failure->code, outcome.failure->message);
  auto read = read_commit(s, named);
  if (!read)
    return fail(EIO, s.display + " did not send a usable commit " + named.hex() + ": " + read.error().message);
  return success();
}

result<snapshot> open_local(const source& from, const std::string& ref) {
  BOOST_OUTCOME_TRY(repository, local_repository::open(from.location));
  BOOST_OUTCOME_TRY(resolved, repository->resolve(ref));
  snapshot out;
  out.db = std::move(repository);
  out.ref = std::move(resolved.name);
  out.display = from.display;
  auto read = read_commit(out, resolved.commit);
  if (!read)
    return fail(EIO, from.display + ": commit " + resolved.commit.hex() + " cannot be read: " + read.error().message);
  return out;
}

result<snapshot> open_remote(const source& from, const mount_options& options, std::shared_ptr<memory_budget> memory) {
  BOOST_OUTCOME_TRY(store, object_store::open(options.cache_dir, from.location, options.cache_size, std::move(memory)));
  upstream_limits limits;
  limits.connect = options.connect_timeout;
  limits.stall = options.stall_timeout;
  limits.total = options.timeout;
  // The store outlives the upstream: the upstream's callback holds it.
  auto remember = [store](std::span<const std::pair<oid, std::uint64_t>> sizes) { store->remember_sizes(sizes); };
  BOOST_OUTCOME_TRY(remote, git_upstream::create(from, *store, remember, limits));
  BOOST_OUTCOME_TRY(resolved, remote->resolve(options.ref));
  snapshot out;
  out.db = std::move(store);
  out.remote = std::move(remote);
  out.ref = std::move(resolved.name);
  out.display = from.display;
  if (!is_here(out, resolved.commit)) {
    BOOST_OUTCOME_TRYV(bring(out, resolved.commit));
  }
  return out;
}

} // namespace

result<snapshot> open_snapshot(const mount_options& options, std::shared_ptr<memory_budget> memory) {
  BOOST_OUTCOME_TRY(from, parse_source(options.source));
  return from.kind == source::kind_type::local ? open_local(from, options.ref)
                                               : open_remote(from, options, std::move(memory));
}

} // namespace gitfs
