// Keeps a log readable where one cause has many effects.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_set>

namespace gitfs {

/// Says which lines are written: in each minute one about each cause, and so many in all. Thread-safe.
class log_limit {
public:
  explicit log_limit(std::size_t most_a_minute) : most_(most_a_minute) {}

  /// None: the line is left out. Otherwise it is to be written, and so many were left out since the last one that was.
  /// `cause`: lines with the same one are about the same thing.
  std::optional<std::uint64_t> admit(const std::string& cause,
                                     std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());

private:
  const std::size_t most_;
  std::mutex mutex_;
  std::chrono::steady_clock::time_point began_{}; // the present minute
  std::unordered_set<std::string> written_;       // in it
  std::uint64_t left_out_ = 0;
};

} // namespace gitfs
