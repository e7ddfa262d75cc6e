// What a trace can hold: every kind of record, with its number, its name and its fields, in one table.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>

namespace gitfs::trace {

/// The numbers are those in the files: one that was used is never given to anything else.
enum class kind : std::uint32_t {
  handled = 1, ///< a handler has returned; has the order number of its message
  // Where messages come from and replies go to.
  kernel_request = 2,
  reply = 3,
  spawned = 4,
  transfer_started = 5,
  transfer_finished = 6,
  interrupted = 7,
  kernel_forget = 8,
  mounted = 9,
  refused = 10,
  learned = 11,          ///< what a handler was told by its surroundings (trace/learned.hpp)
  tree = 12,             ///< a piece of a tree object
  sizes = 13,            ///< a piece of what a transfer has told
  want_objects = 16,     ///< what an ask_want asks for, in pieces; its cause
  transfer_objects = 17, ///< what a transfer is to bring, in pieces; its cause is transfer_started
  // Of a mount of many repositories.
  shown_tree = 18,       ///< what is shown from here on: that of the mount stands behind `mounted`
  shown_repository = 19, ///< in it; its cause
  shown_host = 20,
  host_entry = 21, ///< one of the names in a host_told

  first_message = 64, ///< from here on: messages that an actor took
  other_message = 64,
  kernel_op,
  forget_op,
  enter_directory,
  interrupt_op,
  blob_loaded,
  release_directory,
  directory_idle,
  reap_directory,
  entries_hidden,
  look_if_idle,
  over_budget,
  shed_listing,
  listing_shed,
  released,
  child_is_idle,
  ask_want,
  promote_want,
  cancel_want,
  want_finished,
  window_begins,
  window_ends,
  windows_due,
  look_was_read,
  trees_delayed,
  start_transfers,
  transfer_grew,
  transfer_ended, ///< the message transfer_finished
  directory_listed,
  file_read,
  directory_statted,
  directory_forgotten,
  tell_activity,
  relink_directories,
  snapshot_moved,
  snapshot_left,
  ask_place,
  cancel_place,
  place_told,
  show_ref,
  cancel_show,
  ref_shown,
  retry_allowed,
  host_told,
  snapshot_taken,
  entries_changed,
  change_entries,
  look_due,
  moves_settled,
  refresh_refs,
  cancel_refresh,
  reload_tree,
};

inline constexpr bool is_message(kind k) {
  return k >= kind::first_message;
}

/// Who takes messages. Numbers as in the files.
enum class actor_kind : std::uint8_t { other, directory, supervisor, fetcher, prefetcher, catalog, repository };

/// An actor by what is the same in every run, unlike CAF's ids. `inode`: st_ino, of directories; number of a repository
/// or volume, of those that there can be several of.
struct actor_key {
  actor_kind is = actor_kind::other;
  std::uint64_t inode = 0;

  bool operator==(const actor_key&) const = default;
  bool operator<(const actor_key& other) const { return std::tie(is, inode) < std::tie(other.is, other.inode); }
};

enum class request_kind : std::uint8_t { lookup, getattr, readlink, readdir, read, getxattr, listxattr, readdirplus };
enum class reply_kind : std::uint8_t { error, absent, entry, attr, link, data, xattr, dirents };

/// Of a trace, for a replay: not all of it is there; it is; it was, but names have been taken out.
enum class exactness : std::uint8_t { partial, full, redacted };

/// How a field is stored (see encoder) and shown.
enum class field_type : std::uint8_t {
  number,
  inode, ///< eight bytes
  name,
  id,   ///< oid; zeroes for none
  ids,  ///< oids, in the form of a name
  code, ///< errno
  mode, ///< type and permission bits
  request,
  answer,
  want,
  urgency,
  actor,
  whole,  ///< exactness
  digest, ///< eight bytes
  bytes,  ///< as a name, but of anything
};

struct field {
  std::string_view name;
  field_type type = field_type::number;
};

struct record_row {
  kind number;
  std::string_view name;
  std::span<const field> fields; ///< a record may have more of them, from a later version
  std::string_view where{};      ///< of edges: what is on the other side
};

std::span<const record_row> record_table();

/// Null for a kind of a later version.
const record_row* row_of(kind k);

/// What the number stands for in a field of this type; empty: itself.
std::string_view name_of(field_type type, std::uint64_t value);

} // namespace gitfs::trace
