// What commands ask a real mount, at its socket and through the mount itself.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/config_text.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <cstdlib>
#include <filesystem>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(control)

namespace data = boost::unit_test::data;

namespace {

const scratch_repository& source() {
  static const scratch_repository made{"mkdir -p sub/deep; echo one >one; echo two >sub/deep/two"};
  return made;
}

// Of the tests' user, as gitfs-actor chooses it.
std::filesystem::path socket_of(const mount& m) {
  struct stat st {};
  BOOST_REQUIRE(::stat(m.path().c_str(), &st) == 0);
  const std::string name =
      "gitfs-actor/" + std::to_string(major(st.st_dev)) + "-" + std::to_string(minor(st.st_dev)) + ".sock";
  std::vector<std::filesystem::path> folders{"/run"};
  if (const char* runtime = std::getenv("XDG_RUNTIME_DIR"))
    folders.emplace_back(runtime);
  for (const auto& each : folders)
    if (std::filesystem::exists(each / name))
      return each / name;
  return "/tmp/gitfs-actor-" + std::to_string(::geteuid()) + name.substr(name.find('/'));
}

// A process that answers one question at `path` with this object and no text.
std::string answer_at(const std::filesystem::path& path, const std::string& object) {
  return "python3 - " + shell_quoted(path) + " " + shell_quoted(object) + R"( <<'END'
import os, socket, struct, sys
at, answer = sys.argv[1], sys.argv[2].encode()
s = socket.socket(socket.AF_UNIX)
s.bind(at)
s.listen()
print("listening", flush=True)
c, _ = s.accept()
length, _ = struct.unpack("<II", c.recv(8, socket.MSG_WAITALL))
c.recv(length, socket.MSG_WAITALL)
c.sendall(struct.pack("<II", len(answer), 0) + answer)
c.close()
END)";
}

// With the mount at /mnt, and without any folder that a socket may be in.
std::string in_a_container(const mount& m, const std::string& script) {
  const std::string hidden = "for each in /run $XDG_RUNTIME_DIR; do mount -t tmpfs none $each; done; ";
  return std::string{"unshare "} + (::geteuid() == 0 ? "-m" : "-Urm") + " bash -ec "
         + shell_quoted(without_mounts_of_others(m.path()) + "mount --bind " + shell_quoted(m.path()) + " /mnt; "
                        + hidden + "cd /mnt; " + script);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_mount_has_a_socket_and_takes_it_away) {
  mount m{source().bare().string()};
  const auto socket = socket_of(m);
  struct stat st {};
  BOOST_REQUIRE_MESSAGE(::lstat(socket.c_str(), &st) == 0, socket);
  BOOST_TEST(S_ISSOCK(st.st_mode));
  BOOST_TEST((st.st_mode & 0777) == 0666U);
  const ino_t inode = st.st_ino;
  m.unmount();
  // A mount of another test may have the device number by now, and so the name.
  BOOST_TEST((::lstat(socket.c_str(), &st) != 0 || st.st_ino != inode));
}

// Where the socket is gone, the mount itself answers the same.
BOOST_AUTO_TEST_CASE(who_sees_the_mount_alone_is_answered) {
  mount m{mount_plan{
      .config = config_text({{"one", repository_entry(source().bare().string(), "main", R"("follow": "on-request")")},
                             {"two", repository_entry(source().bare().string())}})}};
  // With the folder open all the while: others make the kernel forget, and a folder that it forgot and nobody has
  // looked into since has nothing to say of its files.
  const std::string asked = "exec 3<one; cat one/sub/deep/two; ls two; $GITFS_BINARY stats .; $GITFS_BINARY status .; "
                            "$GITFS_BINARY top --once .; "
                            "$GITFS_BINARY refresh one; $GITFS_BINARY why one/one; "
                            "$GITFS_BINARY trace dump . | wc -c; $GITFS_BINARY stats one/sub";
  std::filesystem::remove(socket_of(m));
  const std::string there = must_run("set -e; " + asked, m.path());
  for (const char* each : {"kernel.lookup ", "  one: open ", "OPERATION", "one: ", "blob "})
    BOOST_TEST(holds(there, each), each << "\nin\n" << there);
  const auto unmount = run_program({"unmount", m.path().string()});
  BOOST_TEST(unmount.status == 0, unmount.output);
  m.expect_end();
}

