#include "backend/store/disk/store_files.hpp"

#include "backend/os/file_lock.hpp"
#include "backend/store/disk/store_folder.hpp"

#include <algorithm>
#include <cerrno>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t removed_at_once = 64; // while the lock is held, for which arriving packs may wait

bool stat_file(const fs::path& path, seen_file& out) {
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0)
    return false;
  out.path = path;
  out.bytes = static_cast<std::uint64_t>(info.st_blocks) * 512;
  out.changed = info.st_mtim.tv_sec;
  out.inode = info.st_ino;
  return true;
}

bool is_same(const seen_file& file) {
  seen_file now;
  return stat_file(file.path, now) && now.inode == file.inode && now.changed == file.changed;
}

bool is_hex(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

} // namespace

std::uint64_t disk_use(const fs::path& folder) {
  seen_file one;
  std::uint64_t out = stat_file(folder, one) ? one.bytes : 0;
  std::error_code status;
  fs::recursive_directory_iterator entries{folder, fs::directory_options::skip_permission_denied, status}, end;
  for (; !status && entries != end; entries.increment(status))
    if (stat_file(entries->path(), one))
      out += one.bytes;
  return out;
}

store_files list_files(const fs::path& store) {
  store_files out;
  out.store = store;
  std::error_code status;
  for (fs::directory_iterator folders{store / "objects", status}, end; !status && folders != end;
       folders.increment(status)) {
    const std::string name = folders->path().filename().string();
    if (name.size() != 2 || !is_hex(name))
      continue;
    std::error_code inner;
    for (fs::directory_iterator files{folders->path(), inner}; !inner && files != end; files.increment(inner)) {
      seen_loose one;
      const auto id = oid::from_hex(name + files->path().filename().string());
      if (!id || !stat_file(files->path(), one))
        continue;
      one.id = *id;
      out.loose.push_back(std::move(one));
    }
  }
  status.clear();
  for (fs::directory_iterator files{store / "objects" / "pack", status}, end; !status && files != end;
       files.increment(status))
    if (files->path().extension() == ".idx")
      if (auto one = see_pack(files->path()))
        out.packs.push_back(std::move(*one));
  return out;
}

std::optional<seen_pack> see_pack(const fs::path& index) {
  seen_pack out;
  if (!stat_file(index, out))
    return std::nullopt;
  for (const char* suffix : {".pack", ".rev", ".bitmap"})
    if (seen_file other; stat_file(fs::path{index}.replace_extension(suffix), other))
      out.bytes += other.bytes;
  std::error_code ignored;
  out.kept = fs::exists(fs::path{index}.replace_extension(".keep"), ignored);
  return out;
}

void move_away(const fs::path& file, const fs::path& to) {
  ::mkdir(to.parent_path().c_str(), 0700);
  if (::rename(file.c_str(), to.c_str()) != 0 && errno != ENOENT)
    ::unlink(file.c_str());
}

std::size_t remove_packs(const fs::path& store, std::span<const seen_pack> packs, const fs::path& away) {
  std::size_t out = 0;
  for (const seen_pack& pack : packs) {
    // If the lock is not held, the file system has no locks, and removing without one is all that can be done.
    const file_lock alone{store_lock(store), file_lock::mode::exclusive, true};
    if (!is_same(pack))
      continue;
    // git's index over several packs (multi-pack-index) would name a pack that is gone.
    ::unlink((store / "objects" / "pack" / "multi-pack-index").c_str());
    for (const char* suffix : {".idx", ".rev", ".bitmap", ".pack"}) { // an index must never be there without its pack
      const fs::path file = fs::path{pack.path}.replace_extension(suffix);
      if (away.empty())
        ::unlink(file.c_str());
      else
        move_away(file, away / file.filename());
    }
    ++out;
  }
  return out;
}

std::size_t remove_loose(const fs::path& store, std::span<const seen_loose> objects) {
  std::size_t out = 0;
  while (!objects.empty()) {
    const auto some = objects.first(std::min(removed_at_once, objects.size()));
    objects = objects.subspan(some.size());
    const file_lock alone{store_lock(store), file_lock::mode::exclusive, true};
    for (const seen_loose& each : some) {
      if (is_same(each) && ::unlink(each.path.c_str()) == 0)
        ++out;
      ::rmdir(each.path.parent_path().c_str()); // fails unless it is empty; a folder takes as much room as an object
    }
  }
  return out;
}

} // namespace gitfs
