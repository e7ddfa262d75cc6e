#include "backend/store/table/record_file.hpp"

#include "backend/store/table/record_blocks.hpp"
#include "backend/store/table/record_slots.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace gitfs {

namespace {

using layout = record_layout;

constexpr std::size_t wide = 64; // buckets that are read at once, which are 64 KB
constexpr std::uint64_t tolerated_garbage = std::uint64_t{1} << 20;
constexpr int most_openings = 8;      // other processes may replace the file while it is being opened
constexpr std::size_t many_adds = 64; // for so many entries it is worth reading whole blocks of the table

/// True if more than seven tenths of the slots are used. Above that many entries do not fit into their own bucket.
constexpr bool is_full(std::uint64_t used, std::uint64_t buckets) {
  return used > buckets * layout::slots_in_bucket / 10 * 7;
}

std::string reason(int code) {
  return code == 0 ? "it ends too early" : std::generic_category().message(code);
}

bool is_same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

/// The width of a window: narrow for a few entries that may be anywhere, wide for many.
std::size_t width_for(std::size_t entries, std::uint64_t buckets) {
  return entries >= buckets / 8 ? wide : 1;
}

} // namespace

/// One inode, and the part of its header that never changes.
struct record_file::open_file {
  unique_fd fd;
  std::uint64_t buckets = 0;
  std::optional<record_blocks> blocks; // only if it was opened for readers

  bool read_header(record_header& out) const {
    return read_fully(fd.get(), reinterpret_cast<char*>(&out), sizeof out, 0);
  }
  bool write_header(record_header& what) const {
    what.seal();
    return write_fully(fd.get(), {reinterpret_cast<const char*>(&what), sizeof what}, 0);
  }
};

record_file::~record_file() = default;

bool record_file::was_damaged() const {
  const std::lock_guard lock{current_mutex_};
  return was_damaged_;
}

/// The present file for readers; null: there is none that can be read. A file that another process has replaced has no
/// name any more, which its number of links shows.
std::shared_ptr<record_file::open_file> record_file::current() {
  const std::lock_guard lock{current_mutex_};
  struct stat info {};
  if (current_ && ::fstat(current_->fd.get(), &info) == 0 && info.st_nlink != 0) {
    current_->blocks->see(info);
    return current_;
  }
  auto fresh = std::make_shared<open_file>();
  fresh->fd.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  record_header head;
  if (!fresh->fd || !fresh->read_header(head) || !head.is_sound() || ::fstat(fresh->fd.get(), &info) != 0)
    return current_;
  fresh->buckets = head.buckets;
  fresh->blocks.emplace(fresh->fd.get(), fresh->buckets);
  fresh->blocks->see(info);
  current_ = std::move(fresh);
  return current_;
}

void record_file::trim() {
  const std::lock_guard lock{current_mutex_};
  if (current_)
    current_->blocks->forget();
}

namespace {

using place_reader = std::function<bool(char* out, std::size_t size, std::uint64_t offset)>;

std::optional<std::string> read_record(const place_reader& from, std::size_t kind, const record_slot& slot) {
  const record_place place = record_place::parse(slot.word);
  std::string bytes(layout::record_head + place.length, '\0');
  std::uint32_t check = 0;
  if (!from(bytes.data(), bytes.size(), place.offset))
    return std::nullopt;
  std::memcpy(&check, bytes.data(), sizeof check);
  bytes.erase(0, layout::record_head);
  if (check != check_of_record(kind, slot.id, bytes))
    return std::nullopt;
  return bytes;
}

std::optional<std::string> read_record(int file, std::size_t kind, const record_slot& slot) {
  return read_record(
      [file](char* out, std::size_t size, std::uint64_t offset) { return read_fully(file, out, size, offset); }, kind,
      slot);
}

/// Looks up entries in the blocks that are kept, and else reads one bucket after the other. `blocks` may be null.
void look_up(int file, std::uint64_t buckets, record_blocks* blocks, std::size_t kind, std::span<const oid> ids,
             const std::function<void(std::size_t, const record_slot&)>& use) {
  record_window narrow{file, buckets, 1};
  record_blocks::view kept;
  const char* slots = nullptr;
  const std::function<const char*(std::uint64_t)> bucket = [&](std::uint64_t number) {
    kept = blocks != nullptr ? blocks->bucket(number) : record_blocks::view{};
    return slots = kept.slots != nullptr ? kept.slots : narrow.bucket(number);
  };
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (const auto found = find_slot(kind, ids[i], buckets, bucket))
      if (const auto slot = record_slot::parse(slots + *found % layout::slots_in_bucket * layout::slot_size, kind))
        use(i, *slot);
}

} // namespace

