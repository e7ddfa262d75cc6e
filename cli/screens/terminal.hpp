// A full screen of text lines, and the keys that are pressed.
//
// It writes escape sequences of ECMA-48, which every terminal of today knows, and needs no library. Only whole lines
// are drawn, and the terminal itself cuts them at its edge, because only the terminal knows how wide a character is.
// curses was rejected because every mount would load it.
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

/// As long as this object lives, it owns standard input and output, and SIGINT, SIGTERM, SIGHUP and SIGWINCH come as
/// events. Threads that started before it would still get these signals, so it is made before them.
class terminal {
public:
  /// EINVAL: standard input is no terminal, or one that cannot be drawn on.
  static result<terminal> open();
  /// Puts the terminal back into the state from before.
  ~terminal();
  terminal(terminal&& other) noexcept;
  terminal& operator=(terminal&&) = delete;

  std::size_t rows() const;

  struct line {
    std::string_view text;
    bool reversed = false;
  };
  /// Draws the whole screen. Its last line is `footer`; lines for which there is no room are left out.
  void draw(const std::vector<line>& lines, std::string_view footer) const;

  struct resized {};
  struct ended {
    int signal = 0;
  };
  struct passed {}; ///< the time is over and nothing has happened
  struct woken {};  ///< the file descriptor `also` can be read
  struct key {
    std::string text; ///< a character, or "\x1b"
  };
  using event = std::variant<passed, resized, ended, woken, key>;
  /// Waits for the next event, at most so many milliseconds. It also ends when the file descriptor `also` can be read.
  event next(int milliseconds, int also);

private:
  terminal() = default;
  std::string take_key();

  bool active_ = false;
  unique_fd signals_;
  sigset_t before_signals_{};
  termios before_{};
  std::string typed_; // bytes that were read and not returned as keys yet
};

} // namespace gitfs
