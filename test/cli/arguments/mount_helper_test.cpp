#include "cli/arguments/command_line.hpp"
#include "cli/arguments/mount_helper.hpp"

#include <boost/test/unit_test.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(mount_helper)

namespace {

using words = std::vector<std::string>;

result<invocation> called(const words& arguments) {
  std::vector<const char*> argv{"/sbin/mount.gitfs-actor"};
  for (const std::string& each : arguments)
    argv.push_back(each.c_str());
  return parse_command_line(argv);
}

mount_options mounted(const words& arguments) {
  const auto done = called(arguments);
  if (!done)
    throw std::runtime_error(done.error().message);
  return std::get<mount_options>(done.value().action);
}

std::string refused(const words& arguments) {
  const auto done = called(arguments);
  return done ? "nothing is wrong" : done.error().message;
}

const std::string url = "https://example.org/a.git";

} // namespace

BOOST_AUTO_TEST_CASE(names_of_the_program) {
  for (const char* name : {"mount.gitfs-actor", "/sbin/mount.gitfs-actor", "/usr/sbin/mount.fuse.gitfs-actor"})
    BOOST_TEST(is_mount_helper(name), name);
  for (const char* name : {"gitfs-actor", "/usr/bin/gitfs-actor", "mount", "/sbin/mount.gitfs-actor/gitfs-actor", ""})
    BOOST_TEST(!is_mount_helper(name), name);
}

BOOST_AUTO_TEST_CASE(what_mount_gives) {
  const auto plain = mounted({url, "/mnt", "-o", "rw"});
  BOOST_TEST(plain.source == url);
  BOOST_TEST(plain.mountpoint.string() == "/mnt");
  BOOST_TEST(plain.quiet);
  BOOST_TEST(!plain.foreground);
  BOOST_TEST(plain.kernel.fsname.value() == url);

  const auto all =
      mounted({url, "/mnt", "-sv", "-n", "-t", "fuse.gitfs-actor", "-o",
               "rw,noexec,user=joe,_netdev,nofail,x-a=b,comment=c,owner,ref=v1,memory=64M,cache-dir=/a\\,b,"
               "allow-other,prefetch=off,token-file=/k,username=me,not-ours"});
  BOOST_TEST(all.ref == "v1");
  BOOST_TEST((all.memory == 64U << 20U));
  BOOST_TEST(all.token.file.string() == "/k");
  BOOST_TEST(all.username == "me");
  BOOST_TEST(all.cache_dir.string() == "/a,b");
  BOOST_TEST(all.kernel.noexec);
  BOOST_TEST(all.kernel.allow_other);
  BOOST_TEST(!all.prefetch);
  BOOST_TEST(!all.quiet);
}

BOOST_AUTO_TEST_CASE(the_name_in_the_table_of_mounts) {
  BOOST_TEST(mounted({"https://u:p@example.org/a,b.git", "/mnt"}).kernel.fsname.value()
             == "https://example.org/a,b.git");
  BOOST_TEST(mounted({url, "/mnt", "-o", "fsname=mine"}).kernel.fsname.value() == "mine");
}

BOOST_AUTO_TEST_CASE(only_as_if) {
  const auto fake = called({url, "/mnt", "-f", "-o", "ref=v1"});
  BOOST_REQUIRE(fake.has_value());
  BOOST_TEST(std::get<print>(fake.value().action).text.empty());
  BOOST_TEST(refused({url, "/mnt", "-f", "-o", "memory=1K"}).find("too small") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_refused) {
  const std::string see = " (see gitfs-actor mount --help)";
  BOOST_TEST(refused({url, "/mnt", "-o", "tiemout=3"})
             == "unknown mount option 'tiemout', did you mean 'timeout'?" + see);
  BOOST_TEST(refused({url, "/mnt", "-o", "nosiud"}) == "unknown mount option 'nosiud', did you mean 'nosuid'?" + see);
  BOOST_TEST(refused({url, "/mnt", "-o", "foreground"}) == "unknown mount option 'foreground'" + see);
  BOOST_TEST(refused({url, "/mnt", "-o", "ref"}) == "'ref' needs a value: ref=REF");
  BOOST_TEST(refused({url, "/mnt", "-o", "allow-other=1"}) == "--allow-other takes no value" + see);
  BOOST_TEST(refused({url, "/mnt", "-o"}) == "-o needs a value");
  BOOST_TEST(refused({url, "/mnt", "-x"}) == "unknown option '-x' for a helper of mount(8)");
  BOOST_TEST(refused({url}).starts_with("mount(8) gives a helper SPEC and DIR, and here are 1 "));
  BOOST_TEST(refused({url, "/mnt", "-o", "memory=1K"}) == "--memory: '1K' is too small; the least is 8M" + see);
}

BOOST_AUTO_TEST_CASE(secrets_are_wiped) {
  std::string program = "mount.gitfs-actor", spec = "https://u:p@example.org/a.git", o = "-o",
              text = "rw,otlp-header=key=hunter2";
  char* argv[] = {program.data(), spec.data(), o.data(), text.data()};
  scrub_arguments(4, argv);
  BOOST_TEST(spec == "https://***@example.org/a.git");
  BOOST_TEST(text.find("hunter2") == std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
