// What each system call fails with: one table.
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <functional>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace gitfs::test {

namespace errnos {

namespace {

struct shown {
  scratch_repository source{
      "echo content >file && mkdir dir && echo x >dir/inside && ln -s file link && ln -s loop loop"
      " && printf '#!/bin/sh\\n' >program && chmod +x program"};
  mount plain{source.bare().string()};
  mount with_xattr{source.bare().string(), {"-o", "xattr"}};
};

const shown& repository() {
  static const shown made;
  return made;
}

int opened(const char* path, int flags) {
  const int file = ::open(path, flags, 0644);
  return file < 0 ? -1 : ::close(file);
}

int used(const char* path, int flags, const std::function<long(int)>& operation) {
  const int file = ::open(path, flags);
  if (file < 0)
    return -1;
  const long done = operation(file);
  const int code = errno;
  ::close(file);
  errno = code;
  return done < 0 ? -1 : 0;
}

struct row {
  const char* operation;
  int expected; // 0: succeeds
  std::function<long()> call;
};

// The errno that the operation ends with.
int outcome(const row& each) {
  errno = 0;
  return each.call() < 0 ? errno : 0;
}

std::string named(int code) {
  return code == 0 ? "success" : ::strerrorname_np(code);
}

void check(const std::vector<row>& table) {
  for (const row& each : table)
    BOOST_TEST(named(outcome(each)) == named(each.expected),
               each.operation << " ends with " << named(outcome(each)) << ", not " << named(each.expected));
}

const timespec times[2] = {{1, 0}, {1, 0}};

// The working directory is the mount's root, so that the table reads as what a user types.
struct in_the_mount {
  in_the_mount() { BOOST_REQUIRE_EQUAL(::chdir(repository().plain.path().c_str()), 0); }
  ~in_the_mount() { BOOST_REQUIRE_EQUAL(::chdir("/"), 0); }
};

} // namespace

} // namespace errnos

BOOST_FIXTURE_TEST_SUITE(errnos, errnos::in_the_mount)

BOOST_AUTO_TEST_CASE(whatever_writes_is_refused) {
  check({
      {"open O_WRONLY", EROFS, [] { return opened("file", O_WRONLY); }},
      {"open O_RDWR", EROFS, [] { return opened("file", O_RDWR); }},
      {"open O_WRONLY|O_APPEND", EROFS, [] { return opened("file", O_WRONLY | O_APPEND); }},
      {"open O_RDONLY|O_TRUNC", EROFS, [] { return opened("file", O_RDONLY | O_TRUNC); }},
      {"open O_CREAT of a new file", EROFS, [] { return opened("new", O_WRONLY | O_CREAT); }},
      {"open O_CREAT|O_EXCL of a new file", EROFS, [] { return opened("dir/new", O_RDWR | O_CREAT | O_EXCL); }},
      {"open O_CREAT of a file that is there", EROFS, [] { return opened("file", O_WRONLY | O_CREAT); }},
      {"open O_TMPFILE", EROFS, [] { return opened("dir", O_RDWR | O_TMPFILE); }},
      {"mkdir", EROFS, [] { return ::mkdir("new", 0755); }},
      {"mkdir of a directory that is there", EEXIST, [] { return ::mkdir("dir", 0755); }},
      {"unlink", EROFS, [] { return ::unlink("file"); }},
      {"unlink of a link", EROFS, [] { return ::unlink("link"); }},
      {"rmdir", EROFS, [] { return ::rmdir("dir"); }},
      {"rename", EROFS, [] { return ::rename("file", "new"); }},
      {"rename over another", EROFS, [] { return ::rename("file", "program"); }},
      {"rename of a directory", EROFS, [] { return ::rename("dir", "new"); }},
      {"link", EROFS, [] { return ::link("file", "new"); }},
      {"symlink", EROFS, [] { return ::symlink("file", "new"); }},
      {"mknod of a file", EROFS, [] { return ::mknod("new", S_IFREG | 0644, 0); }},
      {"mknod of a fifo", EROFS, [] { return ::mkfifo("new", 0644); }},
      {"chmod", EROFS, [] { return ::chmod("file", 0600); }},
      {"chmod of a directory", EROFS, [] { return ::chmod("dir", 0700); }},
      {"fchmod", EROFS, [] { return used("file", O_RDONLY, [](int f) { return ::fchmod(f, 0600); }); }},
      {"chown", EROFS, [] { return ::chown("file", 1, 1); }},
      {"lchown of a link", EROFS, [] { return ::lchown("link", 1, 1); }},
      {"utimensat", EROFS, [] { return ::utimensat(AT_FDCWD, "file", times, 0); }},
      {"utimensat to now", EROFS, [] { return ::utimensat(AT_FDCWD, "file", nullptr, 0); }},
      {"utimensat of a link", EROFS, [] { return ::utimensat(AT_FDCWD, "link", times, AT_SYMLINK_NOFOLLOW); }},
      {"truncate", EROFS, [] { return ::truncate("file", 0); }},
      {"setxattr", EROFS, [] { return ::setxattr("file", "user.a", "b", 1, 0); }},
      {"removexattr", EROFS, [] { return ::removexattr("file", "user.a"); }},
      {"access W_OK", EROFS, [] { return ::access("file", W_OK); }},
      {"write to a file opened for reading", EBADF,
       [] { return used("file", O_RDONLY, [](int f) { return ::write(f, "x", 1); }); }},
      {"mmap shared and writable", EACCES,
       [] {
         return used("file", O_RDONLY, [](int f) {
           return ::mmap(nullptr, 4096, PROT_WRITE, MAP_SHARED, f, 0) == MAP_FAILED ? -1L : 0L;
         });
       }},
  });
}

// The kernel itself refuses to write to what is mounted read-only. Without that flag the program has to.
BOOST_AUTO_TEST_CASE(whatever_writes_is_refused_by_the_program_too) {
  const mount m{repository().source.bare().string()};
  // By the old system call: newer mount programs set options one by one, which FUSE does not take.
  must_run(as_root("env LIBMOUNT_FORCE_MOUNT2=always mount -i -o remount,rw " + m.path().string()));
  BOOST_REQUIRE_EQUAL(::chdir(m.path().c_str()), 0);
  check({
      {"open O_WRONLY and write", EROFS,
       [] { return used("file", O_WRONLY, [](int f) { return ::write(f, "x", 1) < 0 ? -1L : ::fsync(f); }); }},
      {"open O_CREAT", EROFS, [] { return opened("new", O_WRONLY | O_CREAT); }},
      {"open O_TRUNC", EROFS, [] { return opened("file", O_WRONLY | O_TRUNC); }},
      {"mkdir", EROFS, [] { return ::mkdir("new", 0755); }},
      {"unlink", EROFS, [] { return ::unlink("file"); }},
      {"rmdir", EROFS, [] { return ::rmdir("dir"); }},
      {"rename", EROFS, [] { return ::rename("file", "new"); }},
      {"link", EROFS, [] { return ::link("file", "new"); }},
      {"symlink", EROFS, [] { return ::symlink("file", "new"); }},
      {"mknod", EROFS, [] { return ::mknod("new", S_IFREG | 0644, 0); }},
      {"chmod", EROFS, [] { return ::chmod("file", 0600); }},
      {"chown", EROFS, [] { return ::chown("file", 1, 1); }},
      {"utimensat", EROFS, [] { return ::utimensat(AT_FDCWD, "file", times, 0); }},
      {"truncate", EROFS, [] { return ::truncate("file", 0); }},
      {"setxattr", EROFS, [] { return ::setxattr("file", "user.a", "b", 1, 0); }},
      {"removexattr", EROFS, [] { return ::removexattr("file", "user.a"); }},
  });
  BOOST_REQUIRE_EQUAL(::chdir("/"), 0);
}

BOOST_AUTO_TEST_CASE(what_is_not_there_or_not_of_that_kind) {
  static const std::string name_255(255, 'n');
  static const std::string name_256(256, 'n');
  static struct stat st;
  static char buffer[4096];
  check({
      {"stat of nothing", ENOENT, [] { return ::stat("nothing", &st); }},
      {"stat of nothing, again", ENOENT, [] { return ::stat("nothing", &st); }},
      {"stat in another case", ENOENT, [] { return ::stat("FILE", &st); }},
      {"stat of nothing in nothing", ENOENT, [] { return ::stat("nothing/at/all", &st); }},
      {"stat of .git", ENOENT, [] { return ::lstat(".git", &st); }},
      {"open of nothing", ENOENT, [] { return opened("nothing", O_RDONLY); }},
      {"chdir to nothing", ENOENT, [] { return ::chdir("dir/nothing"); }},
      {"stat below a file", ENOTDIR, [] { return ::stat("file/x", &st); }},
      {"stat of a file as a directory", ENOTDIR, [] { return ::stat("file/", &st); }},
      {"open of a file as a directory", ENOTDIR, [] { return opened("file", O_RDONLY | O_DIRECTORY); }},
      {"chdir to a file", ENOTDIR, [] { return ::chdir("file"); }},
      {"rmdir of a file", EROFS, [] { return ::rmdir("file"); }},
      {"read of a directory", EISDIR, [] { return used("dir", O_RDONLY, [](int f) { return ::read(f, buffer, 1); }); }},
      {"open of a directory to write", EISDIR, [] { return opened("dir", O_WRONLY); }},
      {"a name of 255 bytes", ENOENT, [] { return ::stat(name_255.c_str(), &st); }},
      {"a name of 256 bytes", ENAMETOOLONG, [] { return ::stat(name_256.c_str(), &st); }},
      {"readlink of a file", EINVAL, [] { return ::readlink("file", buffer, sizeof buffer); }},
      {"readlink of a directory", EINVAL, [] { return ::readlink("dir", buffer, sizeof buffer); }},
      {"stat through a link to itself", ELOOP, [] { return ::stat("loop", &st); }},
      {"open O_NOFOLLOW of a link", ELOOP, [] { return opened("link", O_RDONLY | O_NOFOLLOW); }},
      {"access X_OK of a plain file", EACCES, [] { return ::access("file", X_OK); }},
      {"access X_OK of a program", 0, [] { return ::access("program", X_OK); }},
      {"access R_OK", 0, [] { return ::access("file", R_OK); }},
      {"execve of a plain file", EACCES, [] { return ::execl("./file", "file", nullptr); }},
      {"lseek before the start", EINVAL,
       [] { return used("file", O_RDONLY, [](int f) { return ::lseek(f, -1, SEEK_SET); }); }},
      {"pread before the start", EINVAL,
       [] { return used("file", O_RDONLY, [](int f) { return ::pread(f, buffer, 1, -1); }); }},
      {"readdir of a directory", 0,
       [] {
         DIR* stream = ::opendir("dir");
         return stream == nullptr ? -1 : ::closedir(stream);
       }},
      {"getxattr", EOPNOTSUPP, [] { return ::getxattr("file", "user.gitfs.oid", buffer, sizeof buffer); }},
  });
}

BOOST_AUTO_TEST_CASE(extended_attributes_when_asked_for) {
  BOOST_REQUIRE_EQUAL(::chdir(repository().with_xattr.path().c_str()), 0);
  static char buffer[4096];
  check({
      {"getxattr", 0, [] { return ::getxattr("file", "user.gitfs.oid", buffer, sizeof buffer); }},
      {"getxattr of an unknown name", ENODATA, [] { return ::getxattr("file", "user.other", buffer, sizeof buffer); }},
      {"getxattr of another namespace", ENODATA,
       [] { return ::getxattr("file", "security.capability", buffer, sizeof buffer); }},
      {"getxattr into too little room", ERANGE, [] { return ::getxattr("file", "user.gitfs.oid", buffer, 3); }},
      {"listxattr into too little room", ERANGE, [] { return ::listxattr("file", buffer, 3); }},
      {"setxattr", EROFS, [] { return ::setxattr("file", "user.gitfs.oid", "b", 1, 0); }},
      {"removexattr", EROFS, [] { return ::removexattr("file", "user.gitfs.oid"); }},
  });
  const auto value = [](const char* path, const char* name) {
    const auto size = ::getxattr(path, name, buffer, sizeof buffer);
    BOOST_TEST(::getxattr(path, name, nullptr, 0) == size);
    return std::string(buffer, size < 0 ? 0 : static_cast<std::size_t>(size));
  };
  const scratch_repository& source = repository().source;
  BOOST_TEST(value("file", "user.gitfs.oid") == source.in_work("git rev-parse HEAD:file"));
  BOOST_TEST(value("dir/inside", "user.gitfs.oid") == source.in_work("git rev-parse HEAD:dir/inside"));
  BOOST_TEST(value("dir", "user.gitfs.oid") == source.in_work("git rev-parse HEAD:dir"));
  BOOST_TEST(value(".", "user.gitfs.oid") == source.in_work("git rev-parse HEAD:"));
  for (const char* path : {".", "dir", "file"})
    BOOST_TEST(value(path, "user.gitfs.commit") == source.in_work("git rev-parse HEAD"));
  const auto listed = ::listxattr("file", buffer, sizeof buffer);
  BOOST_REQUIRE_GT(listed, 0);
  BOOST_TEST(std::string(buffer, static_cast<std::size_t>(listed)).find(std::string{"user.gitfs.oid\0", 15})
             != std::string::npos);
}

// Folders that hold repositories are as those in them.
BOOST_AUTO_TEST_CASE(above_the_repositories) {
  static struct stat st;
  static char buffer[4096];
  const std::string source = repository().source.bare().string();
  const mount m{mount_plan{.config = config_text({{"team/app", repository_entry(source)},
                                                  {"top", repository_entry(source)},
                                                  {"gone", repository_entry(source + "-gone")}})}};
  BOOST_REQUIRE_EQUAL(::chdir(m.path().c_str()), 0);
  check({
      {"open O_CREAT", EROFS, [] { return opened("new", O_WRONLY | O_CREAT); }},
      {"open O_CREAT in a folder", EROFS, [] { return opened("team/new", O_WRONLY | O_CREAT); }},
      {"open O_CREAT in a repository", EROFS, [] { return opened("team/app/new", O_WRONLY | O_CREAT); }},
      {"open of a folder to write", EISDIR, [] { return opened("team", O_WRONLY); }},
      {"open of a folder", 0, [] { return opened("team", O_RDONLY | O_DIRECTORY); }},
      {"open O_TMPFILE", EROFS, [] { return opened("team", O_RDWR | O_TMPFILE); }},
      {"mkdir", EROFS, [] { return ::mkdir("new", 0755); }},
      {"mkdir in a folder", EROFS, [] { return ::mkdir("team/new", 0755); }},
      {"mkdir of a folder that is there", EEXIST, [] { return ::mkdir("team", 0755); }},
      {"mkdir of a repository that is there", EEXIST, [] { return ::mkdir("team/app", 0755); }},
      {"rmdir of a folder", EROFS, [] { return ::rmdir("team"); }},
      {"rmdir of a repository", EROFS, [] { return ::rmdir("team/app"); }},
      {"unlink of a folder", EROFS, [] { return ::unlink("team"); }},
      {"rename of a repository", EROFS, [] { return ::rename("top", "other"); }},
      {"rename of a file to another repository", EROFS, [] { return ::rename("top/file", "team/app/new"); }},
      {"link to another repository", EROFS, [] { return ::link("top/file", "team/app/new"); }},
      {"symlink", EROFS, [] { return ::symlink("top", "new"); }},
      {"mknod", EROFS, [] { return ::mknod("team/new", S_IFREG | 0644, 0); }},
      {"chmod", EROFS, [] { return ::chmod("team", 0700); }},
      {"chown", EROFS, [] { return ::chown("team", 1, 1); }},
      {"utimensat", EROFS, [] { return ::utimensat(AT_FDCWD, "team", times, 0); }},
      {"setxattr", EROFS, [] { return ::setxattr("team", "user.a", "b", 1, 0); }},
      {"access W_OK", EROFS, [] { return ::access("team", W_OK); }},
      {"stat of nothing", ENOENT, [] { return ::stat("nothing", &st); }},
      {"stat of nothing in a folder", ENOENT, [] { return ::stat("team/nothing", &st); }},
      {"stat of .git", ENOENT, [] { return ::lstat(".git", &st); }},
      {"stat of a folder", 0, [] { return ::stat("team", &st); }},
      {"stat of a repository that cannot be opened", 0, [] { return ::stat("gone", &st); }},
      {"stat in a repository that cannot be opened", ENOENT, [] { return ::stat("gone/file", &st); }},
      {"listing a repository that cannot be opened", EIO,
       [] {
         DIR* stream = ::opendir("gone");
         if (stream == nullptr)
           return -1L;
         errno = 0;
         const dirent* first = ::readdir(stream);
         const int code = errno;
         ::closedir(stream);
         errno = code;
         return first == nullptr && code != 0 ? -1L : 0L;
       }},
      {"read of a folder", EISDIR, [] { return used("team", O_RDONLY, [](int f) { return ::read(f, buffer, 1); }); }},
      {"readlink of a folder", EINVAL, [] { return ::readlink("team", buffer, sizeof buffer); }},
  });
  BOOST_REQUIRE_EQUAL(::chdir("/"), 0);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