BOOST_AUTO_TEST_CASE(from_a_container) {
  const mount m{source().bare().string(), {"--trace-memory", "4M"}};
  must_run("find . -ls >/dev/null; cat one", m.path());
  const std::string seen = must_run(in_a_container(m, "$GITFS_BINARY stats .; $GITFS_BINARY status .; "
                                                      "$GITFS_BINARY trace dump . /run/t; "
                                                      "$GITFS_BINARY trace stats /run/t"));
  BOOST_TEST(holds(seen, "kernel.read "), seen);
  BOOST_TEST(holds(seen, "  .: open "), seen);
  BOOST_TEST(holds(seen, "enter_directory"), seen);
  // No file stands for it.
  BOOST_TEST(must_run("ls -A", m.path()) == "one\nsub");
}

BOOST_AUTO_TEST_CASE(another_user) {
  mount m{source().bare().string(), {"-o", "allow_other"}};
  const auto as_other = [&](const std::string& command) {
    return run(as_root("setpriv --reuid 65534 --regid 65534 --clear-groups \"$GITFS_BINARY\" " + command));
  };
  const std::string at = shell_quoted(m.path());
  const auto stats = as_other("stats " + at);
  BOOST_TEST(stats.status == 0, stats.output);
  BOOST_TEST(holds(stats.output, "kernel.lookup "), stats.output);
  for (const std::string command : {"status ", "top --once ", "refresh ", "trace dump ", "unmount "}) {
    const auto refused = as_other(command + at);
    BOOST_TEST(refused.status == 1, command << refused.output);
    BOOST_TEST(holds(refused.output, " is another user's: only that user and root may ask"), command << refused.output);
  }
  BOOST_TEST(is_mounted(m.path()));
}

BOOST_AUTO_TEST_CASE(a_mount_whose_process_died) {
  mount m{source().bare().string()};
  must_run("cat one", m.path());
  m.crash();
  const std::string at = m.path().string();
  const std::string what = "the process of the mount at " + at + " has died: 'gitfs-actor unmount " + at
                           + "' takes away what it has left; then mount again.";
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"stats", at},
                                             {"status", at},
                                             {"top", "--once", at},
                                             {"refresh", at},
                                             {"trace", "dump", at, (source().work() / "t").string()},
                                             {"why", at + "/one"}}) {
    const auto told = run_program(command);
    BOOST_TEST(told.status == 1, command.front());
    BOOST_TEST(holds(told.output, what), command.front() << ": " << told.output);
  }
  const auto all = run_program({"status"});
  BOOST_TEST(all.status == 0);
  BOOST_TEST(holds(all.output, at + ": dead: " + what), all.output);
  BOOST_TEST(run_program({"status", "--exit-code"}).status == 1);
  BOOST_TEST(holds(run_program({"status", "--json"}).output, R"("state": "dead")"));
  const temp_dir dir;
  const auto link = dir / "link";
  std::filesystem::create_directory_symlink(at, link);
  BOOST_TEST(holds(run_program({"status", link}).output, what), run_program({"status", link}).output);
  const auto unmount = run_program({"unmount", link});
  BOOST_TEST(unmount.status == 0, unmount.output);
  BOOST_TEST(!is_mounted(m.path()));
  BOOST_TEST(holds(run_program({"stats", "/"}).output, "/ is not a mount of gitfs-actor"));
}

