// The layout of a record_file, and access to its slots.
#pragma once

#include "backend/git/oid.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// A page with the header, then buckets of 32 slots, then the bytes of records. A slot has an id (20 bytes), a word (8)
/// and a check (4) of both and of the kind. All zeros: it was never used. All ones: what was in it was erased.
struct record_layout {
  static constexpr std::uint64_t header_size = 4096;
  static constexpr std::size_t slot_size = 32, slots_in_bucket = 32;
  static constexpr std::size_t bucket_size = slot_size * slots_in_bucket;
  static constexpr std::size_t record_head = 4; ///< before the bytes of a record: their check

  static std::uint64_t records_at(std::uint64_t buckets) { return header_size + buckets * bucket_size; }
  /// The bucket in which the search for an entry begins. Of ids of one kind in ascending order these ascend, too, apart
  /// from one wrap.
  static std::uint64_t first_bucket(std::size_t kind, const oid& id, std::uint64_t buckets);
};

/// The header, as it is on the disk.
struct record_header {
  std::uint64_t magic = 0;
  std::uint64_t buckets = 0;
  std::uint64_t used = 0;    ///< slots that are not all zeros; after a kill it may be too low
  std::uint64_t garbage = 0; ///< bytes of records that no slot names any more
  std::uint32_t check = 0;
  std::uint32_t unused = 0;

  static record_header of(std::uint64_t buckets);
  void seal();
  bool is_sound() const;
};

/// One entry. None: the slot is empty, erased, damaged, or of another kind.
struct record_slot {
  oid id;
  std::uint64_t word = 0;

  static std::optional<record_slot> parse(const char* slot, std::size_t kind);
  /// The kind too.
  static std::optional<std::pair<std::size_t, record_slot>> parse_any(const char* slot);
  static bool is_empty(const char* slot);
  static bool is_erased(const char* slot);
  void write(char* slot, std::size_t kind) const;
  static void erase(char* slot);
};

std::uint32_t check_of_record(std::size_t kind, const oid& id, std::string_view bytes);

/// Where a record is, as the word of its slot says it.
struct record_place {
  std::uint64_t offset = 0;
  std::uint64_t length = 0; ///< without its head

  static constexpr unsigned length_bits = 24;
  static record_place parse(std::uint64_t word) { return {word >> length_bits, word & ((1U << length_bits) - 1)}; }
  std::uint64_t word() const { return (offset << length_bits) | length; }
};

/// Finds the slot of an entry in the buckets that `bucket` gives by their number (null: the disk failed). The number of
/// the slot, which is in the bucket that was asked for last; none: there is no such entry. `free`: the first slot in
/// which it could be put, if any bucket in which it could be has one.
std::optional<std::uint64_t> find_slot(std::size_t kind, const oid& id, std::uint64_t buckets,
                                       const std::function<const char*(std::uint64_t)>& bucket,
                                       std::optional<std::uint64_t>* free = nullptr);

/// Reads the slots of an open file through a window of some buckets, and writes back what was changed.
class record_window {
public:
  /// `width`: how many buckets are read at once.
  record_window(int file, std::uint64_t buckets, std::size_t width);

  /// The bucket's 32 slots; null: the disk failed. Valid until the next call.
  char* bucket(std::uint64_t number);
  /// What `bucket` has given last was changed.
  void changed() { changed_ = true; }
  /// False: the disk did not take what was changed.
  bool flush();
  bool is_changed() const { return changed_; }

  /// Finds the slot of an entry; null: there is none. `free` as in find_slot.
  char* find(std::size_t kind, const oid& id, std::optional<std::uint64_t>* free = nullptr);
  /// The slot with that number.
  char* slot(std::uint64_t number);

  bool failed() const { return failed_; }

private:
  const int file_;
  const std::uint64_t buckets_;
  const std::size_t width_;
  std::vector<char> bytes_;
  std::uint64_t first_ = 0;
  std::size_t here_ = 0; // buckets
  bool changed_ = false, failed_ = false;
};

/// As pread and pwrite, but all of it or nothing. False: errno says why; 0: the file ends before.
bool read_fully(int file, char* out, std::size_t size, std::uint64_t offset);
bool write_fully(int file, std::string_view bytes, std::uint64_t offset);

} // namespace gitfs
