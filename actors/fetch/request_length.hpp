// How many ids one request asks for.
#pragma once

#include <algorithm>
#include <cstddef>

namespace gitfs {

/// A server, or what stands before it, limits the length of a request (nginx, left alone: 1 MB, some 20,000 ids), and
/// how far can only be tried. What looks like that may also have been a server in trouble: so longer ones are tried
/// again, after many of the refused length's half were taken, and more rarely each time that this was in vain.
class request_length {
public:
  explicit request_length(std::size_t longest) : longest_(longest), now_(longest) {}

  std::size_t now() const { return now_; }

  void refused(std::size_t requested) {
    now_ = std::max<std::size_t>(std::min(now_, requested / 2), 1);
    full_ = 0;
    if (trying_)
      needed_ = std::min(needed_ * 4, most_needed);
    trying_ = false;
  }
  void taken(std::size_t requested) {
    if (requested < now_)
      return;
    if (trying_)
      needed_ = first_needed;
    trying_ = false;
    if (now_ == longest_ || ++full_ < needed_)
      return;
    full_ = 0;
    now_ = std::min(2 * now_, longest_);
    trying_ = true;
  }

private:
  static constexpr unsigned first_needed = 16, most_needed = 4096;

  const std::size_t longest_;
  std::size_t now_;
  unsigned full_ = 0; ///< requests of this length that were taken
  unsigned needed_ = first_needed;
  bool trying_ = false; ///< none of the present length was answered yet
};

} // namespace gitfs