// In words, whichever of the two is the older.
BOOST_AUTO_TEST_CASE(another_version) {
  mount m{source().bare().string()};
  const auto socket = socket_of(m);
  const std::string ask = R"(import socket, struct, sys
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
q = sys.argv[2].encode()
s.sendall(struct.pack("<II", len(q), 0) + q)
length, text = struct.unpack("<II", s.recv(8, socket.MSG_WAITALL))
print(s.recv(length, socket.MSG_WAITALL).decode()))";
  const auto asked = [&](const std::string& question) {
    return must_run("python3 -c " + shell_quoted(ask) + " " + shell_quoted(socket) + " " + shell_quoted(question));
  };
  const std::string later = asked(R"({"protocol": 2, "program": "9.9", "command": "stats", "arguments": {}})");
  BOOST_TEST(holds(later,
                   "and this is the command of version 9.9: use the command of that version, or unmount and mount "
                   "again"),
             later);
  BOOST_TEST(holds(asked(R"({"protocol": 1, "program": "9.9", "command": "dance"})"), "which cannot do that"));

  std::filesystem::rename(socket, socket.string() + ".away");
  background other{answer_at(socket, R"({"protocol": 2, "program": "9.9", "code": 0, "error": ""})")};
  BOOST_REQUIRE(eventually([&] { return std::filesystem::exists(socket); }));
  const auto told = run_program({"stats", m.path().string()});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(holds(told.output, " is served by gitfs-actor 9.9, and this is the command of version "), told.output);
  BOOST_TEST(holds(told.output, ": use the command of that version, or unmount and mount again"), told.output);
  std::filesystem::rename(socket.string() + ".away", socket);
  BOOST_TEST(run_program({"stats", m.path().string()}).status == 0);
}

// Who says nothing, or what nobody understands, holds up nobody, and others never the mount's own user.
BOOST_AUTO_TEST_CASE(strangers_at_the_socket) {
  mount m{source().bare().string()};
  const std::string many = R"(import socket, sys, time
all = []
for i in range(300):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    all.append(s)
print("here", flush=True)
time.sleep(1000))";
  const temp_dir dir;
  background others{as_root("setpriv --reuid 65534 --regid 65534 --clear-groups /usr/bin/python3 -c "
                            + shell_quoted(many) + " " + shell_quoted(socket_of(m)))
                    + " >" + shell_quoted(dir / "said")};
  BOOST_REQUIRE(eventually([&] { return run("cat " + shell_quoted(dir / "said")).output == "here\n"; }));
  const std::string script = R"(import os, socket, sys
all = []
for i in range(20):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.send([b"", b"GET / HTTP/1.0\r\n\r\n", b"\0" * 8, b"\2\0\0\0\0\0\0\0{]", os.urandom(64)][i % 5])
    all.append(s)
os.system(sys.argv[2])
)";
  const std::string told = must_run("python3 -c " + shell_quoted(script) + " " + shell_quoted(socket_of(m)) + " "
                                    + shell_quoted("$GITFS_BINARY stats " + shell_quoted(m.path())));
  BOOST_TEST(holds(told, "kernel.lookup "), told);
  m.unmount();
}

BOOST_AUTO_TEST_CASE(unmount_ends_what_it_names_and_nothing_else) {
  mount m{source().bare().string()};
  const temp_dir other;
  must_run(as_root("mount --bind " + shell_quoted(m.path()) + " " + shell_quoted(other.path())));
  const auto here = run_program({"unmount", other.path().string()});
  BOOST_TEST(here.status == 0, here.output);
  BOOST_TEST(!is_mounted(other.path()));
  BOOST_TEST(is_mounted(m.path()));
  {
    const temp_dir dir;
    background busy{"cd " + shell_quoted(m.path()) + " && echo there >" + shell_quoted(dir / "said")
                    + " && sleep 1000"};
    BOOST_REQUIRE(eventually([&] { return run("cat " + shell_quoted(dir / "said")).output == "there\n"; }));
    const auto refused = run_program({"unmount", m.path().string()});
    BOOST_TEST(refused.status == 1);
    BOOST_TEST(holds(refused.output, " is in use: leave it"), refused.output);
    BOOST_TEST(is_mounted(m.path()));
  }
  m.unmount();
}

