// The start of a mount: with each mount option, and why it fails where the system does not allow it. In namespaces of
// their own, in which devices, programs and files of the system are missing or are others.
#include "config/mount_words.hpp"
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/fault_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <map>
#include <string>
#include <vector>

namespace gitfs::test {

namespace start {

namespace {

/// Another user can pass no folder of ours, as TMPDIR often is one, so the working folder is shown where all can.
const std::string reachable = "mount --bind . /mnt && cd /mnt && ";

struct place {
  scratch_repository repository{"mkdir d; echo x >d/f; head -c 1000000 /dev/zero >large"};
  temp_dir dir;

  /// `gitfs-actor mount` on `w/mnt`, as `who` and in a mount namespace in which `before` was run as root, in `w`.
  command_result mount_where(const std::string& before, const std::string& who, const std::string& options = "") const {
    const std::string command =
        "mkdir -p mnt; cp -r ../r.git .; HOME=$PWD exec ../program mount --cache-dir $PWD/cache --log-file $PWD/log "
        + options + " $PWD/r.git $PWD/mnt";
    auto out = run(as_root("unshare -m --propagation private bash -c "
                           + shell_quoted(without_mounts_of_others() + "rm -rf w; mkdir -m 777 w; " + reachable
                                          + "cd w; " + before + "; " + who + " timeout 30 bash -c "
                                          + shell_quoted(command) + "; s=$?; umount -l $PWD/mnt 2>/dev/null; exit $s")),
                   dir.path());
    must_run(as_root("rm -rf w"), dir.path()); // nothing is mounted there in this namespace
    return out;
  }
  place() {
    must_run("cp -r " + shell_quoted(repository.bare()) + " r.git && cp \"$GITFS_BINARY\" program && chmod -R a+rX .",
             dir.path());
  }
};

/// Whatever this machine's is.
const std::string own_device = "mknod -m 666 fuse c 10 229; mount --bind fuse /dev/fuse; ";
const std::string own_conf = own_device + "cp /etc/fuse.conf conf; mount --bind conf /etc/fuse.conf; ";
const std::string nobody = "setpriv --reuid=65534 --regid=65534 --clear-groups";
const std::string without_privilege = "setpriv --bounding-set=-sys_admin --inh-caps=-sys_admin";

} // namespace

} // namespace start

BOOST_FIXTURE_TEST_SUITE(start, start::place)

// Those that are documented, one by one: it serves with them, and goes on doing so.
BOOST_AUTO_TEST_CASE(every_mount_option_mounts_or_is_refused_in_words) {
  std::ofstream{dir / "job.profile"} << "gitfs-actor profile 1\n1 - - d/f\n";
  const std::map<std::string, std::string> values{{"fsname", "a name"},  {"subtype", "gitfs"},
                                                  {"max_read", "65536"}, {"prefetch", "off"},
                                                  {"profiles", "off"},   {"profile", dir / "job.profile"}};
  std::size_t mounted = 0;
  for (const mount_word& each : mount_word_table()) {
    if (each.help.empty())
      continue;
    const std::string name{each.name};
    BOOST_TEST_CONTEXT(name) {
      if (name == "rw") {
        const auto refused = run_program({"mount", "-o", "rw", repository.bare(), dir / "none"});
        BOOST_TEST(refused.status == 2);
        BOOST_TEST(holds(refused.output, "'rw' is refused"), refused.output);
        continue;
      }
      const mount m{repository.bare(), {"-o", name + (each.value.empty() ? "" : "=" + values.at(name))}};
      for (int i = 0; i < 2; ++i) {
        BOOST_TEST(must_run("ls; cat d/f", m.path()) == "d\nlarge\nx");
        pause_for(std::chrono::milliseconds{20});
      }
      ++mounted;
    }
  }
  BOOST_TEST(mounted >= 15U);
}

BOOST_AUTO_TEST_CASE(a_read_is_no_larger_than_max_read) {
  const mount m{repository.bare(), {"-o", "max_read=16384"}};
  BOOST_TEST(holds(must_run("grep ' " + m.path().string() + " ' /proc/self/mounts"), "max_read=16384"));
  BOOST_TEST(must_run("cmp large <(head -c 1000000 /dev/zero)", m.path()) == "");
  BOOST_TEST(m.counter("kernel.read") >= 1000000U / 16384);
}

BOOST_AUTO_TEST_CASE(the_system_says_why_it_does_not_mount) {
  const std::string no_device =
      "mount -t tmpfs dev /dev; mknod -m 666 /dev/null c 1 3; mknod -m 666 /dev/urandom c 1 9";
  const struct {
    const char* what;
    std::string before, who, options;
    std::vector<std::string> said;
  } table[] = {
      {"root without a device", no_device, "", "", {"/dev/fuse is missing", "modprobe fuse"}},
      {"a user without a device", no_device, nobody, "", {"/dev/fuse is missing", "modprobe fuse"}},
      {"a user without a right to it",
       "mknod -m 600 fuse c 10 229; mount --bind fuse /dev/fuse",
       nobody,
       "",
       {"/dev/fuse cannot be opened", "chmod 666 /dev/fuse"}},
      {"root without the privilege",
       own_device + "true",
       without_privilege,
       "",
       {"CAP_SYS_ADMIN", "--cap-add SYS_ADMIN"}},
      {"nobody who may",
       own_device + "mount --bind /dev/null $(readlink -f /usr/bin/fusermount3)",
       nobody,
       "",
       {"CAP_SYS_ADMIN", "fusermount3", "apt-get install fuse3"}},
      {"other users are not allowed",
       own_conf + "echo >conf",
       nobody,
       "-o allow_other",
       {"only root give other users access", "put the line user_allow_other into /etc/fuse.conf"}},
      {"a line without its end",
       own_conf + "printf user_allow_other >conf",
       nobody,
       "-o allow_other",
       {"does not count, because there is no newline behind it", "echo >>/etc/fuse.conf"}},
      {"too many mounts",
       own_conf + "echo 'mount_max = 0' >conf",
       nobody,
       "",
       {"as many mounts of users as the system allows", "mount_max = 5000"}},
      {"a folder of root", own_device + "mkdir -m 755 mnt", nobody, "", {"you may not write to that folder"}},
  };
  for (const auto& each : table) {
    BOOST_TEST_CONTEXT(each.what) {
      const auto done = mount_where(each.before, each.who, each.options);
      BOOST_TEST(done.status == 1, done.output);
      BOOST_TEST(done.output.starts_with("gitfs-actor: cannot mount on "), done.output);
      BOOST_TEST(std::count(done.output.begin(), done.output.end(), '\n') == 1, done.output);
      for (const std::string& part : each.said)
        BOOST_TEST(holds(done.output, part), done.output);
    }
  }
}

// All else in the namespace is as it should be, so the reasons above are the reasons.
BOOST_AUTO_TEST_CASE(where_nothing_is_missing_it_mounts) {
  for (const std::string& who : {std::string{}, nobody}) {
    const auto done = mount_where(own_device + "true", who, "");
    BOOST_TEST(done.status == 0, done.output);
  }
  const auto others = mount_where(own_conf + "echo user_allow_other >conf", nobody, "-o allow_other");
  BOOST_TEST(others.status == 0, others.output);
}

BOOST_AUTO_TEST_CASE(the_mount_of_another_user_is_called_that) {
  const mount m{repository.bare(), {"-o", "allow_other"}};
  const auto done = run(as_root("unshare -m --propagation private bash -c "
                                + shell_quoted("mount --bind " + shell_quoted(m.path()) + " /srv && " + reachable
                                               + nobody + " ./program unmount /srv")),
                        dir.path());
  BOOST_TEST(done.status == 1);
  BOOST_TEST(!holds(done.output, "is in use"), done.output);
  BOOST_TEST(holds(done.output, "is another user's"), done.output);
  BOOST_TEST(is_mounted(m.path()));
}

BOOST_AUTO_TEST_CASE(a_cache_folder_that_one_may_not_look_into_is_not_called_missing) {
  must_run("mkdir -p locked/cache && chmod 700 locked", dir.path());
  const auto ask = [&](const std::string& folder) {
    return run(as_root("unshare -m --propagation private bash -c "
                       + shell_quoted(reachable + nobody + " ./program cache info --cache-dir /mnt/" + folder)),
               dir.path());
  };
  const auto locked = ask("locked/cache");
  BOOST_TEST(locked.status == 1);
  BOOST_TEST(holds(locked.output, "Permission denied"), locked.output);
  BOOST_TEST(!holds(locked.output, "there is no"), locked.output);
  const auto missing = ask("none");
  BOOST_TEST(missing.status == 1);
  BOOST_TEST(holds(missing.output, "there is no cache folder"), missing.output);
}

// It accepts connections and says nothing.
BOOST_AUTO_TEST_CASE(a_silent_server_is_named_and_ends_with_the_limit) {
  fault_server server{repository.root()};
  server.otherwise([](fault_exchange& x) {
    x.wait_for_close();
    x.close();
  });
  const std::string command = "exec \"$GITFS_BINARY\" mount --timeout 5 --stall-timeout 2 --cache-dir "
                              + shell_quoted(dir / "cache") + " --log-file " + shell_quoted(dir / "log") + " "
                              + shell_quoted(server.url("scratch.git")) + " " + shell_quoted(dir / "mnt");
  background in_a_script{command};
  const auto ended = in_a_script.result();
  BOOST_REQUIRE(ended.has_value());
  BOOST_TEST(ended->status == 1);
  BOOST_TEST(holds(ended->output, server.host()), ended->output);
  BOOST_TEST(
      holds(must_run("cat log", dir.path()), "waiting for " + server.url("scratch.git") + ", at most 5 s in all"));

  background on_a_terminal{"script -qec " + shell_quoted(command) + " /dev/null </dev/null"};
  const auto shown = on_a_terminal.result();
  BOOST_REQUIRE(shown.has_value());
  const auto line = shown->output.find("gitfs-actor: waiting for " + server.url("scratch.git") + ": 3 s of at most 5");
  BOOST_TEST(line != std::string::npos, shown->output);
  BOOST_TEST(shown->output.find("\r\x1b[K", line) != std::string::npos, shown->output); // it has gone away
}

// Each request is answered in time, and yet it takes too long.
BOOST_AUTO_TEST_CASE(the_limit_is_of_all_requests_of_the_start_together) {
  fault_server server{repository.root()};
  std::atomic<int> came{0};
  server.otherwise([&](fault_exchange& x) {
    ++came;
    pause_for(std::chrono::milliseconds{4000});
    x.pass();
  });
  const auto late =
      run_program({"mount", "--timeout", "6", "--cache-dir", dir / "cache", server.url("scratch.git"), dir / "mnt"});
  BOOST_TEST(late.status == 1);
  BOOST_TEST(came >= 2);
  BOOST_TEST(holds(late.output, server.url("scratch.git")), late.output);
  BOOST_TEST(holds(late.output, "within 6 s"), late.output);
  BOOST_TEST(!is_mounted(dir / "mnt"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
