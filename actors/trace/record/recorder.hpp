// Records what the actors of this process do. Each thread fills blocks of its own, which go to a ring in memory and, if
// the user wants it, to a file.
//
// The recorder is one for the process, because messages are made everywhere, and the handler of a fatal signal has no
// object to call.
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
struct forge_entry;

} // namespace gitfs

namespace gitfs::trace {

struct recording_options {
  std::size_t memory = 0;      ///< size of the ring in bytes; 0: records go to the file alone
  std::filesystem::path file;  ///< empty: there is no file
  std::uint64_t file_size = 0; ///< in bytes; when FILE has so many, it is renamed to FILE.1 and begun anew
};

/// Called once in a process, before the threads that record begin. Does nothing without a ring and a file. The errors
/// are those of making the file.
result<void> start_recording(const recording_options& options);
/// Completes the file. Called after the last thread that records has ended or rests. The ring stays readable.
void stop_recording();

/// The ring of this process; null if nothing is recorded.
block_ring* ring();
/// `ring_time`: nanoseconds since recording began, as in records. `last_order`: the order number that was given out
/// last.
std::uint64_t ring_time();
std::uint64_t last_order();
/// The header of a trace file with the blocks of the ring.
file_header ring_header();

// --- edges ----------------------------------------------------------------------------------------------------------
// Each function records an edge and returns the order number of the record; 0 if nothing is recorded. The cause of the
// record is cause_now unless a comment says otherwise. Any thread.

struct request_record {
  std::uint64_t request = 0; ///< the reply's request_id
  request_kind op = request_kind::lookup;
  std::uint64_t node = 0;
  std::uint64_t offset = 0;
  std::uint64_t size = 0;
  std::string_view name{};
};
std::uint64_t kernel_request(const request_record& what);

struct reply_record {
  std::uint64_t request = 0;
  reply_kind is = reply_kind::error;
  int code = 0;
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint64_t size = 0;  ///< size of the node, in bytes
  std::uint64_t bytes = 0; ///< length of the reply
  std::uint64_t node = 0;  ///< id of the node that the reply reveals
  /// A digest of the directory entries as the actor gave them, or of the offset and the object's size of data; contents
  /// need none, because the object's id stands for them.
  std::uint64_t digest = 0;
};
/// The reply with bytes [offset, offset + size) of an object of `all` bytes, cut at the end of the object.
reply_record data_reply(std::uint64_t offset, std::uint64_t size, std::uint64_t all);

struct dirent_record {
  std::string_view name;
  std::uint64_t inode = 0;
  std::uint32_t mode = 0;
  std::uint64_t node = 0; ///< 0: the entry has a name and no reference
  std::uint64_t next = 0;
};
/// Adds an entry to reply_record::digest, which goes over all entries of a reply and begins with 0.
std::uint64_t dirent_digest(std::uint64_t so_far, const dirent_record& entry);

/// Called before the reply is sent, so that nothing to which the reply leads gets a lower order number.
void replied(const reply_record& what);
/// The kernel no longer wanted the reply.
void refused(std::uint64_t request);

std::uint64_t kernel_forget(std::uint64_t node, std::uint64_t count);
std::uint64_t interrupted(std::uint64_t request);
/// A directory got an actor: its key, its parent's (0 for the root), and its slot in the inode table.
void spawned(std::uint64_t inode, std::uint64_t parent, std::string_view name, const oid& tree, std::uint32_t slot);
struct mount_record {
  oid commit, tree;
  bool prefetch = false;
  bool remote = false;           ///< there is an upstream
  std::uint64_t trees_ahead = 0; ///< bytes
  std::uint64_t memory = 0;      ///< bytes
};
void mounted(const mount_record& what);
/// The sources of all trees that a mount has shown, each once. The index of a source is its number in the trace.
struct shown_sources {
  std::vector<shown_repository> repositories;
  std::vector<shown_forge> forges;
};
/// The tree that a mount of many repositories shows from here on. The trace holds no sources, but which of them are
/// equal.
std::uint64_t shown(const deployment& tree, shown_sources& before);

/// `what` is a want_kind.
std::uint64_t transfer_started(std::uint64_t number, std::uint8_t what, std::span<const oid> ids);
/// The objects of a want, or those that a transfer is to bring, in as many records as that takes. The cause is
/// cause_now.
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

// --- what only a replay needs; recorded while trace::exact is set ----------------------------------------------------

/// Adds answers of the environment to the record of the message that this thread handles.
void learned(std::string_view bytes);
/// False if the tree has been recorded already. It may be true for such a tree, too, though seldom.
bool is_new_tree(const oid& id);
void tree(const oid& id, std::string_view contents);
/// The sizes that a transfer has brought, as pairs of object id and size. Recorded before the transfer's end.
void sizes(std::uint64_t transfer, std::span<const std::pair<oid, std::uint64_t>> reported);
/// The names in a forge's answer to a call. Recorded before that answer is sent to the catalog.
void forge_answered(std::uint64_t call, std::span<const forge_entry> reported);

/// Adds a word to a digest, which stands for values that are compared. FNV-1a by words; begins with `digest_begin`.
inline constexpr std::uint64_t digest_begin = 14695981039346656037U;
inline constexpr std::uint64_t digest(std::uint64_t so_far, std::uint64_t word) {
  return (so_far ^ word) * 1099511628211U;
}
std::uint64_t digest(std::uint64_t so_far, std::string_view text);
std::uint64_t digest(std::uint64_t so_far, const oid& id);

// --- listening instead of recording ---------------------------------------------------------------------------------

/// Gets each record in place of the ring. One thread.
class listener {
public:
  virtual ~listener() = default;
  /// Both return the order number of the record.
  virtual std::uint64_t edge(kind what, std::uint64_t cause, std::string_view fields) = 0;
  virtual std::uint64_t taken(const actor_key& by, kind what, const sent_by& stamp, std::string_view fields) = 0;
};

/// From here on `to` gets the records; null: nobody does any more. Only in a process that records nothing.
void listen(listener* to);

// --- messages -------------------------------------------------------------------------------------------------------

/// Writes the fields of a message's record.
using field_writer = void (*)(encoder& to, const void* message);

/// Lives while one message is handled. Records that the message was taken and, at the end, how long its handler took.
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
