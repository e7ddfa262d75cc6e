#include "backend/open/git_repository.hpp"

#include "backend/git/commit.hpp"
#include "backend/open/known_forges.hpp"
#include "backend/remote/git_upstream.hpp"
#include "backend/remote/server_ways.hpp"
#include "backend/remote/sized_upstream.hpp"
#include "backend/store/local_repository.hpp"
#include "backend/store/object_store.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cstdint>
#include <future>
#include <span>
#include <utility>

namespace gitfs {

namespace {

transfer_outcome fetch_and_wait(upstream& remote, fetch_request request, const std::stop_token& stop) {
  std::promise<transfer_outcome> ended;
  auto running =
      remote.fetch(std::move(request), [&](transfer_outcome outcome) { ended.set_value(std::move(outcome)); });
  const std::stop_callback cancel{stop, [&] { running.reset(); }};
  return ended.get_future().get();
}

result<snapshot_facts> read_commit(object_db& objects, const oid& named) {
  GITFS_TRY(commit, peel_to_commit(objects, named));
  GITFS_TRY(raw, objects.read(commit));
  GITFS_TRY(parsed, parse_commit(raw.data()));
  return snapshot_facts{commit, parsed.tree, parsed.committer_time, {}};
}

/// Says once what users should know, in the log and in `gitfs-actor status`.
void warn(server_ways& notes, const std::string& text) {
  if (notes.warn(text))
    log::warn("{}", text);
}

void warn_of_namesake(server_ways& notes, const std::string& display, const resolved_ref& of) {
  if (!of.namesake.empty())
    warn(notes, display + ": the ref given is the name of a branch and of a tag; " + of.name
                    + " is shown, as git clone and git checkout do; the tag is " + of.namesake);
}

class local_source final : public repository {
public:
  local_source(std::shared_ptr<local_repository> opened, std::string display, std::shared_ptr<server_ways> notes)
    : opened_(std::move(opened)),
      objects_(opened_),
      display_(std::move(display)),
      notes_(std::move(notes)) {}

  const std::shared_ptr<object_db>& objects() const override { return objects_; }
  const std::shared_ptr<upstream>& remote() const override { return none_; }
  const std::string& display() const override { return display_; }

  result<snapshot_facts> resolve(const std::string& ref, const std::optional<oid>&, std::stop_token) override {
    GITFS_TRY(resolved, opened_->resolve(ref));
    warn_of_namesake(*notes_, display_, resolved);
    auto read = read_commit(*objects_, resolved.commit);
    if (!read)
      return fail(EIO, display_ + ": commit " + resolved.commit.hex() + " cannot be read: " + read.error().message);
    read.value().ref = std::move(resolved.name);
    return read;
  }

private:
  const std::shared_ptr<local_repository> opened_;
  const std::shared_ptr<object_db> objects_;
  const std::shared_ptr<upstream> none_;
  const std::string display_;
  const std::shared_ptr<server_ways> notes_;
};

class remote_source final : public repository {
public:
  /// `sized`: the server together with who tells sizes; null: it is alone.
  remote_source(std::shared_ptr<object_store> store, std::shared_ptr<git_upstream> server,
                std::shared_ptr<sized_upstream> sized, std::shared_ptr<server_ways> notes,
                std::shared_ptr<const profile_store> profiles)
    : objects_(std::move(store)),
      server_(std::move(server)),
      sized_(std::move(sized)),
      notes_(std::move(notes)),
      profiles_(std::move(profiles)),
      remote_(sized_ ? std::shared_ptr<upstream>{sized_} : server_) {}

  const std::shared_ptr<object_db>& objects() const override { return objects_; }
  const std::shared_ptr<upstream>& remote() const override { return remote_; }
  std::shared_ptr<const profile_store> profiles() const override { return profiles_; }
  const std::string& display() const override { return server_->display_name(); }

