// The report that `gitfs-actor config show` prints: each setting with its value and the origin of that value. It has no
// secrets in it.
#pragma once

#include "cli/arguments/mount_arguments.hpp"

#include <string>

namespace gitfs {

/// For people, in three columns: setting, value, origin.
std::string config_report(const mount_arguments& read);

/// For programs: {"settings": {"/cache/size": {"value": "20G", "from": "file", "name": "/etc/x.json", "line": 3}, ...},
/// "tree": {...}, "git": [...]}, where "tree" has rows like those of "settings".
std::string config_report_json(const mount_arguments& read);

} // namespace gitfs
