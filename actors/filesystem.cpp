#include "actors/filesystem.hpp"

#include "actors/catalog/catalog_actor.hpp"
#include "actors/catalog/mounting.hpp"
#include "actors/inode/supervisor.hpp"
#include "actors/model/inode_number.hpp"
#include "actors/runtime/catalog_messages.hpp"
#include "actors/trace/record/recorder.hpp"
#include "backend/cache/memory_budget.hpp"
#include "backend/open/entry_source.hpp"
#include "backend/open/git_repository.hpp"
#include "backend/open/make_forge.hpp"
#include "backend/os/memory_limit.hpp"
#include "backend/profile/profile.hpp"
#include "backend/remote/source.hpp"
#include "backend/store/object_store.hpp"
#include "config/log.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

namespace gitfs {

void configure(caf::actor_system_config& config) {
  // CAF's default, work stealing, strands jobs behind a busy worker (p99 3 ms with one 5 ms handler).
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{2});
}

namespace {

// The repository that the mount shows at its mountpoint. None: the mount shows a tree of repositories.
std::optional<shown_repository> only_one(const mount_options& options) {
  if (!options.tree)
    return shown_repository{
        {}, options.source, options.ref, options.follow, options.token, options.username, options.profile};
  const deployment& tree = *options.tree;
  if (tree.forges.empty() && tree.repositories.size() == 1 && tree.repositories.front().path.empty())
    return tree.repositories.front();
  return std::nullopt;
}

result<std::shared_ptr<repository>> open_entry(const shown_repository& entry, const mount_options& options,
                                               const deployment_parts& parts, std::shared_ptr<memory_budget> memory,
                                               const std::shared_ptr<backend_services>& services) {
  GITFS_TRY(from, source_of(entry, parts.read_secret));
  return open_repository(from, options, std::move(memory), services);
}

result<void> put_forges(catalog::forges& out, const deployment& tree, const deployment_parts& parts) {
  for (const shown_forge& each : tree.forges) {
    GITFS_TRY(forge, parts.make_forge(each));
    out.push_back(std::move(forge));
  }
  return success();
}

auto forge_maker(const mount_options& options, const deployment_parts& parts, std::shared_ptr<memory_budget> memory,
                 const std::shared_ptr<backend_services>& services) {
  forge_needs needs;
  needs.open = [options, memory, services](const source& from, std::shared_ptr<size_source> sizes) {
    return open_repository(from, options, memory, services, std::move(sizes));
  };
  needs.open_store = [options, memory, services](const std::string& key) {
    return object_store::open(options.cache_dir, key, options.cache_size, memory, shared_keepers(services),
                              options.cache_min_free);
  };
  needs.read_secret = parts.read_secret;
  needs.limits = limits_of(options);
  needs.client = shared_http(services);
  return [needs = std::move(needs)](const shown_forge& what) { return make_forge(what, needs); };
}

bool is_abbreviation(const std::string& ref, const oid& of) {
  const std::string whole = of.hex();
  const auto same = [](unsigned char a, unsigned char b) { return std::tolower(a) == b; };
  return !ref.empty() && ref.size() <= whole.size() && std::equal(ref.begin(), ref.end(), whole.begin(), same);
}

std::uint64_t trees_ahead_of(const mount_options& options) {
  return options.prefetch ? options.trees_ahead : 0;
}

} // namespace

result<std::unique_ptr<filesystem>> filesystem::open(const mount_options& options, caf::actor_system& system,
                                                     const deployment_parts& parts, std::stop_token stop) {
  const std::uint64_t memory = options.memory.value_or(memory_budget::automatic(memory_limit()));
  auto context =
      std::make_shared<mount_context>(std::make_shared<memory_budget>(memory), options.cache_dir, options.prefetch);
  std::unique_ptr<filesystem> out{new filesystem{system, std::move(context), parts}};
  out->context_->servers = out->services_->ways_of(options.cache_dir);
  if (!options.mountpoint.empty()) { // resolved, so that the mountpoint has one name, by whatever links it was named
    std::error_code unresolved;
    auto place = std::filesystem::weakly_canonical(options.mountpoint, unresolved);
    out->context_->times =
        std::make_shared<shown_times>(options.cache_dir, unresolved ? options.mountpoint : std::move(place));
  }
  out->context_->cache_trouble = [services = std::weak_ptr{out->services_}, folder = options.cache_dir] {
    const auto all = services.lock();
    return all ? all->trouble_of(folder) : std::string{};
  };
  if (!parts.make_forge)
    out->parts_.make_forge = forge_maker(options, parts, out->context_->shared_memory, out->services_);
  if (const auto one = only_one(options)) {
    if (!one->profile.empty()) {
      GITFS_TRYV(read_profile(one->profile));
    }
    GITFS_TRY(from, open_entry(*one, options, parts, out->context_->shared_memory, out->services_));
    GITFS_TRY(what, from->resolve(one->ref, std::nullopt, std::move(stop)));
    what.shown_at = time_now();
    if (one->follow.kind != follow_mode::kind_type::pinned && what.ref.empty()
        && is_abbreviation(one->ref, what.commit))
      return fail(EINVAL, "the ref " + one->ref + " is the commit " + what.commit.hex()
                              + ", which never changes: give a branch or tag to follow");
    auto objects = out->show_first(std::move(from), what, options);
    // A mount that may change has a catalog.
    if (options.tree || one->follow.kind != follow_mode::kind_type::pinned) {
      GITFS_TRYV(out->show_tree({{*one}, {}}, options, std::move(objects)));
    } else {
      out->supervisor_ = system.spawn<supervisor_actor>(out->context_);
    }
  } else {
    GITFS_TRYV(out->show_tree(*options.tree, options, std::nullopt));
  }
  out->context_->supervisor = out->supervisor_;
  return out;
}

