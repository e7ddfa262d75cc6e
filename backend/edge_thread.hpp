// Threads that only carry things in and out: libcurl's, and those that block on disk for it.
#pragma once

#include <csignal>
#include <functional>
#include <pthread.h>
#include <thread>
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

} // namespace gitfs
