// A cache that is smaller than what is read through it, and the commands that look after one.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>
#include <string>

namespace gitfs::test {

namespace quota {

namespace {

constexpr std::uint64_t megabyte = 1 << 20;

std::uint64_t disk_use(const std::filesystem::path& folder) {
  return std::stoull(must_run("du -s -B1 . 2>/dev/null | cut -f1", folder)); // a file may go while du looks
}

program_result cache_command(const std::string& action, const std::filesystem::path& cache,
                             const std::vector<std::string>& more = {}) {
  std::vector<std::string> words{"cache", action, "--cache-dir", cache.string()};
  words.insert(words.end(), more.begin(), more.end());
  return run_program(words);
}

/// 60 MB that do not deflate, in 200 files, and small text.
const scratch_repository& repository() {
  static const scratch_repository made{
      // Looking for deltas between random files is what takes time.
      "for r in . ../root/scratch.git; do git -C $r config pack.window 0; git -C $r config core.compression 1; done; "
      "for d in $(seq 20); do mkdir d$d; for f in $(seq 10); do head -c 300000 /dev/urandom >d$d/f$f; "
      "seq $d$f >d$d/s$f; done; done"};
  return made;
}

const std::vector<std::string>& expected() {
  static const auto made = manifest(repository().work());
  return made;
}

struct limited {
  git_server server{repository().root()};
  temp_dir cache;

  mount_plan plan(const std::string& size) const {
    return {.source = server.url("scratch.git"), .options = {"--cache-size", size}, .cache_dir = cache.path()};
  }
  bool settles_within(std::uint64_t bytes) const {
    return eventually([&] { return disk_use(cache.path()) <= bytes; }, std::chrono::milliseconds{60'000});
  }
};

} // namespace

} // namespace quota

BOOST_FIXTURE_TEST_SUITE(quota, quota::limited)

BOOST_AUTO_TEST_CASE(everything_can_be_read_through_a_cache_that_is_too_small) {
  const mount m{plan("10M")};
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(difference(expected(), manifest(m.path())) == "");
    BOOST_TEST(settles_within(10 * megabyte));
    drop_kernel_caches();
  }
  BOOST_TEST(m.counter("store.evicted_objects") > 100U);
  BOOST_TEST(m.counter("store.evicted_bytes") > 40 * megabyte);
}

// What is evicted at the very moment in which it is read.
BOOST_AUTO_TEST_CASE(readers_see_no_error_while_the_cache_is_emptied_again_and_again) {
  const mount one{plan("1M")};
  const mount two{plan("1M")};
  const std::string binary = std::getenv("GITFS_BINARY");
  background evictor{"while :; do find " + cache.path().string()
                     + " -path '*objects/*' -type f -exec touch -d 2020-01-01 {} + 2>/dev/null; " + binary
                     + " cache gc --cache-size 1M --cache-dir " + cache.path().string()
                     + " >/dev/null || exit 1; done"};
  std::string walk;
  for (const mount* m : {&one, &two})
    walk += "(cd " + m->path().string()
            + " && tar -cf - --sort=name . | md5sum && ls -lR >/dev/null && for d in d*; do cat $d/* "
              "| md5sum; done) & ";
  background readers{"for i in 1 2 3; do " + walk + " wait; done"};
  const auto done = readers.result(std::chrono::milliseconds{300'000});
  BOOST_REQUIRE(done);
  BOOST_TEST(done->output.find("error") == std::string::npos, done->output);
  BOOST_TEST(done->output.find("No such") == std::string::npos, done->output);
  BOOST_TEST(evictor.running());
  evictor.signal(SIGTERM);
  for (const mount* m : {&one, &two})
    BOOST_TEST(difference(expected(), manifest(m->path())) == "");
}

BOOST_AUTO_TEST_CASE(the_awkward_repository) {
  temp_dir own;
  mount m{
      {.source = fixture_server().url(awkward_name()), .options = {"--cache-size", "16M"}, .cache_dir = own / "cache"}};
  must_run("mkdir out && tar -cf - -C " + shell_quoted(m.path().string()) + " . | tar -xpf - -C out", own.path());
  BOOST_TEST(difference(awkward_manifest(), manifest(own / "out")) == "");
  BOOST_TEST(eventually([&] { return disk_use(own / "cache") <= 24 * megabyte; }, std::chrono::milliseconds{60'000}),
             disk_use(own / "cache"));
}

BOOST_AUTO_TEST_CASE(info_gc_and_verify_work_while_a_mount_is_used) {
  const mount m{plan("200M")};
  must_run("cat d1/* d2/* d3/* >/dev/null", m.path());
  const auto info = cache_command("info", cache.path());
  BOOST_TEST(info.status == 0);
  BOOST_TEST(info.output.find(server.url("scratch.git")) != std::string::npos, info.output);
  BOOST_TEST(info.output.find("of at most 200M in 1 repository") != std::string::npos, info.output);
  const auto json = cache_command("info", cache.path(), {"--json"});
  BOOST_TEST(must_run("python3 -c 'import json,sys; c = json.loads(sys.argv[1]); r = c[\"repositories\"][0]; print(c["
                      "\"cache_size\"], r[\"objects\"] > 30, r[\"source\"])' "
                      + shell_quoted(json.output))
             == "209715200 True " + server.url("scratch.git"));
  const auto gc = cache_command("gc", cache.path());
  BOOST_TEST(gc.status == 0);
  BOOST_TEST(gc.output.find("evicted   0 objects") != std::string::npos, gc.output);
  BOOST_TEST(gc.output.find("loose objects into 1 packs") != std::string::npos, gc.output);
  const auto verify = cache_command("verify", cache.path());
  BOOST_TEST(verify.status == 0, verify.output);
  BOOST_TEST(verify.output.find("none is damaged") != std::string::npos, verify.output);
  drop_kernel_caches();
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
  const std::string pack = must_run("ls -S */objects/pack/*.pack | head -1", cache.path());
  must_run("chmod u+w " + pack + " && printf xyzxyz | dd of=" + pack + " bs=1 seek=20000 conv=notrunc status=none",
           cache.path());
  const auto found = cache_command("verify", cache.path());
  BOOST_TEST(found.status == 1);
  BOOST_TEST(found.output.find("quarantine") != std::string::npos, found.output);
  BOOST_TEST(cache_command("verify", cache.path()).status == 0);
  drop_kernel_caches();
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
}

BOOST_AUTO_TEST_CASE(what_is_no_cache_is_refused_with_the_reason) {
  must_run("mkdir full; touch full/file", cache.path());
  for (const char* action : {"info", "gc", "verify"}) {
    const auto none = cache_command(action, cache / "nothing");
    BOOST_TEST(none.status == 1);
    BOOST_TEST(none.output.find("there is no cache folder " + (cache / "nothing").string()) != std::string::npos,
               none.output);
    const auto other = cache_command(action, cache / "full");
    BOOST_TEST(other.status == 1);
    BOOST_TEST(other.output.find("is not a cache of gitfs-actor") != std::string::npos, other.output);
  }
  BOOST_TEST(cache_command("gcc", cache.path()).status == 2);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
