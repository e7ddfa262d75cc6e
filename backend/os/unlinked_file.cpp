#include "backend/os/unlinked_file.hpp"

#include "backend/os/disk_room.hpp"
#include "backend/os/file_io.hpp"
#include "backend/os/room_giver.hpp"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t most_in_memory = std::uint64_t{64} << 20;
std::atomic<std::uint64_t> all_in_memory{0};

constexpr std::string_view doing = "cannot write a large file's contents to disk";

int open_in(const fs::path& folder, bool make_folder) {
  int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (fd < 0 && errno == ENOENT && make_folder) {
    std::error_code ignored;
    fs::create_directories(folder.parent_path(), ignored);
    ::mkdir(folder.c_str(), 0700);
    fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  }
  if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) { // network file systems have no files without a name
    std::string name = (folder / ".blob_files-XXXXXX").string();
    fd = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd >= 0)
      ::unlink(name.c_str());
  }
  return fd;
}

/// Folders for temporary files.
const std::vector<fs::path>& temporary_folders() {
  static const std::vector<fs::path> all = [] {
    std::vector<fs::path> out;
    if (const char* named = std::getenv("TMPDIR"); named != nullptr && *named == '/')
      out.emplace_back(named);
    out.emplace_back("/var/tmp");
    out.emplace_back("/tmp");
    return out;
  }();
  return all;
}

} // namespace

/// Opens the next place that can be opened: memory is the last.
bool unlinked_file::open_next() {
  const auto& others = temporary_folders();
  for (fd_.reset(); !fd_ && !is_in_memory_ && place_ < others.size() + 2; ++place_)
    if (place_ == 0)
      fd_.reset(folder_.empty() ? -1 : open_in(folder_, true));
    else if (place_ <= others.size())
      fd_.reset(open_in(others[place_ - 1], false));
    else
      is_in_memory_ = true;
  return fd_ || is_in_memory_;
}

result<unlinked_file> unlinked_file::make(const fs::path& folder) {
  unlinked_file out;
  out.folder_ = folder;
  out.place_ = folder.empty() ? 1 : 0;
  out.open_next(); // at least memory
  return out;
}

unlinked_file& unlinked_file::operator=(unlinked_file&& other) noexcept {
  std::swap(fd_, other.fd_);
  std::swap(folder_, other.folder_);
  std::swap(place_, other.place_);
  std::swap(size_, other.size_);
  std::swap(is_in_memory_, other.is_in_memory_);
  std::swap(memory_, other.memory_);
  return *this;
}

unlinked_file::~unlinked_file() {
  all_in_memory -= memory_.size();
}

result<void> unlinked_file::put_in_memory(std::string_view bytes, std::uint64_t offset) {
  const std::uint64_t end = offset + bytes.size();
  if (const std::uint64_t more = end - std::min<std::uint64_t>(end, memory_.size()); more != 0) {
    // Others may have such files that nobody reads at the moment, and can make them again.
    for (bool asked = false; all_in_memory.fetch_add(more) + more > most_in_memory; asked = true) {
      all_in_memory -= more;
      if (asked)
        return fail(ENOSPC, std::string{doing} + ": no folder takes them, and they are too large for memory");
      room_giver::ask_for_memory(std::max(more, most_in_memory / 4));
    }
    memory_.resize(end);
  }
  std::copy(bytes.begin(), bytes.end(), memory_.begin() + static_cast<std::ptrdiff_t>(offset));
  return success();
}

result<void> unlinked_file::put(std::string_view bytes, std::uint64_t offset) {
  return is_in_memory_ ? put_in_memory(bytes, offset) : write_at(fd_.get(), bytes, offset, doing);
}

/// Copies all that was written to the next place that takes it.
bool unlinked_file::move_on() {
  const unique_fd before = std::move(fd_);
  std::vector<char> piece(std::size_t{1} << 20);
  while (!is_in_memory_ && open_next()) {
    bool good = true;
    for (std::uint64_t at = 0; good && at < size_; at += piece.size()) {
      const std::size_t count = std::min<std::uint64_t>(piece.size(), size_ - at);
      if (!read_at(before.get(), piece.data(), count, at, doing))
        return false;
      good = static_cast<bool>(put({piece.data(), count}, at));
    }
    if (good)
      return true;
  }
  return false;
}

result<void> unlinked_file::write(std::string_view bytes, std::uint64_t offset) {
  for (;;) {
    auto done = put(bytes, offset);
    if (done) {
      size_ = std::max(size_, offset + bytes.size());
      return done;
    }
    if (is_in_memory_ || !is_failure_of_disk(done.error().code))
      return done;
    if (!move_on())
      return fail(ENOSPC,
                  done.error().message + ", nor does another folder take them, and they are too large for memory");
  }
}

result<void> unlinked_file::read(char* out, std::size_t size, std::uint64_t offset) const {
  constexpr std::string_view reading = "cannot read a large file's contents from disk";
  if (!is_in_memory_)
    return read_at(fd_.get(), out, size, offset, reading);
  if (offset > memory_.size() || size > memory_.size() - offset)
    return fail(EIO, std::string{reading} + ": it ends before");
  std::copy_n(memory_.data() + offset, size, out);
  return success();
}

} // namespace gitfs
