// Kernel requests as the actors see them. The `kind` of an operation names its row in kernel_operations.cpp.
#pragma once

#include "actors/model/node_id.hpp"
#include "actors/model/reply.hpp"
#include "actors/trace/record/records.hpp"
#include "actors/trace/record/stamp.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <sys/types.h>
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
  std::uint64_t offset = 0; ///< 0 at the start, else the offset of the last entry that the reader has
  bool plus = false;        ///< READDIRPLUS: entries carry attributes and references
  trace::request_kind kind() const { return plus ? trace::request_kind::readdirplus : trace::request_kind::readdir; }
};
struct read_op {
  std::uint64_t offset = 0;
  std::size_t size = 0;
  static constexpr trace::request_kind kind() { return trace::request_kind::read; }
};
/// The begin of the name of an extended attribute that every directory has and does not list; the name of an entry, or
/// nothing for the directory itself, is appended. The value is "blob OID", "link OID", "tree OID" or "commit OID" of
/// that entry. Unlike a look-up of the entry, asking for this attribute fetches nothing of the entry.
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

/// One request of the kernel, answered through `answer`. `at` says whether the request is about the addressed directory
/// itself or about one of its children.
struct kernel_op {
  reply answer;
  child_index at = self_child;
  kernel_operation what;
  /// The kinds of missing things (bits of missing::kind) that were already fetched for this request. If one
  /// of them is missing again, the request fails. Only objects may have been evicted from the store before they were
  /// read, so they are fetched again up to `again_left` times.
  std::uint8_t brought = 0;
  std::uint8_t again_left = 2;
  pid_t caller = 0;     ///< the process or thread that asks; 0: it is in another pid namespace, or a replay asks
  std::string lacked{}; ///< why the last attempt did not succeed, for the log; "" if nothing has said
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
