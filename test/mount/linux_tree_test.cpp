// The Linux source: the same as a clone of it, for few requests.
#include "test/mount/shared.hpp"

#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fixtures.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <string>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(linux_tree)

namespace {

namespace data = boost::unit_test::data;

git_server& server() {
  linux_repository();
  return fixture_server();
}

const std::filesystem::path& clone() {
  static const temp_dir folder;
  static const std::filesystem::path made = checkout(linux_repository(), "main", folder.path());
  return made;
}

const std::vector<std::string>& expected() {
  static const auto made = manifest(clone());
  return made;
}

std::string commit() {
  return must_run("git rev-parse main", linux_repository());
}

} // namespace

// Named as the file: `linux` alone is a macro of the compiler.

BOOST_AUTO_TEST_CASE(locally) {
  BOOST_REQUIRE_GT(expected().size(), 78'000U);
  const mount m{linux_repository().string()};
  BOOST_TEST(difference(expected(), manifest(m.path())) == "");
}

// docs/semantics.md has these figures. awk counts with doubles, which hold the numbers exactly.
BOOST_AUTO_TEST_CASE(inode_numbers) {
  const mount m{linux_repository().string()};
  BOOST_TEST(must_run("find . -printf '%i\\n' | sort | uniq -d", m.path()) == "");
  BOOST_TEST(std::stoull(must_run("find . -printf '%i\\n' | sort -n | tail -1", m.path())) < std::uint64_t{1} << 53);
  const std::string ascending =
      must_run("find . -mindepth 1 -printf '%h/\\t%f\\t%i\\n' | LC_ALL=C sort -t '\t' -k 1,1 -k 2,2 | awk -F '\t' "
               "'$1 == folder { pairs++; if ($3 > last) ascend++ } { folder = $1; last = $3 } "
               "END { print pairs, int(1000 * ascend / pairs) }'",
               m.path());
  BOOST_TEST_MESSAGE("neighbours, and of 1000 those that ascend: " << ascending);
  BOOST_TEST(std::stoi(ascending.substr(ascending.find(' '))) >= 780, ascending);
}

// GNU cp opens the files of a folder in the order of their inode numbers: nearly that of their names, so they are read
// ahead of it. With numbers in no order this took 455 requests.
BOOST_AUTO_TEST_CASE(cp_reads_in_the_order_of_inode_numbers) {
  const mount m{server().url("linux.git")};
  const temp_dir out;
  server().clear_requests();
  must_run("cp -r net " + out.path().string(), m.path());
  BOOST_TEST(server().count() <= 40U, "requests: " << server().count());
  BOOST_TEST(must_run("diff -r " + (clone() / "net").string() + " net", out.path()) == "");
}

// One cache, mounted again and again: what each round may ask for shrinks to nothing.
BOOST_AUTO_TEST_CASE(over_http_and_then_from_the_cache) {
  const temp_dir cache;
  const std::string source = server().url("linux.git");
  server().clear_requests();
  {
    const mount m{mount_plan{.source = source, .cache_dir = cache.path()}};
    must_run("ls", m.path());
    BOOST_TEST(server().count() <= 5U, "mount and ls: " << server().count());
    must_run("find . -ls >/dev/null", m.path());
    BOOST_TEST(server().count() <= 20U, "mount, ls and find: " << server().count());
    std::uint64_t bytes = 0;
    for (const auto& each : server().requests())
      bytes += each.bytes_sent;
    BOOST_TEST(bytes < 30'000'000U, "a walk without reading has cost " << bytes << " bytes");
    BOOST_TEST(difference(expected(), manifest(m.path())) == "");
  }
  server().clear_requests();
  {
    const mount m{mount_plan{.source = source, .cache_dir = cache.path()}};
    must_run("find . -ls >/dev/null", m.path());
    BOOST_TEST(difference(manifest(clone() / "arch"), manifest(m / "arch")) == "");
    for (const auto& each : server().requests())
      BOOST_TEST((each.command == "info/refs" || each.command == "ls-refs"), each.command);
  }
  server().clear_requests();
  {
    const mount m{mount_plan{.source = source, .options = {"--ref", commit()}, .cache_dir = cache.path()}};
    must_run("find . -ls >/dev/null", m.path());
    BOOST_TEST(server().count() == 0U);
    server().stop();
    BOOST_TEST(difference(expected(), manifest(m.path())) == "");
    drop_kernel_caches();
    must_run("find . -ls >/dev/null && grep -r MODULE_LICENSE drivers/net >/dev/null", m.path());
    server().start();
  }
}

BOOST_DATA_TEST_CASE(over_http_from_a_server_that_can_less, data::make({"noobjinfo", "nofilter"}), modifiers) {
  const mount m{server().url(modifiers, "linux.git")};
  const auto walked = must_run("find . -ls 2>&1 >/dev/null | head -5; find . 2>/dev/null | wc -l", m.path());
  BOOST_TEST(walked == must_run("find . -path ./.git -prune -o -print | wc -l", clone()));
  BOOST_TEST(difference(manifest(clone() / "kernel"), manifest(m / "kernel")) == "");
}

BOOST_AUTO_TEST_CASE(the_kernel_is_configured_from_the_mount) {
  const mount m{server().url("linux.git")};
  const temp_dir out;
  must_run("mkdir mounted checked-out", out.path());
  must_run("make O=" + (out / "checked-out").string() + " tinyconfig", clone());
  must_run("make O=" + (out / "mounted").string() + " tinyconfig", m.path());
  BOOST_TEST(must_run("cmp checked-out/.config mounted/.config; cat mounted/.config | wc -l", out.path()) != "0");
  BOOST_TEST(run("cmp checked-out/.config mounted/.config", out.path()).status == 0);
}

BOOST_AUTO_TEST_CASE(programs_on_all_of_it) {
  const mount m{server().url("linux.git")};
  const std::string tar =
      "tar --create --exclude=./.git --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner . | md5sum";
  BOOST_TEST(must_run(tar, m.path()) == must_run(tar, clone()));
  BOOST_TEST(must_run("rsync -n -rlpgoD -c --delete -i " + (m / "arch/").string() + " " + (clone() / "arch/").string())
             == "");
  const std::string grep = "grep -rn --exclude-dir=.git EXPORT_SYMBOL_GPL drivers fs | sort | md5sum";
  BOOST_TEST(must_run(grep, m.path()) == must_run(grep, clone()));
  const auto diff =
      run("git diff --no-index --stat " + (clone() / "Documentation").string() + " " + (m / "Documentation").string());
  BOOST_TEST(diff.output == "", diff.output.substr(0, 500));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
