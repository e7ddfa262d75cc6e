// Kernel requests as the actors see them. Each operation says by `kind` which row of kernel_operations.hpp is its own.
#pragma once

#include "actors/model/node_id.hpp"
#include "actors/model/reply.hpp"
#include "actors/trace/record/records.hpp"
#include "actors/trace/record/stamp.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace gitfs {

struct lookup_op {
  std::string name;
  static constexpr trace::request_kind kind() { return trace::request_kind::lookup; }
};
struct getattr_op {
  static constexpr trace::request_kind kind() { return trace::request_kind::getattr; }
};
struct readlink_op {
  static constexpr trace::request_kind kind() { return trace::request_kind::readlink; }
};
struct readdir_op {
  std::uint64_t offset = 0; ///< 0, or the offset of the last entry that was taken
  bool plus = false;        ///< with attributes and references (READDIRPLUS)
  trace::request_kind kind() const { return plus ? trace::request_kind::readdirplus : trace::request_kind::readdir; }
};
struct read_op {
  std::uint64_t offset = 0;
  std::size_t size = 0;
  static constexpr trace::request_kind kind() { return trace::request_kind::read; }
};
/// With the name of an entry behind it: an attribute that every directory has and none lists, "blob OID", "link OID",
/// "tree OID" or "commit OID" of that entry; of the directory itself with nothing behind it. Unlike looking the entry
/// up, asking for it fetches nothing of the entry.
inline constexpr std::string_view entry_attribute = "user.gitfs.entry/";

struct getxattr_op {
  std::string name;
  static constexpr trace::request_kind kind() { return trace::request_kind::getxattr; }
};
struct listxattr_op {
  static constexpr trace::request_kind kind() { return trace::request_kind::listxattr; }
};

using kernel_operation =
    std::variant<lookup_op, getattr_op, readlink_op, readdir_op, read_op, getxattr_op, listxattr_op>;

/// One request that is answered through `answer`. `at` says which node of the addressed directory is meant.
struct kernel_op {
  reply answer;
  child_index at = self_child;
  kernel_operation what;
  /// Which kinds of missing things were already brought for it: what is still missing after that is an error, but for
  /// objects, which may have been evicted from the store before they were read: these are brought again so many times.
  std::uint8_t brought = 0;
  std::uint8_t again_left = 2;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
