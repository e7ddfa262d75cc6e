// What is left of packs that were arriving when their process was killed.
#include "backend/store/disk/incoming_pack.hpp"

#include "test/support/command.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <csignal>
#include <filesystem>
#include <sys/wait.h>
#include <unistd.h>

namespace gitfs::test {

namespace incoming_pack {

namespace {

struct store {
  temp_dir dir;
  std::filesystem::path objects = dir / "objects", lock = dir / "gitfs.lock";

  store() { must_run("mkdir -p objects/pack && : >gitfs.lock", dir.path()); }
  std::string left() const { return must_run("ls objects | grep -v '^pack$'; true", dir.path()); }

  /// A process that has a pack arriving.
  pid_t process() const {
    std::array<int, 2> ready{};
    BOOST_REQUIRE(::pipe(ready.data()) == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      auto one = gitfs::incoming_pack::make(objects, lock);
      (void)!::write(ready[1], one ? "y" : "n", 1);
      ::pause();
      ::_exit(0);
    }
    char made = 0;
    BOOST_REQUIRE(::read(ready[0], &made, 1) == 1);
    BOOST_REQUIRE(made == 'y');
    ::close(ready[0]);
    ::close(ready[1]);
    return child;
  }
  static void kill(pid_t child) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
  }
};

} // namespace

} // namespace incoming_pack

BOOST_FIXTURE_TEST_SUITE(incoming_pack, incoming_pack::store)

BOOST_AUTO_TEST_CASE(of_a_killed_process_it_is_removed_of_a_living_one_it_stays) {
  const pid_t first = process();
  const pid_t second = process();
  gitfs::incoming_pack::clean(objects, lock);
  BOOST_TEST(must_run("ls objects | grep -c incoming", dir.path()) == "2");
  kill(first);
  gitfs::incoming_pack::clean(objects, lock);
  BOOST_TEST(must_run("ls objects | grep -c incoming", dir.path()) == "1");
  kill(second);
  gitfs::incoming_pack::clean(objects, lock);
  BOOST_TEST(left() == "");
}

BOOST_AUTO_TEST_CASE(of_another_version_and_halves_of_packs) {
  must_run("mkdir objects/incoming-old objects/ab; touch objects/incoming-old/pack objects/tmp_object_x objects/ab/cd "
           "objects/pack/pack-a.pack objects/pack/pack-b.pack objects/pack/pack-b.idx",
           dir.path());
  gitfs::incoming_pack::clean(objects, lock);
  BOOST_TEST(left() == "ab");
  BOOST_TEST(must_run("ls objects/pack | tr '\\n' ' '", dir.path()) == "pack-b.idx pack-b.pack ");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
