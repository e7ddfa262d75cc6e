// Trees that git would not write: what is shown of them, by scripts/awkward-repository's own account.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/mount.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <dirent.h>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(hostile)

namespace {

using names = std::vector<std::string>;

// As the kernel hands them out: `ls` would sort, and hide nothing else.
names listing(const std::filesystem::path& folder) {
  names out;
  DIR* stream = ::opendir(folder.c_str());
  BOOST_REQUIRE_MESSAGE(stream != nullptr, folder);
  while (const dirent* each = ::readdir(stream))
    if (const std::string name = each->d_name; name != "." && name != "..")
      out.push_back(name);
  ::closedir(stream);
  std::ranges::sort(out);
  return out;
}

std::size_t warnings(const std::string& log, const std::string& about) {
  std::size_t out = 0;
  std::istringstream lines{log};
  for (std::string line; std::getline(lines, line);)
    out += line.find(" warn") != std::string::npos && line.find(about) != std::string::npos;
  return out;
}

std::string source(const std::string& how) {
  return how == "local" ? hostile_repository().string() : fixture_server().url(how, "hostile.git");
}

// Ends in time, with this in its output.
bool ends_with(const mount& m, const std::string& command, const std::string& words) {
  background attempt{"cd " + m.path().string() + " && " + command};
  const auto done = attempt.result();
  const bool good = done && done->output.find(words) != std::string::npos;
  if (!good)
    BOOST_TEST_MESSAGE(command << ": " << (done ? done->output.substr(0, 500) : "does not end"));
  return good;
}

constexpr const char* eio = "Input/output error";

} // namespace

namespace data = boost::unit_test::data;
const auto sources = data::make({"local", "", "noobjinfo"});

BOOST_DATA_TEST_CASE(what_would_lead_out_of_the_mount_is_not_shown, sources, how) {
  const mount m{source(how), {"--ref", "main"}};
  BOOST_TEST(listing(m.path()) == (names{"dots", "git", "good", "long", "modes", "slash", "twice", "unsorted"}));
  BOOST_TEST(listing(m / "dots") == names{"good"});
  BOOST_TEST(listing(m / "git") == (names{".git ", "git~1", "good"}));
  BOOST_TEST(listing(m / "slash") == names{"good"});
  BOOST_TEST(listing(m / "long") == (names{"good", std::string(255, 'l')}));
  BOOST_TEST(listing(m / "twice") == (names{"good", "same"}));
  BOOST_TEST(listing(m / "unsorted") == (names{"a", "good", "z"}));
  const auto modes = listing(m / "modes");
  BOOST_TEST(std::ranges::count(modes, "good") == 1);
  BOOST_TEST(must_run("stat -c %a modes/group", m.path()) == "644");
  // Everything that is shown can be read, by walking and by name.
  BOOST_TEST(must_run("find . -name good -exec cat {} +", m.path()).size() == 8 * 5U - 1);
  BOOST_TEST(must_run("cat unsorted/z unsorted/a 'git/.git '", m.path()) == "good\ngood\ngood");
  BOOST_TEST(must_run("ls -lR . && grep -r . . >/dev/null", m.path()) != "");
  for (const char* hidden : {"git/.git", "git/.GIT", "slash/a/b", "slash/a", "dots/./inside", "dots/../inside"})
    BOOST_TEST(!std::filesystem::exists(m / hidden), hidden);
  // The kernel's own, not the repository's.
  BOOST_TEST(must_run("cd dots/.. && ls | head -1", m.path()) == "dots");
}

BOOST_AUTO_TEST_CASE(each_such_folder_is_warned_of_once) {
  const mount m{source(""), {"--ref", "main"}};
  for (int round = 0; round < 2; ++round) {
    must_run("ls -lR . && stat dots/good git/good", m.path());
    drop_kernel_caches();
  }
  const std::string log = m.log();
  for (const char* folder : {"dots", "git", "slash", "long", "twice"})
    BOOST_TEST(warnings(log, must_run(std::string{"git rev-parse main:"} + folder, hostile_repository()).substr(0, 7))
                       + warnings(log, folder)
                   >= 1U,
               folder);
  std::multiset<std::string> seen;
  std::istringstream lines{log};
  for (std::string line; std::getline(lines, line);)
    if (const auto at = line.find(" warn"); at != std::string::npos)
      seen.insert(line.substr(at));
  for (const auto& line : seen)
    BOOST_TEST(seen.count(line) == 1U, line);
}

BOOST_AUTO_TEST_CASE(what_is_broken_fails_alone) {
  const mount m{source("local"), {"--ref", "broken"}};
  BOOST_TEST(listing(m.path()) == (names{"cut", "empty-name", "good", "missing", "wrong-kind"}));
  BOOST_TEST(must_run("cat good", m.path()) == "good");
  BOOST_TEST(ends_with(m, "ls cut", eio));
  BOOST_TEST(ends_with(m, "ls missing", "good"));
  BOOST_TEST(ends_with(m, "cat missing/good", "good"));
  BOOST_TEST(ends_with(m, "cat missing/blob", eio));
  BOOST_TEST(ends_with(m, "ls missing/tree", eio));
  BOOST_TEST(ends_with(m, "ls wrong-kind", "good"));
  BOOST_TEST(ends_with(m, "cat wrong-kind/good", "good"));
  BOOST_TEST(ends_with(m, "ls wrong-kind/blob-as-tree", eio));
  BOOST_TEST(ends_with(m, "cat wrong-kind/tree-as-blob", eio));
  // The rest is as it was, and still is after everything was tried at once.
  BOOST_TEST(ends_with(m, "find . -ls; grep -r . .; echo done", "done"));
  BOOST_TEST(must_run("cat good missing/good", m.path()) == "good\ngood");
  // A size that nobody knows is an error, never a number.
  for (const char* name : {"missing/blob", "wrong-kind/tree-as-blob"})
    BOOST_TEST(ends_with(m, std::string{"stat "} + name, eio), name);
}

// git's own server dies over every one of these folders. Each fails alone all the same.
BOOST_DATA_TEST_CASE(what_breaks_the_server_fails_alone, data::make({"", "noobjinfo"}), how) {
  const mount m{source(how), {"--ref", "broken", "--timeout=5", "--stall-timeout=5"}};
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(listing(m.path()) == (names{"cut", "empty-name", "good", "missing", "wrong-kind"}));
    BOOST_TEST(must_run("cat good", m.path()) == "good");
    for (const char* folder : {"cut", "empty-name", "missing", "wrong-kind"})
      BOOST_TEST(ends_with(m, std::string{"ls "} + folder, eio), folder);
    BOOST_TEST(ends_with(m, "find . -ls; grep -r . .; echo done", "done"));
  }
  BOOST_TEST(must_run("stat -c %s good", m.path()) == "5");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
