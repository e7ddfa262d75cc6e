#include "cli/system/control.hpp"

#include "backend/profile/profile.hpp"
#include "cli/system/mount_table.hpp"
#include "config/unique_fd.hpp"
#include "config/version.hpp"
#include "fuse_bridge/control_folder.hpp"
#include "fuse_bridge/control_protocol.hpp"
#include "fuse_bridge/mountpoint.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <iterator>
#include <memory>
#include <sstream>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

namespace fs = std::filesystem;
using control::answer;
using control::question;

ucred served_by(const unique_fd& socket) {
  ucred out{0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
  socklen_t size = sizeof out;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &out, &size);
  return out;
}

// Anybody may make a folder in /tmp, so the socket's process must belong to the user who has mounted.
unique_fd connect_to(const fs::path& path, uid_t owner) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.native().size() >= sizeof to.sun_path)
    return unique_fd{};
  path.native().copy(to.sun_path, path.native().size());
  unique_fd out{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!out || ::connect(out.get(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    return unique_fd{};
  return served_by(out).uid == owner ? std::move(out) : unique_fd{};
}

bool write_all(const unique_fd& to, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::send(to.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote < 0 && errno != EINTR)
      return false;
    bytes.remove_prefix(static_cast<std::size_t>(std::max<ssize_t>(wrote, 0)));
  }
  return true;
}

bool read_all(const unique_fd& from, char* to, std::size_t size) {
  while (size != 0) {
    const ssize_t got = ::read(from.get(), to, size);
    if (got == 0 || (got < 0 && errno != EINTR))
      return false;
    const auto came = static_cast<std::size_t>(std::max<ssize_t>(got, 0));
    to += came;
    size -= came;
  }
  return true;
}

class mount_client {
public:
  static result<mount_client> find(const fs::path& path) {
    mount_client out;
    out.path_ = path.string();
    const auto at = mount_of(path);
    const bool fuse = at && at->type.starts_with("fuse");
    if (fuse)
      for (const fs::path& folder : control::socket_folders_of(at->owner))
        if ((out.socket_ = connect_to(folder / control::socket_name(at->device), at->owner)))
          return out;
    if (fuse && is_dead(at->path))
      return fail(ENOTCONN, "the process of the mount at " + at->path + " has died: 'gitfs-actor unmount " + at->path
                                + "' takes away what it has left; then mount again. The end of its log says why, or "
                                  "'dmesg' if memory was short");
    out.is_ours_ = fuse && at->type == "fuse.gitfs";
    out.gate_ = unique_fd{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    if (!out.gate_)
      return fail(errno, "cannot open " + out.path_ + ": " + std::strerror(errno));
    return out;
  }

  /// The answer to a question that succeeded.
  result<answer> ask(question what) const {
    what.program = version;
    const std::string frame = frame_of(what);
    GITFS_TRY(out, socket_ ? ask_socket(frame) : ask_gate(frame));
    if (out.protocol != control::protocol_version && (out.code == 0 || out.error.empty()))
      return fail(EPROTONOSUPPORT, "the mount at " + path_ + " is served by gitfs-actor " + out.program
                                       + ", and this is the command of version " + version
                                       + ": use the command of that version, or unmount and mount again");
    if (out.code == 0)
      return std::move(out);
    if (out.code == EIO && out.error.empty()) // the actor ended before it could answer
      return fail(EIO, "the mount at " + path_ + " gives no answer: it is ending, or its log says why");
    return fail(out.code, out.error.empty() ? path_ + ": " + std::strerror(out.code) : out.error);
  }

  /// How many bytes, and how many paths, one question of `prefetch` may have.
  std::size_t text_room() const { return socket_ ? control::longest_question_text : control::gate_question_room; }
  std::size_t path_room() const { return socket_ ? control::most_paths : control::most_paths_at_gate; }

  pid_t process() const { return socket_ ? served_by(socket_).pid : 0; }

private:
  mount_client() = default;

  result<answer> ask_socket(const std::string& frame) const {
    std::array<char, control::lengths_size> head;
    const auto ended = [&] { return fail(ECONNRESET, "the mount at " + path_ + " has ended without an answer"); };
    if (!write_all(socket_, frame) || !read_all(socket_, head.data(), head.size()))
      return ended();
    const auto lengths = control::lengths_of(head.data());
    if (!lengths)
      return fail(EPROTO, "what answers for the mount at " + path_ + " is not gitfs-actor");
    std::string object(lengths->object, '\0'), text(lengths->text, '\0');
    if (!read_all(socket_, object.data(), object.size()) || !read_all(socket_, text.data(), text.size()))
      return ended();
    return control::answer_of(object, std::move(text));
  }

  result<answer> ask_gate(const std::string& frame) const {
    auto buffer = std::make_unique<control::gate_buffer>();
    if (frame.size() > buffer->frame.size())
      return fail(ENAMETOOLONG, "no path is as long as that");
    frame.copy(buffer->frame.data(), frame.size());
    if (::ioctl(gate_.get(), control::gate_command, buffer.get()) < 0)
      return refused(errno);
    const auto lengths = control::lengths_of(buffer->frame.data());
    const std::string_view rest{buffer->frame.data() + control::lengths_size,
                                buffer->frame.size() - control::lengths_size};
    if (!lengths || std::uint64_t{lengths->object} + lengths->text > rest.size())
      return refused(EPROTO);
    return control::answer_of(rest.substr(0, lengths->object),
                              std::string{rest.substr(lengths->object, lengths->text)});
  }

  error refused(int code) const {
    if (code == EINTR || code == EIO)
      return {code, "the mount at " + path_ + " has not answered: " + std::strerror(code)};
    if (is_ours_)
      return {EPROTONOSUPPORT, "the mount at " + path_
                                   + " is served by an earlier version of gitfs-actor, which this command cannot ask: "
                                     "use the command of that version, or unmount and mount again"};
    return {ENOTTY, path_ + " is not a mount of gitfs-actor"};
  }

  std::string path_;
  bool is_ours_ = false;
  unique_fd socket_, gate_; // exactly one of them is open
};

result<std::string> ask(const fs::path& path, std::string command,
                        std::map<std::string, std::string, std::less<>> arguments = {}) {
  GITFS_TRY(mount, mount_client::find(path));
  question what;
  what.command = std::move(command);
  what.arguments = std::move(arguments);
  GITFS_TRY(out, mount.ask(std::move(what)));
  return std::move(out.text);
}

} // namespace

result<std::string> ask_trace(const fs::path& path) {
  GITFS_TRY(mount, mount_client::find(path));
  std::string out;
  std::uint64_t block = 0;
  do {
    question what;
    what.command = "trace";
    what.arguments.emplace("block", std::to_string(block));
    auto came = mount.ask(std::move(what));
    if (!came && came.error().code == ENODATA)
      return fail(ENODATA, "the mount " + path.string() + " records nothing (--trace-memory 0)");
    GITFS_TRY(part, std::move(came));
    out += part.text;
    block = part.next;
  } while (block != 0);
  return out;
}

result<shown_object> ask_object(const fs::path& path, const std::string& name) {
  // The folder stays open until the answer has come, so that the mount does not forget the folder before.
  const unique_fd folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat st {};
  if (!folder || ::fstat(folder.get(), &st) != 0)
    return fail(errno, "cannot open " + path.string() + ": " + std::strerror(errno));
  auto came = ask(path, "object", {{"inode", std::to_string(st.st_ino)}, {"name", name}});
  if (!came && came.error().code == ENOENT)
    return fail(ENOENT, "there is no " + (path / name).string());
  if (!came && came.error().code == ENODATA)
    return fail(ENODATA,
                "the mount has nothing of " + path.string() + " at hand, or has forgotten it: list it, and ask again");
  if (!came && came.error().code == ESTALE)
    return fail(ESTALE, path.string() + " has changed meanwhile: ask again");
  GITFS_TRY(text, std::move(came));
  std::istringstream words{text};
  std::string type, hex;
  bool stored = false;
  words >> type >> hex >> stored;
  const auto id = oid::from_hex(hex);
  if (!words || !id)
    return fail(EPROTO, "the mount does not tell the object of " + (path / name).string());
  return shown_object{*id, type, stored};
}

result<brought_files> ask_prefetch(const fs::path& path, const std::vector<std::string>& paths) {
  // The folder stays open until the answer has come, so that the mount does not forget the folder before.
  const unique_fd folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat st {};
  if (!folder || ::fstat(folder.get(), &st) != 0)
    return fail(errno, "cannot open " + path.string() + ": " + std::strerror(errno));
  GITFS_TRY(mount, mount_client::find(path));
  brought_files out;
  for (std::size_t first = 0; first < paths.size();) {
    question what;
    what.command = "prefetch";
    what.arguments.emplace("inode", std::to_string(st.st_ino));
    std::size_t end = first;
    for (; end < paths.size() && end - first < mount.path_room()
           && what.text.size() + paths[end].size() < mount.text_room();
         ++end)
      what.text.append(paths[end]).push_back('\0');
    if (end == first) { // this path alone is longer than a question may be
      out.failed.emplace_back(first++, ENAMETOOLONG);
      continue;
    }
    GITFS_TRY(came, mount.ask(std::move(what)));
    std::istringstream lines{came.text};
    std::string name;
    for (std::uint64_t value = 0; lines >> name >> value;) {
      std::uint64_t brought_files::*const counts[] = {&brought_files::files, &brought_files::brought,
                                                      &brought_files::bytes, &brought_files::links,
                                                      &brought_files::folders};
      constexpr std::string_view names[] = {"files", "brought", "bytes", "links", "folders"};
      int code = 0;
      if (const auto* at = std::ranges::find(names, name); at != std::end(names))
        out.*counts[at - names] += value;
      else if (name == "folder" || name == "link")
        out.left.push_back(first + value);
      else if (name == "failed" && lines >> code)
        out.failed.emplace_back(first + value, code);
    }
    first = end;
  }
  return out;
}

result<std::string> ask_profile(const fs::path& path) {
  // Open until the answer is here: then the mount knows the folder.
  const unique_fd folder{::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  struct stat st {};
  if (!folder || ::fstat(folder.get(), &st) != 0)
    return fail(errno, "cannot open " + path.string() + ": " + std::strerror(errno));
  GITFS_TRY(mount, mount_client::find(path));
  std::string out;
  for (std::uint64_t rank = 0;;) {
    question what;
    what.command = "profile";
    what.arguments.emplace("inode", std::to_string(st.st_ino));
    what.arguments.emplace("rank", std::to_string(rank));
    auto came = mount.ask(std::move(what));
    if (!came && came.error().code == EXDEV)
      return fail(EXDEV, path.string() + " is above the repositories: name a folder of one");
    if (!came && came.error().code == ENODATA)
      return fail(ENODATA, "nothing is recorded of " + path.string()
                               + ": it is mounted with --no-profile or -o prefetch=off, or its repository is on this "
                                 "disk");
    GITFS_TRY(part, std::move(came));
    out += part.text;
    // The next one begins behind the last whole line.
    const std::size_t last = part.text.size() < 2 ? 0 : part.text.rfind('\n', part.text.size() - 2) + 1;
    const auto line =
        parse_profile_line(std::string_view{part.text}.substr(last).substr(0, part.text.size() - last - 1));
    if (part.text.empty() || !line)
      return out;
    rank = line.value().rank + 1;
  }
}

result<std::string> ask_refresh(const fs::path& path, const std::string& below) {
  return ask(path, "refresh", {{"path", below}});
}

result<mount_status> ask_status(const fs::path& path) {
  GITFS_TRY(mount, mount_client::find(path));
  mount_status out;
  do {
    question what;
    what.command = "status";
    what.arguments.emplace("from", std::to_string(out.entries.size()));
    GITFS_TRY(came, mount.ask(std::move(what)));
    GITFS_TRY(more, mount_status::parse(came.text));
    const std::size_t entries = more.entries.size();
    more.entries.insert(more.entries.begin(), std::make_move_iterator(out.entries.begin()),
                        std::make_move_iterator(out.entries.end()));
    out = std::move(more);
    if (entries == 0)
      break;
  } while (out.next != 0);
  return out;
}

result<activity> ask_activity(const fs::path& path) {
  GITFS_TRY(text, ask(path, "activity"));
  return activity::parse(text);
}

result<std::map<std::string, std::uint64_t>> ask_report(const fs::path& path) {
  GITFS_TRY(text, ask(path, "stats"));
  std::map<std::string, std::uint64_t> out;
  std::istringstream lines{text};
  std::string name;
  for (std::uint64_t value = 0; lines >> name >> value;)
    out[name] = value;
  return out;
}

result<pid_t> ask_unmount(const fs::path& path) {
  GITFS_TRY(mount, mount_client::find(path));
  const pid_t process = mount.process();
  question what;
  what.command = "unmount";
  what.arguments.emplace("mountpoint", path.string());
  GITFS_TRYV(mount.ask(std::move(what)));
  return process;
}

pid_t process_of_mount(const fs::path& path) {
  const auto mount = mount_client::find(path);
  return mount ? mount.value().process() : 0;
}

} // namespace gitfs
