#include "backend/store/upkeep/store_repack.hpp"

#include "backend/git/sha1.hpp"
#include "backend/pack/loose_objects.hpp"
#include "backend/store/disk/pack_writer.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/table/size_table.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <tuple>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t most_objects = 1 << 20;                  // in a new pack: making it takes 100 MB of memory
constexpr std::uint64_t most_bytes = std::uint64_t{4} << 30;     // the sum of the packs that are merged into one
constexpr std::uint64_t largest_loose = std::uint64_t{64} << 20; // larger ones stay loose: they do not fit into memory
// More of them make every look-up slower: a pack by some nanoseconds while its index is in memory (id_filter). As many
// packs as git bears (gc.autoPackLimit); with 16 what arrives was copied twice as often.
constexpr std::size_t packs_allowed = 50, loose_allowed = 1024;

enum class loose_state { added, damaged, left };

result<loose_state> add_loose(pack_writer& out, const fs::path& objects, const oid& id) {
  const auto state_of = [](const error& why) { return why.code == EBADMSG ? loose_state::damaged : loose_state::left; };
  const auto header = read_loose_header(objects, id);
  if (!header)
    return state_of(header.error());
  if (header.value().size > largest_loose)
    return loose_state::left;
  const auto found = read_loose(objects, id);
  if (!found)
    return state_of(found.error());
  const object& contents = found.value();
  if (name_of(contents.type(), contents.data()) != id)
    return loose_state::damaged;
  auto done = out.add(id, contents.type(), contents.data());
  if (!done && done.error().code == EBADMSG)
    return loose_state::damaged;
  if (!done)
    return done.error();
  return loose_state::added;
}

/// Records the time of arrival as the time of use for objects that were never read, because the new file will have
/// another time.
void note_arrivals(size_table& uses, const std::vector<oid>& ids, std::int64_t arrived) {
  std::vector<std::uint32_t> known(ids.size());
  uses.last_uses(ids, known);
  std::vector<oid> unread;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (known[i] < arrived)
      unread.push_back(ids[i]);
  uses.touch(unread, static_cast<std::uint32_t>(arrived));
}

/// Renames the index of a quarantined pack, so that `salvage` passes over the pack from now on.
void nothing_to_salvage(const fs::path& index) {
  ::rename(index.c_str(), (index.string() + ".done").c_str());
}

} // namespace

void note_damage(const fs::path& store, const fs::path& index, const oid& id) {
  ::mkdir(quarantine_folder(store).c_str(), 0700);
  std::ofstream{quarantine_folder(store) / (index.stem().string() + ".damaged"), std::ios::app} << id.hex() << '\n';
}

result<repack_report> repack(const fs::path& store, const std::vector<repack_source>& packs,
                             const std::vector<seen_loose>& loose, const store_watcher& watcher) {
  repack_report out;
  const auto uses = size_table::open(size_file(store));
  GITFS_TRY(writer, pack_writer::begin(store));
  std::int64_t oldest = std::time(nullptr);
  std::vector<seen_pack> replaced, damaged_packs;
  // All packs stay open until the end. Closing a removed file for the last time frees its blocks, which takes time.
  std::vector<pack_file> open_packs;
  for (const repack_source& source : packs) {
    auto opened = pack_file::open(source.seen.path);
    if (!opened && opened.error().code == EBADMSG) {
      log::warn("{}; it is put aside", opened.error().message);
      damaged_packs.push_back(source.seen);
      continue;
    }
    if (!opened)
      continue; // the pack is gone, or the disk fails: the pack stays as it is
    const pack_file& file = open_packs.emplace_back(std::move(opened.value()));
    oldest = std::min(oldest, source.seen.changed);
    bool damaged = false;
    std::vector<oid> ids;
    for (std::uint32_t i = 0; i < file.entries().size(); ++i) {
      if (watcher.stop())
        return fail(ECANCELED, "stopped");
      if (!source.keep.empty() && !source.keep[i])
        continue;
      auto done = writer->copy(file, i);
      if (!done && done.error().code != EBADMSG)
        return done.error();
      if (!done) {
        damaged = true;
        ++out.damaged;
      }
      ids.push_back(file.entries()[i].id);
    }
    note_arrivals(*uses, ids, source.seen.changed);
    (damaged ? damaged_packs : replaced).push_back(source.seen);
  }
  std::vector<seen_loose> gone;
  for (const seen_loose& each : loose) {
    if (watcher.stop())
      return fail(ECANCELED, "stopped");
    GITFS_TRY(state, add_loose(*writer, store / "objects", each.id));
    if (state == loose_state::damaged) {
      ++out.damaged;
      move_away(each.path, quarantine_folder(store) / each.id.hex());
    } else if (state == loose_state::added) {
      oldest = std::min(oldest, each.changed);
      gone.push_back(each);
    }
  }
  for (std::size_t from = 0; from < gone.size();) { // one call for all objects that arrived in the same second
    std::vector<oid> ids;
    const std::int64_t arrived = gone[from].changed;
    for (; from < gone.size() && gone[from].changed == arrived; ++from)
      ids.push_back(gone[from].id);
    note_arrivals(*uses, ids, arrived);
  }
  if (watcher.stop()) // the last chance: the rest waits for the disk and cannot be stopped
    return fail(ECANCELED, "stopped");
  GITFS_TRY(index, writer->install(oldest));
  out.objects = writer->objects();
  watcher.added(store);
  std::erase_if(replaced, [&index = index](const seen_pack& each) { return each.path == index; });
  remove_packs(store, replaced);
  remove_packs(store, damaged_packs, quarantine_folder(store));
  for (const seen_pack& each : damaged_packs) // the sound objects of these packs are in the new pack
    nothing_to_salvage(quarantine_folder(store) / each.path.filename());
  watcher.removed(store);
  remove_loose(store, gone);
  return out;
}

