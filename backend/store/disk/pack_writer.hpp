// Makes a pack of objects that are on this machine already.
#pragma once

#include "backend/git/object.hpp"
#include "backend/pack/pack_file.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/pack/pack_index.hpp"
#include "backend/store/disk/incoming_pack.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gitfs {

/// Copies objects from other packs without inflating them, and deflates loose objects. It takes about 100 bytes of
/// memory for each object. (libgit2's packbuilder inflates every object and searches deltas, which takes dozens of
/// times as long.) If it is destroyed before `install`, it leaves nothing behind.
class pack_writer {
public:
  /// `store`: the repository's folder.
  static result<std::unique_ptr<pack_writer>> begin(const std::filesystem::path& store);
  pack_writer(const pack_writer&) = delete;
  pack_writer& operator=(const pack_writer&) = delete;

  bool has(const oid& id) const { return offsets_.contains(id); }
  std::size_t objects() const { return entries_.size(); }

  /// Treats this object as damaged from now on.
  void leave_out(const oid& id) { left_out_.insert(id); }

  /// Copies an entry, and before it the bases that it needs, unless they are in the pack already. EBADMSG: the entry,
  /// or one of its bases, is damaged and is left out. Another error is the disk's, and the caller must give up.
  result<void> copy(const pack_file& from, std::uint32_t number);

  result<void> add(const oid& id, object_type type, std::string_view data);

  /// Ends the pack, waits until it is on the disk, and makes it visible to readers, with `arrived` as the time of its
  /// files. Returns the path of its index; "" if the pack has no objects.
  result<std::filesystem::path> install(std::time_t arrived);

private:
  pack_writer(const std::filesystem::path& objects, std::filesystem::path lock_file, incoming_pack incoming);

  result<void> copy_one(const pack_file& from, std::uint32_t number, const pack_file::head& head);
  std::uint64_t next_offset() const { return flushed_ + buffer_.size(); }
  result<void> begin_entry(const entry_header& header);
  result<void> put(std::string_view bytes);
  result<void> flush();
  void end_entry(const oid& id);
  result<oid> finish_pack();

  const std::string failure_; // the begin of messages about errors of the disk
  const std::filesystem::path lock_file_;
  incoming_pack incoming_;
  std::string buffer_;
  std::uint64_t flushed_ = 0, entry_begin_ = 0;
  std::uint32_t crc_ = 0; // CRC of the present entry so far
  std::vector<index_entry> entries_;
  std::unordered_map<oid, std::uint64_t> offsets_;
  std::unordered_set<oid> left_out_;
};

} // namespace gitfs
