// Runs a short-lived program that is given a secret on its standard input and may answer one.
#pragma once

#include "config/error.hpp"

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace gitfs {

/// Writes `input` to `argv[0]` (found by PATH) and gives what it writes until it ends. Its standard error goes nowhere;
/// it inherits no other file descriptor, no signal mask, and `environment` ("NAME=value") on top of ours. EIO: it
/// cannot be run or fails. ECANCELED, ETIMEDOUT: it was killed, with its children. Blocks; any thread.
result<std::string> run_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                              const std::string& input, std::stop_token stop,
                              std::chrono::steady_clock::time_point deadline);

} // namespace gitfs
