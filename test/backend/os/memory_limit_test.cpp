// Control groups as they are seen on a host, in a container with a namespace of its own, and in none.
#include "backend/os/memory_limit.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(memory_limit)

namespace {

// A process of its own /proc and /sys/fs/cgroup.
struct process {
  temp_dir dir;

  void write(const std::string& file, const std::string& text) const {
    std::filesystem::create_directories((dir / file).parent_path());
    std::ofstream{dir / file} << text;
  }
  // `root`: the group that the mount shows; version 2 at groups/, version 1 at v1/.
  void is_in(const std::string& groups, const std::string& root = "/") const {
    write("cgroup", groups);
    write("mountinfo", "25 1 0:20 / / rw - ext4 /dev/sda rw\n"
                       "30 25 0:26 "
                           + root + " " + (dir / "groups").string()
                           + " rw,nosuid shared:4 - cgroup2 cgroup2 rw\n"
                             "31 25 0:27 / "
                           + (dir / "cpu").string()
                           + " rw - cgroup cgroup rw,cpu\n"
                             "32 25 0:28 "
                           + root + " " + (dir / "v1").string() + " rw - cgroup cgroup rw,memory\n");
  }
  std::uint64_t limit() const { return gitfs::memory_limit(dir.path()); }
};

constexpr std::uint64_t mib = 1U << 20;

} // namespace

BOOST_FIXTURE_TEST_CASE(without_groups_it_is_the_machine_s, process) {
  const std::uint64_t machine = limit();
  BOOST_TEST(machine > 64 * mib);
  is_in("0::/user/shell\n");
  write("groups/user/shell/memory.max", "max\n");
  BOOST_TEST(limit() == machine);
}

BOOST_FIXTURE_TEST_CASE(the_least_of_a_group_and_those_above, process) {
  is_in("4:memory:/\n0::/user/shell\n");
  write("groups/user/shell/memory.max", "50331648\n");
  write("groups/user/shell/memory.high", "max\n");
  BOOST_TEST(limit() == 48 * mib);
  write("groups/user/memory.high", "33554432\n");
  BOOST_TEST(limit() == 32 * mib);
  write("groups/memory.max", "16777216\n");
  BOOST_TEST(limit() == 16 * mib);
}

BOOST_FIXTURE_TEST_CASE(version_1, process) {
  is_in("5:cpu,cpuacct:/x\n4:memory:/docker/1\n0::/\n");
  write("v1/docker/1/memory.limit_in_bytes", "9223372036854771712\n");
  write("v1/docker/memory.limit_in_bytes", "67108864\n");
  BOOST_TEST(limit() == 64 * mib);
}

// A bind mount shows the container's group alone; /proc/self/cgroup names it from the host's root.
BOOST_FIXTURE_TEST_CASE(a_group_that_is_the_root_of_what_is_seen, process) {
  is_in("4:memory:/docker/1\n0::/docker/1\n", "/docker/1");
  write("v1/memory.limit_in_bytes", "67108864\n");
  write("groups/memory.max", "50331648\n");
  BOOST_TEST(limit() == 48 * mib);
}

BOOST_FIXTURE_TEST_CASE(a_group_outside_the_namespace, process) {
  is_in("0::/../other\n");
  write("groups/memory.max", "50331648\n");
  BOOST_TEST(limit() == 48 * mib);
}

BOOST_FIXTURE_TEST_CASE(what_is_no_table_limits_nothing, process) {
  const std::uint64_t machine = limit();
  write("cgroup", "0:\n::\nnonsense");
  write("mountinfo", "\n - \n1 2 3\n30 25 0:26 / " + (dir / "groups").string() + " rw - cgroup2\n");
  write("groups/memory.max", "lots\n");
  BOOST_TEST(limit() == machine);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
