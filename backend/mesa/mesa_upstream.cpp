#include "backend/mesa/mesa_upstream.hpp"

#include "backend/mesa/mesa_upstream_state.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <array>
#include <cerrno>

namespace gitfs {

namespace {

constexpr unsigned most_misses = 16; // objects that failed; more are the service's failure

/// True of what the next object may not meet.
bool is_of_one_object(int code) {
  constexpr std::array codes{ENOENT, EIO, ENOTDIR, EBADMSG};
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

} // namespace

operation mesa_upstream::state::begin(const job& j, mesa_transfer& t) const {
  operation op = client->begin(t.stop());
  op.arrived = t.arrived;
  op.traceparent = j.request.traceparent;
  return op;
}

mesa_progress mesa_upstream::state::progress_of(const job_ptr& j, mesa_transfer& t) const {
  return [j, &t](std::string_view) -> result<void> {
    const std::uint64_t arrived = *t.arrived;
    const fetch_request& r = j->request;
    if (r.byte_limit != 0 && arrived > r.byte_limit)
      return gitfs::fail(EFBIG, "the answers are longer than the limit of " + std::to_string(r.byte_limit) + " bytes");
    if (t.failed()) // there is no use in the rest
      return gitfs::fail(ECANCELED, "the request was cancelled");
    if (r.grew_long && arrived > r.long_from) {
      const std::lock_guard lock{j->mutex};
      if (!std::exchange(j->logged_long, true))
        r.grew_long();
    }
    return success();
  };
}

void mesa_upstream::state::missed(job& j, mesa_transfer& t, error what) const {
  const bool of_one = is_of_one_object(what.code);
  std::unique_lock lock{j.mutex};
  const bool too_many = what.code == EIO && ++j.misses > most_misses;
  if (!j.miss)
    j.miss = what;
  lock.unlock();
  if (!of_one || too_many)
    t.fail(std::move(what));
  else
    log::debug("{}", what.message);
}

/// A transfer that brought nothing of what was wanted has failed.
void mesa_upstream::state::end(job& j, transfer_outcome& out) const {
  if (out.failure || !j.miss || j.whole)
    return;
  const auto& wants = j.request.wants;
  if (std::none_of(wants.begin(), wants.end(), [this](const oid& id) { return objects->contains(id); }))
    out.failure = j.miss;
}

void mesa_upstream::state::begin_fetch(const job_ptr& j, mesa_transfer& t) {
  const fetch_request& r = j->request;
  if (r.need == fetch_need::snapshot)
    return t.fail({ENOTSUP, "the service does not send whole repositories"});
  if (r.need != fetch_need::trees && r.need != fetch_need::blobs) {
    for (const oid& commit : r.wants) {
      const std::lock_guard lock{mutex};
      const auto found = snapshots.find(commit);
      if (found == snapshots.end())
        return t.fail({ENOENT, commit.hex() + " was not looked up"});
      const auto& [root, ref] = found->second;
      j->whole = true; // or the root alone
      t.add([this, j, q = mesa_question{root, ref, "", r.need == fetch_need::commit ? 1 : all_levels}](auto& to) {
        list(j, to, q);
      });
    }
    return;
  }
  learn_stored(r.wants);
  std::vector<oid> trees, blobs;
  for (const oid& id : r.wants) {
    if (index.find_tree(id))
      trees.push_back(id);
    else if (index.find_parent(id))
      blobs.push_back(id);
    else
      missed(*j, t, {ENOENT, client->display() + ": no listing of the service names object " + id.hex()});
  }
  if (r.size_limit != 0 && blobs.size() == 1 && trees.empty()) {
    std::uint64_t size = unknown_size;
    objects->sizes(blobs, {&size, 1});
    if (size != unknown_size && size > r.size_limit) {
      t.tell_sizes({{blobs.front(), size}});
      return t.fail({EFBIG, "the blob has more than " + std::to_string(r.size_limit) + " bytes"});
    }
  }
  // The listing that names a blob may have been evicted, and says by what name to ask for it.
  std::unordered_set<oid> lost;
  for (const oid& blob : blobs)
    if (const auto parent = index.find_parent(blob); !objects->contains(*parent))
      lost.insert(*parent);
  const std::vector<oid> wanted_trees = trees;
  trees.insert(trees.end(), lost.begin(), lost.end());
  ask_for_trees(j, t, trees, true);
  t.then([this, j, wanted_trees](auto& to) { // what the service did not list so deep
    std::vector<oid> left;
    std::ranges::copy_if(wanted_trees, std::back_inserter(left),
                         [this](const oid& id) { return !objects->contains(id); });
    if (j->together)
      ask_for_trees(j, to, left, false);
  });
  t.then([this, j, blobs](auto& to) { ask_for_blobs(j, to, blobs); });
  t.then([this, j](auto& to) {
    if (auto kept = flush(*j, 0); !kept)
      to.fail(std::move(kept.error()));
  });
}

void mesa_upstream::state::begin_sizes(const job_ptr& j, mesa_transfer& t) {
  const auto& ids = j->request.wants;
  const auto known_sizes = [this, j] {
    std::vector<std::uint64_t> sizes(j->request.wants.size(), unknown_size);
    objects->sizes(j->request.wants, sizes);
    return sizes;
  };
  std::vector<std::uint64_t> sizes = known_sizes();
  std::vector<oid> lacking;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (sizes[i] == unknown_size)
      lacking.push_back(ids[i]);
  if (!lacking.empty()) { // the listings came in an earlier process, whose table of sizes was lost
    learn_stored(lacking);
    std::unordered_set<oid> parents;
    for (const oid& id : lacking)
      if (const auto parent = index.find_parent(id))
        parents.insert(*parent);
    ask_for_trees(j, t, std::vector<oid>(parents.begin(), parents.end()), true);
  }
  t.then([known_sizes, j](auto& to) {
    const std::vector<std::uint64_t> now = known_sizes();
    std::vector<std::pair<oid, std::uint64_t>> out;
    for (std::size_t i = 0; i < now.size(); ++i)
      if (now[i] != unknown_size)
        out.emplace_back(j->request.wants[i], now[i]);
    if (out.empty() && j->miss)
      to.fail(*j->miss);
    to.tell_sizes(std::move(out));
  });
}

mesa_upstream::mesa_upstream(std::shared_ptr<mesa_client> client, std::string org, std::string repository,
                             std::shared_ptr<mesa_objects> objects)
  : impl_(std::make_unique<state>(std::move(client), std::move(org), std::move(repository), std::move(objects))),
    display_(impl_->client->display() + mesa_repository_path(impl_->org, impl_->repository)) {}

mesa_upstream::~mesa_upstream() = default;

std::unique_ptr<transfer> mesa_upstream::fetch(fetch_request request, transfer_callback done) {
  auto j = std::make_shared<state::job>();
  j->request = std::move(request);
  return impl_->transfers.start(std::move(done), [self = impl_.get(), j](mesa_transfer& t) {
    t.at_end([self, j](transfer_outcome& out) { self->end(*j, out); });
    self->begin_fetch(j, t);
  });
}

std::unique_ptr<transfer> mesa_upstream::object_info(std::vector<oid> ids, transfer_callback done,
                                                     std::string traceparent) {
  auto j = std::make_shared<state::job>();
  j->request.wants = std::move(ids);
  j->request.traceparent = std::move(traceparent);
  return impl_->transfers.start(std::move(done),
                                [self = impl_.get(), j](mesa_transfer& t) { self->begin_sizes(j, t); });
}

void mesa_upstream::add_snapshot(const oid& commit, const oid& root, const std::string& ref) {
  impl_->index.add_root(root, ref);
  const std::lock_guard lock{impl_->mutex};
  impl_->snapshots[commit] = {root, ref};
}

} // namespace gitfs
