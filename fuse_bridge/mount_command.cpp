#include "fuse_bridge/commands.hpp"

#include "actors/fetcher.hpp"
#include "actors/prefetcher.hpp"
#include "actors/supervisor.hpp"
#include "backend/snapshot.hpp"
#include "config/log.hpp"
#include "fuse_bridge/daemon.hpp"
#include "fuse_bridge/mountpoint.hpp"
#include "fuse_bridge/session.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/send.hpp>

#include <spdlog/spdlog.h>

#include <fstream>
#include <unistd.h>

namespace gitfs {

namespace {

// 100,000 directories with ten files each have trees of about this size, packed.
constexpr std::uint64_t trees_ahead_limit = 32U << 20;
constexpr std::size_t blob_budget = 64U << 20;

// Debian's default, work stealing, strands jobs behind a busy worker (p99 3 ms with one 5 ms handler).
void configure(caf::actor_system_config& config) {
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", std::size_t{2});
}

// The actors of one mount. Ending them in the destructor answers what is parked and cancels what is on its way.
class actor_tree {
public:
  actor_tree(caf::actor_system& system, const snapshot& what, bool prefetch)
    : context_(std::make_shared<mount_context>(mount_facts{what.commit, what.root_tree, prefetch}, what.db,
                                               blob_budget)) {
    auto root = std::make_shared<dir_link>();
    root->tree = what.root_tree;
    context_->inodes.allocate(no_slot, std::move(root)); // the first slot is the root's
    if (what.remote) {
      fetcher_ = system.spawn<fetcher_actor>(context_, what.remote, prefetch ? trees_ahead_limit : 0,
                                             want_queue::limits{});
      if (prefetch)
        prefetcher_ = system.spawn<prefetcher_actor>(context_, fetcher_);
    }
    supervisor_ = system.spawn<supervisor_actor>(context_, fetcher_, prefetcher_);
  }
  ~actor_tree() {
    for (const caf::actor& a : {supervisor_, prefetcher_, fetcher_})
      if (a)
        caf::anon_send_exit(a, caf::exit_reason::user_shutdown);
  }
  actor_tree(const actor_tree&) = delete;
  actor_tree& operator=(const actor_tree&) = delete;

  const std::shared_ptr<mount_context>& context() const { return context_; }
  const caf::actor& supervisor() const { return supervisor_; }

private:
  std::shared_ptr<mount_context> context_;
  caf::actor fetcher_, prefetcher_, supervisor_;
};

// Removed at the end, so that a stale one means a process that was killed.
class pid_file {
public:
  static result<pid_file> write(const std::filesystem::path& path) {
    pid_file out;
    if (path.empty())
      return out;
    std::ofstream file{path, std::ios::trunc};
    file << ::getpid() << '\n';
    file.close();
    if (!file)
      return fail(EIO, "cannot write the pid file " + path.string());
    out.path_ = path;
    return out;
  }
  pid_file(pid_file&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  pid_file& operator=(pid_file&&) = delete;
  ~pid_file() {
    if (!path_.empty())
      ::unlink(path_.c_str());
  }

private:
  pid_file() = default;
  std::filesystem::path path_;
};

result<void> serve(mount_options& options, daemon_start& start) {
  // Before anything is asked of a server: what the user can mend at once comes first.
  auto at = mountpoint::prepare(options.mountpoint);
  if (!at)
    return at.as_failure();
  caf::actor_system_config config;
  configure(config);
  caf::actor_system system{config};
  // After the system, so that it ends before: its threads send to actors.
  BOOST_OUTCOME_TRY(what, open_snapshot(options));
  if (!options.kernel.fsname)
    options.kernel.fsname = what.display;
  std::optional<actor_tree> actors{std::in_place, system, what, options.prefetch};
  bridge b{actors->context(), actors->supervisor(), {::getuid(), ::getgid(), what.time}, false};
  BOOST_OUTCOME_TRY(session, mount_session::mount(options, b));
  auto pid = pid_file::write(options.pid_file);
  if (!pid)
    return pid.as_failure();
  session->start(system, worker_threads(options));

  const std::string name = what.display + (what.ref.empty() ? "" : " " + what.ref) + " at " + what.commit.hex();
  spdlog::info("mounted {} on {}", name, options.mountpoint.string());
  start.succeeded("mounted " + name + " on " + options.mountpoint.string());

  session->wait_for_end();
  session->stop();
  // Requests that are still parked are answered while the connection stands: first the actors end, then the mount.
  b.supervisor = nullptr;
  actors.reset();
  system.await_all_actors_done();
  session->unmount();
  return success();
}

} // namespace

int run_mount(mount_options options) {
  auto start = daemon_start::begin(options.foreground);
  if (!start) {
    std::fprintf(stderr, "gitfs-actor: %s\n", start.error().message.c_str());
    return 1;
  }
  block_ending_signals();
  auto fail_with = [&](const error& e) {
    start.value().failed("gitfs-actor: " + redacted(e.message));
    return 1;
  };
  if (auto log = start_log({options.level, options.log_file}); !log)
    return fail_with(log.error());
  if (auto served = serve(options, start.value()); !served)
    return fail_with(served.error());
  return 0;
}

} // namespace gitfs
