// /etc/fstab, mount(8) and systemd's mount units: the program as /sbin/mount.gitfs-actor.
#include "test/support/background.hpp"
#include "test/support/command.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string>

namespace gitfs::test {

namespace mount_helper {

namespace {

struct helped {
  scratch_repository repository{
      "mkdir d && echo one >d/f && git add . && git commit -qm one && git tag v1 && echo two >d/f"};
  temp_dir dir;

  // Runs `script` as root in a mount namespace of its own, whose /usr/sbin has the helper: nothing stays in the
  // machine's. In it, $source, $dir (with mnt), $options for a private cache and log, and mounted, which says the
  // mount's columns.
  command_result with_helper(const std::string& script) const {
    const std::string prepared =
        "set -eu; export LC_ALL=C.UTF-8; source=" + shell_quoted(repository.bare()) + " dir=" + shell_quoted(dir.path())
        + " program=" + shell_quoted(std::getenv("GITFS_BINARY")) + "; cd /; " + without_mounts_of_others()
        + "mkdir -p $dir/mnt $dir/layer; mount -t tmpfs layer $dir/layer; mkdir $dir/layer/upper "
          "$dir/layer/work\n"
          "mount -t overlay sbin -o lowerdir=/usr/sbin,upperdir=$dir/layer/upper,workdir=$dir/layer/work /usr/sbin\n"
          "for name in mount.gitfs-actor mount.fuse.gitfs-actor; do ln -s $program /usr/sbin/$name; done\n"
          "options=cache-dir=$dir/cache,log-file=$dir/log,pid-file=$dir/pid\n"
          "mounted() { grep \" $dir/mnt \" /proc/self/mounts | cut -d' ' -f1,3; }\n"
          // The daemon holds the namespace: it has to end before the script does.
          "leave() { code=$?; while umount $dir/mnt 2>/dev/null; do :; done; while [ -e $dir/pid ] && kill -0 $(cat "
          "$dir/pid 2>/dev/null) "
          "2>/dev/null; do sleep 0.05; done; exit $code; }; trap leave EXIT\n"
        + script;
    return run(as_root("exec unshare --mount --propagation private bash -c " + shell_quoted(prepared)));
  }

