// What `gitfs-actor config show` prints: each setting with its value and where that comes from. No secrets.
#pragma once

#include "cli/arguments/mount_arguments.hpp"

#include <string>

namespace gitfs {

/// Three columns.
std::string config_report(const mount_arguments& read);

/// {"settings": {"/cache/size": {"value": "20G", "from": "file", "name": "/etc/x.json", "line": 3}, ...}, "tree":
/// {...}}
std::string config_report_json(const mount_arguments& read);

} // namespace gitfs
