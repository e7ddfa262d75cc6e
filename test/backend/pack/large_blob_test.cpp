// Blobs that are read from a real repository's files in pieces, as git stores them in every way.
#include "backend/pack/large_blob.hpp"

#include "backend/pack/object_reader.hpp"
#include "test/support/background.hpp"
#include "test/support/captured_log.hpp"
#include "test/support/command.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <string>
#include <unistd.h>
#include <vector>

namespace gitfs::test {

namespace large_blob {

namespace {

constexpr int versions = 6;

// Several versions of one file that deflates badly, each a delta of another once they are packed.
struct repository {
  temp_dir dir;
  std::filesystem::path objects = dir / "r/.git/objects";
  std::atomic<bool> stop{false};

  repository() {
    std::filesystem::create_directories(dir / "r");
    git("git init -q . && openssl enc -aes-128-ctr -nosalt -pbkdf2 -k x -in /dev/zero 2>/dev/null | head -c 600000 "
        ">f0");
    for (int v = 1; v < versions; ++v) {
      const std::string before = "f" + std::to_string(v - 1), half = std::to_string(90'000 * v);
      git("{ head -c " + half + " " + before + "; seq " + std::to_string(1000 * v) + "; tail -c +" + half + " " + before
          + "; } >f" + std::to_string(v));
    }
    git("echo small >small && git add . && git commit -qm x");
  }
  std::string git(const std::string& script) { return must_run(script, dir / "r"); }
  oid id(const std::string& of) { return oid::from_hex(git("git rev-parse HEAD:" + of)).value(); }

  static std::string sum_of(const unlinked_file& file) {
    return must_run("md5sum </proc/" + std::to_string(::getpid()) + "/fd/" + std::to_string(file.fd()));
  }
  error copied(const oid& which, std::string* sum = nullptr) {
    auto file = unlinked_file::make(dir.path());
    BOOST_REQUIRE(file);
    const auto reader = gitfs::object_reader::open(objects);
    BOOST_REQUIRE(reader);
    auto out = reader.value()->copy(which, {file.value(), dir.path(), stop});
    if (out && sum != nullptr)
      *sum = sum_of(file.value());
    return out ? error{} : out.error();
  }
  void check_all() {
    for (int v = 0; v < versions; ++v) {
      const std::string name = "f" + std::to_string(v);
      std::string sum;
      const error failed = copied(id(name), &sum);
      BOOST_TEST(failed.code == 0, failed.message);
      BOOST_TEST(sum == git("md5sum <" + name));
    }
  }
  std::size_t deltas() {
    return std::stoul(git("git verify-pack -v .git/objects/pack/*.idx | awk '$2 == \"blob\" && NF == 7' | wc -l"));
  }
};

} // namespace

} // namespace large_blob

BOOST_FIXTURE_TEST_SUITE(large_blob, large_blob::repository)

BOOST_AUTO_TEST_CASE(loose) {
  check_all();
}

BOOST_DATA_TEST_CASE(packed, boost::unit_test::data::make({"--depth=0", "", "--depth=50"}), how) {
  git("git repack -adfq " + std::string{how});
  BOOST_TEST((deltas() == 0) == (std::string{how} == "--depth=0"));
  check_all();
}

BOOST_AUTO_TEST_CASE(deltas_that_name_their_base) {
  git("git -c repack.useDeltaBaseOffset=false repack -adfq");
  BOOST_TEST(deltas() == std::size_t{versions - 1});
  check_all();
}

BOOST_AUTO_TEST_CASE(in_an_alternate) {
  git("git repack -adfq");
  must_run("git clone -q --shared r other", dir.path());
  objects = dir / "other/.git/objects";
  check_all();
}

BOOST_AUTO_TEST_CASE(with_an_index_of_version_1) {
  git("git -c pack.indexVersion=1 repack -adfq");
  check_all();
}

BOOST_AUTO_TEST_CASE(what_is_not_there_or_no_blob) {
  oid none;
  none.bytes[3] = 9;
  BOOST_TEST(copied(none).code == ENOENT);
  const oid tree = oid::from_hex(git("git rev-parse 'HEAD^{tree}'")).value();
  BOOST_TEST(copied(tree).code == EIO);
  git("git repack -adfq");
  BOOST_TEST(copied(tree).code == EIO);
}

BOOST_DATA_TEST_CASE(damage_is_seen, boost::unit_test::data::make({"flip", "cut", "zero"}), how) {
  for (const bool pack : {false, true}) {
    if (pack)
      git("rm -rf .git && git init -q . && git add . && git commit -qm x && git repack -adfq");
    std::vector<oid> ids;
    for (int v = 0; v < versions; ++v)
      ids.push_back(id("f" + std::to_string(v)));
    git("python3 - " + std::string{how} + R"PY( <<'EOF'
import os, sys
for folder, _, files in os.walk('.git/objects'):
    for name in files:
        path = os.path.join(folder, name)
        if os.path.getsize(path) < 2000 or name.endswith('.idx'):
            continue
        data = bytearray(open(path, 'rb').read())
        if sys.argv[1] == 'flip':
            for at in range(1000, len(data), 1001): data[at] ^= 0x55
        if sys.argv[1] == 'cut': del data[1000:]
        if sys.argv[1] == 'zero': data[1000:] = bytes(len(data) - 1000)
        os.chmod(path, 0o644)
        open(path, 'wb').write(data)
EOF
)PY");
    const captured_log quiet;
    for (const oid& each : ids) { // a pack without its end is not used at all
      const int code = copied(each).code;
      BOOST_TEST((code == EBADMSG || (pack && code == ENOENT)), code);
    }
  }
}

// The new pack is there before the old one goes, so nobody may miss anything, however long copying takes.
BOOST_AUTO_TEST_CASE(packs_may_be_merged_meanwhile) {
  // What runs in the background has no identity for git but what is configured here or on this machine.
  git("git config user.name A && git config user.email a@example.org && git repack -adfq");
  std::vector<oid> ids;
  for (int v = 0; v < versions; ++v)
    ids.push_back(id("f" + std::to_string(v)));
  background merging{"cd " + (dir / "r").string()
                     + " && for i in $(seq 60); do git commit -q --allow-empty -m $i && git repack -adq; done"};
  int copies = 0, failures = 0;
  std::string first;
  while (merging.running())
    for (const oid& each : ids) {
      const error failed = copied(each);
      ++copies;
      if (failed.code != 0 && failures++ == 0)
        first = failed.message;
    }
  BOOST_TEST(merging.result()->status == 0, merging.result()->output);
  BOOST_TEST(failures == 0, failures << " of " << copies << ": " << first);
}

BOOST_AUTO_TEST_CASE(it_ends_when_told_to) {
  stop = true;
  BOOST_TEST(copied(id("f5")).code == ECANCELED);
  git("git repack -adfq");
  BOOST_TEST(copied(id("f5")).code == ECANCELED);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
