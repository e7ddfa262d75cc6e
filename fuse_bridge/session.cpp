#include "fuse_bridge/session.hpp"

#include "config/log.hpp"
#include "config/mount_words.hpp"
#include "fuse_bridge/fuse_unit.hpp"
#include "fuse_bridge/libfuse.hpp"
#include "fuse_bridge/mount_failures.hpp"
#include "fuse_bridge/operations.hpp"
#include "fuse_bridge/session_io.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fstream>
#include <pthread.h>
#include <string>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace gitfs {

namespace {

constexpr int worker_ended = SIGUSR1; // to the thread in wait_for_end
constexpr int wake_worker = SIGUSR2;  // interrupts its read from the kernel

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int signal : {SIGTERM, SIGINT, SIGHUP, worker_ended})
    sigaddset(&set, signal);
  return set;
}

// libfuse explains a failed mount on standard error, in several lines. The reason belongs into our own line.
std::string& last_word_of_libfuse() {
  static std::string text;
  return text;
}

// The kernel offers a FUSE file system to read 128 KB ahead, and no more can be asked for in answer to INIT. Whoever
// may write here, root outside of containers, gets fewer requests: of a file of 100 MB 104 instead of 401, and of one
// of 64 KB one instead of two.
void read_more_ahead(dev_t device) {
  constexpr unsigned kilobytes = 1024; // as much as one request can bring
  const std::string path =
      "/sys/class/bdi/" + std::to_string(major(device)) + ":" + std::to_string(minor(device)) + "/read_ahead_kb";
  unsigned now = kilobytes;
  if (std::ifstream{path} >> now && now < kilobytes)
    std::ofstream{path} << kilobytes;
}

std::string formatted(const char* format, va_list arguments) {
  char line[512];
  std::vsnprintf(line, sizeof line, format, arguments);
  std::string out{line};
  while (!out.empty() && out.back() == '\n')
    out.pop_back();
  return out;
}

void keep_word(fuse_log_level, const char* format, va_list arguments) {
  last_word_of_libfuse() = formatted(format, arguments);
}

void log_word(fuse_log_level, const char* format, va_list arguments) {
  log::warn("libfuse: {}", formatted(format, arguments));
}

} // namespace

void block_ending_signals() {
  const sigset_t set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN); // writing to a closed connection then gives an error, and does not end the process
}