  result<snapshot_facts> resolve(const std::string& ref, const std::optional<oid>& have,
                                 std::stop_token stop) override {
    GITFS_TRY(resolved, server_->resolve(ref, stop));
    warn_of_namesake(*notes_, display(), resolved);
    auto read = read_commit(*objects_, resolved.commit);
    if (!read || !objects_->contains(read.value().root_tree)) {
      GITFS_TRYV(bring(resolved.commit, have, stop));
      read = read_commit(*objects_, resolved.commit);
    }
    // Not every server sends the root tree along; and of a commit with the tree of one that is had, none does.
    if (read && !objects_->contains(read.value().root_tree)) {
      GITFS_TRYV(fetch({.wants = {read.value().root_tree}, .need = fetch_need::trees}, stop));
    }
    if (!read)
      return fail(EIO,
                  display() + " did not send a usable commit " + resolved.commit.hex() + ": " + read.error().message);
    read.value().ref = std::move(resolved.name);
    if (sized_)
      sized_->search_in(read.value().commit, read.value().root_tree);
    return read;
  }

private:
  result<void> bring(const oid& named, const std::optional<oid>& have, const std::stop_token& stop) {
    fetch_request request;
    request.wants = {named};
    request.need = fetch_need::commit;
    if (have)
      request.haves = {*have};
    return fetch(std::move(request), stop);
  }

  result<void> fetch(fetch_request request, const std::stop_token& stop) {
    transfer_outcome outcome = fetch_and_wait(*remote_, std::move(request), stop);
    if (outcome.failure)
      return fail(outcome.failure->code, outcome.failure->message);
    return success();
  }

  const std::shared_ptr<object_db> objects_; // outlives the upstream, which fills it
  const std::shared_ptr<git_upstream> server_;
  const std::shared_ptr<sized_upstream> sized_;
  const std::shared_ptr<server_ways> notes_;
  const std::shared_ptr<const profile_store> profiles_;
  const std::shared_ptr<upstream> remote_;
};

std::shared_ptr<server_ways> ways_of(const mount_options& options, const std::shared_ptr<backend_services>& services) {
  return services ? services->ways_of(options.cache_dir)
                  : std::make_shared<server_ways>(server_ways::file_in(options.cache_dir));
}

result<std::shared_ptr<repository>> open_remote(const source& from, const mount_options& options,
                                                std::shared_ptr<memory_budget> memory,
                                                std::shared_ptr<size_source> sizes,
                                                const std::shared_ptr<backend_services>& services) {
  GITFS_TRY(store, object_store::open(options.cache_dir, from.location, options.cache_size, std::move(memory),
                                      shared_keepers(services), options.cache_min_free));
  const upstream_limits limits = limits_of(options);
  // The store outlives the upstream: the upstream's callback holds it.
  auto remember = [store](std::span<const std::pair<oid, std::uint64_t>> reported) { store->remember_sizes(reported); };
  const auto ways = ways_of(options, services);
  for (const std::string& each : from.warnings)
    warn(*ways, each);
  GITFS_TRY(remote, git_upstream::create(from, *store, remember, limits, capabilities_of_forge(from),
                                         shared_http(services), shared_workers(services), ways));
  auto sized = with_sizes(remote, store, sizes ? std::move(sizes) : sizes_of_forge(from, limits, shared_http(services)),
                          remember);
  // They are never evicted, so in a small cache folder they must be few.
  constexpr std::uint64_t share = 64;
  const auto most = std::min<std::uint64_t>(options.cache_size / share / profile_store::most_runs, profile::most_bytes);
  auto profiles = std::make_shared<const profile_store>(
      profile_store::files{options.profiles ? store->folder() / "profiles" : std::filesystem::path{}, from.profile,
                           static_cast<std::size_t>(most)},
      remote->display_name());
  return std::make_shared<remote_source>(std::move(store), std::move(remote), std::move(sized), ways,
                                         std::move(profiles));
}

} // namespace

upstream_limits limits_of(const mount_options& options) {
  upstream_limits out;
  out.connect = options.connect_timeout;
  out.stall = options.stall_timeout;
  out.total = options.timeout;
  out.wait_at_first = options.wait;
  return out;
}

result<std::shared_ptr<repository>> open_repository(const source& from, const mount_options& options,
                                                    std::shared_ptr<memory_budget> memory,
                                                    const std::shared_ptr<backend_services>& services,
                                                    std::shared_ptr<size_source> sizes) {
  if (from.kind == source::kind_type::remote)
    return open_remote(from, options, std::move(memory), std::move(sizes), services);
  GITFS_TRY(opened, local_repository::open(from.location));
  return std::make_shared<local_source>(std::move(opened), from.display, ways_of(options, services));
}

} // namespace gitfs
