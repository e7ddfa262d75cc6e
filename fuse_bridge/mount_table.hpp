// What is mounted where.
#pragma once

#include <string>
#include <vector>

namespace gitfs {

struct mounted_at {
  std::string path;
  std::string type; ///< "fuse.gitfs"
};

/// /proc/self/mountinfo, in its order: of two at one path the later one covers the earlier.
std::vector<mounted_at> mount_table();

} // namespace gitfs
