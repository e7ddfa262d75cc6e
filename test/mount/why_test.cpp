// gitfs-actor why: what has brought a file of a real mount.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace gitfs::test {

namespace why {

namespace {

struct served {
  scratch_repository repository{"for a in 1 2 3 4; do mkdir -p folder-$a; for b in 1 2 3 4 5 6 7 8 9; do "
                                "echo $a $b >folder-$a/file-$b; done; done; ln -s folder-1/file-1 link"};
  git_server server{repository.root()};
  temp_dir dir;

  std::string object(const std::string& path) const { return repository.in_work("git rev-parse HEAD:" + path); }
};

// A file can be read a moment before the end of its transfer is on record.
program_result explained(const std::filesystem::path& path, const std::vector<std::string>& options = {}) {
  std::vector<std::string> words{"why", path.string()};
  words.insert(words.end(), options.begin(), options.end());
  program_result out;
  eventually([&] {
    out = run_program(words);
    return out.output.find("\non its way ") == std::string::npos;
  });
  return out;
}

#define TELLS(done, part) BOOST_TEST(holds((done).output, part), (done).output)

} // namespace

} // namespace why

BOOST_FIXTURE_TEST_SUITE(why, why::served)

BOOST_AUTO_TEST_CASE(a_file_that_was_read) {
  const mount m{server.url("scratch.git")};
  must_run("ls folder-2; cat folder-2/file-3", m.path());
  const auto done = explained(m / "folder-2/file-3");
  BOOST_TEST(done.status == 0);
  TELLS(done, "blob " + object("folder-2/file-3") + "\ncame at ");
  TELLS(done, "op=read");
  TELLS(done, "so it was wanted by /folder-2\n");
  TELLS(done, " transfer_finished ");
}

BOOST_AUTO_TEST_CASE(files_that_came_ahead_of_a_reader) {
  const mount m{server.url("scratch.git")};
  must_run("cat folder-*/*", m.path());
  const auto done = explained(m / "folder-4/file-9");
  TELLS(done, "so it was wanted ahead of a reader (contents)\n");
  TELLS(done, " kernel_request ");
  TELLS(done, "with it came ");
}

// Asking must not be what fetches it.
BOOST_AUTO_TEST_CASE(a_file_that_nobody_needed) {
  const mount m{server.url("scratch.git")};
  must_run("ls folder-1", m.path());
  for (int i = 0; i < 2; ++i) {
    const auto done = explained(m / "folder-3/file-1");
    BOOST_TEST(done.status == 0);
    TELLS(done, "it is not on this machine: nothing has needed its contents so far");
  }
}

BOOST_AUTO_TEST_CASE(folders_and_links) {
  const mount m{server.url("scratch.git"), {"--trees-ahead", "0"}};
  must_run("ls folder-1; readlink link", m.path());
  auto done = explained(m / "folder-1");
  TELLS(done, "tree " + object("folder-1") + "\ncame at ");
  done = explained(m / "link");
  TELLS(done, "blob (of a symbolic link) ");
  TELLS(done, "so it was wanted by /\n");
  BOOST_TEST(!holds(done.output, "also wanted"), done.output);
  done = explained(m.path());
  TELLS(done, "came with the commit, when the mount was made");
}

BOOST_AUTO_TEST_CASE(what_was_stored_before_and_the_trace_that_knows) {
  const mount first{mount_plan{server.url("scratch.git"), {"--trace", (dir / "trace").string()}, dir / "cache"}};
  must_run("ls folder-2; cat folder-2/file-3", first.path());
  // Another mount of the same cache has fetched nothing.
  const mount second{mount_plan{server.url("scratch.git"), {}, dir / "cache"}};
  must_run("cat folder-2/file-3", second.path());
  TELLS(explained(second / "folder-2/file-3"), "this mount has not fetched it: it was stored before");
}

BOOST_AUTO_TEST_CASE(a_trace_of_a_mount_that_has_ended) {
  {
    const mount m{mount_plan{server.url("scratch.git"), {"--trace", (dir / "trace").string()}, dir / "cache"}};
    must_run("ls folder-2; cat folder-2/file-3", m.path());
  }
  const mount m{mount_plan{server.url("scratch.git"), {}, dir / "cache"}};
  const auto done = explained(m / "folder-2/file-3", {"--trace", dir / "trace"});
  TELLS(done, "in the trace of another mount (process ");
  TELLS(done, "so it was wanted by /folder-2\n");
}

// What memory no longer holds, the file does.
BOOST_AUTO_TEST_CASE(a_ring_that_has_gone_on) {
  const mount m{server.url("scratch.git"),
                {"--trace", dir / "trace", "--trace-memory", "4K", "--threads", "1", "-oxattr"}};
  must_run("ls folder-2; cat folder-2/file-3", m.path());
  must_run("python3 -c '\nimport os\nfor i in range(20000): os.listxattr(\"folder-2/file-3\")'", m.path());
  const auto without = explained(m / "folder-2/file-3");
  TELLS(without, "--trace FILE");
  const auto with = explained(m / "folder-2/file-3", {"--trace", dir / "trace"});
  TELLS(with, "so it was wanted by /folder-2\n");
  BOOST_TEST(!holds(with.output, "of another mount"), with.output);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_told) {
  const mount m{server.url("scratch.git"), {"--trace-memory", "0"}};
  const auto none = explained(m / "folder-1/file-1");
  BOOST_TEST(none.status == 1);
  TELLS(none, "records nothing (--trace-memory 0): name the file of its trace (--trace)");
  const auto elsewhere = explained(dir / "x");
  BOOST_TEST(elsewhere.status == 1);
  TELLS(elsewhere, " is not in a mount of gitfs-actor");
  const mount other{server.url("scratch.git")};
  const auto unseen = explained(other / "folder-1/absent");
  BOOST_TEST(unseen.status == 1);
  TELLS(unseen, " at hand, or has forgotten it: list it, and ask again");
  must_run("ls folder-1", other.path());
  const auto missing = explained(other / "folder-1/absent");
  BOOST_TEST(missing.status == 1);
  TELLS(missing, "there is no ");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
