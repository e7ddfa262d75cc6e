#include "backend/pack/object_reader.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/free_memory.hpp"
#include "backend/pack/alternates.hpp"
#include "backend/pack/large_blob.hpp"
#include "backend/pack/loose_objects.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_map>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr int most_searches = 16; // packs may be merged again and again, as fast as one can look
constexpr int most_listings = 4;  // a symbolic link to nowhere looks like an index that goes

/// git knows this object without having it, so a repository may lack it.
constexpr oid empty_tree{{0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60,
                          0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04}};

/// Says so of ENOENT, whose message is as yet what may have had the object and cannot be read. Not where nobody sees
/// the message: most that is looked for is not here.
template <class Value>
result<Value> named(const oid& id, result<Value> out) {
  if (!out && out.error().code == ENOENT)
    return fail(ENOENT, "object " + id.hex() + " is not on this machine" + out.error().message);
  return out;
}

/// Failures of this process, which say nothing about a pack.
bool is_ours(int code) {
  return code == EMFILE || code == ENFILE || code == ENOMEM || code == ECANCELED || code == EFBIG;
}

std::optional<file_identity> identity_of(const fs::path& file) {
  struct stat info;
  return ::stat(file.c_str(), &info) == 0 ? std::optional{file_identity::of(info)} : std::nullopt;
}

/// When the folders of the packs last changed; -1 if that is too fresh to tell a later change from it (file systems
/// stamp with the time of the last timer tick).
std::int64_t change_time(const std::vector<fs::path>& objects) {
  constexpr std::int64_t second = 1'000'000'000, settled = 20'000'000;
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  std::int64_t out = 0;
  for (const fs::path& folder : objects) {
    struct stat info;
    if (::stat((folder / "pack").c_str(), &info) != 0)
      continue;
    const std::int64_t changed = info.st_mtim.tv_sec * second + info.st_mtim.tv_nsec;
    if (now.tv_sec * second + now.tv_nsec - changed < settled)
      return -1;
    out = static_cast<std::int64_t>(static_cast<std::uint64_t>(out) * 31 + static_cast<std::uint64_t>(changed));
  }
  return out & ~(std::int64_t{1} << 63);
}

} // namespace

result<std::unique_ptr<object_reader>> object_reader::open(const fs::path& objects, options how) {
  struct stat info;
  if (::stat(objects.c_str(), &info) != 0 && !how.disk_errors_are_misses)
    return system_failure(errno, "cannot open " + objects.string());
  std::unique_ptr<object_reader> out{new object_reader{objects, std::move(how)}};
  out->scan();
  return out;
}

object_reader::listing_ptr object_reader::now() const {
  const std::lock_guard lock{listing_mutex_};
  return listing_;
}

std::vector<fs::path> object_reader::lost() const {
  return now()->lost;
}

/// A folder of loose objects is named by the first byte of their ids.
void object_reader::look_for_loose() {
  if (!how_.loose_are_told)
    return;
  std::error_code status;
  for (fs::directory_iterator files{objects_, status}, end; !status && files != end; files.increment(status)) {
    const std::string name = files->path().filename().string();
    std::uint8_t first = 0;
    const char* const last = name.data() + name.size();
    if (name.size() == 2 && std::from_chars(name.data(), last, first, 16).ptr == last)
      loose_begin_[first].store(true, std::memory_order_relaxed);
  }
}

bool object_reader::may_have_loose(const fs::path& folder, const oid& id) const {
  return !how_.loose_are_told || folder.native() != objects_.native()
         || loose_begin_[id.bytes[0]].load(std::memory_order_relaxed);
}

