// A full screen of text lines, and its keys.
//
// Escape sequences of ECMA-48, which every terminal of today knows, and no library: all that is drawn is whole lines,
// and the terminal itself cuts them at its edge (it alone knows how wide a character is). curses would be loaded by
// every mount for this.
#pragma once

#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <csignal>
#include <cstddef>
#include <string>
#include <string_view>
#include <termios.h>
#include <variant>
#include <vector>

namespace gitfs {

/// While it lives, standard input and output are its own, and SIGINT, SIGTERM, SIGHUP and SIGWINCH come as events. Not
/// together with threads that were started before it.
class terminal {
public:
  /// EINVAL: this is no terminal that can do it.
  static result<terminal> open();
  /// Leaves the terminal as it was.
  ~terminal();
  terminal(terminal&& other) noexcept;
  terminal& operator=(terminal&&) = delete;

  std::size_t rows() const;

  struct line {
    std::string_view text;
    bool reversed = false;
  };
  /// The whole screen: what does not fit is left out, the last line is `footer`.
  void draw(const std::vector<line>& lines, std::string_view footer) const;

  struct resized {};
  struct ended {
    int signal = 0;
  };
  struct passed {}; ///< nothing came in time
  struct woken {};  ///< `also` can be read
  struct key {
    std::string text; ///< a character, or "\x1b"
  };
  using event = std::variant<passed, resized, ended, woken, key>;
  /// Waits for the next one, at most so long, and for the file descriptor `also`.
  event next(int milliseconds, int also);

private:
  terminal() = default;
  std::string take_key();

  bool active_ = false;
  unique_fd signals_;
  sigset_t before_signals_{};
  termios before_{};
  std::string typed_; // read, and not given yet
};

} // namespace gitfs
