#include "actors/trace/record/crash_dump.hpp"

#include "actors/trace/record/recorder.hpp"
#include "config/unique_fd.hpp"

#include <atomic>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <unistd.h>

namespace gitfs::trace {

namespace {

constexpr int fatal_signals[] = {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};

// Everything that the handler uses besides the ring.
struct sigaction before[std::size(fatal_signals)];
char path[PATH_MAX];
std::atomic_flag dumping;

// Async-signal-safe: open, write, close, and computing.
void write_ring() {
  const unique_fd out{::open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NOFOLLOW, 0600)};
  if (!out)
    return;
  char head[file_header_size];
  put_file_header(head, ring_header());
  bool good = ::write(out.get(), head, sizeof head) == static_cast<ssize_t>(sizeof head);
  for (std::size_t i = 0; good && i < ring()->size(); ++i)
    good = ring()->write(i, out.get());
}

// All of these signals are blocked while the handler runs, so a fault in it ends the process at once.
void on_fatal(int number) {
  const int code = errno;
  if (dumping.test_and_set())
    for (;;)
      ::pause(); // another thread is writing, and ends the process after that
  write_ring();
  for (std::size_t i = 0; i < std::size(fatal_signals); ++i)
    ::sigaction(fatal_signals[i], &before[i], nullptr);
  errno = code;
  ::raise(number); // the signal is delivered when this handler returns
}

} // namespace

void dump_on_crash(const std::filesystem::path& file) {
  if (ring() == nullptr || file.native().size() >= sizeof path)
    return;
  std::memcpy(path, file.c_str(), file.native().size() + 1);
  char head[file_header_size];
  put_file_header(head,
                  ring_header()); // libdeflate chooses its CRC-32 at the first call, which must not be in the handler
  struct sigaction action {};
  action.sa_handler = on_fatal;
  sigemptyset(&action.sa_mask);
  for (const int each : fatal_signals)
    sigaddset(&action.sa_mask, each);
  for (std::size_t i = 0; i < std::size(fatal_signals); ++i)
    ::sigaction(fatal_signals[i], &action, &before[i]);
}

} // namespace gitfs::trace
