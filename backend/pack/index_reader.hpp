// Looks up objects in the index of a pack.
#pragma once

#include "backend/git/oid.hpp"
#include "backend/pack/id_filter.hpp"
#include "backend/pack/open_files.hpp"
#include "backend/pack/pack_index_tables.hpp"
#include "config/error.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace gitfs {

/// The first digits of object ids, and what has them.
class id_prefix {
public:
  /// `digits`: how many hexadecimal digits of `of` count.
  id_prefix(const oid& of, std::size_t digits);

  bool is_of(const oid& id) const;
  /// The lowest id with these digits.
  const oid& lowest() const { return lowest_; }

private:
  oid lowest_;
  std::size_t digits_;
};

/// What a search for a prefix has met; the same object may be in several packs.
struct prefix_found {
  std::optional<oid> id;
  bool ambiguous = false;

  void add(const oid& one) {
    ambiguous = ambiguous || (id && *id != one);
    id = one;
  }
};

/// An index of version 1 or 2. It is not mapped, because an error of the disk would be a SIGBUS. While there is room in
/// the budget it is in memory, where its checksum was verified first, so that a look-up makes no system call: most
/// look-ups are for what is in another pack, which an id_filter tells. Beyond the budget (a few hundred thousand
/// objects) it is read by a few preads for each look-up, and its checksum is not verified, since to read all of it
/// would take longer than what most mounts ask of it; there the hashes of the objects show damage. Thread-safe.
class index_reader {
public:
  /// How many bytes of indexes are in memory, of how many. Outlives its readers.
  struct budget {
    std::uint64_t most = std::uint64_t{24} << 20;
    std::atomic<std::uint64_t> taken{0};
  };

  /// EBADMSG: it is damaged. Otherwise the disk's error.
  static result<std::unique_ptr<index_reader>> open(const std::filesystem::path& file, open_files& pool,
                                                    budget& memory);
  ~index_reader();
  index_reader(const index_reader&) = delete;
  index_reader& operator=(const index_reader&) = delete;

  std::uint64_t objects() const { return layout_.count; }
  bool in_memory() const { return text_ != nullptr; }
  /// The trailer of the pack that the index is of.
  const oid& pack_checksum() const { return pack_checksum_; }

  /// The offset of the object in the pack, which is not checked. None: it is not in this pack. Errors, only for an
  /// index that is not in memory: EBADMSG, and the disk's.
  result<std::optional<std::uint64_t>> find(const oid& id);
  /// Adds the first two objects that have the prefix. Errors as `find`.
  result<void> find(const id_prefix& prefix, prefix_found& out);

private:
  index_reader(const std::filesystem::path& file, open_files& pool, budget& memory)
    : file_(file, pool),
      memory_(memory) {}
  result<void> begin();
  std::uint64_t up_to(std::size_t first_byte) const { return first_byte == 0 ? 0 : fanout_[first_byte - 1]; }
  result<std::uint64_t> lower_bound(const oid& id);
  result<oid> name(std::uint64_t i);
  result<std::uint64_t> offset(std::uint64_t i);
  result<void> bytes(std::uint64_t at, char* out, std::size_t size);
  error damaged(const char* how) const;

  reopened_file file_;
  budget& memory_;
  std::uint64_t size_ = 0;  // of the file
  std::uint64_t share_ = 0; // of the budget
  std::unique_ptr<char[]> text_;
  std::optional<id_filter> filter_; // once the text is here
  index_layout layout_;
  std::array<std::uint32_t, fanout_size> fanout_{};
  oid pack_checksum_;
};

} // namespace gitfs
