// Indexes a pack while it arrives: computes every object's id, and everything else that the pack's index needs.
//
// libgit2 has an indexer, too. It is not used because it took three quarters of the time of reading a whole tree: it
// inflates every object twice, looks for SHA-1 collisions, and builds the base of a large delta anew for each delta.
// This indexer inflates each object once, in the order of the pack, keeps contents that may be the base of a later
// delta, and hands over inflated blobs that are about to be read (scripts/bench --row mount-tar).
#pragma once

#include "backend/cache/prefetched_blobs.hpp"
#include "backend/git/oid.hpp"
#include "backend/git/sha1.hpp"
#include "backend/pack/pack_contents.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/pack/pack_index.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace gitfs {

/// Finds the base objects that a thin pack lacks. Any error means that the object is not there.
using outside_objects = std::function<result<object>(const oid&)>;

/// Indexes packs of versions 2 and 3 (gitformat-pack), with deltas that name their base by offset or by object id. Not
/// thread-safe. Every error is final. EIO: the pack is damaged, cut off, or thin while there is no `outside`. ESTALE:
/// the pack needs objects that `outside` does not have either. Otherwise the disk's error.
class pack_indexer {
public:
  /// `file` outlives the indexer, and must have at its start all bytes that are appended. `fresh`, if not null, gets
  /// the blobs. With `outside`, the objects that a thin pack lacks are appended to it in the file, as git's
  /// `index-pack` does it with `--fix-thin`.
  pack_indexer(pack_bytes& file, prefetched_blobs* fresh, outside_objects outside = nullptr);
  ~pack_indexer();

  /// Takes the next bytes of the pack, which must be in the file already.
  result<void> append(std::string_view bytes);
  /// Called when all bytes were appended.
  result<void> finish();

  /// The objects in the order of the pack. Only after `finish`.
  const std::vector<index_entry>& objects() const { return objects_; }
  /// How many objects arrived; further objects were added to complete a thin pack.
  std::uint32_t arrived() const { return count_; }
  object_type type_of(pack_position index) const { return contents_.entries()[index].type; }
  /// The size of the object's contents, in bytes.
  std::uint64_t size_of(pack_position index) const { return contents_.entries()[index].contents; }
  result<object> content(pack_position index) { return contents_.content(index); }
  /// The places of `objects` in the file, in the same order. The indexer cannot be used after that.
  std::vector<pack_entry> take_entries() { return std::move(contents_.entries()); }
  /// The pack's trailer, which is also its name.
  const oid& checksum() const { return checksum_; }

private:
  enum class stage : std::uint8_t { header, entries, large_blob, trailer, done };
  struct large_blob;

  // Each of these functions makes one step of its stage, if the bytes for it have arrived. False: they have not.
  // `last`: no more bytes will arrive.
  result<bool> step(bool last);
  result<bool> take_header();
  result<bool> take_entry(bool last);
  result<bool> take_large_blob();
  result<bool> take_trailer();

  std::string_view rest() const { return std::string_view{buffer_}.substr(used_); }
  void consume(std::size_t bytes);
  pack_position begin_entry(const entry_header& header);
  void end_entry();
  result<void> take_whole(pack_position index, const entry_header& header);
  result<void> take_delta(pack_position index, const entry_header& header);
  void named(pack_position index, const object& contents);
  void named(pack_position index, const oid& id, std::uint64_t size);
  result<void> resolve_waiting(pack_position base);
  void add_waiting(pack_position base, std::vector<pack_position>& out);
  result<void> complete();
  result<void> add_base(const oid& id, const object& contents);
  result<void> seal();

  pack_bytes& file_;
  prefetched_blobs* const fresh_;
  const outside_objects outside_;
  pack_contents contents_;
  std::vector<index_entry> objects_;
  stage stage_ = stage::header;
  std::uint32_t count_ = 0;
  std::string buffer_; // the bytes from `used_` on were not consumed yet
  std::size_t used_ = 0;
  std::uint64_t position_ = 0; // offset in the pack of the next byte to consume
  std::uint32_t crc_ = 0;      // CRC of the present entry so far
  sha1 hash_;                  // hash of the pack so far
  oid checksum_;
  std::unique_ptr<large_blob> large_;

  // Deltas whose base has not arrived, or has no object id yet: by the id or by the position of the base.
  std::unordered_map<oid, pack_position> by_name_;
  std::unordered_map<oid, std::vector<pack_position>> waiting_for_name_;
  std::unordered_map<pack_position, std::vector<pack_position>> waiting_for_entry_;
  std::size_t waiting_ = 0;
};

} // namespace gitfs
