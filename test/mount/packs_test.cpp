// Packs on the disk: of a local repository, and of the cache; more than may be open, damaged, and left over.
#include "test/support/command.hpp"
#include "test/support/environment.hpp"
#include "test/support/git_server.hpp"
#include "test/support/manifest.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace gitfs::test {

namespace packs {

namespace {

std::size_t lines_with(const std::string& text, std::string_view what) {
  std::size_t out = 0;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    out += holds(line, what) ? 1 : 0;
  return out;
}

struct local {
  temp_dir dir;
  std::filesystem::path repository = dir / "r";

  local() { must_run("git init -q -b main r", dir.path()); }
  std::string git(const std::string& script) const { return must_run(script, repository); }
  /// Overwrites the contents of the object in the middle, wherever it is loose.
  void damage(const std::string& revision) const {
    git("h=$(git rev-parse " + revision
        + "); f=.git/objects/$(echo $h | cut -c1-2)/$(echo $h | cut -c3-); chmod u+w $f; "
          "printf 'damaged!' | dd of=$f bs=1 seek=$(($(stat -c %s $f) / 2)) conv=notrunc status=none");
  }
};

} // namespace

} // namespace packs

BOOST_AUTO_TEST_SUITE(packs)

BOOST_FIXTURE_TEST_CASE(more_packs_than_descriptors, packs::local) {
  git("git config gc.auto 0; for i in $(seq 150); do mkdir -p d$((i % 7)); seq $i 300 >d$((i % 7))/f$i; git add . && "
      "git commit -qm $i && "
      "git repack -dq; done");
  BOOST_TEST(std::stoi(git("ls .git/objects/pack/*.pack | wc -l")) >= 150);
  std::ofstream{dir / "few"} << "#!/bin/sh\nulimit -n 90\nexec " << shell_quoted(std::getenv("GITFS_BINARY"))
                             << " \"$@\"\n";
  std::filesystem::permissions(dir / "few", std::filesystem::perms::owner_all);
  const scoped_env few{"GITFS_BINARY", (dir / "few").c_str()};
  const mount m{repository};
  BOOST_TEST(must_run("grep 'Max open files' /proc/" + std::to_string(m.pid()) + "/limits | awk '{ print $4 }'")
             == "90");
  for (int round = 0; round < 2; ++round) {
    BOOST_TEST(difference(manifest(repository), manifest(m.path())) == "");
    must_run("ls | xargs -P8 -I{} sh -c 'cat {}/* >/dev/null'", m.path());
  }
  BOOST_TEST(packs::lines_with(m.log(), "a program was told") == 0U, m.log());
}

BOOST_FIXTURE_TEST_CASE(an_error_of_a_local_repository_is_logged_once_with_its_reason, packs::local) {
  git("mkdir d && echo good >d/good && seq 5000 >d/bad && head -c 20000000 /dev/urandom >large && git add . && "
      "git commit -qm x && git gc -q && git unpack-objects -q </dev/null; git repack -adq; cd .git/objects && mv "
      "pack/*.pack ../p && rm -f pack/* && git unpack-objects -q <../p");
  damage("HEAD:d/bad");
  damage("HEAD:large");
  const std::string bad = git("git rev-parse HEAD:d/bad"), large = git("git rev-parse HEAD:large");
  const mount m{repository};
  BOOST_TEST(must_run("cat d/good", m.path()) == "good");
  for (int i = 0; i < 50; ++i) {
    const auto read = run("cat d/bad", m.path());
    BOOST_TEST(holds(read.output, "Input/output error"), read.output);
  }
  BOOST_TEST(holds(run("cat large >/dev/null", m.path()).output, "Input/output error"));
  const std::string log = m.log();
  BOOST_TEST(packs::lines_with(log, "'d/bad': a program was told \"Input/output error\"") == 1U, log);
  BOOST_TEST(packs::lines_with(log, bad.substr(2)) >= 1U, log);
  BOOST_TEST(packs::lines_with(log, repository.string()) >= 1U, log);
  BOOST_TEST(packs::lines_with(log, "'large': a program was told") == 1U, log);
  BOOST_TEST(packs::lines_with(log, large) >= 1U, log);
}

