// A command that runs while the test goes on.
#pragma once

#include "test/support/command.hpp"
#include "test/support/temp_dir.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <sys/types.h>

namespace gitfs::test {

/// How long a test waits for what must happen at all: not a measure of speed.
inline constexpr std::chrono::milliseconds patience{30'000};

/// Whether `holds` came true in time.
template <class Condition>
bool eventually(Condition holds, std::chrono::milliseconds limit = patience);

void pause_for(std::chrono::milliseconds time);

class background {
public:
  /// Starts `script` with `bash -c` in a process group of its own, which ends with the object.
  explicit background(const std::string& script);
  ~background();
  background(const background&) = delete;
  background& operator=(const background&) = delete;

  pid_t pid() const { return pid_; }
  /// To the whole group.
  void signal(int number) const;
  bool running();
  /// None if it still runs at the end of the limit.
  std::optional<command_result> result(std::chrono::milliseconds limit = patience);

private:
  temp_dir dir_;
  pid_t pid_ = 0;
  std::optional<int> status_;
};

template <class Condition>
bool eventually(Condition holds, std::chrono::milliseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end)
      return false;
    pause_for(std::chrono::milliseconds{10});
  }
  return true;
}

} // namespace gitfs::test
