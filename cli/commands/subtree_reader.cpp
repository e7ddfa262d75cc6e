#include "cli/commands/subtree_reader.hpp"

#include "config/unique_fd.hpp"

#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace gitfs {

namespace {

constexpr std::size_t piece = 1 << 20;

} // namespace

subtree_reader::subtree_reader(std::vector<std::string> roots, unsigned readers, bool contents, on_failure failed)
  : roots_(std::move(roots)),
    readers_(readers),
    contents_(contents),
    failed_(std::move(failed)) {}

void subtree_reader::run() {
  for (const std::string& each : roots_)
    visit(each, true);
  walking_ = false;
  if (!contents_)
    return;
  std::vector<std::thread> others;
  for (unsigned i = 1; i < readers_; ++i)
    others.emplace_back([this] { read_files(); });
  read_files();
  for (std::thread& each : others)
    each.join();
}

subtree_reader::progress subtree_reader::now() const {
  return {walking_, folders_, links_, found_, bytes_, files_read_, bytes_read_, failures_};
}

void subtree_reader::add_done(const progress& more) {
  folders_ += more.folders;
  links_ += more.links;
  found_ += more.files;
  bytes_ += more.bytes;
  files_read_ += more.files_read;
  bytes_read_ += more.bytes_read;
}

void subtree_reader::fail(const std::string& path, int code) {
  ++failures_;
  failed_(path, code);
}

void subtree_reader::visit(const std::string& path, bool is_root) {
  struct stat st {};
  if ((is_root ? ::stat(path.c_str(), &st) : ::lstat(path.c_str(), &st)) != 0)
    return fail(path, errno);
  if (is_root)
    device_ = st.st_dev;
  if (st.st_dev != device_ || !seen_.emplace(st.st_dev, st.st_ino).second)
    return;
  if (S_ISDIR(st.st_mode)) {
    ++folders_;
    walk(path);
  } else if (S_ISLNK(st.st_mode)) {
    char ignored; // one byte suffices: the mount fetches the whole target for it
    ++links_;
    if (contents_ && ::readlink(path.c_str(), &ignored, 1) < 0)
      fail(path, errno);
  } else if (S_ISREG(st.st_mode)) {
    ++found_;
    bytes_ += static_cast<std::uint64_t>(st.st_size);
    files_.push_back(path);
  }
}

void subtree_reader::walk(const std::string& folder) {
  DIR* const listed = ::opendir(folder.c_str());
  if (listed == nullptr)
    return fail(folder, errno);
  std::vector<std::string> names;
  errno = 0;
  while (const dirent* entry = ::readdir(listed)) {
    const std::string name = entry->d_name;
    if (name != "." && name != "..")
      names.push_back(name);
    errno = 0;
  }
  const int code = errno;
  ::closedir(listed); // before the walk goes deeper: a tree may be deeper than the number of files that can be open
  if (code != 0)
    fail(folder, code);
  std::string path = folder.ends_with('/') ? folder : folder + '/';
  const std::size_t length = path.size();
  for (const std::string& name : names) {
    path.replace(length, std::string::npos, name);
    visit(path, false);
  }
}

void subtree_reader::read_files() {
  std::vector<char> buffer(piece);
  for (std::size_t i = next_++; i < files_.size(); i = next_++)
    read(files_[i], buffer);
}

void subtree_reader::read(const std::string& path, std::vector<char>& buffer) {
  const unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY)};
  if (!fd)
    return fail(path, errno);
  ssize_t got = 0;
  while ((got = ::read(fd.get(), buffer.data(), buffer.size())) > 0)
    bytes_read_ += static_cast<std::uint64_t>(got);
  if (got < 0)
    return fail(path, errno);
  ++files_read_;
}

} // namespace gitfs
