#include "backend/store/upkeep/store_verify.hpp"

#include "backend/git/sha1.hpp"
#include "backend/pack/loose_objects.hpp"
#include "backend/pack/pack_file.hpp"
#include "backend/pack/pack_index.hpp"
#include "backend/pack/pack_reader.hpp"
#include "backend/store/disk/folder_lock.hpp"
#include "backend/store/disk/store_files.hpp"
#include "backend/store/disk/store_folder.hpp"
#include "backend/store/table/size_table.hpp"
#include "backend/store/upkeep/store_repack.hpp"

#include <algorithm>
#include <cerrno>
#include <mutex>
#include <thread>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t sizes_at_once = 512;

/// The results of all threads together.
struct findings {
  std::mutex mutex;
  std::uint64_t objects = 0, wrong_sizes = 0;
  std::vector<oid> damaged;
};

/// Checks objects one after the other, and compares their sizes with those in the size table. Used by one thread.
class examiner {
public:
  examiner(size_table& table, findings& out) : table_(table), out_(out) {}

  ~examiner() {
    compare_sizes();
    std::lock_guard lock{out_.mutex};
    out_.objects += objects_;
    out_.wrong_sizes += wrong_sizes_;
    out_.damaged.insert(out_.damaged.end(), damaged_.begin(), damaged_.end());
  }

  examiner(const examiner&) = delete;
  examiner& operator=(const examiner&) = delete;

  void check(const oid& id, const result<object>& copy) {
    if (!copy && copy.error().code == EFBIG)
      return; // too large for memory; a reader's copy of it is checked while it is made
    if (!copy || name_of(copy.value().type(), copy.value().data()) != id) {
      damaged_.push_back(id);
      return;
    }
    ++objects_;
    if (copy.value().type() != object_type::blob)
      return;
    sizes_.emplace_back(id, copy.value().data().size());
    if (sizes_.size() == sizes_at_once)
      compare_sizes();
  }

private:
  void compare_sizes() {
    std::vector<oid> ids;
    for (const auto& [id, size] : sizes_)
      ids.push_back(id);
    std::vector<std::uint64_t> recorded(ids.size());
    table_.get(ids, recorded);
    std::vector<std::pair<oid, std::uint64_t>> right;
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (recorded[i] != unknown_size && recorded[i] != sizes_[i].second)
        right.push_back(sizes_[i]);
    wrong_sizes_ += right.size();
    table_.put(right);
    sizes_.clear();
  }

  size_table& table_;
  findings& out_;
  std::uint64_t objects_ = 0, wrong_sizes_ = 0;
  std::vector<oid> damaged_;
  std::vector<std::pair<oid, std::uint64_t>> sizes_;
};

/// Divides the numbers below `count` among threads. Each gets one contiguous range, because neighbours in a pack have
/// common bases.
template <class Work>
void in_threads(std::size_t count, const Work& work) {
  const std::size_t parts =
      std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, std::max<std::size_t>(count, 1));
  std::vector<std::jthread> threads;
  for (std::size_t t = 1; t < parts; ++t)
    threads.emplace_back([&work, count, parts, t] { work(count * t / parts, count * (t + 1) / parts); });
  work(0, count / parts);
}