BOOST_AUTO_TEST_CASE(unmount_of_several_by_their_links_and_of_all) {
  const temp_dir dir;
  const auto mounted = [&](const std::string& name) {
    const auto done = run_program({"mount", "--cache-dir", dir / "cache", "--log-file", dir / (name + ".log"),
                                   source().bare().string(), dir / name});
    BOOST_TEST_REQUIRE(done.status == 0, done.output);
    BOOST_TEST(!holds(done.output, "to end it"), done.output);
    return dir / name;
  };
  const auto one = mounted("one"), two = mounted("two");
  std::filesystem::create_directory_symlink(one, dir / "link");
  const auto some = run_program({"umount", dir / "link", dir / "nothing", two});
  BOOST_TEST(some.status == 1);
  BOOST_TEST(holds(some.output, "nothing of gitfs-actor is mounted on " + (dir / "nothing").string()), some.output);
  BOOST_TEST((!is_mounted(one) && !is_mounted(two)));

  // In a mount namespace of its own, so that it takes away no mount of others.
  must_run(as_root("unshare -m --propagation private bash -ec "
                   + shell_quoted(without_mounts_of_others() + "cd " + shell_quoted(dir.path())
                                  + "; for each in one two; do $GITFS_BINARY mount --cache-dir cache --log-file "
                                    "$each.log "
                                  + shell_quoted(source().bare())
                                  + " $each; done; [ $(grep -c gitfs /proc/mounts) = 2 ]; $GITFS_BINARY unmount "
                                    "--all; [ $(grep -c gitfs /proc/mounts) = 0 ]; "
                                    "$GITFS_BINARY unmount --all | grep -q 'nothing of yours'")));
}

BOOST_AUTO_TEST_CASE(on_a_terminal_a_mount_says_what_can_be_done_next) {
  const temp_dir dir;
  const std::string at = dir / "mnt";
  const std::string command = "$GITFS_BINARY mount --cache-dir " + shell_quoted(dir / "cache") + " --log-file "
                              + shell_quoted(dir / "log") + " " + shell_quoted(source().bare()) + " "
                              + shell_quoted(at);
  const std::string said = must_run("script -qec " + shell_quoted(command) + " /dev/null </dev/null");
  BOOST_TEST(holds(said, "how it stands: gitfs-actor status " + at + "; to end it: gitfs-actor unmount " + at), said);
  BOOST_TEST(run_program({"unmount", at}).status == 0);
}

BOOST_AUTO_TEST_CASE(unmount_names_the_container_that_holds_a_copy) {
  mount m{source().bare().string()};
  const temp_dir dir;
  background container{as_root("unshare -m --propagation private bash -c "
                               + shell_quoted(without_mounts_of_others(m.path()) + "echo there >"
                                              + shell_quoted(dir / "said") + "; exec sleep 1000"))};
  BOOST_REQUIRE(eventually([&] { return run("cat " + shell_quoted(dir / "said")).output == "there\n"; }));
  const auto told = run_program({"unmount", m.path().string()});
  BOOST_TEST(told.status == 1);
  BOOST_TEST(holds(told.output, m.path().string() + " is unmounted, but process "), told.output);
  BOOST_TEST(holds(told.output, " (sleep) at " + m.path().string() + "; end that, or 'kill "), told.output);
  BOOST_TEST(!is_mounted(m.path()));
  const std::string pid = told.output.substr(told.output.rfind("'kill ") + 6);
  must_run("kill " + pid.substr(0, pid.find('\'')));
  m.expect_end();
}

BOOST_AUTO_TEST_CASE(unmount_by_force_ends_all_copies) {
  mount m{source().bare().string()};
  const temp_dir dir;
  background container{as_root("unshare -m --propagation private bash -c "
                               + shell_quoted(without_mounts_of_others(m.path()) + "cd " + shell_quoted(m.path())
                                              + "; echo there >" + shell_quoted(dir / "said") + "; exec sleep 1000"))};
  BOOST_REQUIRE(eventually([&] { return run("cat " + shell_quoted(dir / "said")).output == "there\n"; }));
  const auto told = run_program({"unmount", "--force", m.path().string()});
  BOOST_TEST(told.status == 0, told.output);
  BOOST_TEST(!is_mounted(m.path()));
  m.expect_end();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
