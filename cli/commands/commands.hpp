// The functions that run the commands of the program.
#pragma once

#include "cli/arguments/command_line.hpp"
#include "config/options.hpp"

#include <cstdio>
#include <string_view>

namespace gitfs {

/// Prints to standard output.
inline void print_out(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

// Each function runs one command, prints its errors on standard error, and returns the exit status of the process.
int run_mount(mount_options options);
int run_unmount(const unmount_options& options);
int run_refresh(const refresh_options& options);
int run_stats(const stats_options& options);
int run_status(const status_options& options);
int run_top(const top_options& options);
int run_cache(const cache_options& options);
int run_config(const config_options& options);
int run_trace(const trace_options& options);
int run_replay(const replay_options& options);
int run_why(const why_options& options);
int run_prefetch(const prefetch_options& options);
int run_profile(const profile_options& options);

} // namespace gitfs