/// Under the scan mutex, but for the first.
void object_reader::scan() {
  look_for_loose();
  object_folders found = find_object_folders(objects_);
  const listing_ptr before = now();
  std::unordered_map<std::string, const known_pack*> known;
  for (const known_pack& each : before->packs)
    known.emplace(each.pack->index().native(), &each);
  auto fresh = std::make_shared<listing>();
  // An index that goes while a folder is listed may have been replaced by one that the listing does not have.
  bool replaced = true;
  for (int listings = 0; replaced && listings < most_listings; ++listings) {
    replaced = false;
    fresh->packs.clear();
    fresh->changed = change_time(found.here); // before the scan: what comes during it is news
    for (const fs::path& folder : found.here) {
      std::error_code status;
      for (fs::directory_iterator files{folder / "pack", status}, end; !status && files != end;
           files.increment(status)) {
        const fs::path& path = files->path();
        if (path.extension() != ".idx")
          continue;
        const auto identity = identity_of(path);
        const auto same = known.find(path.native());
        if (!identity) {
          replaced = true;
          continue;
        }
        // One that could not be used may have been on its way here, and be whole now.
        if (same != known.end() && same->second->index == *identity
            && (!same->second->pack->is_aside() || identity_of(same->second->pack->path()) == same->second->packed)) {
          fresh->packs.push_back(*same->second);
          continue;
        }
        auto pack = std::make_shared<pack_reader>(path, how_.shared);
        const auto packed = identity_of(pack->path());
        fresh->packs.push_back({*identity, packed.value_or(file_identity{}), std::move(pack)});
      }
      if (status && status != std::errc::no_such_file_or_directory)
        log::warn("cannot list the packs of {}: {}", folder.string(), status.message());
    }
  }
  for (const fs::path& each : found.lost)
    if (std::ranges::find(before->lost, each) == before->lost.end())
      log::warn("{} is named as an alternate of {} and is not there: objects of it cannot be read", each.string(),
                found.here.front().string());
  fresh->folders = std::move(found.here);
  fresh->lost = std::move(found.lost);
  {
    const std::lock_guard lock{listing_mutex_};
    listing_ = std::move(fresh);
  }
  ++generation_;
}

void object_reader::refresh() {
  const std::lock_guard lock{scan_mutex_};
  scan();
}

bool object_reader::refresh_if_changed() {
  const std::lock_guard lock{scan_mutex_};
  const listing_ptr known = now();
  const std::int64_t changed = change_time(known->folders);
  if (changed == known->changed && changed != -1)
    return false;
  scan();
  return true;
}

void object_reader::set_aside(pack_reader& pack, const error& why) {
  if (!pack.put_aside())
    return;
  pack.close();
  if (how_.put_aside)
    how_.put_aside(pack.index(), why);
  else
    log::warn("{}; this pack is not used any more", why.message);
}

/// True if the pack is out of use from now on, so that what was in it is not here.
bool object_reader::take_failure(pack_reader& pack, const error& why) {
  const auto broken = pack.unusable();
  if (!broken && (!how_.disk_errors_are_misses || why.code == EBADMSG || is_ours(why.code)))
    return false;
  set_aside(pack, broken.value_or(why));
  return true;
}

template <class Value, class Packed, class Loose>
result<Value> object_reader::search_once(const listing_ptr& in, const oid& id, const Packed& packed, const Loose& loose,
                                         bool& moved) {
  std::optional<error> failure;
  const pack_reader* aside = nullptr;
  const std::size_t count = in->packs.size(), hint = in->last_hit.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t number = (hint + i) % count;
    pack_reader& pack = *in->packs[number].pack;
    if (pack.is_aside()) {
      aside = &pack;
      continue;
    }
    const auto at = pack.find(id);
    std::optional<error> why;
    if (!at) {
      why = at.error();
    } else if (at.value()) {
      in->last_hit.store(number, std::memory_order_relaxed);
      result<Value> out = packed(pack, *at.value());
      if (out)
        return out;
      why = out.error();
    }
    if (!why)
      continue;
    if (why->code == ENOENT)
      moved = true;
    else if (take_failure(pack, *why))
      aside = &pack;
    else if (!failure)
      failure = std::move(why);
  }
  for (const fs::path& folder : in->folders) {
    result<Value> out = loose(folder);
    if (out)
      return out;
    if (out.error().code != ENOENT && !failure)
      failure = out.error();
  }
  if (failure)
    return *failure;
  std::string why;
  if (aside != nullptr)
    why += "; the pack " + aside->path().string() + " cannot be read";
  for (const fs::path& each : in->lost)
    why += "; the alternate " + each.string() + " is not there";
  return fail(ENOENT, std::move(why));
}

