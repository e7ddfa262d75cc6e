// What a node is known by: st_ino to programs, node id and generation to the kernel and to who keeps its file handles.
#include "test/mount/shared.hpp"

#include "test/support/command.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <string>
#include <sys/stat.h>

#ifndef AT_HANDLE_FID
#define AT_HANDLE_FID 0x200 // of Linux 6.5
#endif

namespace gitfs::test {

namespace {

namespace data = boost::unit_test::data;

constexpr int folders = 8;

const scratch_repository& repository() {
  static const scratch_repository made{"for i in $(seq 1 8); do mkdir d$i; echo contents of $i >d$i/f; done"};
  return made;
}

std::string folder(int number) {
  return "d" + std::to_string(number);
}

std::map<std::string, std::uint64_t> numbers(const std::filesystem::path& root) {
  std::map<std::string, std::uint64_t> out;
  for (const auto& each : std::filesystem::recursive_directory_iterator{root}) {
    struct stat st {};
    BOOST_REQUIRE_EQUAL(::lstat(each.path().c_str(), &st), 0);
    out[each.path().lexically_relative(root)] = st.st_ino;
  }
  return out;
}

// An overlay whose lower layer is the mount. Root alone may mount one with these options.
class overlay {
public:
  overlay(const temp_dir& dir, const std::filesystem::path& lower, const std::string& options)
    : merged_(dir / "merged") {
    must_run("mkdir -p upper work merged", dir.path());
    must_run(as_root("mount -t overlay -o lowerdir=" + lower.string() + ",upperdir=" + (dir / "upper").string()
                     + ",workdir=" + (dir / "work").string() + "," + options + " overlay " + merged_.string()));
  }
  ~overlay() {
    if (const auto done = run(as_root("umount " + merged_.string())); done.status != 0)
      BOOST_ERROR(done.output);
  }
  overlay(const overlay&) = delete;
  overlay& operator=(const overlay&) = delete;

  std::string in(const std::string& command) const {
    return run(as_root("cd " + merged_.string() + " && " + command)).output;
  }

private:
  const std::filesystem::path merged_;
};

// The node id and the generation that a file handle has; the kernel's own form of it.
struct handle {
  std::uint64_t node = 0;
  std::uint32_t generation = 0;
};

handle handle_of(const std::filesystem::path& path) {
  alignas(file_handle) char room[sizeof(file_handle) + MAX_HANDLE_SZ];
  auto& out = *reinterpret_cast<file_handle*>(room);
  int mount_id = 0;
  out.handle_bytes = MAX_HANDLE_SZ;
  int done = ::name_to_handle_at(AT_FDCWD, path.c_str(), &out, &mount_id, 0);
  if (done != 0 && errno == EOPNOTSUPP) { // handles cannot be opened here; but they can be told
    out.handle_bytes = MAX_HANDLE_SZ;
    done = ::name_to_handle_at(AT_FDCWD, path.c_str(), &out, &mount_id, AT_HANDLE_FID);
  }
  BOOST_REQUIRE_MESSAGE(done == 0, path << ": " << std::strerror(errno));
  BOOST_REQUIRE_GE(out.handle_bytes, 12U);
  std::uint32_t words[3];
  std::memcpy(words, out.f_handle, sizeof words);
  return {std::uint64_t{words[0]} << 32 | words[1], words[2]};
}

} // namespace

BOOST_AUTO_TEST_SUITE(identity)

// The upper layer keeps file handles of what was copied up. In a later mount the same node ids stand for other files.
BOOST_DATA_TEST_CASE(an_overlay_shows_the_same_files_after_a_remount,
                     data::make({"metacopy=on", "metacopy=on,index=on", "index=on", "xino=on"}), options) {
  const temp_dir dir, cache;
  const mount_plan plan{.source = repository().bare().string(),
                        .options = {"-o", "allow_other"}, // root mounts the overlay
                        .cache_dir = cache.path()};
  {
    const mount lower{plan};
    for (int i = 1; i <= folders; ++i)
      (void)numbers(lower / folder(i));
    const overlay above{dir, lower.path(), options};
    BOOST_TEST(above.in("chmod 600 d1/f && chown 1:1 d3/f && stat -c '%a %u' d1/f d3/f")
               == "600 " + std::to_string(::getuid()) + "\n644 1\n");
  }
  const mount lower{plan};
  for (int i = folders; i >= 1; --i)
    must_run("cat f", lower / folder(i));
  const overlay above{dir, lower.path(), options};
  for (const int twice : {1, 2})
    for (int i = 1; i <= folders; ++i) {
      const std::string found = above.in("cat " + folder(i) + "/f");
      BOOST_TEST(found == "contents of " + std::to_string(i) + "\n", twice << " " << i << ": " << found);
    }
  BOOST_TEST(above.in("stat -c %a d1/f") == "600\n");
}

// The kernel's overlay keeps what it has looked up in its lower layer, and asks for it again when it is remounted.
BOOST_AUTO_TEST_CASE(an_overlay_over_a_mount_that_moved_is_healed_by_a_remount) {
  scratch_repository changing{"mkdir d && for i in a b; do echo $i >$i; echo $i >d/$i; done && echo same >same"};
  const temp_dir dir;
  const mount lower{changing.bare().string(), {"--follow", "on-request", "-o", "allow_other"}};
  const overlay above{dir, lower.path(), "redirect_dir=on"};
  BOOST_TEST(above.in("cat a d/a same; echo mine >b; mv d moved; cat moved/b; ls absent")
             == "a\na\nsame\nb\nls: cannot access 'absent': No such file or directory\n");
  changing.commit("for i in a b absent; do echo $i-2 >$i; echo $i-2 >d/$i; done; echo new >new");
  BOOST_TEST(run_program({"refresh", lower.path().string()}).status == 0);
  const std::string before = above.in("cat a b moved/a absent new same");
  BOOST_TEST(before.find("a: Stale file handle") != std::string::npos, before);
  BOOST_TEST(before.find("absent: No such file or directory") != std::string::npos, before);
  BOOST_TEST(before.ends_with("new\nsame\n"), before);
  above.in("mount -o remount .");
  BOOST_TEST(above.in("cat a b moved/a moved/absent absent new same")
             == "a-2\nmine\na-2\nabsent-2\nabsent-2\nnew\nsame\n");
}

BOOST_AUTO_TEST_CASE(a_node_has_another_generation_in_each_mount) {
  handle first, again;
  {
    const mount m{repository().bare().string()};
    first = handle_of(m / "d1/f");
    const handle other = handle_of(m / "d2/f");
    BOOST_TEST(other.node != first.node);
    BOOST_TEST(handle_of(m / "d1/f").generation == first.generation);
  }
  const mount m{repository().bare().string()};
  again = handle_of(m / "d1/f");
  BOOST_TEST(again.node == first.node);
  BOOST_TEST(again.generation != first.generation);
}

// git reads a file again whose number has changed.
BOOST_AUTO_TEST_CASE(numbers_stay_when_neighbours_come_and_go) {
  scratch_repository changing{"mkdir d && touch d/a d/c d/e a z"};
  std::map<std::string, std::uint64_t> before;
  {
    const mount m{changing.bare().string()};
    before = numbers(m.path());
  }
  changing.commit("git rm -q d/a z && touch d/b d/d d/f b && echo another >d/c");
  const mount m{changing.bare().string()};
  for (const auto& [path, number] : numbers(m.path()))
    if (const auto known = before.find(path); known != before.end())
      BOOST_TEST(number == known->second, path);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
