// What a mount shows and how it stands, for `gitfs-actor status`. Catalog and repositories each add what they know to
// one answer, which travels as text from the mount to the command.
#pragma once

#include "actors/model/mount_nodes.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"
#include "config/options.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// The repository or forge that is shown at one path of the mount.
struct entry_status {
  std::optional<mount_node_number> node; ///< not in the text; none: nobody has entered it
  std::string path;                      ///< below the mountpoint; empty: the mountpoint itself
  std::string kind = "repository";
  std::string source; ///< without credentials
  std::string ref;    ///< as configured; empty: the remote's HEAD
  std::string shown;  ///< full name of the ref that is shown, "refs/heads/main"; empty: none yet, or a commit id
  std::string commit;
  std::string state = "not opened"; ///< or "open", "failed"
  std::string follow;
  std::string failure;        ///< the message of the last failure
  std::int64_t failed_at = 0; ///< seconds since 1970
  std::int64_t polled_at = 0; ///< when it was last looked at with success; 0: never, or it is not known
};

struct mount_status {
  /// "config", "source", "cache", "cache_size", "cache_bytes", "memory", "memory_limit", "resident", "process",
  /// "servers" (lines of server_ways::text), "warnings" (of server_ways::warnings)
  std::map<std::string, std::string> facts;
  std::vector<entry_status> entries;
  std::size_t next = 0; ///< number of the first entry that did not fit; 0: all did

  /// Lines of the facts, and of as many entries from number `from` on as fit into `room` bytes.
  std::string text(std::size_t from, std::size_t room) const;
  /// EPROTO: this is no text of a status.
  static result<mount_status> parse(std::string_view text);
};

/// The status as far as the options tell it. A plain mount has one entry, without its commit.
mount_status status_of(const mount_options& options);

entry_status status_of(const shown_repository& entry);
entry_status status_of(const shown_forge& entry);
/// All entries of the tree, as if nobody had entered any of them.
std::vector<entry_status> status_of(const deployment& tree);

} // namespace gitfs