result<consolidation> consolidate(const fs::path& store, bool all, const store_watcher& watcher) {
  store_files files = list_files(store);
  std::erase_if(files.packs, [](const seen_pack& each) { return each.kept; });
  std::erase_if(files.loose, [](const seen_loose& each) { return each.bytes > largest_loose; });
  const bool loose_due = files.loose.size() > (all ? 0 : loose_allowed);
  if (!loose_due && files.packs.size() <= (all ? 1 : packs_allowed))
    return consolidation{};
  std::sort(files.packs.begin(), files.packs.end(),
            [](const seen_pack& a, const seen_pack& b) { return a.bytes < b.bytes; });
  if (loose_due && files.loose.size() > most_objects / 2)
    files.loose.resize(most_objects / 2);
  // As in git repack --geometric, a pack that is more than twice as large as all smaller ones together is not merged.
  if (!loose_due)
    files.loose.clear();
  std::uint64_t bytes = 0, objects = files.loose.size();
  for (const seen_loose& each : files.loose)
    bytes += each.bytes;
  std::vector<repack_source> chosen;
  for (const seen_pack& each : files.packs) {
    const std::uint64_t count = objects_in(each.path);
    if (bytes + each.bytes > most_bytes || objects + count > most_objects
        || (!all && bytes > 0 && each.bytes > 2 * bytes))
      break;
    bytes += each.bytes;
    objects += count;
    chosen.push_back({each, {}});
  }
  consolidation out{chosen.size(), files.loose.size()};
  if (out.loose == 0 && out.packs < 2)
    return consolidation{};
  std::sort(files.loose.begin(), files.loose.end(), [](const seen_loose& a, const seen_loose& b) {
    return std::tie(a.changed, a.id) < std::tie(b.changed, b.id);
  });
  GITFS_TRYV(repack(store, chosen, files.loose, watcher));
  return out;
}

std::uint64_t salvage(const fs::path& store, const store_watcher& watcher) {
  std::uint64_t out = 0;
  std::error_code status;
  std::vector<fs::path> indexes;
  for (const auto& entry : fs::directory_iterator{quarantine_folder(store), status})
    if (entry.path().extension() == ".idx")
      indexes.push_back(entry.path());
  for (const fs::path& index : indexes) {
    auto opened = pack_file::open(index);
    if (opened) {
      // Objects that a reader has found damaged are left out, even if the checksum says that their bytes are as they
      // arrived. Otherwise such an object would be brought back and quarantined again for ever.
      auto writer = pack_writer::begin(store);
      if (!writer)
        return out;
      std::ifstream list{fs::path{index}.replace_extension(".damaged")};
      for (std::string hex; std::getline(list, hex);)
        if (const auto id = oid::from_hex(hex))
          writer.value()->leave_out(*id);
      const auto entries = opened.value().entries();
      std::vector<oid> ids;
      for (std::uint32_t i = 0; i < entries.size(); ++i) {
        if (watcher.stop())
          return out;
        auto done = writer.value()->copy(opened.value(), i);
        if (!done && done.error().code != EBADMSG)
          return out; // the disk fails: the next maintenance tries again
        if (done)
          ids.push_back(entries[i].id);
      }
      const std::int64_t arrived = opened.value().status().st_mtim.tv_sec;
      if (!writer.value()->install(arrived))
        return out;
      watcher.added(store);
      out += ids.size();
      log::info("{}: {} of {} objects were sound and are in use again", index.string(), ids.size(), entries.size());
    } else {
      log::info("{}: nothing in it can be saved", opened.error().message);
    }
    nothing_to_salvage(index);
  }
  return out;
}

} // namespace gitfs
