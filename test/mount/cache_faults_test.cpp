// The cache is never needed: a disk that is full, read-only, gone, limited or damaged costs what was kept, and nothing
// else.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/rounds.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <sstream>
#include <string>

namespace gitfs::test {

namespace cache_faults {

namespace {

// Packs that are kept, loose objects, a blob that is never whole in memory, and more of all than one megabyte.
const scratch_repository& repository() {
  static const scratch_repository made{
      "for d in $(seq 8); do mkdir d$d; for f in $(seq 60); do seq $d$f >d$d/f$f; done; done; "
      "head -c 3000000 /dev/urandom >large; mkdir huge; head -c 20000000 /dev/urandom >huge/one; "
      "(cat huge/one; seq 1000) >huge/two"};
  return made;
}

/// A script that prints one sum of all files of the folder in which it runs.
constexpr const char* sum_of_all = "find . -type f -not -path './.git/*' -exec md5sum {} + | sort | md5sum";

const std::string& expected() {
  static const std::string sum = must_run(sum_of_all, repository().work());
  return sum;
}

struct served {
  git_server server{repository().root()};
  temp_dir dir;

  served() { must_run("mkdir cache mnt", dir.path()); }

  /// Runs a script in a mount namespace of its own, in the folder, with `$mount` to mount the repository with the
  /// folder `cache`, and `same` to compare everything. What it prints.
  std::string in_namespace(const std::string& script) const {
    const std::string prelude =
        without_mounts_of_others() + "cd " + shell_quoted(dir.path()) + "; trap 'umount -l mnt 2>/dev/null || :' EXIT; "
        + "forget() { sync; echo 3 >/proc/sys/vm/drop_caches; }; " + "same() { [ \"$(cd mnt && " + sum_of_all
        + ")\" = '" + expected() + "' ] || { echo \"$1: wrong\"; cat log; exit 1; }; }; "
        + "mount_it() { $GITFS_BINARY mount --cache-dir $PWD/cache --log-file $PWD/log --log-level=debug \"$@\" "
        + shell_quoted(server.url("scratch.git")) + " mnt >said; }; "
        + "freeze() { for i in $(seq 100); do mount -o remount,ro $1 2>/dev/null && return; sleep 0.1; done; fuser -vm "
          "$1; return 1; }; end_it() { $GITFS_BINARY unmount mnt; }; "
        + "trouble() { $GITFS_BINARY status --json mnt | python3 -c 'import json, sys; s = json.load(sys.stdin); "
          "print((s[0] if isinstance(s, list) else s.get(\"mounts\", [s])[0])[\"cache_trouble\"])'; }; ";
    return must_run(as_root("unshare -m --propagation private bash -ec " + shell_quoted(prelude + script)));
  }
  std::string log() const { return must_run("cat log", dir.path()); }
};

/// The program, which is beside this one.
std::string failing_disk() {
  return shell_quoted(std::filesystem::read_symlink("/proc/self/exe").parent_path() / "failing_disk");
}

constexpr const char* not_written = "nothing is written to the cache";
constexpr const char* again = "is written to again";

} // namespace

} // namespace cache_faults

BOOST_FIXTURE_TEST_SUITE(cache_faults, cache_faults::served)

BOOST_AUTO_TEST_CASE(a_disk_of_one_megabyte) {
  in_namespace("mount -t tmpfs -o size=1m none cache; mount_it; same once; forget; same again; end_it; "
               "mount_it; same remounted; end_it");
  BOOST_TEST(times(log(), not_written) >= 1U);
  BOOST_TEST(times(log(), "[error]") == 0U, log());
}

BOOST_AUTO_TEST_CASE(a_disk_that_has_no_room_at_all) {
  const std::string said =
      in_namespace("mount -t tmpfs -o size=200k none cache; head -c 1m /dev/zero >cache/full 2>/dev/null || :; "
                   "mkdir cache/in 2>/dev/null || :; rm -rf cache/in; mv cache/full full; rm -f full; "
                   "mount_it --cache-min-free 100M; same once; trouble; end_it");
  BOOST_TEST(holds(said, "100M is to stay free"), said);
  BOOST_TEST(times(log(), not_written) == 1U);
}

// What takes room for as long as it is open, as large files that are being read, does not go: what is kept does.
BOOST_AUTO_TEST_CASE(older_objects_go_before_the_reserve) {
  in_namespace(
      "mount -t tmpfs -o size=200m none cache; mount_it --cache-min-free 150M; same once; sleep 5; "
      "cat mnt/d1/* >/dev/null; kept() { du -sm cache | cut -f1; }; for i in $(seq 600); do [ $(kept) -le 24 ] "
      "&& break; sleep 0.1; done; [ $(kept) -le 24 ] || { df cache; du -a cache; exit 1; }; "
      "forget; same again; end_it");
}

BOOST_AUTO_TEST_CASE(a_disk_that_becomes_read_only_and_then_not) {
  const std::string said = in_namespace(
      "mount -t tmpfs -o size=200m none cache; mount_it; cat mnt/d1/* >/dev/null; freeze cache; same "
      "once; "
      "trouble; mount -o remount,rw cache; for i in $(seq 60); do forget; rm -rf cache/*/objects/??; cat mnt/d1/f$i "
      ">/dev/null; [ -n \"$(trouble)\" ] || break; sleep 0.5; done; [ -z \"$(trouble)\" ]; forget; same again; end_it");
  BOOST_TEST(holds(said, "Read-only file system"), said);
  BOOST_TEST(times(log(), not_written) == 1U);
  BOOST_TEST(times(log(), again) == 1U);
}

BOOST_AUTO_TEST_CASE(a_read_only_cache_is_read_and_a_mount_starts_without_one) {
  const std::string said = in_namespace(
      "mount -t tmpfs -o size=200m none cache; mount_it; cat mnt/d1/* >/dev/null; end_it; freeze cache; "
      "mount_it; same full; end_it; umount cache; mount -t tmpfs -o ro none cache; mount_it; same empty; end_it");
  BOOST_TEST(times(log(), not_written) >= 1U, said);
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_removed_while_it_is_mounted) {
  in_namespace("mount_it; cat mnt/d1/* >/dev/null; rm -rf cache; forget; same once; [ -d cache ]; ls cache/*/objects "
               ">/dev/null; rm -rf cache/*; forget; same again; end_it; mount_it; same remounted; end_it");
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_removed_and_cannot_be_made_again) {
  in_namespace("mkdir below; mount -t tmpfs -o size=100m none below; mkdir below/cache; rmdir cache; ln -s below/cache "
               "cache; mount_it; cat mnt/d1/* >/dev/null; rm -rf below/cache; touch below/cache; forget; same "
               "once; end_it; umount below");
}

BOOST_AUTO_TEST_CASE(a_limit_of_the_size_of_files) {
  in_namespace("(ulimit -f 64; mount_it); same once; forget; same again; end_it");
  BOOST_TEST(times(log(), not_written) <= 1U); // the log, too, may not grow beyond it
}

BOOST_AUTO_TEST_CASE(a_disk_that_answers_with_errors) {
  in_namespace("mkdir -p real/cache disk; " + failing_disk()
               + " $PWD/real $PWD/disk; trap 'umount -l mnt disk 2>/dev/null || :' EXIT; "
                 "rmdir cache; ln -s disk/cache cache; mount_it -o prefetch=off; cat mnt/d1/f1 mnt/d1/f2 >/dev/null; "
                 "cat mnt/d2/f? >/dev/null; "
                 "touch real.fail-writes; forget; same writes; trouble >with; grep -q 'Input/output error' with; "
                 "touch real.fail-reads; forget; same both; end_it; mount_it; same started; end_it; "
                 "rm real.fail-*; mount_it; same well; [ -z \"$(trouble)\" ]; end_it; umount disk");
}

// The disk has room and says so: only the error tells that the user has none.
BOOST_AUTO_TEST_CASE(a_quota_that_is_exceeded_is_want_of_room) {
  in_namespace("mkdir -p real/cache disk; " + failing_disk()
               + " $PWD/real $PWD/disk; trap 'umount -l mnt disk 2>/dev/null || :' EXIT; "
                 "rmdir cache; ln -s disk/cache cache; mount_it -o prefetch=off; cat mnt/d?/f1* >/dev/null; sleep 3; "
                 "rm -f real/cache/maintenance.lock; "
                 "echo "
               + std::to_string(EDQUOT)
               + " >real.fail-writes; forget; same once; trouble >with; grep -q 'quota' with; "
                 "evicted() { $GITFS_BINARY stats mnt | sed -n 's/^store.evicted_objects //p'; }; "
                 "for i in $(seq 300); do [ $(evicted) = 0 ] || break; sleep 0.1; done; [ $(evicted) != 0 ]; "
                 "rm real.fail-writes; for i in $(seq 300); do [ -n \"$(trouble)\" ] || break; sleep 0.1; done; "
                 "[ -z \"$(trouble)\" ]; forget; same again; end_it; umount disk");
  BOOST_TEST(times(log(), not_written) == 1U);
  BOOST_TEST(times(log(), again) == 1U);
}

// Beside a mount that shares the cache and stays.
BOOST_AUTO_TEST_CASE(sigkill_while_it_reads) {
  const auto plan = [&] { return mount_plan{.source = server.url("scratch.git"), .cache_dir = dir / "cache"}; };
  const std::string files = "find . -type f -print0 | shuf -z --random-source=<(yes ";
  const auto unfinished = [&] { return must_run("find . -name 'incoming-*'", dir / "cache"); };
  std::mt19937 random{29};
  std::unique_ptr<mount> neighbour;
  for (unsigned round = 0; round < rounds(2); ++round) {
    if (round % 2 == 0) { // cold, and then warm or half of it
      neighbour.reset();
      std::filesystem::remove_all(dir / "cache");
      neighbour = std::make_unique<mount>(plan());
    }
    {
      mount killed{plan()};
      const background reader{"cd " + shell_quoted(killed.path()) + " && " + files + std::to_string(random())
                              + ") | xargs -0 -n 20 -P 3 cat >/dev/null 2>&1"};
      const background beside{"cat " + shell_quoted(*neighbour / "d3") + "/* >/dev/null"};
      pause_for(std::chrono::milliseconds{random() % 4 == 0 ? 0 : random() % 500});
      killed.kill();
    }
    drop_kernel_caches();
    const auto same = [&](const mount& m) {
      BOOST_TEST_REQUIRE(must_run(sum_of_all, m.path()) == expected(), "round " << round << "\n" << m.log());
    };
    if (round % 2 != 0)
      same(*neighbour);
    same(mount{plan()}); // as it starts with what was left
    const auto upkeep = run_program({"cache", "gc", "--cache-dir", dir / "cache"});
    BOOST_TEST_REQUIRE(upkeep.status == 0, upkeep.output);
    BOOST_TEST_REQUIRE(unfinished() == "", "round " << round);
  }
}

// Of each kind: packs, indexes, loose objects, tables, configuration, what was learned of servers. Locks are empty.
BOOST_AUTO_TEST_CASE(bit_flips_in_any_file_while_it_is_mounted) {
  std::mt19937 random{23};
  std::set<std::string> flipped;
  for (unsigned round = 0; round < rounds(6); ++round) {
    const mount m{{.source = server.url("scratch.git"), .cache_dir = dir / "cache"}};
    must_run("cat d1/* d2/* large | md5sum; ls -lR", m.path());
    std::istringstream kinds{must_run("python3 - " + std::to_string(random()) + R"PY( <<'EOF'
import os, random, sys
random.seed(int(sys.argv[1]))
def kind_of(path):
    if '/shown-times/' in path or '/quarantine/' in path:
        return path.split('/')[-2]
    return 'loose' if '/objects/' in path and '/pack/' not in path else os.path.splitext(path)[1] or os.path.basename(path)
files = sorted(os.path.join(f, n) for f, _, names in os.walk('.') for n in names)
files = [f for f in files if os.path.getsize(f) and not os.path.islink(f)]
for kind in sorted({kind_of(f) for f in files}):
    print(kind)
    path = random.choice([f for f in files if kind_of(f) == kind])
    os.chmod(path, 0o644)
    with open(path, 'r+b') as file:
        for _ in range(random.choice([1, 1, 8, 64])):
            at = random.randrange(os.path.getsize(path))
            file.seek(at)
            byte = file.read(1)[0]
            file.seek(at)
            file.write(bytes([byte ^ 1 << random.randrange(8)]))
EOF
)PY",
                                      dir / "cache")};
    for (std::string kind; kinds >> kind;)
      flipped.insert(kind);
    drop_kernel_caches();
    BOOST_TEST_REQUIRE(must_run(sum_of_all, m.path()) == expected(), "round " << round << "\n" << m.log());
    must_run("ls -lR", m.path());
  }
  for (const char* kind :
       {"loose", ".pack", ".idx", ".table", "config", "HEAD", ".json", "shown-times", ".TAG", "cache-size"})
    BOOST_TEST(flipped.contains(kind), kind);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
