// A mount of more than its memory holds.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(memory)

namespace {

constexpr std::uint64_t listings_limit = std::uint64_t{4} << 20; // of --memory 8M

// 60,000 entries take more than that.
const scratch_repository& repository() {
  static const scratch_repository made{
      "python3 -c 'import os\nfor d in range(400):\n  os.makedirs(\"d%d/deep/er\" % d)\n  for f in range(150):\n"
      "    open(\"d%d/%sfile-%d\" % (d, (\"\", \"deep/\", \"deep/er/\")[f % 3], f), \"w\").write(str(f % 7))'; "
      "seq 100000 >d7/large"};
  return made;
}

std::string walk(const mount& m) {
  return must_run("find . -printf '%p %y %s %i\\n' | sort | md5sum", m.path());
}

} // namespace

BOOST_AUTO_TEST_CASE(listings_stay_within_their_share_and_are_the_same_when_they_come_back) {
  const mount small{repository().bare(), {"--memory", "8M"}}, large{repository().bare()};
  for (int round = 0; round < 3; ++round)
    BOOST_TEST(walk(small) == walk(large));
  BOOST_TEST(large.counter("memory.listings") > listings_limit); // else this tests nothing
  BOOST_TEST(eventually([&] { return small.counter("memory.listings") <= listings_limit + listings_limit / 2; }));
  BOOST_TEST(small.counter("kernel.forget") > 0U);
}

// What the kernel is asked to forget is in use here: as a working directory, as its ancestors, as an open file, below a
// mount, and as a mapped program.
BOOST_AUTO_TEST_CASE(what_is_in_use_is_not_disturbed) {
  const mount m{repository().bare(), {"--memory", "8M"}};
  const temp_dir signs;
  const std::string go = (signs / "go").string(), ready = (signs / "ready").string(), root = m.path().string();
  const std::string wait = "while [ ! -e " + go + " ]; do sleep 0.05; done; ";
  background inside{"cd " + root + "/d7/deep/er && exec 5<../../large && touch " + ready + "1; " + wait
                    + "/bin/pwd -P; readlink /proc/$$/cwd; ls | wc -l; stat -c %n file-2; readlink /proc/$$/fd/5; "
                      "md5sum <&5; cd ..; /bin/pwd -P; cd ..; /bin/pwd -P; ls -d deep/er/file-5"};
  background above{"unshare -m bash -c "
                   + shell_quoted(without_mounts_of_others(root) + "mount -t tmpfs none " + root + "/d9/deep && touch "
                                  + root + "/d9/deep/mine && touch " + ready + "2; " + wait + "ls " + root
                                  + "/d9/deep; cd " + root + "/d9/deep && /bin/pwd -P")};
  BOOST_REQUIRE(
      eventually([&] { return std::filesystem::exists(ready + "1") && std::filesystem::exists(ready + "2"); }));
  const std::string before = walk(m);
  for (int round = 0; round < 4; ++round)
    BOOST_TEST(walk(m) == before);
  BOOST_TEST(m.counter("kernel.forget") > 100'000U); // nearly everything, again and again
  must_run("touch " + go);
  const std::string er = root + "/d7/deep/er";
  const auto told = inside.result();
  BOOST_REQUIRE(told);
  BOOST_TEST(told->output
             == er + "\n" + er + "\n50\nfile-2\n" + root + "/d7/large\n"
                    + must_run("md5sum <d7/large", repository().work()) + "\n" + root + "/d7/deep\n" + root
                    + "/d7\ndeep/er/file-5\n");
  const auto mounted = above.result();
  BOOST_REQUIRE(mounted);
  BOOST_TEST(mounted->output == "mine\n" + root + "/d9/deep\n");
}

BOOST_AUTO_TEST_CASE(contents_are_given_back_when_nobody_reads) {
  const mount m{repository().bare()};
  must_run("head -c 1000 d7/large >/dev/null", m.path());
  BOOST_TEST(m.counter("memory.blobs") > 500'000U);
  BOOST_TEST(eventually([&] { return m.counter("memory.blobs") == 0U; }));
  BOOST_TEST(must_run("md5sum <d7/large", m.path()) == must_run("md5sum <d7/large", repository().work()));
}

BOOST_AUTO_TEST_CASE(nothing_is_accounted_for_at_the_end) {
  mount m{repository().bare()};
  (void)walk(m);
  must_run("cat d7/large d8/file-0 >/dev/null", m.path());
  m.unmount();
  BOOST_TEST(m.log().find("still accounts") == std::string::npos, m.log());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
