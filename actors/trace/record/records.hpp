// The kinds of records and fields that a trace can hold, with their numbers in trace files.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <tuple>

namespace gitfs::trace {

/// The numbers are those in trace files, so each is written out. A kind that is added takes the next free number, and
/// the number of a kind that is removed is never used again. docs/trace-format.md publishes the numbers, and a test
/// compares.
enum class kind : std::uint32_t {
  handled = 1, ///< a handler has returned; has the order number of its message
  // Edges: where the actors meet the kernel and servers.
  kernel_request = 2,
  reply = 3,
  spawned = 4,
  transfer_started = 5,
  transfer_finished = 6,
  interrupted = 7,
  kernel_forget = 8,
  mounted = 9,
  refused = 10,
  learned = 11,          ///< answers of the environment to a handler (actors/mount/learned.hpp)
  tree = 12,             ///< a piece of a tree object
  sizes = 13,            ///< a part of the sizes that a transfer has brought
  want_objects = 16,     ///< a part of the objects that an ask_want, its cause, asks for
  transfer_objects = 17, ///< a part of the objects that a transfer is to bring; its cause is transfer_started
  // Only in traces of a mount of many repositories.
  shown_tree = 18,       ///< the tree that is shown from here on; the first one stands behind `mounted`
  shown_repository = 19, ///< a repository in a shown_tree, which is its cause
  shown_forge = 20,
  forge_entry = 21, ///< one of the names in the answer of a forge, forge_answered

  first_message = 64, ///< numbers from here on are messages that an actor took
  other_message = 64,
  kernel_op = 65,
  forget_op = 66,
  enter_directory = 67,
  interrupt_op = 68,
  blob_loaded = 69,
  release_directory = 70,
  directory_idle = 71,
  reap_directory = 72,
  entries_hidden = 73,
  check_idle = 74,
  over_budget = 75,
  shed_listing = 76,
  listing_shed = 77,
  released = 78,
  child_is_idle = 79,
  ask_want = 80,
  promote_want = 81,
  cancel_want = 82,
  want_finished = 83,
  window_begins = 84,
  window_ends = 85,
  windows_due = 86,
  probe_was_read = 87,
  trees_delayed = 88,
  start_transfers = 89,
  transfer_grew = 90,
  transfer_ended = 91, ///< the message transfer_finished
  directory_listed = 92,
  file_read = 93,
  directory_statted = 94,
  directory_forgotten = 95,
  tell_activity = 96,
  relink_directories = 97,
  snapshot_moved = 98,
  snapshot_left = 99,
  ask_mount_node = 100,
  cancel_mount_node = 101,
  mount_node_answered = 102,
  show_ref = 103,
  cancel_show = 104,
  ref_shown = 105,
  retry_allowed = 106,
  forge_answered = 107,
  snapshot_resolved = 108,
  entries_changed = 109,
  change_entries = 110,
  poll_due = 111,
  moves_settled = 112,
  refresh_refs = 113,
  cancel_refresh = 114,
  reload_tree = 115,
  tell_status = 116,
  ask_directory = 117,
  trees_are_few = 118,
  find_directory = 119,
  fetch_objects = 120,
  cancel_objects = 121,
  use_profile = 122,
  tell_profile = 123,
  run_due = 124,
  file_looked_up = 125,
};

inline constexpr bool is_message(kind k) {
  return k >= kind::first_message;
}

// The numbers of the enums that follow are in trace files, too, so they are never used again either.

/// The kind of actor that takes a message.
enum class actor_kind : std::uint8_t {
  other = 0,
  directory = 1,
  supervisor = 2,
  fetcher = 3,
  prefetcher = 4,
  catalog = 5,
  repository = 6,
};

/// Names an actor by what is the same in every run, unlike CAF's ids. `inode` is the path_key of a directory; for other
/// kinds of which there can be several, it is the number of the repository or of the mounted ref.
struct actor_key {
  actor_kind is = actor_kind::other;
  std::uint64_t inode = 0;

  bool operator==(const actor_key&) const = default;
  bool operator<(const actor_key& other) const { return std::tie(is, inode) < std::tie(other.is, other.inode); }
};

/// What the kernel asks: actors/model/kernel_operations.cpp has a row for each.
enum class request_kind : std::uint8_t {
  lookup = 0,
  getattr = 1,
  readlink = 2,
  readdir = 3,
  read = 4,
  getxattr = 5,
  listxattr = 6,
  readdirplus = 7,
};

enum class reply_kind : std::uint8_t {
  error = 0,
  absent = 1,
  entry = 2,
  attr = 3,
  link = 4,
  data = 5,
  xattr = 6,
  dirents = 7,
};

/// Whether a trace has all that a replay needs: not all of it; all of it; it had all of it, but names were taken out.
enum class exactness : std::uint8_t { partial = 0, full = 1, redacted = 2 };

/// How a field is stored (see `encoder`) and shown.
enum class field_type : std::uint8_t {
  number,
  inode, ///< a path_key, eight bytes
  name,
  id,   ///< oid; zeroes for none
  ids,  ///< many oids, stored as a name is
  code, ///< errno
  mode, ///< type and permission bits
  request,
  answer,
  want,
  urgency,
  actor,
  whole,  ///< exactness
  digest, ///< eight bytes
  bytes,  ///< any bytes, stored as a name is
};

struct field {
  std::string_view name;
  field_type type = field_type::number;
};

/// The fields of a record in the order in which they are stored. A record of a later version may have more fields.
class field_list {
public:
  static constexpr std::size_t most = 9;

  constexpr field_list() = default;
  constexpr field_list(std::initializer_list<field> all) {
    for (const field& each : all)
      all_.at(size_++) = each;
  }

  constexpr const field* begin() const { return all_.data(); }
  constexpr const field* end() const { return all_.data() + size_; }
  constexpr std::size_t size() const { return size_; }

private:
  std::array<field, most> all_{};
  std::size_t size_ = 0;
};

/// The row of a kind of record: those of edges are in record_table.cpp, those of messages in message_rows.cpp.
struct record_row {
  kind number;
  std::string_view name;
  field_list fields{};
  std::string_view where{}; ///< of edges: what is on the other side, "kernel" or "server"
  /// False: the number of such records depends on how long the run took, or on what other threads had done by then, so
  /// `trace diff` leaves them out.
  bool compared = true;
};

} // namespace gitfs::trace
