#include "cli/commands/commands.hpp"

#include "actors/filesystem.hpp"
#include "actors/telemetry/telemetry.hpp"
#include "actors/trace/record/crash_dump.hpp"
#include "actors/trace/record/recorder.hpp"
#include "cli/arguments/own_paths.hpp"
#include "cli/commands/reloader.hpp"
#include "cli/commands/standing_mount.hpp"
#include "cli/commands/start_watch.hpp"
#include "cli/system/control.hpp"
#include "cli/system/daemon.hpp"
#include "cli/system/service_manager.hpp"
#include "config/log.hpp"
#include "config/log_setup.hpp"
#include "config/url.hpp"
#include "fuse_bridge/control_folder.hpp"
#include "fuse_bridge/control_server.hpp"
#include "fuse_bridge/mountpoint.hpp"
#include "fuse_bridge/session.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <exception>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

namespace gitfs {

namespace {

// The file with the process's id. It is removed at the end, so a file that is left over means that the process was
// killed.
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

// Raises the limit of descriptors, because each open repository holds a few. The usual limit of 1,024 exists for
// programs that use select(2).
void allow_many_descriptors() {
  // Not more, because child processes such as credential helpers may close every descriptor up to the limit, one by
  // one.
  constexpr rlim_t enough = rlim_t{1} << 20;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= enough)
    return;
  limit.rlim_cur = std::min(limit.rlim_max, enough);
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Ends the recording. It is made before all threads that record, and so destroyed after them.
struct recording_while_mounted {
  recording_while_mounted() = default;
  recording_while_mounted(const recording_while_mounted&) = delete;
  recording_while_mounted& operator=(const recording_while_mounted&) = delete;
  ~recording_while_mounted() { trace::stop_recording(); }
};

// Ends a mount in the right order, also if something throws. Parked requests must be answered while the kernel's
// connection still stands, so first the threads end, then the actors, then the mount.
class serving {
public:
  /// `control`: null if there is no control socket.
  serving(mount_session& session, filesystem& files, bridge& b, control_server* control)
    : session_(session),
      files_(files),
      bridge_(b),
      control_(control) {}
  serving(const serving&) = delete;
  serving& operator=(const serving&) = delete;
  ~serving() { end(); }