BOOST_FIXTURE_TEST_CASE(what_a_shallow_or_partial_clone_lacks_is_logged_too, packs::local) {
  git("mkdir d && echo there >d/there && echo gone >d/gone && git add . && git commit -qm x");
  const std::string gone = git("git rev-parse HEAD:d/gone");
  git("rm -f .git/objects/" + gone.substr(0, 2) + "/" + gone.substr(2));
  const mount m{repository};
  BOOST_TEST(must_run("cat d/there", m.path()) == "there");
  BOOST_TEST(run("cat d/gone", m.path()).status != 0);
  BOOST_TEST(packs::lines_with(m.log(), "'d/gone': a program was told") >= 1U, m.log());
  BOOST_TEST(holds(m.log(), gone), m.log());
}

BOOST_FIXTURE_TEST_CASE(a_repository_that_is_repacked_while_it_is_mounted, packs::local) {
  git("for i in $(seq 300); do seq $i 400 >f$i; done; head -c 3000000 /dev/urandom >larger; head -c 20000000 "
      "/dev/urandom "
      ">largest; git add . && git commit -qm x");
  const mount m{repository};
  BOOST_TEST(must_run("md5sum <f7", m.path()) == git("md5sum <f7"));
  git("git repack -adq");
  for (const char* file : {"f8", "larger", "largest"})
    BOOST_TEST(must_run("md5sum <" + std::string{file}, m.path()) == git("md5sum <" + std::string{file}), file);
  git("git repack -adfq --depth=0 && git prune-packed");
  BOOST_TEST(difference(manifest(repository), manifest(m.path())) == "");
}

// It is not mapped: a pack that has become shorter would otherwise end the process.
BOOST_FIXTURE_TEST_CASE(a_pack_that_is_cut_while_it_is_mounted, packs::local) {
  git("for i in $(seq 300); do seq $i 400 >f$i; done; git add . && git commit -qm x && git repack -adq");
  const mount m{repository};
  must_run("cat f1 f2 f3 >/dev/null", m.path());
  git("chmod u+w .git/objects/pack/*.pack && truncate -s 100 .git/objects/pack/*.pack");
  run("cat f* >/dev/null", m.path());
  BOOST_TEST(run("cat f200", m.path()).status != 0);
  BOOST_TEST(is_mounted(m.path()));
  BOOST_TEST(must_run("ls | wc -l", m.path()) == "300");
  BOOST_TEST(packs::lines_with(m.log(), "a program was told") >= 1U, m.log());
}

BOOST_AUTO_TEST_CASE(a_flipped_bit_of_any_index_in_the_cache_costs_nothing_but_fetching) {
  const scratch_repository made{
      "for d in $(seq 12); do mkdir d$d; for f in $(seq 25); do seq $d$f >d$d/f$f; done; done"};
  const git_server server{made.root()};
  const temp_dir cache;
  const mount_plan plan{.source = server.url("scratch.git"), .cache_dir = cache.path()};
  const auto expected = manifest(made.work());
  for (const char* where : {"4", "20", "900", "len(d) // 3", "len(d) // 2", "len(d) - 50", "len(d) - 1"}) {
    {
      const mount m{plan};
      BOOST_TEST(difference(expected, manifest(m.path())) == "", where);
    }
    must_run(
        "n=$(find . -name '*.idx' -path '*objects*' | wc -l); [ $n -gt 0 ] && for p in $(find . -name '*.idx' -path "
        "'*objects*'); do chmod u+w $p; python3 -c \"d = bytearray(open('$p', 'rb').read()); d["
            + std::string{where} + "] ^= 8; open('$p', 'wb').write(d)\"; done",
        cache.path());
    const mount m{plan};
    BOOST_TEST(difference(expected, manifest(m.path())) == "", where);
    BOOST_TEST(packs::lines_with(m.log(), "is damaged") >= 1U, where << m.log());
    BOOST_TEST(packs::lines_with(m.log(), "a program was told") == 0U, m.log());
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
