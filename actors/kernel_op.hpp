// Kernel requests as the actors see them.
#pragma once

#include "actors/node_id.hpp"
#include "actors/reply.hpp"
#include "actors/trace/stamp.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace gitfs {

struct lookup_op {
  std::string name;
};
struct getattr_op {};
struct readlink_op {};
struct readdir_op {
  std::uint64_t offset = 0; ///< 0, or the offset of the last entry that was taken
  bool plus = false;        ///< with attributes and references (READDIRPLUS)
};
struct read_op {
  std::uint64_t offset = 0;
  std::size_t size = 0;
};
/// With the name of an entry behind it: an attribute that every directory has and none lists, "blob OID", "link OID",
/// "tree OID" or "commit OID" of that entry; of the directory itself with nothing behind it. Unlike looking the entry
/// up, asking for it fetches nothing of the entry.
inline constexpr std::string_view entry_attribute = "user.gitfs.entry/";

struct getxattr_op {
  std::string name;
};
struct listxattr_op {};

/// One request that is answered through `answer`. `at` says which node of the addressed directory is meant.
struct kernel_op {
  reply answer;
  child_index at = self_child;
  std::variant<lookup_op, getattr_op, readlink_op, readdir_op, read_op, getxattr_op, listxattr_op> what;
  /// Which kinds of missing things were already brought for it: what is still missing after that is an error, but for
  /// objects, which may have been evicted from the store before they were read: these are brought again so many times.
  std::uint8_t brought = 0;
  std::uint8_t again_left = 2;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