result<std::unique_ptr<mount_session>> mount_session::mount(const mount_options& options, bridge& b) {
  std::unique_ptr<mount_session> out{new mount_session};
  fuse_set_log_func(keep_word); // one thread so far
  const std::string text = fuse_option_text(options);
  const char* argv[] = {"gitfs-actor", "-o", text.c_str(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, const_cast<char**>(argv));
  const fuse_lowlevel_ops ops = fuse_operations(options.xattr);
  out->session_ = fuse_session_new(&args, &ops, sizeof ops, &b);
  fuse_opt_free_args(&args);
  if (out->session_ == nullptr)
    return fail(EINVAL, "libfuse refuses the mount options '" + text + "': " + last_word_of_libfuse());
  b.max_read = options.kernel.max_read;
  last_word_of_libfuse().clear();
  standard_error_of_fusermount said;
  const int refused = fuse_session_mount(out->session_, options.mountpoint.c_str());
  std::string why = said.end();
  if (refused != 0) {
    if (const std::string& word = last_word_of_libfuse(); !word.empty())
      why = word + (why.empty() ? "" : "; ") + why;
    return fail(EIO, "cannot mount on " + options.mountpoint.string() + ": " + explain_mount_failure(why));
  }
  out->mounted_ = true;
  if (mend_answer_to_init(out->session_) != 0)
    return fail(ENOMEM, "cannot mount on " + options.mountpoint.string() + ": " + last_word_of_libfuse());
  fuse_set_log_func(log_word);
  out->bridge_ = &b;
  out->mountpoint_ = options.mountpoint;
  struct statx facts {}; // asked from the kernel alone, because this process does not serve yet
  if (::statx(AT_FDCWD, options.mountpoint.c_str(), AT_STATX_DONT_SYNC | AT_NO_AUTOMOUNT, 0, &facts) == 0)
    out->device_ = makedev(facts.stx_dev_major, facts.stx_dev_minor);
  return out;
}

mount_session::~mount_session() {
  stop();
  unmount();
  if (session_ != nullptr)
    fuse_session_destroy(session_);
}

void mount_session::start(caf::actor_system& system, unsigned threads) {
  waiter_ = pthread_self();
  notices_.emplace(system, fuse_session_fd(session_), mountpoint_);
  bridge_->context->kernel = &*notices_;
  struct sigaction wake {};
  wake.sa_handler = [](int) {}; // no SA_RESTART: the read has to return
  sigaction(wake_worker, &wake, nullptr);
  workers_.reserve(threads);
  for (unsigned i = 0; i < threads; ++i) {
    ++working_;
    try {
      workers_.emplace_back([this, &system] { work(system); });
    } catch (...) { // stop() waits for the threads that were started
      --working_;
      throw;
    }
  }
}

result<void> mount_session::wait_until_mounted() const {
  struct statx root {};
  if (::statx(AT_FDCWD, mountpoint_.c_str(), AT_STATX_FORCE_SYNC | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &root) != 0)
    return system_failure(errno, "cannot mount on " + mountpoint_.string()
                                     + ": it was mounted and ended at once, and its log says why");
  if (device_ != 0 && makedev(root.stx_dev_major, root.stx_dev_minor) != device_)
    return fail(ENOTCONN, "cannot mount on " + mountpoint_.string() + ": it was unmounted at once");
  if (device_ != 0)
    read_more_ahead(device_); // the kernel sets it when it takes the answer to INIT, which it has
  return success();
}

void mount_session::work(caf::actor_system& system) {
  pthread_setname_np(pthread_self(), "fuse_worker");
  fuse_unit unit{system};
  this_thread_unit() = &unit;
  fuse_buf buffer{};
  while (!stopping_.load(std::memory_order_relaxed) && fuse_session_exited(session_) == 0) {
    const int got = fuse_session_receive_buf(session_, &buffer);
    if (got == -EINTR)
      continue;
    if (got == -ENOMEM) { // there is no memory for the buffer; there may be some in a moment, and the request stays
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
      continue;
    }
    if (got <= 0)
      break; // unmounted
    fuse_session_process_buf(session_, &buffer);
    unit.run();
  }
  std::free(buffer.mem);
  this_thread_unit() = nullptr;
  if (--working_ == 0)
    pthread_kill(waiter_, worker_ended);
}

void mount_session::wait_for_end(const std::function<void()>& reload) {
  const sigset_t set = ending_signals();
  int signal = 0;
  while (sigwait(&set, &signal) != 0 || signal == SIGHUP)
    if (signal == SIGHUP)
      reload();
  if (signal == worker_ended)
    log::info("unmounted");
  else
    log::info("{}: unmounting", strsignal(signal));
}

// The notices end before the workers. For a notice the kernel takes the lock of a directory, which a program that asks
// about something in it holds until a worker has answered.
void mount_session::end_notices() {
  if (!notices_)
    return;
  constexpr std::chrono::seconds patience{5};
  notices_->end();
  for (const auto until = std::chrono::steady_clock::now() + patience; !notices_->ended();) {
    if (std::chrono::steady_clock::now() > until) {
      log::warn("a notification to the kernel does not end: the connection is cut");
      return abort_connection();
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
}

// Everything that the kernel waits for fails, so that the threads which wait for it go on. The second way is for root
// without /sys.
void mount_session::abort_connection() const {
  const std::string path = "/sys/fs/fuse/connections/" + std::to_string(minor(device_)) + "/abort";
  std::ofstream file{path};
  if (device_ == 0 || !(file << "1" << std::flush))
    ::umount2(mountpoint_.c_str(), MNT_FORCE | MNT_DETACH);
}

void mount_session::stop() {
  end_notices();
  stopping_ = true;
  // A worker may have read the flag just before it was set, and be about to sleep in read. So the signal is sent again
  // until all workers have ended.
  while (working_ != 0) {
    for (std::thread& worker : workers_)
      pthread_kill(worker.native_handle(), wake_worker);
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  for (std::thread& worker : workers_)
    worker.join();
  workers_.clear();
}

void mount_session::unmount() {
  if (std::exchange(mounted_, false))
    fuse_session_unmount(session_);
}

} // namespace gitfs