result<void> verify_pack(const fs::path& store, const seen_pack& pack, size_table& table, std::uint64_t& wrong_sizes,
                         verify_report& out) {
  const fs::path away = quarantine_folder(store);
  auto opened = pack_file::open(pack.path);
  if (!opened && opened.error().code == ENOENT)
    return success();
  if (!opened && opened.error().code != EBADMSG)
    return opened.error();
  if (!opened) {
    remove_packs(store, {&pack, 1}, away);
    out.damaged += objects_in(away / pack.path.filename());
    out.findings.push_back(opened.error().message + "; the pack is now in " + away.string());
    return success();
  }
  const auto entries = opened.value().entries();
  findings found;
  pack_reader reader{pack.path, std::make_shared<pack_resources>()};
  in_threads(entries.size(), [&](std::size_t from, std::size_t to) {
    examiner one{table, found};
    for (std::size_t i = from; i < to; ++i)
      one.check(entries[i].id, reader.read(entries[i].begin));
  });
  out.objects += found.objects;
  wrong_sizes += found.wrong_sizes;
  GITFS_TRY(sound, opened.value().checksum_is_right());
  if (sound && found.damaged.empty())
    return success();
  if (!fs::exists(pack.path))
    return success(); // a reader has found the damage at the same time, and has moved the pack
  for (const oid& id : found.damaged)
    note_damage(store, pack.path, id);
  remove_packs(store, {&pack, 1}, away);
  out.damaged += found.damaged.size();
  const std::uint64_t saved = salvage(store, {});
  std::string text = pack.path.string() + ": ";
  if (found.damaged.empty())
    text += "its checksum is wrong";
  else
    text += std::to_string(found.damaged.size()) + " of " + std::to_string(entries.size())
            + " objects are damaged, the first is " + found.damaged.front().hex();
  out.findings.push_back(text + "; the pack is now in " + away.string() + ", " + std::to_string(saved)
                         + " sound objects stay in use");
  return success();
}

void verify_loose(const store_files& files, size_table& table, std::uint64_t& wrong_sizes, verify_report& out) {
  findings found;
  in_threads(files.loose.size(), [&](std::size_t from, std::size_t to) {
    examiner one{table, found};
    for (std::size_t i = from; i < to; ++i)
      one.check(files.loose[i].id, read_loose(files.store / "objects", files.loose[i].id));
  });
  out.objects += found.objects;
  wrong_sizes += found.wrong_sizes;
  const fs::path away = quarantine_folder(files.store);
  for (const seen_loose& each : files.loose)
    if (std::find(found.damaged.begin(), found.damaged.end(), each.id) != found.damaged.end()
        && fs::exists(each.path)) {
      move_away(each.path, away / each.id.hex());
      ++out.damaged;
      out.findings.push_back(each.path.string() + " is damaged; it is now in " + away.string());
    }
}

} // namespace

result<verify_report> verify_store(const fs::path& store, side_tables beside) {
  verify_report out;
  const store_files files = list_files(store);
  const auto table = size_table::open(size_file(store));
  std::uint64_t wrong_sizes = 0;
  for (const seen_pack& pack : files.packs) {
    GITFS_TRYV(verify_pack(store, pack, *table, wrong_sizes, out));
  }
  verify_loose(files, *table, wrong_sizes, out);
  const auto checked = table->check();
  out.sizes = checked.sizes - checked.damaged;
  if (table->was_damaged())
    out.findings.push_back(size_file(store).string()
                           + " was damaged; it begins anew, the old one has .damaged at its end");
  if (checked.damaged + wrong_sizes != 0)
    out.findings.push_back(size_file(store).string() + ": " + std::to_string(checked.damaged + wrong_sizes)
                           + " sizes were wrong; they are removed or corrected");
  for (const side_table& each : beside) {
    const auto listed = each.check(store);
    out.listings += listed.sound;
    const std::string file = each.file(store).string();
    if (listed.anew)
      out.findings.push_back(file + " was damaged; it begins anew, the old one has .damaged at its end");
    if (listed.damaged != 0)
      out.findings.push_back(file + ": " + std::to_string(listed.damaged) + " listings were damaged; they are removed");
  }
  if (store_key(store).empty())
    out.findings.push_back((store / "config").string() + " is damaged; the next mount of its repository mends it");
  return out;
}

result<void> verify_cache(const fs::path& cache_dir, side_tables beside,
                          const std::function<void(const fs::path&, const verify_report&)>& done) {
  GITFS_TRY(stores, list_stores(cache_dir));
  const folder_lock alone = maintenance_lock(cache_dir, true);
  for (const fs::path& store : stores) {
    GITFS_TRY(report, verify_store(store, beside));
    done(store, report);
  }
  return success();
}

} // namespace gitfs
