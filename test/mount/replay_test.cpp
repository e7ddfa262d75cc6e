// What a real mount has recorded, replayed: equal each time; and what cannot be replayed.
#include "test/mount/replayed.hpp"
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs::test {

BOOST_FIXTURE_TEST_SUITE(replay, replayed)

namespace {

using namespace std::chrono_literals;
namespace data = boost::unit_test::data;

const std::string& walk = replayed_walk;
const int many = sanitized() ? 10 : 100;

struct way {
  const char* name;
  bool local;
  const char* modifiers;
  std::vector<std::string> options;
  std::string script;
};
std::ostream& operator<<(std::ostream& to, const way& w) {
  return to << w.name;
}

const std::vector<way> ways{
    {"a local repository", true, "", {}, walk},
    {"over http", false, "", {}, walk},
    {"without prefetch", false, "", {"-oprefetch=off"}, walk},
    {"a server without object-info", false, "noobjinfo", {}, walk},
    {"a server without filters", false, "nofilter", {}, walk},
    {"few bytes of memory", false, "", {"--memory", "16M"}, walk + "; cat large >/dev/null; " + walk},
    {"few bytes of memory, local", true, "", {"--memory", "16M"}, walk + "; cat large >/dev/null; " + walk},
    {"the end of a large file, then all of it",
     false,
     "",
     {"--memory", "16M"},
     "tail -c 1000 large | md5sum; dd if=large bs=1000 skip=7000 count=3 status=none | md5sum; md5sum large"},
    {"links", false, "", {}, "for each in folder-?/b?/l; do readlink $each; cat $each; done"},
    {"attributes",
     false,
     "",
     {"-oxattr"},
     "for each in . folder-1 folder-1/b1/f folder-1/b1/l; do getfattr -hd -m - $each; "
     "getfattr -hn user.absent $each 2>/dev/null || true; done"},
    {"a single thread", false, "", {"--threads", "1"}, walk},
    // Questions are passed over, so they must not have changed anything.
    {"asked why in between",
     false,
     "",
     {},
     "stat folder-1/b1 >/dev/null; $GITFS_BINARY why folder-1/b1/f; $GITFS_BINARY why folder-2/b2; ls -l folder-1/b1; "
     "$GITFS_BINARY why folder-1/b1/f; "
         + walk},
    {"looked up by name, from several processes",
     false,
     "",
     {},
     "for a in 1 2 3 4 5 6; do (for b in 1 2 3 4 5; do stat folder-$a/b$b/f folder-$a/b$b/g; done >/dev/null) & done; "
     "wait; cat folder-1/b1/g"},
    {"looked up by name, without object-info",
     false,
     "noobjinfo",
     {},
     "for a in 6 4 2; do stat folder-$a/b?/f folder-$a/b?/g >/dev/null; done; cat folder-2/b3/[fg]"},
    {"in no order",
     false,
     "",
     {},
     "find . -type f ! -name large | sort | shuf --random-source=/bin/sh | xargs -P4 -n15 cat | wc -c; "
     "find . -type f ! -name large | sort -r | xargs cat | wc -c"},
    {"forgotten in between",
     false,
     "",
     {},
     walk + "; cd /; " + as_root("echo 2 >/proc/sys/vm/drop_caches") + "; cd - && " + walk},
};

} // namespace

BOOST_DATA_TEST_CASE(equal_in_every_way, data::make(ways), each) {
  record(each.local ? replayed_repository().bare().string() : server.url(each.modifiers, "scratch.git"), each.options,
         each.script);
  const std::string first = equal();
  BOOST_TEST(holds(first, "replies, all as recorded"), first);
  BOOST_TEST(!first.starts_with("0 messages"), first);
  BOOST_TEST(equal() == first);
}

BOOST_DATA_TEST_CASE(what_git_would_not_write, data::make({"local", "", "noobjinfo"}), how) {
  const std::string from =
      how == std::string{"local"} ? hostile_repository().string() : fixture_server().url(how, "hostile.git");
  record(from, {}, "find . -ls >/dev/null 2>&1; grep -rq nothing-has-this . 2>/dev/null; true");
  equal();
}

// Walkers, the kernel that forgets under them, readers that are killed, a server that fails and recovers.
BOOST_AUTO_TEST_CASE(all_at_once_many_times) {
  {
    mount m{server.url("d5/rate3000000", "scratch.git"), recording()};
    const std::string there = "cd " + m.path().string() + " && ";
    background forgetter{"while sleep 0.05; do " + as_root("echo 2 >/proc/sys/vm/drop_caches") + " || exit; done"};
    std::vector<std::unique_ptr<background>> walkers(8);
    for (std::size_t i = 0; i < walkers.size(); ++i)
      walkers[i] = std::make_unique<background>(
          there + "for i in 1 2 3; do find . -ls; timeout -s KILL 0.3 cat large | wc -c; cat folder-*/b*/*; "
          + "timeout 0.2 tail -c " + std::to_string(1 + i) + "000 large; ls absent; done >/dev/null 2>&1; true");
    pause_for(200ms);
    for (int i = 0; i < 2; ++i) {
      server.answer_all_with("503");
      pause_for(300ms);
      server.answer_all_with("");
      pause_for(500ms);
    }
    for (auto& each : walkers)
      BOOST_TEST(each->result(240s).has_value());
    m.unmount();
  }
  const std::string shown = must_run("$GITFS_BINARY trace show trace", dir.path());
  for (const char* what : {" kernel_forget ", " interrupt_op", " reap_directory ", " cancel_want "})
    BOOST_TEST(holds(shown, what), what);
  const std::string text = equal(), json = equal({"--json"});
  BOOST_TEST(json.starts_with("{\"equal\":true,\"messages\":"), json);
  for (int i = 1; i < many; ++i) {
    BOOST_REQUIRE(equal() == text);
    if (i % 10 == 0)
      BOOST_REQUIRE(equal({"--json"}) == json);
  }
  BOOST_TEST_MESSAGE(text);
}

// Every error that a server can bring about, while four walk.
BOOST_AUTO_TEST_CASE(a_server_that_stays_away) {
  {
    mount m{server.url("scratch.git"), recording({"-oprefetch=off", "--connect-timeout=1", "--timeout=2"})};
    must_run("ls >/dev/null; cat folder-1/b1/f", m.path());
    server.stop();
    run("for i in 2 3 4 5; do cat folder-$i/b1/f & done; wait; ls -l folder-6/b1", m.path());
    server.start();
    must_run("cat folder-?/b1/f; ls -l folder-6/b1", m.path());
    m.unmount();
  }
  equal();
  BOOST_TEST(holds(must_run("$GITFS_BINARY trace show --message transfer_finished trace", dir.path()), "error="));
}

BOOST_AUTO_TEST_CASE(a_mount_that_was_killed) {
  {
    mount m{server.url("scratch.git"), recording()};
    must_run(walk, m.path());
    m.kill();
  }
  equal();
}

// Its process is in the middle of everything.
BOOST_AUTO_TEST_CASE(unmounted_while_it_works) {
  {
    mount m{server.url("d20/rate1000000", "scratch.git"), recording()};
    background walker{"cd " + m.path().string() + " && cat large folder-?/b?/f >/dev/null"};
    pause_for(500ms);
    must_run(as_root("umount -l " + shell_quoted(m.path().string())));
    walker.signal(9);
    m.expect_end();
  }
  equal();
}

BOOST_AUTO_TEST_CASE(torn_it_is_what_stands_before_the_tear) {
  record(server.url("scratch.git"), {"-oprefetch=off"}, walk + walk);
  const auto size = std::filesystem::file_size(trace);
  const std::uint64_t all = number_in("$GITFS_BINARY replay trace | cut -d' ' -f1");
  for (const std::uintmax_t part : {size - 1, size - size / 8, size / 2, size / 3}) {
    std::filesystem::resize_file(trace, part);
    const std::string out = equal();
    BOOST_TEST(holds(out, "ends within a block: this is what stands before"), out);
    BOOST_TEST(holds(out, " replies, all as recorded"), out);
    BOOST_TEST(number_in("$GITFS_BINARY replay trace 2>/dev/null | cut -d' ' -f1") < all, out);
  }
}

BOOST_AUTO_TEST_CASE(until_actor_and_step) {
  std::string inode;
  {
    const mount m{server.url("scratch.git"), recording({"-oprefetch=off", "--threads", "1"})};
    must_run("cat folder-1/b1/f; ls -l folder-1 >/dev/null", m.path());
    inode = must_run("stat -c %i folder-1", m.path());
  }
  BOOST_TEST(equal({"--until", "0"}).starts_with("0 messages and 0 replies, all as recorded"));
  const std::uint64_t all = number_in("$GITFS_BINARY replay trace | cut -d' ' -f1");
  BOOST_TEST(all > 10U);
  const std::uint64_t part = number_in("$GITFS_BINARY replay --until 20 trace | cut -d' ' -f1");
  BOOST_TEST(part > 0U);
  BOOST_TEST(part < all);
  BOOST_TEST(number_in("$GITFS_BINARY replay --until 99999999 trace | cut -d' ' -f1") == all);

  const std::string of_one = equal({"--actor", inode});
  BOOST_TEST(holds(of_one, " /folder-1 kernel_op "), of_one);
  BOOST_TEST(!holds(of_one, " /folder-1/b1 kernel_op "), of_one);

  const auto stepped = [&](const std::string& said, const std::string& options = "") {
    const auto done = run("printf '" + said + "' | $GITFS_BINARY replay --step " + options + " trace", dir.path());
    BOOST_TEST(done.status == 0, done.output);
    return done.output;
  };
  // The end of the input ends it, as q does.
  BOOST_TEST(holds(stepped(""), "next: "));
  BOOST_TEST(holds(stepped(""), "0 messages and 0 replies, all as recorded"));
  BOOST_TEST(holds(stepped("q\\n"), "0 messages and 0 replies, all as recorded"));
  BOOST_TEST(holds(stepped("n\\n\\nq\\n"), "2 messages and "));
  BOOST_TEST(holds(stepped("what\\nq\\n"), "go on to the next message of the same actor"));
  BOOST_TEST(holds(stepped("s\\nc\\nr\\n"), std::to_string(all) + " messages and "));
  BOOST_TEST(holds(stepped("20\\ns\\na\\nc\\nr\\n"), std::to_string(all) + " messages and "));
  const std::string theirs = stepped("s\\nr\\n", "--actor " + inode);
  BOOST_TEST(holds(theirs, " /folder-1 "), theirs);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_replayed_is_said) {
  {
    const mount m{server.url("scratch.git"), recording()};
    must_run(walk, m.path());
    BOOST_REQUIRE(run_program({"trace", "dump", "--redact", m.path().string(), (dir / "redacted").string()}).status
                  == 0);
  }
  std::filesystem::rename(dir / "redacted", trace);
  expect_error(2, "names are taken out of this trace");
  {
    const mount m{server.url("scratch.git")};
    must_run(walk, m.path());
    std::filesystem::remove(trace);
    BOOST_REQUIRE(run_program({"trace", "dump", m.path().string(), trace.string()}).status == 0);
  }
  expect_error(2, "this trace is of what a mount keeps in memory");
  std::filesystem::remove(trace);
  expect_error(2, trace.string());
  must_run(": >trace", dir.path());
  expect_error(2, "trace");
  must_run("head -c 100000 /dev/urandom >trace", dir.path());
  expect_error(2, "this is not a trace: give a file that ");
  std::filesystem::remove(trace);
  must_run("mkdir trace", dir.path());
  expect_error(2, "trace");
  BOOST_TEST(run_program({"replay"}).status != 0);
}

// Whatever is in it: an answer, and no crash. Half of them have checksums that fit.
BOOST_AUTO_TEST_CASE(damaged) {
  record(server.url("scratch.git"), {}, "ls -l folder-1/b1 >/dev/null; cat folder-2/b2/f");
  must_run("cp trace whole", dir.path());
  must_run(R"(cat >damage <<'EOF'
import random, struct, sys, zlib
rng = random.Random(int(sys.argv[1]))
data = bytearray(open('whole', 'rb').read())
for _ in range(rng.choice([1, 1, 5, 100])):
    data[rng.randrange(64, len(data))] = rng.randrange(256)
at = 32
while rng.random() < 0.5 and data[at:at + 4] == b'TBLK':
    length, = struct.unpack_from('<I', data, at + 4)
    struct.pack_into('<I', data, at + 24, zlib.crc32(data[at + 32:at + 32 + length]))
    struct.pack_into('<I', data, at + 28, zlib.crc32(data[at:at + 28]))
    at += 32 + length
    if at >= len(data):
        break
open('trace', 'wb').write(data)
EOF
)",
           dir.path());
  for (int seed = 0; seed < many; ++seed) {
    must_run("python3 damage " + std::to_string(seed), dir.path());
    const auto done = replay();
    BOOST_TEST((done.status >= 0 && done.status <= 2), seed << ": " << done.status << " " << done.output);
    BOOST_TEST(!done.output.empty(), seed);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
