#include "backend/store/disk/incoming_pack.hpp"

#include "backend/os/file_io.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr const char* folder_prefix = "incoming-";
constexpr const char* pack_name = "pack";
constexpr const char* index_file = "idx";
constexpr const char* loose_prefix = "tmp_object_"; // libgit2 wrote loose objects under such names for version 0.1.0

result<unique_fd> make_file(const fs::path& path) {
  unique_fd out{::open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444)};
  if (!out)
    return system_failure(errno, "cannot make a file in " + path.parent_path().string());
  return out;
}

result<void> rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return system_failure(errno, "cannot move a file to " + to.string());
  return success();
}

} // namespace

result<incoming_pack> incoming_pack::make(const fs::path& objects, const fs::path& lock) {
  incoming_pack out;
  out.objects_ = objects;
  std::string folder = (objects / folder_prefix).string() + "XXXXXX";
  {
    const file_lock birth{lock, file_lock::mode::shared, true}; // `clean` must not see the folder before it is locked
    if (::mkdtemp(folder.data()) == nullptr)
      return system_failure(errno, "cannot make a folder in " + objects.string());
    out.folder_ = folder;
    out.alive_ = file_lock{out.folder_, file_lock::mode::exclusive, true};
  }
  GITFS_TRY(pack, make_file(out.folder_ / pack_name));
  out.pack_ = std::move(pack);
  return out;
}

incoming_pack& incoming_pack::operator=(incoming_pack&& other) noexcept {
  std::swap(objects_, other.objects_);
  std::swap(folder_, other.folder_);
  std::swap(alive_, other.alive_);
  std::swap(pack_, other.pack_);
  std::swap(index_, other.index_);
  return *this;
}

incoming_pack::~incoming_pack() {
  pack_.reset(); // before removing it: a network file system keeps an open file under another name
  index_.reset();
  std::error_code ignored;
  if (!folder_.empty())
    fs::remove_all(folder_, ignored);
}

result<void> incoming_pack::write_index(std::string_view text) {
  GITFS_TRY(index, make_file(folder_ / index_file));
  index_ = std::move(index);
  return write_at(index_.get(), text, 0, "cannot write the index of a pack");
}

result<void> incoming_pack::sync(std::time_t changed) {
  const std::array<timespec, 2> times{{{changed, 0}, {changed, 0}}};
  for (const int file : {pack_.get(), index_.get()}) {
    ::futimens(file, times.data());
    if (::fdatasync(file) != 0)
      return system_failure(errno, "cannot write a pack in " + objects_.string());
  }
  return success();
}

result<fs::path> incoming_pack::install(const oid& checksum) {
  const fs::path stem = objects_ / "pack" / ("pack-" + checksum.hex());
  fs::path index = stem.string() + ".idx";
  // The index is renamed last, so that a reader that sees the index finds its pack.
  GITFS_TRYV(rename_file(folder_ / pack_name, stem.string() + ".pack"));
  GITFS_TRYV(rename_file(folder_ / index_file, index));
  return index;
}

void incoming_pack::clean(const fs::path& objects, const fs::path& lock) {
  // Every process that makes a folder, installs a pack or writes loose objects holds the lock for that time. If the
  // lock stays busy, nothing is cleaned now, and a later opening of the store does it.
  file_lock alone;
  for (int attempt = 0; attempt < 20 && !alone.held(); ++attempt) {
    if (attempt > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    alone = file_lock{lock, file_lock::mode::exclusive, false};
  }
  if (!alone.held())
    return;
  std::error_code status;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator{objects, status}) {
    const std::string name = entry.path().filename().string();
    const bool abandoned =
        name.starts_with(folder_prefix) && file_lock{entry.path(), file_lock::mode::exclusive, false}.held();
    if (abandoned || name.starts_with(loose_prefix))
      left.push_back(entry.path());
  }
  for (const auto& entry : fs::directory_iterator{objects / "pack", status})
    if (entry.path().extension() == ".pack" && !fs::exists(fs::path{entry.path()}.replace_extension(".idx"), status))
      left.push_back(entry.path()); // a process was killed between the two renames of `install`
  for (const auto& path : left)
    fs::remove_all(path, status);
}

} // namespace gitfs
