// A disk that fails when a test says so: `failing_disk REAL MOUNTPOINT` shows the folder REAL, until its file system is
// unmounted. While there is a file REAL.fail-writes, everything that changes something fails with the error whose
// number stands in it (EIO if none does), but for removals where that is want of room; with REAL.fail-reads every read
// of a file does.
#define FUSE_USE_VERSION 314
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <fuse.h>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

namespace {

std::string real_folder;

std::string at(const char* path) {
  return real_folder + path;
}

/// The errno with which that is to fail; 0: it is not.
int failure_of(const char* what) {
  std::ifstream in{real_folder + ".fail-" + what};
  int code = EIO;
  if (!in)
    return 0;
  in >> code;
  return in ? code : EIO;
}

int done(int status) {
  return status < 0 ? -errno : 0;
}

template <class Call>
int changed(const Call& call) {
  const int failure = failure_of("writes");
  return failure != 0 ? -failure : done(call());
}

template <class Call>
int removed(const Call& call) {
  const int failure = failure_of("writes");
  return failure != 0 && failure != ENOSPC && failure != EDQUOT ? -failure : done(call());
}

int get_attributes(const char* path, struct stat* out, fuse_file_info*) {
  return done(::lstat(at(path).c_str(), out));
}

int read_link(const char* path, char* out, std::size_t size) {
  const ssize_t n = ::readlink(at(path).c_str(), out, size - 1);
  if (n < 0)
    return -errno;
  out[n] = '\0';
  return 0;
}

int list(const char* path, void* out, fuse_fill_dir_t fill, off_t, fuse_file_info*, fuse_readdir_flags) {
  DIR* const folder = ::opendir(at(path).c_str());
  if (folder == nullptr)
    return -errno;
  while (const dirent* each = ::readdir(folder))
    fill(out, each->d_name, nullptr, 0, static_cast<fuse_fill_dir_flags>(0));
  ::closedir(folder);
  return 0;
}

int open_file(const char* path, fuse_file_info* info) {
  const int fd = ::open(at(path).c_str(), info->flags);
  if (fd < 0)
    return -errno;
  info->fh = static_cast<std::uint64_t>(fd);
  info->direct_io = 0;
  info->keep_cache = 0;
  return 0;
}

int create_file(const char* path, mode_t mode, fuse_file_info* info) {
  if (const int failure = failure_of("writes"); failure != 0)
    return -failure;
  const int fd = ::open(at(path).c_str(), info->flags | O_CREAT, mode);
  if (fd < 0)
    return -errno;
  info->fh = static_cast<std::uint64_t>(fd);
  return 0;
}

int read_file(const char*, char* out, std::size_t size, off_t offset, fuse_file_info* info) {
  if (const int failure = failure_of("reads"); failure != 0)
    return -failure;
  const ssize_t n = ::pread(static_cast<int>(info->fh), out, size, offset);
  return n < 0 ? -errno : static_cast<int>(n);
}

int write_file(const char*, const char* from, std::size_t size, off_t offset, fuse_file_info* info) {
  if (const int failure = failure_of("writes"); failure != 0)
    return -failure;
  const ssize_t n = ::pwrite(static_cast<int>(info->fh), from, size, offset);
  return n < 0 ? -errno : static_cast<int>(n);
}

int close_file(const char*, fuse_file_info* info) {
  return done(::close(static_cast<int>(info->fh)));
}

fuse_operations operations() {
  fuse_operations out{};
  out.getattr = get_attributes;
  out.readlink = read_link;
  out.readdir = list;
  out.open = open_file;
  out.create = create_file;
  out.read = read_file;
  out.write = write_file;
  out.release = close_file;
  out.mkdir = [](const char* path, mode_t mode) { return changed([&] { return ::mkdir(at(path).c_str(), mode); }); };
  out.unlink = [](const char* path) { return removed([&] { return ::unlink(at(path).c_str()); }); };
  out.rmdir = [](const char* path) { return removed([&] { return ::rmdir(at(path).c_str()); }); };
  out.rename = [](const char* from, const char* to, unsigned) {
    return changed([&] { return ::rename(at(from).c_str(), at(to).c_str()); });
  };
  out.link = [](const char* from, const char* to) {
    return changed([&] { return ::link(at(from).c_str(), at(to).c_str()); });
  };
  out.chmod = [](const char* path, mode_t mode, fuse_file_info*) {
    return changed([&] { return ::chmod(at(path).c_str(), mode); });
  };
  out.truncate = [](const char* path, off_t size, fuse_file_info*) {
    return changed([&] { return ::truncate(at(path).c_str(), size); });
  };
  out.utimens = [](const char* path, const timespec times[2], fuse_file_info*) {
    return changed([&] { return ::utimensat(AT_FDCWD, at(path).c_str(), times, AT_SYMLINK_NOFOLLOW); });
  };
  out.statfs = [](const char* path, struct statvfs* to) { return done(::statvfs(at(path).c_str(), to)); };
  return out;
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 3)
    return 2;
  real_folder = argv[1];
  const fuse_operations all = operations();
  char* arguments[] = {argv[0], argv[2], nullptr};
  return ::fuse_main(2, arguments, &all, nullptr);
}