  void works(const std::string& script, const std::string& expected) const {
    const auto done = with_helper(script);
    BOOST_TEST(done.status == 0, done.output);
    BOOST_TEST(done.output == expected);
  }
  void fails(const std::string& script, const std::string& words) const {
    const auto done = with_helper(script);
    BOOST_TEST(done.status != 0, done.output);
    BOOST_TEST(holds(done.output, words), done.output << "does not say: " << words);
  }
};

} // namespace

} // namespace mount_helper

BOOST_FIXTURE_TEST_SUITE(mount_helper, mount_helper::helped)

BOOST_AUTO_TEST_CASE(mount_by_type) {
  works("mount -t gitfs-actor -o $options $source $dir/mnt; cat $dir/mnt/d/f", "two\n");
  works("mount -t fuse.gitfs-actor -o ref=v1,noexec,$options $source $dir/mnt; cat $dir/mnt/d/f; "
        "mounted | sed \"s:$source:SOURCE:\"; findmnt -no OPTIONS $dir/mnt | grep -o noexec",
        "one\nSOURCE fuse.gitfs\nnoexec\n");
  // Options for others, and what mount(8) adds itself.
  works("mount -t gitfs-actor -o defaults,_netdev,nofail,x-systemd.automount,comment=a,user,auto,allow-other,$options "
        "$source "
        "$dir/mnt; cat $dir/mnt/d/f",
        "two\n");
  // Only when asked for more words.
  BOOST_TEST(holds(with_helper("mount -v -t gitfs-actor -o $options $source $dir/mnt").output, "mounted "));
}

BOOST_AUTO_TEST_CASE(fstab) {
  works("echo \"$source $dir/mnt gitfs-actor ref=v1,_netdev,nofail,$options 0 0\" >$dir/fstab; mount -T $dir/fstab -a; "
        "cat "
        "$dir/mnt/d/f; mount -T $dir/fstab -a; mounted | wc -l; umount $dir/mnt",
        "one\n1\n");
  works("echo \"$source $dir/mnt gitfs-actor noauto,$options 0 0\" >$dir/fstab; mount -T $dir/fstab -a; mounted | wc "
        "-l; mount "
        "-T $dir/fstab $dir/mnt; cat $dir/mnt/d/f",
        "0\ntwo\n");
}

BOOST_AUTO_TEST_CASE(what_a_killed_process_has_left) {
  works("mount -t gitfs-actor -o $options $source $dir/mnt; ls -l $dir/mnt >/dev/null; kill -9 $(cat $dir/pid); until "
        "stat -f "
        "$dir/mnt 2>&1 | grep -q 'not connected'; do sleep 0.05; done; mount -t gitfs-actor -o $options $source "
        "$dir/mnt; cat "
        "$dir/mnt/d/f; mounted | wc -l",
        "two\n1\n");
}

BOOST_AUTO_TEST_CASE(words_that_are_wrong) {
  fails("mount -t gitfs-actor -o reff=v1,$options $source $dir/mnt",
        "unknown mount option 'reff', did you mean 'ref'?");
  fails("mount -t gitfs-actor -o ref,$options $source $dir/mnt", "'ref' needs a value: ref=REF");
  fails("mount -t gitfs-actor -o memory=1K,$options $source $dir/mnt", "--memory: '1K' is too small");
  fails("mount -t gitfs-actor -o foreground,$options $source $dir/mnt", "unknown mount option 'foreground'");
  fails("mount -t gitfs-actor -o $options $source/nothing $dir/mnt", "nothing");
  fails("mount.gitfs-actor $source", "gives a helper SPEC and DIR");
  works("mount -s -t gitfs-actor -o reff=v1,$options $source $dir/mnt; mounted | wc -l", "1\n");
  works("mount -f -t gitfs-actor -o $options $source $dir/mnt; mounted | wc -l", "0\n");
}

// systemd makes a unit of the line; its word for mount(8) is What, Where, Type and Options.
BOOST_AUTO_TEST_CASE(a_unit_of_systemd) {
  const std::string mountpoint = dir / "mnt";
  must_run("mkdir mnt units early late && printf '%s %s gitfs-actor ref=v1,_netdev,nofail,x-systemd.automount 0 0\\n' "
               + shell_quoted(repository.bare()) + " " + shell_quoted(mountpoint) + " >fstab",
           dir.path());
  must_run("SYSTEMD_FSTAB=$PWD/fstab SYSTEMD_IN_INITRD=0 /usr/lib/systemd/system-generators/systemd-fstab-generator "
           "units early late",
           dir.path());
  const std::string unit = must_run("systemd-escape -p --suffix=mount " + shell_quoted(mountpoint));
  const std::string text = must_run("cat units/" + shell_quoted(unit), dir.path());
  for (const std::string& each :
       {"What=" + repository.bare().string(), "Where=" + mountpoint, std::string{"Type=gitfs-actor"},
        std::string{"Options=ref=v1,_netdev,nofail,x-systemd.automount"}})
    BOOST_TEST(holds(text, "\n" + each), text << "has no " << each);
  BOOST_TEST(holds(must_run("ls -R units", dir.path()), "remote-fs.target."));
  // As systemd runs it: mount(8) with these words.
  const auto value = [&](const std::string& name) {
    return "$(sed -n 's/^" + name + "=//p' " + shell_quoted(dir / "units" / unit) + ")";
  };
  works("mount " + value("What") + " " + value("Where") + " -t " + value("Type") + " -o " + value("Options")
            + ",$options; cat $dir/mnt/d/f",
        "one\n");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
