// Finds out how many ids one request may have.
#pragma once

#include <algorithm>
#include <cstddef>

namespace gitfs {

/// A server or the proxy before it limits the length of a request (nginx by default to 1 MB, some 20,000 ids), and the
/// limit can only be found by trying. A refusal halves the length. It may also have come of a server in trouble, so a
/// longer request is tried again after many of the halved length were accepted, and more rarely after each new refusal.
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
  unsigned full_ = 0; ///< requests of the present length that were accepted
  unsigned needed_ = first_needed;
  bool trying_ = false; ///< none of the present length was answered yet
};

} // namespace gitfs