void record_file::find(std::size_t kind, std::span<const oid> ids,
                       const std::function<void(std::size_t, std::uint64_t)>& use) {
  if (const auto in = current())
    look_up(in->fd.get(), in->buckets, &*in->blocks, kind, ids,
            [&](std::size_t i, const record_slot& slot) { use(i, slot.word); });
}

std::optional<std::string> record_file::read(std::size_t kind, const oid& id) {
  std::optional<std::string> out;
  const auto in = current();
  if (!in)
    return out;
  const auto around = [&](char* to, std::size_t size, std::uint64_t offset) {
    return in->blocks->read(to, size, offset);
  };
  look_up(in->fd.get(), in->buckets, &*in->blocks, kind, {&id, 1},
          [&](std::size_t, const record_slot& slot) { out = read_record(around, kind, slot); });
  return out;
}

struct record_file::change::impl {
  const record_file& of;
  const open_file& in;
  record_header& head;
  record_window window;
  const bool many;                     // many entries are to be added
  std::optional<record_blocks> blocks; // for look-ups in the table, which cannot change because its lock is held
  std::string appended;                // records that were not written yet
  std::uint64_t end;                   // the length of the file, `appended` included
  bool full = false, failed = false;

  impl(const record_file& owner, const open_file& where, record_header& its, std::size_t adds, std::uint64_t length)
    : of(owner),
      in(where),
      head(its),
      window(where.fd.get(), where.buckets, width_for(adds, where.buckets)),
      many(adds >= many_adds),
      end(length) {}

  bool flush() { return flush_records() && window.flush(); }
  bool flush_records() {
    if (!appended.empty() && !write_fully(in.fd.get(), appended, end - appended.size()))
      failed = true;
    appended.clear();
    return !failed;
  }
  void store(char* slot, std::size_t kind, const record_slot& what) {
    what.write(slot, kind);
    window.changed();
  }
  void remove(char* slot) {
    record_slot::erase(slot);
    window.changed();
  }
};

std::optional<std::uint64_t> record_file::change::get(std::size_t kind, const oid& id) {
  const char* const slot = impl_.window.find(kind, id);
  const auto found = slot == nullptr ? std::nullopt : record_slot::parse(slot, kind);
  return found ? std::optional{found->word} : std::nullopt;
}

void record_file::change::find(std::size_t kind, std::span<const oid> ids,
                               const std::function<void(std::size_t, std::uint64_t)>& use) {
  if (impl_.blocks && impl_.window.is_changed())
    impl_.blocks->forget();
  if (!impl_.window.flush())
    return;
  if (impl_.many && !impl_.blocks)
    impl_.blocks.emplace(impl_.in.fd.get(), impl_.in.buckets);
  look_up(impl_.in.fd.get(), impl_.in.buckets, impl_.blocks ? &*impl_.blocks : nullptr, kind, ids,
          [&](std::size_t i, const record_slot& slot) { use(i, slot.word); });
}

void record_file::change::put(std::size_t kind, const oid& id, std::uint64_t word) {
  std::optional<std::uint64_t> free;
  if (char* const slot = impl_.window.find(kind, id, &free)) {
    if (const auto before = record_slot::parse(slot, kind); before && impl_.of.has_records(kind))
      impl_.head.garbage += record_place::parse(before->word).length + layout::record_head;
    return impl_.store(slot, kind, {id, word});
  }
  if (impl_.window.failed())
    return;
  char* const slot = free ? impl_.window.slot(*free) : nullptr;
  if (slot == nullptr) {
    impl_.full = true;
    return;
  }
  if (record_slot::is_empty(slot))
    ++impl_.head.used;
  impl_.store(slot, kind, {id, word});
}

