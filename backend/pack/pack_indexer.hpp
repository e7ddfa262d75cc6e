// Takes an arriving pack apart as it arrives: every object's name, and what its index needs.
//
// Own code where libgit2 has an indexer, because that one took three quarters of the time of reading a whole tree: it
// inflates every object twice, looks for SHA-1 collisions, and builds the base of a large delta anew for each. This one
// inflates each object once, in the order of the pack, keeps what may be the base of what follows, and hands over the
// blobs that it has in its hands anyway (scripts/bench --row mount-tar).
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

/// Where the bases of a thin pack are, by name. Any error: not there.
using outside_objects = std::function<result<object>(const oid&)>;

/// Takes packs as gitformat-pack describes them, versions 2 and 3, with deltas on offsets and on names. Not
/// thread-safe. Every error is final: EIO, the pack is damaged, cut off, or "thin" where there is no outside; ESTALE,
/// it needs objects that are not outside either; or the disk's own.
class pack_indexer {
public:
  /// `file`: holds at its start what was appended. `fresh`, if any, is given the blobs. With `outside`, a thin pack is
  /// completed in the file by what it lacks, as by `git index-pack --fix-thin`.
  pack_indexer(int file, prefetched_blobs* fresh, outside_objects outside = nullptr);
  ~pack_indexer();

  /// The next bytes, which are in the file already.
  result<void> append(std::string_view bytes);
  /// There are no more.
  result<void> finish();

  /// After `finish`, in the order of the pack.
  const std::vector<index_entry>& objects() const { return objects_; }
  /// So many of them came; the rest was added.
  std::uint32_t arrived() const { return count_; }
  object_type type_of(pack_position index) const { return contents_.entries()[index].type; }
  /// Bytes of contents.
  std::uint64_t size_of(pack_position index) const { return contents_.entries()[index].contents; }
  result<object> content(pack_position index) { return contents_.content(index); }
  /// The pack's trailer, which is also its name.
  const oid& checksum() const { return checksum_; }

private:
  enum class stage : std::uint8_t { header, entries, large_blob, trailer, done };
  struct large_blob;

  // Each takes one step of its stage if the bytes for it are there; false: they are not. `last`: nor will be.
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

  const int file_;
  prefetched_blobs* const fresh_;
  const outside_objects outside_;
  pack_contents contents_;
  std::vector<index_entry> objects_;
  stage stage_ = stage::header;
  std::uint32_t count_ = 0;
  std::string buffer_; // what was not consumed yet, from `used_` on
  std::size_t used_ = 0;
  std::uint64_t position_ = 0; // in the pack, of what comes next
  std::uint32_t crc_ = 0;      // of the entry so far
  sha1 hash_;                  // of the pack so far
  oid checksum_;
  std::unique_ptr<large_blob> large_;

  // Deltas whose base has not come or has no name yet, by its name or place.
  std::unordered_map<oid, pack_position> by_name_;
  std::unordered_map<oid, std::vector<pack_position>> waiting_for_name_;
  std::unordered_map<pack_position, std::vector<pack_position>> waiting_for_entry_;
  std::size_t waiting_ = 0;
};

} // namespace gitfs
