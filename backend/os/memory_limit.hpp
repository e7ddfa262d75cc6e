// How much memory this process may take before the system kills it or slows it down.
#pragma once

#include <cstdint>
#include <filesystem>

namespace gitfs {

/// The least of the machine's memory and of what the control groups of this process and those above them allow (version
/// 2: memory.max and memory.high; version 1: memory.limit_in_bytes), in bytes. Of groups above a namespace's root
/// nothing can be seen. `process`: a folder with `cgroup` and `mountinfo`, as /proc/self. Any thread.
std::uint64_t memory_limit(const std::filesystem::path& process = "/proc/self");

} // namespace gitfs
