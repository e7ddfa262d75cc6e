// Files that are larger than all the memory the mount may use.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(large_files)

namespace {

constexpr std::uint64_t line = 16, lines = 6'291'456; // 96 MB: at any offset it is known what has to be there
constexpr std::size_t budget = std::size_t{16} << 20;

// Beside the large file, two versions of another of which git stores one as a delta of the other.
const scratch_repository& repository() {
  static const scratch_repository made{
      // Neither tries for deltas of the largest file: that is what takes time.
      "for r in . ../root/scratch.git; do git -C $r config core.bigFileThreshold 50m; git -C $r config "
      "core.compression 1; "
      "done; "
      "seq -f %015.0f 0 "
      + std::to_string(lines - 1)
      + " >large; head -c 2000 large >small; "
        "openssl enc -aes-128-ctr -nosalt -pbkdf2 -k x -in large 2>/dev/null | head -c 30000000 >v1; "
        "{ echo more; head -c 20000000 v1; echo other; tail -c 10000001 v1; } >v2"};
  return made;
}

std::string url_or_path(const git_server& server, const std::string& from) {
  return from == "local" ? repository().bare().string() : server.url("scratch.git");
}

// In words for people who meet a failure: what was read where.
constexpr const char* reader = R"PY(
import mmap, os, random, sys
path, how = sys.argv[1:]
size, line = os.stat(path).st_size, 16
def check(data, at):
    first, last = at // line, (at + len(data) - 1) // line
    expected = ''.join('%015d\n' % n for n in range(first, last + 1)).encode()[at - first * line:][:len(data)]
    assert data == expected, 'wrong bytes at %d' % at
rng = random.Random(7)
places = [0, size - 1, size - 5000] + [rng.randrange(size - 300000) for _ in range(60)]
with open(path, 'rb') as f:
    if how == 'random':
        for at in places:
            length = min(rng.choice([1, 100, 4096, 131072, 300000]), size - at)
            check(os.pread(f.fileno(), length, at), at)
        assert os.pread(f.fileno(), 10, size) == b'' and os.pread(f.fileno(), 10, size - 4) == os.pread(f.fileno(), 4, size - 4)
    if how == 'mmap':
        with mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ) as m:
            for at in places:
                check(m[at:min(at + 20000, size)], at)
)PY";

std::string sum_of(const std::string& path) {
  return must_run("md5sum <" + path);
}

} // namespace

// Only where the mount may set it: as root, where /sys can be written to.
BOOST_AUTO_TEST_CASE(the_kernel_reads_as_much_ahead_as_a_request_can_bring) {
  const mount m{repository().bare().string()};
  struct stat root {};
  BOOST_REQUIRE(::stat(m.path().c_str(), &root) == 0);
  const std::string setting = "/sys/class/bdi/" + std::to_string(major(root.st_dev)) + ":"
                              + std::to_string(minor(root.st_dev)) + "/read_ahead_kb";
  if (::access(setting.c_str(), W_OK) != 0) {
    BOOST_TEST_MESSAGE(setting << " cannot be written to");
    return;
  }
  BOOST_TEST(must_run("cat " + setting) == "1024");
  must_run("cat " + (m / "large").string() + " >/dev/null"); // 96 MB, which at 128 KB each are 768
  BOOST_TEST(m.counter("kernel.read") < 200U);
}

BOOST_DATA_TEST_CASE(a_file_over_the_budget_is_read_in_any_way, boost::unit_test::data::make({"http", "local"}), from) {
  const git_server server{repository().root()};
  mount m{url_or_path(server, from), {"--memory", "16M"}};
  temp_dir scripts;
  const std::string large = (m / "large").string();
  must_run("cat >reader.py <<'EOF'\n" + std::string{reader} + "\nEOF", scripts.path());
  const auto read = [&](const std::string& how) {
    const auto done = run("python3 reader.py " + large + " " + how, scripts.path());
    BOOST_TEST(done.status == 0, how << ": " << done.output);
  };
  BOOST_TEST(must_run("stat -c %s " + large) == std::to_string(line * lines));
  read("random"); // first: nothing is there yet
  drop_kernel_caches();
  BOOST_TEST(sum_of(large) == sum_of((repository().work() / "large").string()));
  drop_kernel_caches();
  read("mmap");
  drop_kernel_caches();
  background one{"md5sum <" + large};
  background two{"tac " + large + " | tac | md5sum"};
  for (background* each : {&one, &two}) {
    const auto done = each->result(std::chrono::milliseconds{120'000});
    BOOST_REQUIRE(done);
    BOOST_TEST(done->output == sum_of((repository().work() / "large").string()) + "\n");
  }
  BOOST_TEST(m.counter("disk.blob_files") == line * lines); // inflated once, kept once
  BOOST_TEST(m.counter("memory.blobs") <= budget);
  // The most it ever had resident: without a bound this is the file's size and more.
  const std::string peak = must_run("awk '/VmHWM/ {print $2}' /proc/" + std::to_string(m.pid()) + "/status");
  if (!sanitized())
    BOOST_TEST(std::stoull(peak) * 1024 <= budget + (std::size_t{56} << 20), peak << " kB resident");
  m.unmount();
  BOOST_TEST(m.log().find("still accounts") == std::string::npos, m.log());
}

BOOST_DATA_TEST_CASE(a_large_delta_is_read_too, boost::unit_test::data::make({"http", "local"}), from) {
  // Seven columns: a delta.
  BOOST_REQUIRE(
      must_run("git verify-pack -v objects/pack/*.idx | awk '$2 == \"blob\" && NF == 7' | wc -l", repository().bare())
      != "0");
  const git_server server{repository().root()};
  const mount m{url_or_path(server, from), {"--memory", "8M"}};
  for (const std::string name : {"v2", "v1"})
    BOOST_TEST(sum_of((m / name).string()) == sum_of((repository().work() / name).string()));
}

BOOST_AUTO_TEST_CASE(nothing_is_left_of_it_after_a_kill) {
  temp_dir cache;
  mount m{{.source = repository().bare().string(), .options = {}, .cache_dir = cache.path()}};
  must_run("head -c 100 " + (m / "large").string() + " >/dev/null");
  BOOST_TEST(m.counter("disk.blob_files") == line * lines);
  m.kill();
  BOOST_TEST(must_run("find . -type f -size +100k", cache.path()) == "");
}

BOOST_AUTO_TEST_CASE(too_little_memory_is_refused) {
  for (const std::string bad : {"1M", "0", "8", "-1", "x", "64 M"}) {
    const auto done = run_program({"mount", "--memory", bad, repository().bare(), "/nowhere"});
    BOOST_TEST(done.status == 2);
    BOOST_TEST(done.output.find("--memory: '" + bad + "'") != std::string::npos, done.output);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