template <class Value, class Packed, class Loose>
result<Value> object_reader::first_good(const oid& id, const Packed& packed, const Loose& loose) {
  for (int searches = 1;; ++searches) {
    bool moved = false;
    const listing_ptr in = now();
    result<Value> out = search_once<Value>(in, id, packed, loose, moved);
    if (out || searches == most_searches)
      return out;
    if (moved)
      refresh(); // what was in a pack that went is in one that came before that
    else if (now() == in)
      return out; // else loose objects may have gone into a pack that was not looked into
  }
}

result<object> object_reader::read(const oid& id) {
  if (id == empty_tree)
    return object{object_type::tree, nullptr, {}};
  const auto checked = [&id](result<object> out, const fs::path& where) -> result<object> {
    if (out && name_of(out.value().type(), out.value().data()) != id)
      return fail(EBADMSG, "object " + id.hex() + " is damaged in " + where.string() + ": its hash is another");
    return out;
  };
  auto out = named(id, first_good<object>(
                           id, [&](pack_reader& pack, std::uint64_t at) { return checked(pack.read(at), pack.path()); },
                           [&](const fs::path& folder) { return checked(read_loose(folder, id), folder); }));
  if (out)
    passed_through_memory(out.value().data().size());
  return out;
}

result<void> object_reader::copy(const oid& id, const blob_target& to) {
  const auto empty = [&to] { (void)!::ftruncate(to.file.fd(), 0); }; // a damaged copy may have been longer
  return named(id, first_good<void>(
                       id,
                       [&](pack_reader& pack, std::uint64_t at) {
                         empty();
                         return copy_packed_blob(pack, at, id, to);
                       },
                       [&](const fs::path& folder) {
                         empty();
                         return copy_loose_blob(folder, id, to);
                       }));
}

bool object_reader::contains(const oid& id) {
  if (id == empty_tree)
    return true;
  const auto here = first_good<bool>(
      id, [](pack_reader&, std::uint64_t) -> result<bool> { return true; },
      [&](const fs::path& folder) -> result<bool> {
        if (may_have_loose(folder, id) && has_loose(folder, id))
          return true;
        return fail(ENOENT, {});
      });
  return here.has_value();
}

result<object_header> object_reader::header(const oid& id) {
  if (id == empty_tree)
    return object_header{object_type::tree, 0};
  return named(id, first_good<object_header>(
                       id, [](pack_reader& pack, std::uint64_t at) { return pack.header(at); },
                       [&](const fs::path& folder) -> result<object_header> {
                         if (!may_have_loose(folder, id))
                           return fail(ENOENT, {});
                         return read_loose_header(folder, id);
                       }));
}

result<oid> object_reader::find(const id_prefix& prefix) {
  const listing_ptr in = now();
  prefix_found out;
  for (const known_pack& each : in->packs)
    if (!each.pack->is_aside())
      if (auto found = each.pack->find(prefix, out); !found && found.error().code != ENOENT)
        take_failure(*each.pack, found.error());
  for (const fs::path& folder : in->folders)
    find_loose(folder, prefix, out);
  if (out.ambiguous)
    return fail(EEXIST, "several objects begin so");
  if (!out.id)
    return fail(ENOENT, "no object begins so");
  return *out.id;
}

void object_reader::trim() {
  how_.shared->bases.clear();
  for (const known_pack& each : now()->packs)
    each.pack->close();
  return_free_memory();
}

} // namespace gitfs
