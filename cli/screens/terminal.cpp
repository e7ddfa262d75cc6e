#include "cli/screens/terminal.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

// Switches to the alternate screen, so that the usual one is there again afterwards; hides the cursor; has long lines
// cut and not broken.
constexpr std::string_view enter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
constexpr std::string_view leave = "\x1b[?7h\x1b[?25h\x1b[?1049l";

void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDOUT_FILENO, text.data(), text.size());
    if (n < 0 && errno != EINTR)
      return; // the terminal is gone, and SIGHUP will say so
    text.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
  }
}

} // namespace

result<terminal> terminal::open() {
  terminal out;
  const char* kind = std::getenv("TERM");
  if (::isatty(STDIN_FILENO) != 1 || kind == nullptr || std::string_view{kind} == "dumb")
    return fail(EINVAL, "this is no terminal that can be drawn on (TERM, standard input): use --batch or --once");
  if (::tcgetattr(STDIN_FILENO, &out.before_) != 0)
    return system_failure(errno, "cannot read the terminal's settings");
  sigset_t ours;
  sigemptyset(&ours);
  for (const int each : {SIGINT, SIGTERM, SIGHUP, SIGWINCH})
    sigaddset(&ours, each);
  pthread_sigmask(SIG_BLOCK, &ours, &out.before_signals_);
  out.signals_.reset(::signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK));
  termios raw = out.before_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  raw.c_cc[VSUSP] = _POSIX_VDISABLE; // no Ctrl-Z: a stopped process could not put the terminal back
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
  put(enter);
  out.active_ = true;
  return out;
}

terminal::terminal(terminal&& other) noexcept
  : active_(std::exchange(other.active_, false)),
    signals_(std::move(other.signals_)),
    before_signals_(other.before_signals_),
    before_(other.before_),
    typed_(std::move(other.typed_)) {}

terminal::~terminal() {
  if (!active_)
    return;
  put(leave);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  signals_.reset();
  pthread_sigmask(SIG_SETMASK, &before_signals_, nullptr);
}

std::size_t terminal::rows() const {
  constexpr std::size_t usual = 24;
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row != 0 ? size.ws_row : usual;
}

void terminal::draw(const std::vector<line>& lines, std::string_view footer) const {
  const std::size_t room = rows() - 1;
  std::string out = "\x1b[H";
  for (std::size_t i = 0; i < room; ++i) {
    if (i < lines.size()) {
      out += lines[i].reversed ? "\x1b[7m" : "";
      out += lines[i].text;
      out += lines[i].reversed ? "\x1b[0m" : "";
    }
    out += "\x1b[K\r\n";
  }
  out += footer;
  out += "\x1b[K";
  put(out);
}

// Takes one character of UTF-8, or a whole escape sequence. The latter becomes "", because none of our keys sends one.
std::string terminal::take_key() {
  std::size_t length = 1;
  while (length < typed_.size() && (static_cast<unsigned char>(typed_[length]) & 0xc0) == 0x80)
    ++length;
  const bool sequence = typed_.size() > 1 && typed_[0] == '\x1b' && (typed_[1] == '[' || typed_[1] == 'O');
  if (sequence) {
    const auto final = std::find_if(typed_.begin() + 2, typed_.end(), [](char c) { return c >= 0x40; });
    length = final == typed_.end() ? typed_.size() : static_cast<std::size_t>(final - typed_.begin()) + 1;
  }
  std::string out = sequence ? std::string{} : typed_.substr(0, length);
  typed_.erase(0, length);
  return out;
}

terminal::event terminal::next(int milliseconds, int also) {
  if (!typed_.empty())
    return key{take_key()};
  pollfd ready[] = {{signals_.get(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}, {also, POLLIN, 0}};
  if (::poll(ready, std::size(ready), milliseconds) <= 0)
    return passed{};
  if (ready[0].revents != 0) {
    signalfd_siginfo came{};
    if (::read(signals_.get(), &came, sizeof came) != sizeof came)
      return passed{};
    if (came.ssi_signo == SIGWINCH)
      return resized{};
    return ended{static_cast<int>(came.ssi_signo)};
  }
  if (ready[1].revents != 0) {
    char buffer[64];
    const ssize_t n = ::read(STDIN_FILENO, buffer, sizeof buffer);
    if (n <= 0)
      return ended{SIGHUP};
    typed_.assign(buffer, static_cast<std::size_t>(n));
    return key{take_key()};
  }
  return woken{};
}

} // namespace gitfs
