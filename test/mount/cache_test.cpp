// What is kept on disk: used again, shared, and believed only as far as it can be checked.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>

namespace gitfs::test {

namespace cache {

namespace {

// Enough files that some come as packs that are kept, and some as loose objects.
const scratch_repository& repository() {
  static const scratch_repository made{
      "for d in $(seq 12); do mkdir d$d; for f in $(seq 25); do seq $d$f >d$d/f$f; done; ln -s f1 d$d/l; done; "
      "head -c 3000000 /dev/urandom >large"};
  return made;
}

const std::vector<std::string>& expected() {
  static const auto made = manifest(repository().work());
  return made;
}

struct kept {
  git_server server{repository().root()};
  temp_dir cache;
  std::string commit = repository().in_work("git rev-parse HEAD");

  mount_plan plan(const std::vector<std::string>& options = {}) const {
    return {.source = server.url("scratch.git"), .options = options, .cache_dir = cache.path()};
  }
  void fill() const {
    const mount m{plan()};
    BOOST_REQUIRE_EQUAL(difference(expected(), manifest(m.path())), "");
  }
};

} // namespace

} // namespace cache

BOOST_FIXTURE_TEST_SUITE(cache, cache::kept)

BOOST_AUTO_TEST_CASE(a_second_mount_asks_for_the_refs_alone) {
  fill();
  server.clear_requests();
  const mount m{plan()};
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
  for (const auto& each : server.requests())
    BOOST_TEST(each.command == "ls-refs");
  BOOST_TEST(server.count() == 1U);
}

BOOST_AUTO_TEST_CASE(a_second_mount_of_a_commit_asks_nothing) {
  fill();
  server.clear_requests();
  {
    const mount m{plan({"--ref", commit})};
    BOOST_TEST(difference(expected(), manifest(m.path())) == "");
  }
  BOOST_TEST(server.count() == 0U);
  server.stop();
  const mount m{plan({"--ref", commit})};
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
}

// Also what was only listed, never read: sizes are facts that stay.
BOOST_AUTO_TEST_CASE(sizes_are_kept_without_contents) {
  {
    const mount m{plan()};
    must_run("ls -lR", m.path());
  }
  server.clear_requests();
  const mount m{plan({"--ref", commit})};
  BOOST_TEST(must_run("ls -lR --time-style=+ | md5sum", m.path()) != "");
  BOOST_TEST(must_run("stat -c %s large", m.path()) == "3000000");
  BOOST_TEST(server.count() == 0U);
}

BOOST_AUTO_TEST_CASE(git_itself_can_read_it) {
  fill();
  const std::string stores = must_run("find . -name objects -type d -printf '%h\\n'", cache.path());
  BOOST_REQUIRE(!stores.empty());
  BOOST_TEST(must_run("git -C " + stores + " cat-file blob " + commit + ":d3/f4 | md5sum", cache.path())
             == must_run("md5sum <d3/f4", repository().work()));
  BOOST_TEST(run("git -C " + stores + " fsck --full --connectivity-only " + commit, cache.path()).status == 0);
}

BOOST_DATA_TEST_CASE(what_is_damaged_is_fetched_again,
                     boost::unit_test::data::make({"flip-middle", "flip-start", "cut", "empty", "garbage", "remove"}),
                     how) {
  fill();
  must_run("python3 - " + std::string{how} + R"PY( <<'EOF'
import os, sys
for folder, _, files in os.walk('.'):
    for name in files:
        path = os.path.join(folder, name)
        if '/objects/' not in path:
            continue
        data = bytearray(open(path, 'rb').read())
        os.chmod(path, 0o644)
        how = sys.argv[1]
        if how == 'remove':
            os.unlink(path)
            continue
        if how == 'flip-middle' and data: data[len(data) // 2] ^= 0xff
        if how == 'flip-start' and data: data[0] ^= 0xff
        if how == 'cut': del data[len(data) // 2:]
        if how == 'empty': data.clear()
        if how == 'garbage': data[:] = os.urandom(len(data))
        open(path, 'wb').write(data)
EOF
)PY",
           cache.path());
  const mount m{plan()};
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
  drop_kernel_caches();
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
}

// But for the two files that mark the folders as ours: without them they are somebody else's.
BOOST_AUTO_TEST_CASE(damage_to_everything_else_in_it_is_no_error_either) {
  fill();
  must_run("find . -type f -not -path '*/objects/*' -not -name CACHEDIR.TAG -not -name config -exec sh -c 'echo "
           "garbage >\"$1\"' _ {} \\;",
           cache.path());
  const mount m{plan()};
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
}

BOOST_AUTO_TEST_CASE(several_mounts_share_it_at_once) {
  const mount one{plan()};
  const mount two{plan()};
  const mount three{plan({"--ref", commit})};
  std::string walk;
  for (const mount* m : {&one, &two, &three})
    walk += "(cd " + m->path().string() + " && find . -type f -exec md5sum {} + | sort | md5sum) & ";
  background walkers{walk + "wait"};
  const auto done = walkers.result(std::chrono::milliseconds{120'000});
  BOOST_REQUIRE(done);
  const std::string sum =
      must_run("find . -type f -not -path './.git/*' -exec md5sum {} + | sort | md5sum", repository().work()) + "\n";
  BOOST_TEST(done->output == sum + sum + sum);
}

BOOST_AUTO_TEST_CASE(a_mount_that_was_killed_leaves_a_cache_that_works) {
  for (int round = 0; round < 5; ++round) {
    mount m{plan()};
    background reader{"find " + m.path().string() + " -type f -exec cat {} + >/dev/null"};
    pause_for(std::chrono::milliseconds{30 * round});
    m.kill();
    BOOST_TEST(reader.result().has_value());
  }
  const mount m{plan()};
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
}

BOOST_AUTO_TEST_CASE(a_cache_that_cannot_be_written_is_refused_with_the_reason) {
  must_run("touch file", cache.path());
  const auto done = run_program({"mount", "--cache-dir", cache / "file", server.url("scratch.git"), cache / "mnt"});
  BOOST_TEST(done.status == 1);
  BOOST_TEST(done.output.find((cache / "file").string()) != std::string::npos, done.output);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
