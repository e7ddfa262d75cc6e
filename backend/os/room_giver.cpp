#include "backend/os/room_giver.hpp"

#include <algorithm>
#include <mutex>
#include <optional>
#include <sys/stat.h>
#include <vector>

namespace gitfs {

namespace {

struct known_givers {
  std::mutex mutex; // held during a call
  std::vector<const room_giver*> all;
};

known_givers& givers() {
  static auto* const out = new known_givers; // for givers that end after everything else
  return *out;
}

std::optional<dev_t> disk_of(const std::filesystem::path& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? std::optional{info.st_dev} : std::nullopt;
}

} // namespace

room_giver::room_giver(std::filesystem::path folder, std::function<void(std::uint64_t, room)> give)
  : folder_(std::move(folder)),
    give_(std::move(give)) {
  known_givers& known = givers();
  const std::lock_guard lock{known.mutex};
  known.all.push_back(this);
}

room_giver::~room_giver() {
  known_givers& known = givers();
  const std::lock_guard lock{known.mutex};
  std::erase(known.all, this);
}

void room_giver::ask(const std::filesystem::path& path, std::uint64_t bytes) {
  const auto disk = disk_of(path);
  if (!disk)
    return;
  known_givers& known = givers();
  const std::lock_guard lock{known.mutex};
  for (const room_giver* each : known.all)
    if (disk_of(each->folder_) == disk)
      each->give_(bytes, room::disk);
}

void room_giver::ask_for_memory(std::uint64_t bytes) {
  known_givers& known = givers();
  const std::lock_guard lock{known.mutex};
  for (const room_giver* each : known.all)
    each->give_(bytes, room::memory);
}

} // namespace gitfs
