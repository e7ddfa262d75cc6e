// stat, statfs and read: what they say, and that they say it again.
#include "test/mount/shared.hpp"

#include "test/support/command.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(attributes)

namespace {

constexpr std::time_t commit_time = 1'234'567'890;

const scratch_repository& repository() {
  static const scratch_repository made{
      "export GIT_COMMITTER_DATE='1234567890 +0200' GIT_AUTHOR_DATE='1000000000 +0000'; mkdir -p d/e && echo x >d/e/f "
      "&& "
      "echo y >d/g && : >empty && ln -s d/g l && echo z >x && chmod +x x && head -c 700001 /dev/urandom >large"};
  return made;
}

const git_server& server() {
  static const git_server made{repository().root()};
  return made;
}

struct stat stat_of(const std::filesystem::path& path) {
  struct stat st {};
  BOOST_REQUIRE_MESSAGE(::lstat(path.c_str(), &st) == 0, path << ": " << std::strerror(errno));
  return st;
}

std::map<std::string, ino_t> inodes(const std::filesystem::path& root) {
  std::map<std::string, ino_t> out{{"", stat_of(root).st_ino}};
  for (const auto& each : std::filesystem::recursive_directory_iterator{root})
    out[each.path().lexically_relative(root)] = stat_of(each.path()).st_ino;
  return out;
}

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file, std::ios::binary};
  return {std::istreambuf_iterator<char>{in}, {}};
}

} // namespace

BOOST_AUTO_TEST_CASE(every_time_is_the_commit_s) {
  const mount m{server().url("scratch.git")};
  for (const char* name : {"", "d", "d/e", "d/e/f", "d/g", "empty", "l", "x", "large"}) {
    const struct stat st = stat_of(m / name);
    BOOST_TEST(st.st_mtim.tv_sec == commit_time, name);
    BOOST_TEST(st.st_ctim.tv_sec == commit_time, name);
    BOOST_TEST(st.st_atim.tv_sec == commit_time, name);
    BOOST_TEST(st.st_mtim.tv_nsec == 0, name);
  }
}