  void end() {
    session_.stop();
    if (control_ != nullptr)
      control_->end_questions();
    bridge_.supervisor = nullptr;
    bridge_.catalog = nullptr;
    files_.end();
    session_.unmount();
  }

private:
  mount_session& session_;
  filesystem& files_;
  bridge& bridge_;
  control_server* const control_;
};

mount_status status_at_start(const mount_options& options, const filesystem& files) {
  mount_status out = status_of(options);
  if (out.entries.size() == 1 && out.entries.front().path.empty())
    out.entries.front().shown = files.ref();
  return out;
}

// Starts the control socket. A failure does not end the mount, because commands can also ask through the mount.
std::unique_ptr<control_server> listen(const bridge& b, dev_t device) {
  auto out = control_server::start(b, device);
  if (out)
    return std::move(out.value());
  log::warn("there is no control socket: {}", out.error().message);
  return nullptr;
}

// The source that is shown at the mountpoint itself, without credentials. Empty: a tree of repositories is shown, and
// no server is asked at the start.
std::string source_at_mountpoint(const mount_options& options) {
  if (!options.tree)
    return without_userinfo(options.source);
  const auto& all = options.tree->repositories;
  return all.size() == 1 && all.front().path.empty() ? without_userinfo(all.front().source) : std::string{};
}

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string(std::chrono::ceil<std::chrono::seconds>(time).count()) + " s";
}

std::string what_next(const std::string& mountpoint) {
  return "how it stands: gitfs-actor status " + mountpoint + "; to end it: gitfs-actor unmount " + mountpoint;
}

// Warnings for the user from the start of the mount.
std::string warnings_of(const filesystem& files) {
  std::istringstream lines{files.context()->warnings()};
  std::string out;
  for (std::string line; std::getline(lines, line);)
    out += "warning: " + redacted(line) + '\n';
  return out;
}

// Only this file knows the folders of the control socket, so they are checked here and not with the other paths.
result<void> refuse_socket_below(const std::filesystem::path& mountpoint) {
  for (const auto& folder : control::socket_folders_of(::geteuid())) {
    GITFS_TRYV(
        refuse_below_mountpoint(mountpoint, folder, "the folder of the control socket", "choose another mountpoint"));
  }
  return success();
}

result<void> serve(mount_options& options, daemon_start& start, const service_manager& service) {
  GITFS_TRYV(refuse_socket_below(options.mountpoint));
  // The mountpoint is checked before any server is asked, so that a mistake of the user is reported at once.
  auto at = mountpoint::prepare(options.mountpoint);
  if (!at)
    return at.as_failure();
  // Spans for a collector are made from records, so they need a ring.
  const std::uint64_t least_ring = telemetry::wants_records(options) ? telemetry_ring : 0;
  GITFS_TRYV(
      trace::start_recording({std::max(options.trace_memory, least_ring), options.trace_file, options.trace_size}));
  const recording_while_mounted recorded;
  trace::dump_on_crash((options.log_file.empty() ? options.cache_dir / "mount" : options.log_file).string()
                       + ".crash-trace");
  caf::actor_system_config config;
  configure(config);
  caf::actor_system system{config};
  const std::string source = source_at_mountpoint(options);
  start_watch watch{start.caller(), source, options.timeout};
  auto opened = filesystem::open(options, system, {}, watch.token());
  const auto waited = watch.end();
  if (waited == start_watch::outcome::cancelled)
    return fail(ECANCELED, "cancelled before it was mounted");
  if (waited == start_watch::outcome::overdue && !opened)
    return fail(ETIMEDOUT, source + " has answered some of what was asked within " + seconds_text(options.timeout)
                               + ", and not all: it is slow, or stands behind something that holds answers back; "
                                 "--timeout gives it more time");
  GITFS_TRY(files, std::move(opened));
  if (!options.kernel.fsname)
    options.kernel.fsname = files->source();
  GITFS_TRY(collectors, telemetry::start(options, files->context(), files->source()));
  bridge b{files->context(),
           files->supervisor(),
           {::getuid(), ::getgid(), std::random_device{}()},
           std::make_shared<const mount_status>(status_at_start(options, *files)),
           false,
           files->catalog()};
  std::error_code unresolved;
  b.mountpoint = std::filesystem::canonical(options.mountpoint, unresolved); // the kernel's table has this spelling
  GITFS_TRY(session, mount_session::mount(options, b));
  auto pid = pid_file::write(options.pid_file);
  if (!pid)
    return pid.as_failure();
  const auto control = listen(b, session->device());
  serving served{*session, *files, b, control.get()};
  session->start(system, worker_threads(options));
  GITFS_TRYV(session->wait_until_mounted());

  log::info("mounted {} on {}", files->describe(), options.mountpoint.string());
  service.ready("mounted " + files->describe());
  const std::string place = options.mountpoint.string();
  // A script that reads the output expects one line. A person at a terminal is also told the next commands.
  const std::string more = ::isatty(STDOUT_FILENO) != 0 ? "\n" + what_next(place) : "";
  start.succeeded(options.quiet ? "" : warnings_of(*files) + "mounted " + files->describe() + " on " + place + more);

  reloader again{*files, options, service};
  session->wait_for_end([&] { again.reload(); });
  service.stopping();
  served.end();
  collectors.reset(); // after the unmount, because a slow collector must not delay it
  return success();
}

// An exception ends the mount as an error does. Without this the mount would be left behind without a process.
result<void> serve_to_the_end(mount_options& options, daemon_start& start, const service_manager& service) {
  try {
    return serve(options, start, service);
  } catch (const std::exception& thrown) {
    log::error("the mount ends: {}", thrown.what());
    return fail(EIO, thrown.what());
  }
}

} // namespace

int run_mount(mount_options options) {
  const auto service = service_manager::take_from_environment();
  auto start = daemon_start::begin(options.foreground);
  if (!start) {
    std::fprintf(stderr, "gitfs-actor: %s\n", start.error().message.c_str());
    return 1;
  }
  allow_many_descriptors();
  auto fail_with = [&](const error& e) {
    service.failed(redacted(e.message));
    start.value().failed("gitfs-actor: " + redacted(e.message));
    return 1;
  };
  const auto there = standing_mount::at(options.mountpoint);
  if (there && there->is_same(options) && options.if_needed) {
    service.ready(there->describe(), process_of_mount(options.mountpoint));
    start.value().succeeded(options.quiet ? "" : there->describe());
    return 0;
  }
  if (there)
    return fail_with({EBUSY, there->describe() + there->remedy(options)});
  block_ending_signals(); // not earlier: asking a mount that hangs may take for ever, and Ctrl-C must end that
  if (auto log = start_log({options.level, options.log_file, options.own_log ? own_log_size : 0}); !log)
    return fail_with(log.error());
  if (options.own_log)
    remove_old_logs(options.log_file.parent_path(), own_log_age);
  if (auto served = serve_to_the_end(options, start.value(), service); !served)
    return fail_with(served.error());
  return 0;
}

} // namespace gitfs
