#include "fuse_bridge/control.hpp"

#include "actors/trace/recorder.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <memory>
#include <sstream>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

class asked_mount {
public:
  static result<asked_mount> open(const std::filesystem::path& path) {
    asked_mount out;
    out.path_ = path.string();
    out.fd_ = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out.fd_ < 0)
      return fail(errno, "cannot open " + out.path_ + ": " + std::strerror(errno));
    return out;
  }
  asked_mount(asked_mount&& other) noexcept : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  asked_mount& operator=(asked_mount&&) = delete;
  ~asked_mount() {
    if (fd_ >= 0)
      ::close(fd_);
  }

  result<void> ask(unsigned long command, void* buffer) const {
    if (::ioctl(fd_, command, buffer) >= 0)
      return success();
    if (errno == EACCES)
      return fail(EACCES, "the mount " + path_ + " is another user's: only that user and root may ask");
    if (errno == ENOENT)
      return fail(ENOENT, path_ + " has no such entry");
    return fail(errno == ENOSYS ? ENOTTY : errno, path_ + " is not a mount of gitfs-actor");
  }

private:
  asked_mount() = default;
  std::string path_;
  int fd_ = -1;
};

} // namespace

void answer_trace(trace_chunk& chunk) {
  trace::block_ring* ring = trace::ring();
  chunk.blocks = ring == nullptr ? 0 : static_cast<std::uint32_t>(ring->size());
  chunk.length = 0;
  if (chunk.index >= chunk.blocks)
    return;
  trace::put_file_header(chunk.header, trace::ring_header());
  const std::string block = ring->read(chunk.index);
  chunk.length = static_cast<std::uint32_t>(std::min(block.size(), sizeof chunk.block));
  std::copy_n(block.begin(), chunk.length, chunk.block);
}

result<std::string> ask_trace(const std::filesystem::path& path) {
  GITFS_TRY(mount, asked_mount::open(path));
  auto chunk = std::make_unique<trace_chunk>();
  std::string out;
  do {
    GITFS_TRYV(mount.ask(trace_command, chunk.get()));
    if (chunk->blocks == 0)
      return fail(ENODATA, "the mount " + path.string() + " records nothing (--trace-memory 0)");
    if (out.empty())
      out.assign(chunk->header, sizeof chunk->header);
    out.append(chunk->block, std::min<std::size_t>(chunk->length, sizeof chunk->block));
  } while (++chunk->index < chunk->blocks);
  return out;
}

result<shown_object> ask_object(const std::filesystem::path& path, const std::string& name) {
  GITFS_TRY(folder, asked_mount::open(path));
  object_buffer buffer{};
  if (name.size() >= sizeof buffer.text)
    return fail(ENAMETOOLONG, "no name is as long as that of " + (path / name).string());
  name.copy(buffer.text, name.size());
  auto asked = folder.ask(object_command, &buffer);
  if (!asked && asked.error().code == ENOENT)
    return fail(ENOENT, "there is no " + (path / name).string());
  if (!asked && asked.error().code == ENODATA)
    return fail(ENODATA, "nothing of " + path.string() + " is on this machine now: list it, and ask again");
  if (!asked)
    return asked.as_failure();
  buffer.text[sizeof buffer.text - 1] = '\0';
  std::istringstream text{buffer.text};
  std::string type, hex;
  bool stored = false;
  text >> type >> hex >> stored;
  const auto id = oid::from_hex(hex);
  if (!text || !id)
    return fail(EPROTO, "the mount does not tell the object of " + (path / name).string());
  return shown_object{*id, type, stored};
}

result<std::string> ask_refresh(const std::filesystem::path& path, const std::string& below) {
  GITFS_TRY(mount, asked_mount::open(path));
  auto buffer = std::make_unique<refresh_buffer>();
  if (below.size() >= sizeof buffer->text)
    return fail(ENAMETOOLONG, below + ": no path is as long as that");
  below.copy(buffer->text, below.size());
  GITFS_TRYV(mount.ask(refresh_command, buffer.get()));
  buffer->text[sizeof buffer->text - 1] = '\0';
  return std::string{buffer->text};
}

result<mount_status> ask_status(const std::filesystem::path& path) {
  GITFS_TRY(mount, asked_mount::open(path));
  auto buffer = std::make_unique<status_buffer>();
  mount_status out;
  do {
    buffer->from = out.entries.size();
    GITFS_TRYV(mount.ask(status_command, buffer.get()));
    buffer->text[sizeof buffer->text - 1] = '\0';
    GITFS_TRY(more, mount_status::parse(buffer->text));
    const std::size_t came = more.entries.size();
    more.entries.insert(more.entries.begin(), std::make_move_iterator(out.entries.begin()),
                        std::make_move_iterator(out.entries.end()));
    out = std::move(more);
    if (came == 0)
      break;
  } while (out.next != 0);
  return out;
}

result<activity> ask_activity(const std::filesystem::path& path) {
  GITFS_TRY(mount, asked_mount::open(path));
  auto buffer = std::make_unique<activity_buffer>();
  GITFS_TRYV(mount.ask(activity_command, buffer.get()));
  buffer->text[sizeof buffer->text - 1] = '\0';
  return activity::parse(buffer->text);
}

result<std::map<std::string, std::uint64_t>> ask_report(const std::filesystem::path& path) {
  GITFS_TRY(mount, asked_mount::open(path));
  auto buffer = std::make_unique<report_buffer>();
  GITFS_TRYV(mount.ask(report_command, buffer.get()));
  buffer->text[report_size - 1] = '\0';
  std::map<std::string, std::uint64_t> out;
  std::istringstream lines{buffer->text};
  std::string name;
  for (std::uint64_t value = 0; lines >> name >> value;)
    out[name] = value;
  return out;
}

} // namespace gitfs
