// Threads that only carry data in and out: that of libcurl, and those that block on the disk for it.
#pragma once

#include <csignal>
#include <functional>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace gitfs {

/// Starts a thread of that name (at most 15 characters; top and perf show it) with every signal blocked: signals are
/// for the main thread, and a SIGPIPE from inside a TLS library must not end the process. Throws std::system_error if
/// there can be no more threads.
inline std::thread edge_thread(const char* name, std::function<void()> body) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  struct restore {
    const sigset_t& mask;
    ~restore() { pthread_sigmask(SIG_SETMASK, &mask, nullptr); }
  } const restored{before};
  std::thread out{std::move(body)};
  pthread_setname_np(out.native_handle(), name);
  return out;
}

/// Gives the calling thread a low priority. The priority is not the lowest, because such a thread briefly holds locks
/// that readers want.
inline void become_unimportant() {
  constexpr int niceness = 10, io_of_process = 1, io_idle = 3 << 13;
  const auto self = static_cast<id_t>(::syscall(SYS_gettid));
  ::setpriority(PRIO_PROCESS, self, niceness);
  ::syscall(SYS_ioprio_set, io_of_process, self, io_idle);
}

} // namespace gitfs