std::optional<std::uint64_t> record_file::change::append(std::size_t kind, const oid& id, std::string_view bytes) {
  constexpr std::size_t buffered = std::size_t{1} << 20;
  if (bytes.size() > longest_record)
    return std::nullopt;
  const std::uint32_t check = check_of_record(kind, id, bytes);
  const record_place place{impl_.end, bytes.size()};
  impl_.appended.append(reinterpret_cast<const char*>(&check), sizeof check).append(bytes);
  impl_.end += layout::record_head + bytes.size();
  if (impl_.appended.size() >= buffered && !impl_.flush_records())
    return std::nullopt;
  return place.word(); // the slot may reach the disk before the record; a reader in between gets a miss
}

void record_file::change::put_record(std::size_t kind, const oid& id, std::string_view bytes) {
  if (const auto word = append(kind, id, bytes))
    put(kind, id, *word);
}

void record_file::change::erase(std::size_t kind, const oid& id) {
  if (char* const slot = impl_.window.find(kind, id))
    impl_.remove(slot);
}

void record_file::change::erase_all(std::size_t kind) {
  sweep([kind](std::size_t other, const oid&) { return other != kind; });
}

record_file::change::swept
record_file::change::sweep(const std::function<bool(std::size_t kind, const oid& id)>& keep) {
  swept out;
  impl_.flush_records();
  for (std::uint64_t number = 0; number < impl_.in.buckets * layout::slots_in_bucket; ++number) {
    char* const slot = impl_.window.slot(number);
    if (slot == nullptr) // the disk fails, so the rest of the table cannot be checked
      return out;
    if (record_slot::is_empty(slot) || record_slot::is_erased(slot))
      continue;
    const auto found = record_slot::parse_any(slot);
    const bool wanted = found && keep(found->first, found->second.id);
    const bool sound = found
                       && (!wanted || !impl_.of.has_records(found->first)
                           || read_record(impl_.in.fd.get(), found->first, found->second));
    out.damaged += sound ? 0 : 1;
    out.kept += wanted && sound ? 1 : 0;
    if (wanted && sound)
      continue;
    if (found && impl_.of.has_records(found->first))
      impl_.head.garbage += record_place::parse(found->second.word).length + layout::record_head;
    impl_.remove(slot);
  }
  return out;
}

/// Moves the damaged file away. The caller holds the file's lock.
bool record_file::set_aside(const char* why) {
  log::warn("{} is damaged ({}); it is set aside and begins anew", path_.string(), why);
  {
    const std::lock_guard lock{current_mutex_};
    was_damaged_ = true;
  }
  return ::rename(path_.c_str(), (path_.string() + ".damaged").c_str()) == 0 || ::unlink(path_.c_str()) == 0;
}

/// The file, open and locked, with a sound header. Null: the file cannot be written, and errno says why.
std::shared_ptr<const record_file::open_file> record_file::open_for_writing() {
  for (int opening = 0; opening < most_openings; ++opening) {
    auto in = std::make_shared<open_file>();
    in->fd.reset(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!in->fd)
      return nullptr;
    while (::flock(in->fd.get(), LOCK_EX) != 0)
      if (errno != EINTR)
        return nullptr;
    struct stat mine {
    }, now{};
    if (::fstat(in->fd.get(), &mine) != 0)
      return nullptr;
    if (::stat(path_.c_str(), &now) != 0 || !is_same_file(mine, now))
      continue;              // another process has replaced the file meanwhile
    if (mine.st_size == 0) { // a complete file replaces the empty one, so that no reader sees half a header
      if (!rewrite(nullptr, options_.first_buckets))
        return nullptr;
      continue;
    }
    record_header head;
    if (!in->read_header(head) && errno != 0)
      return nullptr;
    const bool cut = static_cast<std::uint64_t>(mine.st_size) < layout::records_at(head.buckets);
    if (!head.is_sound() || cut) {
      if (!set_aside(head.is_sound() ? "it was cut" : "its header is wrong"))
        return nullptr;
      continue;
    }
    in->buckets = head.buckets;
    const std::lock_guard lock{current_mutex_};
    struct stat readers {};
    if (current_ && ::fstat(current_->fd.get(), &readers) == 0 && !is_same_file(readers, mine))
      current_.reset(); // another process has set that file aside
    return in;
  }
  errno = EBUSY;
  return nullptr;
}