filesystem::filesystem(caf::actor_system& system, std::shared_ptr<mount_context> context, deployment_parts parts)
  : system_(system),
    parts_(std::move(parts)),
    context_(std::move(context)) {}

void filesystem::begin(const snapshot_facts& root, bool remote, const mount_options& options) {
  trace::mounted(
      {root.commit, root.root_tree, options.prefetch, remote, trees_ahead_of(options), context_->memory.total()});
}

opened_first filesystem::show_first(std::shared_ptr<repository> from, const snapshot_facts& what,
                                    const mount_options& options) {
  source_ = from->display();
  ref_ = what.ref;
  description_ = source_ + (what.ref.empty() ? "" : " " + what.ref) + " at " + what.commit.hex();
  const std::shared_ptr<upstream>& remote = from->remote();
  begin(what, remote != nullptr, options);
  const auto objects = add_repository(*context_, 0, from->objects());
  if (remote)
    start_fetcher(system_, context_, objects, remote, trees_ahead_of(options));
  objects->from = std::move(from);
  show_at_root(*context_, add_mounted_ref(system_, context_, 0, objects), what);
  return {objects, context_->inodes.location_of(root_slot)->shown};
}

result<void> filesystem::show_tree(const deployment& tree, const mount_options& options,
                                   std::optional<opened_first> first) {
  catalog_actor::needs needs;
  needs.tree = std::make_shared<const deployment>(tree);
  GITFS_TRYV(put_forges(needs.forges, tree, parts_));
  needs.open = [options, parts = parts_, memory = context_->shared_memory, services = services_](
                   const shown_repository& entry) { return open_entry(entry, options, parts, memory, services); };
  needs.first = std::move(first);
  needs.trees_ahead = trees_ahead_of(options);
  needs.workers = &workers_.emplace();
  const auto count = [](std::size_t n, const char* one, const char* many) {
    return std::to_string(n) + ' ' + (n == 1 ? one : many);
  };
  if (!needs.first) {
    source_ = "gitfs-actor";
    description_ = count(tree.repositories.size(), "repository", "repositories") + ", "
                   + count(tree.forges.size(), "host", "hosts");
    begin({}, true, options);
    context_->inodes.allocate(no_slot, root_ino, std::make_shared<directory_location>());
  }
  trace::shown(tree, shown_);
  catalog_ = system_.spawn<catalog_actor>(context_, std::move(needs));
  supervisor_ = system_.spawn<supervisor_actor>(context_, catalog_);
  return success();
}

result<void> filesystem::reload(const deployment& tree, std::function<void(bool)> done) {
  catalog::forges forges;
  GITFS_TRYV(put_forges(forges, tree, parts_));
  const trace::because_of edge{trace::shown(tree, shown_)};
  caf::anon_send(catalog_, reload_tree{std::make_shared<const deployment>(tree), std::move(forges), std::move(done)});
  return success();
}

filesystem::~filesystem() {
  end();
}

void filesystem::end() {
  // Otherwise the end would wait until gigabytes are inflated.
  context_->repositories.each([](mounted_repository& each) { each.large_blobs.stop(); });
  end_actors(*context_, supervisor_, catalog_);
  system_.await_all_actors_done();
  workers_.reset(); // its running jobs have been told to stop, so this does not take long
  context_->close();
  context_->trim();
  context_->repositories.each([](mounted_repository& each) { each.large_blobs.clear(); });
  if (!context_->memory.empty())
    log::error("the mount has ended and still accounts for memory:\n{}", context_->memory.text());
}

} // namespace gitfs
