#include "backend/store/table/record_slots.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <endian.h>
#include <libdeflate.h>
#include <unistd.h>

namespace gitfs {

namespace {

constexpr std::uint64_t magic_number = 0x31646365'72667467; // "gtfrecd1"
constexpr std::size_t word_at = oid::raw_size, check_at = word_at + sizeof(std::uint64_t);
constexpr std::size_t most_probes = 8; // an entry is in one of so many buckets, beginning with its own

// The marks of kinds. They differ in many bits, so that a single wrong bit cannot turn an entry into one of another
// kind.
constexpr std::array<std::uint32_t, 4> kind_marks{0x5bd1e995, 0xa3c59ac3, 0x0f6b54ea, 0xf0943e1c};

std::uint32_t check_of(const char* slot, std::size_t kind) {
  return libdeflate_crc32(0, slot, check_at) ^ kind_marks[kind];
}

std::uint32_t stored_check(const char* slot) {
  std::uint32_t out = 0;
  std::memcpy(&out, slot + check_at, sizeof out);
  return out;
}

__extension__ using wide_number = unsigned __int128;

/// True if all words of the slot are `word`. It compares words and not bytes, because each look-up does it for a whole
/// bucket.
bool all_are(const char* slot, std::uint64_t word) {
  std::array<std::uint64_t, record_layout::slot_size / sizeof word> words;
  std::memcpy(words.data(), slot, sizeof words);
  return std::ranges::all_of(words, [word](std::uint64_t each) { return each == word; });
}

record_slot contents_of(const char* slot) {
  record_slot out{oid::from_raw(slot), 0};
  std::memcpy(&out.word, slot + word_at, sizeof out.word);
  return out;
}

} // namespace

std::uint64_t record_layout::first_bucket(std::size_t kind, const oid& id, std::uint64_t buckets) {
  std::uint64_t head = 0;
  std::memcpy(&head, id.bytes.data(), sizeof head);
  // Each kind begins at another bucket, so that the entries of one object do not all go into the same bucket.
  const std::uint64_t at = be64toh(head) + kind * 0x3d70a3d70a3d70a3;
  return static_cast<std::uint64_t>((static_cast<wide_number>(at) * buckets) >> 64);
}

record_header record_header::of(std::uint64_t buckets) {
  record_header out;
  out.magic = magic_number;
  out.buckets = buckets;
  out.seal();
  return out;
}

void record_header::seal() {
  check = libdeflate_crc32(0, this, offsetof(record_header, check));
}

bool record_header::is_sound() const {
  return magic == magic_number && buckets != 0 && check == libdeflate_crc32(0, this, offsetof(record_header, check));
}

std::optional<record_slot> record_slot::parse(const char* slot, std::size_t kind) {
  return check_of(slot, kind) == stored_check(slot) ? std::optional{contents_of(slot)} : std::nullopt;
}

std::optional<std::pair<std::size_t, record_slot>> record_slot::parse_any(const char* slot) {
  const std::uint32_t mark = libdeflate_crc32(0, slot, check_at) ^ stored_check(slot);
  const auto* const kind = std::ranges::find(kind_marks, mark);
  if (kind == kind_marks.end())
    return std::nullopt;
  return std::pair{static_cast<std::size_t>(kind - kind_marks.begin()), contents_of(slot)};
}

bool record_slot::is_empty(const char* slot) {
  return all_are(slot, 0);
}

bool record_slot::is_erased(const char* slot) {
  return all_are(slot, ~std::uint64_t{0});
}

void record_slot::write(char* slot, std::size_t kind) const {
  std::memcpy(slot, id.bytes.data(), oid::raw_size);
  std::memcpy(slot + word_at, &word, sizeof word);
  const std::uint32_t check = check_of(slot, kind);
  std::memcpy(slot + check_at, &check, sizeof check);
}

void record_slot::erase(char* slot) {
  std::memset(slot, 0xff, record_layout::slot_size);
}

std::uint32_t check_of_record(std::size_t kind, const oid& id, std::string_view bytes) {
  const std::uint32_t of_id = libdeflate_crc32(kind_marks[kind], id.bytes.data(), oid::raw_size);
  return libdeflate_crc32(of_id, bytes.data(), bytes.size());
}

record_window::record_window(int file, std::uint64_t buckets, std::size_t width)
  : file_(file),
    buckets_(buckets),
    width_(width),
    bytes_(width * record_layout::bucket_size) {}

char* record_window::bucket(std::uint64_t number) {
  if (number < first_ || number >= first_ + here_) {
    if (!flush())
      return nullptr;
    first_ = number - number % width_;
    here_ = static_cast<std::size_t>(std::min<std::uint64_t>(width_, buckets_ - first_));
    if (!read_fully(file_, bytes_.data(), here_ * record_layout::bucket_size, record_layout::records_at(first_))) {
      here_ = 0;
      failed_ = true;
      return nullptr;
    }
  }
  return bytes_.data() + (number - first_) * record_layout::bucket_size;
}

bool record_window::flush() {
  if (!changed_)
    return !failed_;
  changed_ = false;
  failed_ = !write_fully(file_, {bytes_.data(), here_ * record_layout::bucket_size}, record_layout::records_at(first_))
            || failed_;
  return !failed_;
}

char* record_window::slot(std::uint64_t number) {
  char* const in = bucket(number / record_layout::slots_in_bucket);
  return in == nullptr ? nullptr : in + number % record_layout::slots_in_bucket * record_layout::slot_size;
}

std::optional<std::uint64_t> find_slot(std::size_t kind, const oid& id, std::uint64_t buckets,
                                       const std::function<const char*(std::uint64_t)>& bucket,
                                       std::optional<std::uint64_t>* free) {
  std::uint64_t at = record_layout::first_bucket(kind, id, buckets);
  for (std::size_t probe = 0; probe < most_probes && probe < buckets; ++probe, at = at + 1 == buckets ? 0 : at + 1) {
    const char* const slots = bucket(at);
    if (slots == nullptr)
      return std::nullopt;
    bool full = true;
    for (std::size_t i = 0; i < record_layout::slots_in_bucket; ++i) {
      const char* const slot = slots + i * record_layout::slot_size;
      if (std::memcmp(slot, id.bytes.data(), oid::raw_size) == 0 && record_slot::parse(slot, kind))
        return at * record_layout::slots_in_bucket + i;
      const bool empty = record_slot::is_empty(slot);
      full = full && !empty;
      if (free != nullptr && !*free && (empty || record_slot::is_erased(slot)))
        *free = at * record_layout::slots_in_bucket + i;
    }
    if (!full)
      return std::nullopt;
  }
  return std::nullopt;
}

char* record_window::find(std::size_t kind, const oid& id, std::optional<std::uint64_t>* free) {
  const auto found = find_slot(
      kind, id, buckets_, [this](std::uint64_t number) { return bucket(number); }, free);
  return found ? slot(*found) : nullptr;
}

bool read_fully(int file, char* out, std::size_t size, std::uint64_t offset) {
  while (size != 0) {
    const ssize_t n = ::pread(file, out, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      errno = n == 0 ? 0 : errno;
      return false;
    }
    out += n;
    size -= static_cast<std::size_t>(n);
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

bool write_fully(int file, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      errno = n == 0 ? ENOSPC : errno;
      return false;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
    offset += static_cast<std::uint64_t>(n);
  }
  return true;
}

} // namespace gitfs
