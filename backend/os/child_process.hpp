// Runs a short-lived program that gets a secret on its standard input and may write one to its standard output.
#pragma once

#include "config/error.hpp"

#include <chrono>
#include <stop_token>
#include <string>
#include <vector>

namespace gitfs {

/// Runs `argv[0]` (found by PATH) with `input` on its standard input, and returns what it writes until it ends. Its
/// standard error is discarded. The program inherits no other file descriptor and no signal mask, and our environment
/// with `environment` ("NAME=value") added. EIO: it cannot be run, or fails. ECANCELED, ETIMEDOUT: it was killed, with
/// its children. Blocks; any thread.
result<std::string> run_child(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                              const std::string& input, std::stop_token stop,
                              std::chrono::steady_clock::time_point deadline);

} // namespace gitfs
