#include "backend/mesa/mesa_repository.hpp"

#include "backend/os/text.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

namespace {

constexpr std::string_view branches = "refs/heads/", tags = "refs/tags/";

/// As the service has it.
std::string short_name(const std::string& ref) {
  for (const std::string_view prefix : {branches, tags})
    if (ref.starts_with(prefix))
      return ref.substr(prefix.size());
  return ref;
}

std::int64_t time_of(const mesa_listing& root) {
  if (root.time != 0)
    return root.time;
  std::int64_t out = 0;
  for (const tree_entry& e : root.entries)
    out = std::max(out, e.time);
  return out;
}

} // namespace

mesa_repository::mesa_repository(std::shared_ptr<mesa_client> client, std::string org, std::string name,
                                 std::shared_ptr<mesa_objects> objects)
  : client_(std::move(client)),
    org_(std::move(org)),
    name_(std::move(name)),
    objects_(std::move(objects)),
    mesa_(std::make_shared<mesa_upstream>(client_, org_, name_, objects_)),
    db_(objects_),
    remote_(mesa_) {}

result<snapshot_facts> mesa_repository::resolve(const std::string& ref, const std::optional<oid>& /*have*/,
                                                std::stop_token stop) {
  operation op = client_->begin(std::move(stop));
  snapshot_facts out;
  std::optional<oid> commit = oid::from_hex(ref);
  if (!commit) {
    GITFS_TRY(facts, client_->repository(op, org_, name_));
    if (ref.empty() || ref == "HEAD" || (!ref.starts_with(tags) && short_name(ref) == facts.default_branch)) {
      if (facts.head.is_zero())
        return fail(ENOENT, display() + ": the repository has no commit yet");
      commit = facts.head;
      out.ref = std::string{branches} + printable(facts.default_branch); // for people, and the log
    } else {
      out.ref = ref;
    }
  }
  if (commit) {
    out.commit = *commit;
    if (const auto known = objects_->find_snapshot(*commit); known && objects_->contains(known->root)) {
      out.root_tree = known->root;
      out.time = known->time;
      mesa_->add_snapshot(out.commit, out.root_tree, commit->hex());
      return out;
    }
  }
  const std::string requested = commit ? commit->hex() : short_name(ref);
  auto root = mesa_->list_root(op, requested);
  if (!root && root.error().code == ENOENT)
    return fail(ENOENT, display() + ": no branch, tag or commit \"" + requested + "\"");
  if (!root)
    return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(root.error()));
  out.root_tree = root.value().id;
  out.commit = commit.value_or(out.root_tree);
  out.time = time_of(root.value());
  mesa_->add_snapshot(out.commit, out.root_tree, requested);
  if (commit)
    objects_->put_snapshot(out.commit, {out.root_tree, out.time});
  return out;
}

} // namespace gitfs
