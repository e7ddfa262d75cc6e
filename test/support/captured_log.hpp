// The log of this process, kept in memory while a test runs.
#pragma once

#include <memory>
#include <string>

namespace gitfs::test {

/// From construction to destruction every line of every level goes here; then the logger of before is back.
class captured_log {
public:
  captured_log();
  ~captured_log();
  captured_log(const captured_log&) = delete;
  captured_log& operator=(const captured_log&) = delete;

  /// Any thread, also while others log.
  std::string text() const;
  void clear();

private:
  struct state;
  std::unique_ptr<state> state_;
};

} // namespace gitfs::test
