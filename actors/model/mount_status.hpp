// How a mount stands, as `gitfs-actor status` asks: catalog and repositories add what they know in turn, as text
// between the mount and who asks.
#pragma once

#include "actors/model/mount_nodes.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// What stands at one path of the mount.
struct entry_status {
  mount_node_number node = 0; ///< not told; 0: nobody has entered it
  std::string path;           ///< below the mountpoint; empty: the mountpoint itself
  std::string kind = "repository";
  std::string source; ///< without credentials
  std::string ref;    ///< as configured; empty: the remote's HEAD
  std::string commit;
  std::string state = "not opened"; ///< or "open", "failed"
  std::string follow;
  std::string failure;        ///< the last one
  std::int64_t failed_at = 0; ///< seconds since 1970
};

struct mount_status {
  /// "config", "source", "cache", "cache_size", "cache_bytes", "memory", "memory_limit", "resident", "process",
  /// "servers" (lines of server_ways::text)
  std::map<std::string, std::string> facts;
  std::vector<entry_status> entries;
  std::size_t next = 0; ///< of the entries that did not fit; 0: that was all

  /// Lines, of the entries from `from` on as many as fit.
  std::string text(std::size_t from, std::size_t room) const;
  /// EPROTO: not such a text.
  static result<mount_status> parse(std::string_view text);
};

/// What is known without asking anybody; of a plain mount with its one entry, without its commit.
mount_status status_of(const mount_options& options);

entry_status status_of(const shown_repository& entry);
entry_status status_of(const shown_host& entry);
/// Nobody has entered any of them.
std::vector<entry_status> status_of(const deployment& tree);

} // namespace gitfs
