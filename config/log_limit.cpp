#include "config/log_limit.hpp"

#include <utility>

namespace gitfs {

std::optional<std::uint64_t> log_limit::admit(const std::string& cause, std::chrono::steady_clock::time_point now) {
  const std::lock_guard lock{mutex_};
  if (now - began_ >= std::chrono::minutes{1}) {
    began_ = now;
    written_.clear();
  }
  if (written_.size() < most_ && written_.insert(cause).second)
    return std::exchange(left_out_, 0);
  ++left_out_;
  return std::nullopt;
}

} // namespace gitfs
