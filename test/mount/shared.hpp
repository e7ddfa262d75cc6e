// What the suites of real mounts share within one run.
#pragma once

#include "test/support/git_server.hpp"

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace gitfs::test {

/// A server of the fixtures' folder; its faults are switched by the modifiers of its URLs alone.
git_server& fixture_server();

/// The working tree of the awkward repository's main, and what manifest says of it.
const std::filesystem::path& awkward_checkout();
const std::vector<std::string>& awkward_manifest();
/// What manifest says of the small one's.
const std::vector<std::string>& small_awkward_manifest();

/// The errno of a stat of the path; 0: it is there.
int failure_of(const std::filesystem::path& path);

/// How often `part` stands in `text`.
std::size_t times(const std::string& text, const std::string& part);

/// Makes the kernel forget what it has cached of all file systems.
void drop_kernel_caches();

} // namespace gitfs::test
