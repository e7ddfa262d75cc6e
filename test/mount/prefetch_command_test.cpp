// gitfs-actor prefetch: what it brings, in how few requests, and what it says.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <string>

namespace gitfs::test {

namespace prefetch_command {

namespace {

// 30 folders of 20 files that do not compress; names that are awkward for patterns.
const scratch_repository& repository() {
  static const scratch_repository made{
      "for d in $(seq 30); do mkdir -p tree/d$d; for f in $(seq 20); do head -c 5000 /dev/urandom >tree/d$d/f$f; done; "
      "done; "
      "mkdir -p many/deep/er; for f in $(seq 50); do head -c 5000 /dev/urandom >many/f$f; done; echo x "
      ">many/deep/er/x.c; echo "
      "y >many/y.c; echo z >'many/[a]*'; ln -s y.c many/link; ln -s nowhere many/dangling; touch empty"};
  return made;
}

struct served {
  git_server server{repository().root()};

  command_result prefetch(const mount& m, const std::string& words) const {
    return run("\"$GITFS_BINARY\" prefetch " + words, m.path());
  }
};

} // namespace

} // namespace prefetch_command

BOOST_FIXTURE_TEST_SUITE(prefetch_command, prefetch_command::served)

BOOST_AUTO_TEST_CASE(everything_in_few_requests) {
  const mount m{server.url("scratch.git")};
  server.clear_requests();
  const auto said = prefetch(m, ".");
  BOOST_TEST(said.status == 0, said.output);
  BOOST_TEST(holds(said.output, "read 654 of 654 files, 3.1M of 3.1M, in 35 folders; "), said.output);
  const auto asked = server.count();
  BOOST_TEST(asked <= 40U, asked);
  // Requests of discovery came before; what it says is what the server saw.
  BOOST_TEST(holds(said.output, " " + std::to_string(asked) + " upstream requests, "), said.output);
  // All is there: nothing is asked any more, not even when there is nobody to ask.
  server.stop();
  BOOST_TEST(must_run("cat many/link && find . -type f -exec cat {} + | wc -c", m.path())
             == "y\n" + std::to_string(650 * 5000 + 6));
  server.start();
}

BOOST_AUTO_TEST_CASE(a_part_and_patterns) {
  const mount m{server.url("scratch.git"), {"-o", "prefetch=off"}};
  const auto files = [&](const std::string& words) {
    const auto said = prefetch(m, words).output;
    const auto begin = said.find("read ");
    return begin == std::string::npos ? said : said.substr(begin + 5, said.find(" of ") - begin - 5);
  };
  BOOST_TEST(files("many/f1") == "1");
  BOOST_TEST(files("'many/f1?'") == "10");
  BOOST_TEST(files("'many/f[12]'") == "2");
  BOOST_TEST(files("'**/*.c'") == "2");
  BOOST_TEST(files("'many/**/x.c' 'many/**'") == "53");
  BOOST_TEST(files("'many/[a]*'") == "1"); // there is a file of this very name
  BOOST_TEST(files("tree/d1 tree/d1/f1 \"$PWD/tree/d2\"") == "40");
  BOOST_TEST(files("many/link") == "1");
  BOOST_TEST(files("tree/d3/") == "20");
  BOOST_TEST(must_run("cd tree/d4 && \"$GITFS_BINARY\" prefetch ../d5", m.path()).substr(0, 11) == "read 20 of ");
}

// A file of each of 20 folders, and 10 more of one: trees, and then contents, whatever the server can do besides.
BOOST_AUTO_TEST_CASE(named_files_come_in_few_requests) {
  const std::string list = "(for d in $(seq 20); do echo tree/d$d/f$d; done; for f in $(seq 10); do echo; echo "
                           "./many/f$f; done) | \"$GITFS_BINARY\" prefetch -";
  for (const std::string& path : {server.url("scratch.git"), server.url("noobjinfo", "scratch.git")}) {
    const mount m{path};
    server.clear_requests();
    const auto said = run(list, m.path());
    BOOST_TEST(said.status == 0, said.output);
    BOOST_TEST(holds(said.output, "read 30 of 30 files"), said.output);
    BOOST_TEST(server.count() <= 4U, server.count());
    const auto before = server.count("fetch");
    must_run("for d in $(seq 20); do cat tree/d$d/f$d; done >/dev/null", m.path());
    BOOST_TEST(server.count("fetch") <= before + 1, server.count("fetch"));
  }
}

BOOST_AUTO_TEST_CASE(a_list_may_be_hostile) {
  const mount m{server.url("scratch.git")};
  const auto said = run("printf 'many/f1\\0\\0/etc/passwd\\0../../../../etc\\0many/no\\nname\\0many/[a]*\\0' | "
                        "\"$GITFS_BINARY\" prefetch -z -",
                        m.path());
  BOOST_TEST(said.status == 1);
  for (const char* each : {"/etc/passwd: is not in a mount", "../../../../etc: is not", "many/no\nname: No such",
                           "read 2 of 2 files", "; 3 could not be read\n"})
    BOOST_TEST(holds(said.output, each), said.output);
  const auto million =
      run("(seq -f many/no%.0f 1000000; echo many/f2) | \"$GITFS_BINARY\" prefetch - 2>/dev/null", m.path());
  BOOST_TEST(holds(million.output, "read 1 of 1 files"), million.output);
  BOOST_TEST(holds(million.output, "; 1000000 could not be read\n"), million.output);
}

BOOST_AUTO_TEST_CASE(paths_below_a_folder_given) {
  const mount m{server.url("scratch.git")};
  const auto said = run("echo f1 | \"$GITFS_BINARY\" prefetch --below " + shell_quoted(m.path() / "many") + " - 'f2?'");
  BOOST_TEST(said.status == 0, said.output);
  BOOST_TEST(holds(said.output, "read 11 of 11 files"), said.output);
}

BOOST_AUTO_TEST_CASE(a_dry_run_brings_no_contents) {
  const mount m{server.url("scratch.git")};
  const auto said = prefetch(m, "--dry-run .");
  BOOST_TEST(said.status == 0, said.output);
  BOOST_TEST(holds(said.output, "there are 654 files with 3.1M in 35 folders; "), said.output);
  BOOST_TEST(m.counter("upstream.bytes") < 1'000'000U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be) {
  const mount m{server.url("scratch.git")};
  const auto fails = [&](const std::string& words, const std::string& expected) {
    const auto said = prefetch(m, words);
    BOOST_TEST(said.status == 1);
    BOOST_TEST(said.output == "gitfs-actor: " + expected + "\n");
  };
  fails("/etc", "/etc is not in a mount of gitfs-actor");
  fails("../../../../../../etc", "../../../../../../etc is not in a mount of gitfs-actor");
  // What is in the mount and not there is named, and the rest is brought.
  const auto some = prefetch(m, "nothing 'tree/*.none' many/f3/below many/f2");
  BOOST_TEST(some.status == 1);
  for (const char* each : {"nothing: No such", "tree/*.none: No such", "many/f3/below: Not a", "read 1 of 1 files",
                           "; 3 could not be read\n"})
    BOOST_TEST(holds(some.output, each), some.output);
  BOOST_TEST(holds(prefetch(m, "many/dangling").output, "many/dangling: No such file or directory"));
  const auto all = prefetch(m, "many/f1 /etc/hosts"); // and nothing of it is done
  BOOST_TEST(all.output == "gitfs-actor: /etc/hosts is not in a mount of gitfs-actor\n");
}

BOOST_AUTO_TEST_CASE(each_file_that_cannot_be_read_is_named) {
  const mount m{server.url("scratch.git"), {"-o", "prefetch=off", "--timeout=2"}};
  must_run("ls -l many; cat many/f1 >/dev/null", m.path());
  server.stop();
  const auto said = prefetch(m, "many/f1 many/f2 many/f3");
  server.start();
  BOOST_TEST(said.status == 1);
  for (const char* name : {"many/f2", "many/f3"})
    BOOST_TEST(holds(said.output, "gitfs-actor: " + std::string{name} + ": "), said.output);
  BOOST_TEST(!holds(said.output, "many/f1:"), said.output);
  BOOST_TEST(holds(said.output, "read 1 of 3 files"), said.output);
  BOOST_TEST(holds(said.output, "; 2 could not be read\n"), said.output);
}

BOOST_AUTO_TEST_CASE(an_interrupted_one_ends_and_the_mount_stays) {
  const mount m{server.url("scratch.git"), {"--timeout=60"}};
  must_run("ls -lR >/dev/null", m.path());
  server.clear_requests();
  server.answer_all_with("503");
  background command{"cd " + shell_quoted(m.path()) + " && exec \"$GITFS_BINARY\" prefetch ."};
  BOOST_TEST(eventually([&] { return server.count("fetch") > 0; }));
  BOOST_TEST(command.running());
  ::kill(command.pid(), SIGINT);
  const auto ended = command.result();
  server.answer_all_with("");
  BOOST_REQUIRE(ended.has_value());
  BOOST_TEST(ended->status == 128 + SIGINT);
  BOOST_TEST(holds(ended->output, "interrupted: read "), ended->output);
  BOOST_TEST(prefetch(m, ".").status == 0);
}

BOOST_AUTO_TEST_CASE(a_terminal_shows_a_bar) {
  const mount m{server.url("d200", "scratch.git")};
  const temp_dir dir;
  // script gives it a terminal; what was drawn is in its file.
  must_run("cd " + shell_quoted(m.path()) + " && script -qec 'stty cols 100; \"$GITFS_BINARY\" prefetch tree' "
           + shell_quoted(dir / "drawn") + " >/dev/null </dev/null");
  const auto drawn = must_run("cat drawn", dir.path());
  BOOST_TEST(holds(drawn, "\r["), drawn);
  BOOST_TEST(holds(drawn, "% "), drawn);
  BOOST_TEST(holds(drawn, " of 600 files  "), drawn);
  BOOST_TEST(holds(drawn, "read 600 of 600 files"), drawn);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