BOOST_AUTO_TEST_CASE(owner_modes_sizes_and_blocks) {
  const mount m{server().url("scratch.git")};
  const std::map<std::string, mode_t> expected{{"", S_IFDIR | 0755},  {"d", S_IFDIR | 0755}, {"d/g", S_IFREG | 0644},
                                               {"l", S_IFLNK | 0777}, {"x", S_IFREG | 0755}, {"large", S_IFREG | 0644}};
  for (const auto& [name, mode] : expected) {
    const struct stat st = stat_of(m / name);
    BOOST_TEST(st.st_mode == mode, name);
    BOOST_TEST(st.st_uid == ::getuid());
    BOOST_TEST(st.st_gid == ::getgid());
    BOOST_TEST(st.st_nlink == 1U);
    BOOST_TEST(st.st_dev == stat_of(m.path()).st_dev);
  }
  BOOST_TEST(stat_of(m / "large").st_size == 700'001);
  // What du counts.
  BOOST_TEST(stat_of(m / "large").st_blocks == (700'001 + 511) / 512);
  BOOST_TEST(stat_of(m / "l").st_size == 3);
  BOOST_TEST(stat_of(m / "empty").st_size == 0);
}

BOOST_AUTO_TEST_CASE(inode_numbers_are_unique_and_stay) {
  const temp_dir cache;
  std::map<std::string, ino_t> first;
  {
    const mount m{mount_plan{.source = server().url("scratch.git"), .cache_dir = cache.path()}};
    first = inodes(m.path());
    std::map<ino_t, int> seen;
    for (const auto& [path, number] : first) {
      BOOST_TEST(number != 0U, path);
      BOOST_TEST(++seen[number] == 1, path);
    }
    drop_kernel_caches();
    BOOST_TEST(inodes(m.path()) == first);
    // Reached by name alone, in another order.
    BOOST_TEST(stat_of(m / "d/e/f").st_ino == first["d/e/f"]);
    BOOST_TEST(
        must_run("find . -printf '%P %i\\n' | sort | md5sum", m.path())
        == must_run("find . -exec stat -c '%n %i' {} + | sed 's,^\\./,,; s/^\\. / /' | sort | md5sum", m.path()));
  }
  const mount again{mount_plan{.source = server().url("scratch.git"), .cache_dir = cache.path()}};
  BOOST_TEST(stat_of(again / "d/e/f").st_ino == first["d/e/f"]);
  BOOST_TEST(inodes(again.path()) == first);
  // Another cache, another URL of the same: the path alone decides.
  const mount elsewhere{server().url("noobjinfo", "scratch.git")};
  BOOST_TEST(inodes(elsewhere.path()) == first);
}

BOOST_AUTO_TEST_CASE(statfs_says_read_only_and_names_of_255_bytes) {
  const mount m{server().url("scratch.git")};
  struct statvfs st {};
  BOOST_REQUIRE_EQUAL(::statvfs(m.path().c_str(), &st), 0);
  BOOST_TEST((st.f_flag & ST_RDONLY) != 0U);
  BOOST_TEST((st.f_flag & ST_NOSUID) != 0U);
  BOOST_TEST((st.f_flag & ST_NODEV) != 0U);
  BOOST_TEST(st.f_namemax == 255U);
  BOOST_TEST(st.f_bsize > 0U);
  BOOST_TEST(st.f_bfree == 0U);
  // df and the programs that ask before they copy must not stumble over it.
  BOOST_TEST(run("df " + m.path().string()).status == 0);
}

BOOST_AUTO_TEST_CASE(any_offset_and_size_can_be_read) {
  const mount m{server().url("scratch.git")};
  const std::string all = content(repository().work() / "large");
  const int file = ::open((m / "large").c_str(), O_RDONLY | O_CLOEXEC);
  BOOST_REQUIRE_GE(file, 0);
  const auto piece = [&](off_t offset, std::size_t size) {
    std::string out(size, '\0');
    const auto got = ::pread(file, out.data(), size, offset);
    BOOST_REQUIRE_MESSAGE(got >= 0, std::strerror(errno));
    out.resize(static_cast<std::size_t>(got));
    return out;
  };
  // The first one is in the middle, of a file that is not here yet.
  BOOST_TEST((piece(500'000, 10) == all.substr(500'000, 10)));
  BOOST_TEST((piece(0, 1) == all.substr(0, 1)));
  BOOST_TEST((piece(700'000, 10) == all.substr(700'000)));
  BOOST_TEST(piece(700'001, 10).empty());
  BOOST_TEST(piece(1'000'000'000'000, 10).empty());
  BOOST_TEST(piece(5, 0).empty());
  BOOST_TEST((piece(0, 1'000'000) == all));
  std::mt19937 random{1};
  for (int i = 0; i < 200; ++i) {
    const auto offset = std::uniform_int_distribution<std::size_t>{0, all.size() + 10'000}(random);
    const auto size = std::uniform_int_distribution<std::size_t>{0, 300'000}(random);
    const std::string expected = offset < all.size() ? all.substr(offset, size) : "";
    BOOST_REQUIRE_MESSAGE(piece(static_cast<off_t>(offset), size) == expected, size << " bytes at " << offset);
  }
  BOOST_TEST(::lseek(file, 0, SEEK_END) == 700'001);
  void* mapped = ::mmap(nullptr, all.size(), PROT_READ, MAP_PRIVATE, file, 0);
  BOOST_REQUIRE(mapped != MAP_FAILED);
  BOOST_TEST((std::string_view{static_cast<const char*>(mapped), all.size()} == all));
  ::munmap(mapped, all.size());
  ::close(file);
  // Past the page cache.
  BOOST_TEST(must_run("dd if=large iflag=direct bs=64k status=none | md5sum", m.path())
             == must_run("md5sum <large", repository().work()));
  BOOST_TEST(must_run("cat empty | wc -c", m.path()) == "0");
}

// A snapshot does not change, so nothing that the kernel was told ever runs out.
BOOST_AUTO_TEST_CASE(what_the_kernel_knows_it_does_not_ask_again) {
  const mount m{server().url("scratch.git")};
  const auto walk = [&] { run("ls -lR . nothing d/nothing; cat d/e/f large l; find . -ls", m.path()); };
  const std::vector<std::string> kinds{"kernel.lookup",  "kernel.getattr",     "kernel.readlink",
                                       "kernel.readdir", "kernel.readdirplus", "kernel.read"};
  const auto asked = [&] {
    std::vector<std::uint64_t> out;
    for (const std::string& each : kinds)
      out.push_back(m.counter(each));
    return out;
  };
  walk();
  const auto before = asked();
  std::this_thread::sleep_for(std::chrono::milliseconds{1500}); // longer than libfuse's own second
  walk();
  BOOST_TEST(asked() == before, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(stats_tell_how_long_requests_take) {
  const mount m{server().url("scratch.git")};
  must_run("cat d/g && ls -l d", m.path());
  for (const std::string kind : {"kernel.lookup", "kernel.read", "kernel.readdirplus"}) {
    const auto half = m.counter(kind + ".p50_ns");
    BOOST_TEST(half > 0u, kind);
    BOOST_TEST(m.counter(kind + ".p99_ns") >= half, kind);
  }
}

// What is unlinked elsewhere may still be read here: nothing is, so a descriptor is good for as long as the mount.
BOOST_AUTO_TEST_CASE(a_descriptor_outlives_what_the_kernel_remembers) {
  const mount m{server().url("scratch.git")};
  std::ifstream in{m / "d/g"};
  const int folder = ::open((m / "d").c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  BOOST_REQUIRE_GE(folder, 0);
  drop_kernel_caches();
  std::string line;
  BOOST_TEST(static_cast<bool>(std::getline(in, line)));
  BOOST_TEST(line == "y");
  struct stat st {};
  BOOST_TEST(::fstatat(folder, "e/f", &st, 0) == 0);
  ::close(folder);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