/// The number of buckets with which the file should be written anew; 0: the file can stay as it is.
std::uint64_t record_file::buckets_wanted(const open_file& in, const record_header& head, std::size_t adds,
                                          bool full) const {
  struct stat info {};
  const std::uint64_t records =
      ::fstat(in.fd.get(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) - layout::records_at(in.buckets) : 0;
  const bool wasteful = head.garbage > tolerated_garbage && head.garbage > records / 2;
  if (!full && !wasteful && !is_full(head.used + adds, in.buckets))
    return 0;
  std::uint64_t living = adds;
  record_window window{in.fd.get(), in.buckets, wide};
  for (std::uint64_t number = 0; number < in.buckets * layout::slots_in_bucket; ++number)
    if (const char* const slot = window.slot(number))
      living += record_slot::is_empty(slot) || record_slot::is_erased(slot) ? 0 : 1;
  const std::uint64_t wanted = living * 2 / layout::slots_in_bucket + 1;
  return std::max({wanted, options_.first_buckets, full ? in.buckets * 2 : 0});
}

/// Replaces `from`, whose lock is held, by a file with so many buckets and the same entries; if `from` is null,
/// replaces an empty file. Returns the new file, locked. Null: the disk does not take it.
std::shared_ptr<const record_file::open_file> record_file::rewrite(const open_file* from, std::uint64_t buckets) {
  const std::string fresh_name = path_.string() + ".new";
  auto fresh = std::make_shared<open_file>();
  fresh->fd.reset(::open(fresh_name.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (!fresh->fd)
    return nullptr;
  struct stat info {};
  if (from != nullptr
      && (layout::records_at(buckets) > options_.most_bytes || ::fstat(from->fd.get(), &info) != 0
          || static_cast<std::uint64_t>(info.st_size) > options_.most_bytes)) {
    log::info("{} would be too large; it begins anew", path_.string());
    from = nullptr;
    buckets = options_.first_buckets;
  }
  fresh->buckets = buckets;
  record_header head = record_header::of(buckets);
  bool good = ::flock(fresh->fd.get(), LOCK_EX) == 0
              && ::ftruncate(fresh->fd.get(), static_cast<off_t>(layout::records_at(buckets))) == 0;
  if (good && from != nullptr) {
    change::impl to{*this, *fresh, head, buckets, layout::records_at(buckets)};
    change made{to};
    record_window window{from->fd.get(), from->buckets, wide};
    for (std::uint64_t number = 0; number < from->buckets * layout::slots_in_bucket; ++number) {
      const char* const slot = window.slot(number);
      const auto found = slot == nullptr ? std::nullopt : record_slot::parse_any(slot);
      if (!found)
        continue;
      const auto& [kind, entry] = *found;
      if (!has_records(kind))
        made.put(kind, entry.id, entry.word);
      else if (const auto bytes = read_record(from->fd.get(), kind, entry))
        made.put_record(kind, entry.id, *bytes);
    }
    good = to.flush();
  }
  good = good && fresh->write_header(head) && ::rename(fresh_name.c_str(), path_.c_str()) == 0;
  if (good)
    return fresh;
  const int code = errno;
  log::debug("{} cannot be written anew: {}", path_.string(), reason(code));
  ::unlink(fresh_name.c_str());
  errno = code;
  return nullptr;
}

bool record_file::write(std::size_t adds, const std::function<void(change&)>& make) {
  constexpr int most_attempts = 3;
  const std::lock_guard alone{writing_};
  bool full = false;
  for (int attempt = 0; attempt < most_attempts; ++attempt) {
    auto in = open_for_writing();
    record_header head;
    if (!in || !in->read_header(head)) {
      log::debug("{} cannot be written: {}", path_.string(), reason(errno));
      return false;
    }
    if (const std::uint64_t wanted = buckets_wanted(*in, head, adds, full); wanted != 0)
      if (auto fresh = rewrite(in.get(), wanted); fresh && fresh->read_header(head))
        in = std::move(fresh); // if that fails, the present file is used as long as it has room
    struct stat info {};
    if (::fstat(in->fd.get(), &info) != 0)
      return false;
    const record_header before = head;
    change::impl state{*this, *in, head, adds, static_cast<std::uint64_t>(info.st_size)};
    change made{state};
    make(made);
    bool good = state.flush();
    if (head.used != before.used || head.garbage != before.garbage)
      good = in->write_header(head) && good;
    if (!state.full || !good)
      return good;
    full = true;
  }
  return false;
}

} // namespace gitfs
