// A table on disk whose contents can be lost at any time, but are never wrong.
#pragma once

#include "backend/git/oid.hpp"
#include "config/unique_fd.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace gitfs {

struct record_header;

/// Words (64 bits) and records (bytes) by kind and object id, in one file that any number of processes and threads may
/// use at once. Everything is best effort: a failure of the disk is a miss or a loss. Each entry has a checksum of its
/// own, so damage is a miss, and so is what a killed writer or a power failure left half. A file whose header is
/// damaged is set aside (".damaged") and begins anew, with one warning in the log.
///
/// The file is a hash table of slots, and behind it the bytes of records. It is read and written with pread and pwrite:
/// through a mapping an error of the disk, or a file that somebody has cut, would be a signal that ends the process
/// (for that reason it is neither LMDB nor SQLite, whose WAL maps a file, too). Opening it costs the same whatever its
/// length. What was read stays in memory as long as nobody writes (record_blocks). Readers take no lock of the file.
/// Writers hold one (flock). When the table is full, a writer makes a larger file and renames it over the old one.
///
/// A process should have one of these for each file. Not to be used across a fork.
class record_file {
public:
  static constexpr std::size_t most_kinds = 4;
  static constexpr std::size_t longest_record = (std::size_t{1} << 24) - 1;

  struct options {
    std::uint8_t records = 0;                          ///< a bit for each kind that has records; the others have words
    std::uint64_t first_buckets = 16;                  ///< of 32 entries each; the file grows by itself
    std::uint64_t most_bytes = std::uint64_t{1} << 29; ///< a file that would grow beyond this begins anew
  };

  /// Opens nothing yet.
  record_file(std::filesystem::path file, options how) : path_(std::move(file)), options_(how) {}
  ~record_file();
  record_file(const record_file&) = delete;
  record_file& operator=(const record_file&) = delete;

  /// Calls `use` with the index and the word of each id that is there.
  void find(std::size_t kind, std::span<const oid> ids, const std::function<void(std::size_t, std::uint64_t)>& use);

  /// The record of that id. None: there is none, or it is damaged.
  std::optional<std::string> read(std::size_t kind, const oid& id);

  class change;

  /// Runs `make` while no other process and no other thread writes; again, if the file has turned out to be too small.
  /// `adds`: how many entries that may add at most. False: the disk does not take it; some of it may have been written.
  bool write(std::size_t adds, const std::function<void(change&)>& make);

  /// Drops what is kept in memory.
  void trim();

  /// True if the file was found to be damaged by a write, and was set aside.
  bool was_damaged() const;

private:
  struct open_file;

  std::shared_ptr<open_file> current();
  std::shared_ptr<const open_file> open_for_writing();
  bool set_aside(const char* why);
  bool has_records(std::size_t kind) const { return ((options_.records >> kind) & 1U) != 0; }
  std::uint64_t buckets_wanted(const open_file& in, const record_header& head, std::size_t adds, bool full) const;
  std::shared_ptr<const open_file> rewrite(const open_file* from, std::uint64_t buckets);

  const std::filesystem::path path_;
  const options options_;
  mutable std::mutex current_mutex_;   // for the two below
  std::shared_ptr<open_file> current_; // for readers
  bool was_damaged_ = false;
  std::mutex writing_;
};

/// What a writer does, in one hold of the lock. Entries of ids in ascending order are written in few large pieces.
class record_file::change {
public:
  /// The word of an id.
  std::optional<std::uint64_t> get(std::size_t kind, const oid& id);
  /// The same for many ids that are in no order. What was changed before is written first.
  void find(std::size_t kind, std::span<const oid> ids, const std::function<void(std::size_t, std::uint64_t)>& use);
  /// Of a kind that has records `word` is what `append` has returned for that id.
  void put(std::size_t kind, const oid& id, std::uint64_t word);
  /// Appends the bytes of a record; `put` then makes that the record of the id. None: it is longer than
  /// `longest_record`, or the disk does not take it. Records that are read after one another should be appended so.
  std::optional<std::uint64_t> append(std::size_t kind, const oid& id, std::string_view bytes);
  /// Both, for one record.
  void put_record(std::size_t kind, const oid& id, std::string_view bytes);
  void erase(std::size_t kind, const oid& id);
  void erase_all(std::size_t kind);

  /// Looks at all entries, and reads all records: removes those that are damaged, and those for which `keep` is false.
  struct swept {
    std::uint64_t kept = 0, damaged = 0;
  };
  swept sweep(const std::function<bool(std::size_t kind, const oid& id)>& keep);

private:
  friend class record_file;
  struct impl;
  explicit change(impl& state) : impl_(state) {}

  impl& impl_;
};

} // namespace gitfs
