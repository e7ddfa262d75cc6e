// Recording what the actors of this process do. Each thread fills blocks of its own; they go to a ring in memory and,
// if asked for, to a file.
//
// Process-wide, because a message is made anywhere, and a fatal signal knows no objects.
#pragma once

#include "actors/trace/record/block_ring.hpp"
#include "actors/trace/record/records.hpp"
#include "actors/trace/record/stamp.hpp"
#include "backend/git/oid.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

struct deployment;
struct host_entry;

} // namespace gitfs

namespace gitfs::trace {

struct recording_options {
  std::size_t memory = 0;      ///< of the ring, in bytes; 0: nothing is recorded but to the file
  std::filesystem::path file;  ///< empty: none
  std::uint64_t file_size = 0; ///< bytes, from which on FILE becomes FILE.1 and is begun anew
};

/// Once in a process, before the threads that record begin. Without a ring and a file it does nothing. The errors are
/// those of making the file.
result<void> start_recording(const recording_options& options);
/// After the last thread that records has ended or rests: completes the file. What is in memory stays readable.
void stop_recording();

/// The ring of this process; null if nothing is recorded.
block_ring* ring();
/// Nanoseconds since recording began, as records have them; and the order number given last.
std::uint64_t ring_time();
std::uint64_t last_order();
/// The header that a file with its blocks begins with.
file_header ring_header();

// --- edges ----------------------------------------------------------------------------------------------------------
// Each gives the order number of what it has recorded, 0 where nothing is recorded. The cause is cause_now, but where
// it says otherwise. Any thread.

struct asked {
  std::uint64_t request = 0; ///< the reply's request_id
  request_kind op = request_kind::lookup;
  std::uint64_t node = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string_view name{};
};
std::uint64_t kernel_request(const asked& what);

struct told {
  std::uint64_t request = 0;
  reply_kind is = reply_kind::error;
  int code = 0;
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint64_t size = 0;  ///< of the node
  std::uint64_t bytes = 0; ///< of what is sent
  std::uint64_t node = 0;  ///< id of the node that is revealed
  /// Of directory entries as the actor gave them, or of where the data stand in their object: an object's contents are
  /// told by its id. See `digest`.
  std::uint64_t digest = 0;
};
/// Of bytes [offset, offset + size) of an object of `all` bytes, cut at its end.
told data_told(std::uint64_t offset, std::uint64_t size, std::uint64_t all);

struct dirent_told {
  std::string_view name;
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint64_t node = 0; ///< 0: by name only
  std::uint64_t next = 0;
};
/// For told::digest, over all entries of a reply; begun with 0.
std::uint64_t dirent_digest(std::uint64_t so_far, const dirent_told& entry);

/// Before it is sent, so that nothing it leads to comes earlier.
void replied(const told& what);
/// The kernel no longer wanted the reply.
void refused(std::uint64_t request);

std::uint64_t kernel_forget(std::uint64_t node, std::uint64_t count);
std::uint64_t interrupted(std::uint64_t request);
/// The actor of a directory: its key and its parent's (0: the root's has none), and its slot in the inode table.
void spawned(std::uint64_t inode, std::uint64_t parent, std::string_view name, const oid& tree, std::uint32_t slot);
struct mount_record {
  oid commit, tree;
  bool prefetch = false;
  bool remote = false;           ///< there is an upstream
  std::uint64_t trees_ahead = 0; ///< bytes
  std::uint64_t memory = 0;      ///< bytes
};
void mounted(const mount_record& what);
/// The sources of all trees that a mount has shown, each once: their places are their numbers in its trace.
struct shown_sources {
  std::vector<shown_repository> repositories;
  std::vector<shown_host> hosts;
};
/// The tree that a mount of many repositories shows from here on. Of their sources only which are the same.
std::uint64_t shown(const deployment& tree, shown_sources& before);

/// `what`: a want_kind.
std::uint64_t transfer_started(std::uint64_t number, std::uint8_t what, std::span<const oid> ids);
/// What a want asks for, or a transfer is to bring: as many records as it takes. The cause is cause_now.
void want_objects(std::uint64_t want, std::span<const oid> ids);
void transfer_objects(std::uint64_t number, std::span<const oid> ids);
struct transfer_end {
  std::uint64_t number = 0;
  int code = 0;
  std::uint64_t bytes = 0;
  std::uint64_t requests = 0;
  std::uint64_t sizes = 0;
};
std::uint64_t transfer_finished(const transfer_end& what);

// --- what a replay needs besides; only while trace::exact is set -----------------------------------------------------

/// Adds to what the message that this thread handles was told by its environment.
void learned(std::string_view bytes);
/// False if it is on record already; true otherwise, and seldom even so.
bool is_new_tree(const oid& id);
void tree(const oid& id, std::string_view contents);
/// What a transfer has told, before its end is recorded: of each blob its oid and a number.
void sizes(std::uint64_t transfer, std::span<const std::pair<oid, std::uint64_t>> told);
/// What a host has told, before the answer to the call is sent.
void host_told(std::uint64_t call, std::span<const host_entry> told);

/// To be folded over what shall be compared: FNV-1a by words, begun with `digest_begin`.
inline constexpr std::uint64_t digest_begin = 14695981039346656037U;
inline constexpr std::uint64_t digest(std::uint64_t so_far, std::uint64_t word) {
  return (so_far ^ word) * 1099511628211U;
}
std::uint64_t digest(std::uint64_t so_far, std::string_view text);
std::uint64_t digest(std::uint64_t so_far, const oid& id);

// --- listening instead of recording ---------------------------------------------------------------------------------

/// Hears of each record in place of the ring. One thread.
class listener {
public:
  virtual ~listener() = default;
  /// The order number that it gets.
  virtual std::uint64_t edge(kind what, std::uint64_t cause, std::string_view fields) = 0;
  virtual std::uint64_t taken(const actor_key& by, kind what, const sent_by& stamp, std::string_view fields) = 0;
};

/// From here on `to` hears what would be recorded; null: it ends. In a process that records nothing.
void listen(listener* to);

// --- messages -------------------------------------------------------------------------------------------------------

/// Writes the fields of a message's record.
using field_writer = void (*)(encoder& to, const void* message);

/// Around the handling of one message: records that it was taken, and at the end how long that took.
class handling {
public:
  handling(const actor_key& by, kind what, const sent_by& stamp, field_writer fields, const void* message);
  ~handling();
  handling(const handling&) = delete;
  handling& operator=(const handling&) = delete;

private:
  std::uint64_t order_ = 0;
  std::uint64_t begin_ = 0;
  std::uint64_t before_ = 0;
  std::uint64_t root_before_ = 0;
};

} // namespace gitfs::trace
