// The options of mount, its help, and what the process list shows of them.
#include "config/mount_words.hpp"
#include "test/cli/arguments/parsed.hpp"
#include "test/support/environment.hpp"
#include "test/support/hostile_urls.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(options)

BOOST_AUTO_TEST_CASE(defaults) {
  const scoped_env cache{"XDG_CACHE_HOME", "/var/tmp/c"};
  const scoped_env state{"XDG_STATE_HOME", "/var/tmp/s"};
  const mount_options o = mounted({});
  BOOST_TEST(o.source == "https://example.org/a.git");
  BOOST_TEST(o.mountpoint == "/mnt");
  BOOST_TEST(o.ref == "");
  BOOST_TEST(o.cache_dir == "/var/tmp/c/gitfs-actor");
  BOOST_TEST(o.log_file == "/var/tmp/s/gitfs-actor/mnt.log");
  BOOST_TEST(o.pid_file == "");
  BOOST_TEST((o.level == log_level::info && !o.foreground && o.prefetch && !o.xattr && o.threads == 0));
  BOOST_TEST(o.connect_timeout.count() == 10'000);
  BOOST_TEST(o.stall_timeout.count() == 30'000);
  BOOST_TEST(o.timeout.count() == 300'000);
  BOOST_TEST(fuse_option_text(o)
             == "ro,nosuid,nodev,default_permissions,fsname=https://example.org/a.git,subtype=gitfs");
  BOOST_TEST((worker_threads(o) >= 2 && worker_threads(o) <= 8));
}

BOOST_AUTO_TEST_CASE(memory_is_a_size_or_left_to_the_mount) {
  BOOST_TEST(!mounted({}).memory.has_value());
  BOOST_TEST(!mounted({"--memory", "64M", "--memory", "auto"}).memory.has_value());
}

BOOST_AUTO_TEST_CASE(every_option) {
  const mount_options o = mounted({"--ref=v6.1", "--cache-dir", "/c/", "--log-level", "trace", "--log-file", "/l/x.log",
                                   "--pid-file=/p", "-f", "--threads", "12", "--connect-timeout", "0.25", "--memory",
                                   "2G", "--stall-timeout=2", "--timeout", "5", "-oprefetch=off,xattr"});
  BOOST_TEST(o.ref == "v6.1");
  BOOST_TEST(o.cache_dir == "/c");
  BOOST_TEST(o.log_file == "/l/x.log");
  BOOST_TEST(o.pid_file == "/p");
  BOOST_TEST((o.level == log_level::trace && o.foreground && !o.prefetch && o.xattr));
  BOOST_TEST(worker_threads(o) == 12U);
  BOOST_TEST((o.memory == std::uint64_t{2} << 30));
  BOOST_TEST(o.connect_timeout.count() == 250);
  BOOST_TEST(o.stall_timeout.count() == 2'000);
  BOOST_TEST(o.timeout.count() == 5'000);
}

BOOST_AUTO_TEST_CASE(foreground_logs_to_standard_error) {
  BOOST_TEST(mounted({"--foreground"}).log_file == "");
  BOOST_TEST(mounted({"-f", "--log-file", "/l"}).log_file == "/l");
}

BOOST_AUTO_TEST_CASE(options_may_follow_arguments_and_end_at_two_dashes) {
  const auto after = parse({"mount", "/repo", "-f", "/mnt", "--ref", "main"});
  const auto& o = std::get<mount_options>(after.value().action);
  BOOST_TEST((o.source == "/repo" && o.mountpoint == "/mnt" && o.ref == "main" && o.foreground));
  const auto dashes = parse({"mount", "-f", "--", "/repo", "--help"});
  BOOST_TEST(std::get<mount_options>(dashes.value().action).mountpoint == std::filesystem::current_path() / "--help");
}

BOOST_AUTO_TEST_CASE(the_last_of_a_repeated_option_counts) {
  BOOST_TEST(mounted({"--ref", "a", "--ref", "b"}).ref == "b");
  BOOST_TEST(mounted({"--threads", "3", "--threads=5"}).threads == 5U);
  BOOST_TEST(mounted({"-f", "-f"}).foreground);
}

BOOST_AUTO_TEST_CASE(mount_options_add_up_and_the_later_word_wins) {
  const mount_options o = mounted({"-o", "noexec,noatime", "-o", "exec,fsname=a\\,b,subtype=x,max_read=65536",
                                   "--allow-other", "-o", "auto_unmount,,ro,x-systemd.automount,_netdev,defaults"});
  BOOST_TEST(fuse_option_text(o)
             == "ro,nosuid,nodev,noatime,allow_other,default_permissions,auto_unmount,fsname=a\\,b,subtype=x,"
                "max_read=65536");
  BOOST_TEST(fuse_option_text(mounted({"-o", "exec", "-o", "noexec,noatime,relatime,allow_root"}))
             == "ro,nosuid,nodev,noexec,allow_root,default_permissions,fsname=https://example.org/a.git,subtype=gitfs");
}

BOOST_AUTO_TEST_CASE(suid_and_dev_are_for_root) {
  const auto done = parse({"mount", "-o", "suid,dev", "/repo", "/mnt"});
  if (::geteuid() == 0) {
    const std::string text = fuse_option_text(std::get<mount_options>(done.value().action));
    BOOST_TEST(text.starts_with("ro,suid,dev,"));
  } else {
    BOOST_TEST(done.error().message == "-o: only root may mount with 'suid' (see gitfs-actor mount --help)");
  }
}

BOOST_AUTO_TEST_CASE(file_system_name_holds_no_credentials) {
  const auto done = parse({"mount", "https://user:secret@example.org/a,b", "/mnt"});
  const auto& o = std::get<mount_options>(done.value().action);
  BOOST_TEST(o.source == "https://user:secret@example.org/a,b");
  BOOST_TEST(fuse_option_text(o).find(",fsname=https://example.org/a\\,b,") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(paths_become_absolute) {
  const scoped_env home{"HOME", "/home/somebody"};
  const auto here = std::filesystem::current_path();
  const auto done = parse({"mount", "~/repo/", "m/n/", "--cache-dir", "c", "--pid-file", "p"});
  const auto& o = std::get<mount_options>(done.value().action);
  BOOST_TEST(o.source == "/home/somebody/repo");
  BOOST_TEST(o.mountpoint == here / "m/n");
  BOOST_TEST(o.cache_dir == here / "c");
  BOOST_TEST(o.pid_file == here / "p");
  for (const char* url : {"file:///repo/", "git@example.org:a.git", "https://example.org/a/"}) {
    const auto kept = parse({"mount", url, "/mnt"});
    BOOST_TEST(std::get<mount_options>(kept.value().action).source == url);
  }
}

BOOST_AUTO_TEST_CASE(log_of_a_long_mountpoint_has_a_name_the_disk_takes) {
  const std::string deep = "/" + std::string(200, 'a') + "/" + std::string(200, 'b');
  const scoped_env state{"XDG_STATE_HOME", "/s"};
  const auto done = parse({"mount", "/repo", deep});
  BOOST_TEST(std::get<mount_options>(done.value().action).log_file
             == "/s/gitfs-actor/" + std::string(200, 'b') + ".log");
}

BOOST_AUTO_TEST_CASE(help_names_every_option) {
  for (const words& line : {words{"mount", "--help"}, words{"mount", "-h"}, words{"mount", "--tiemout", "--help"}}) {
    const std::string help = printed(line);
    BOOST_TEST(mount_option_table().size() > 10U);
    for (const option_row& row : mount_option_table()) {
      std::string spelled{row.names};
      if (const auto comma = spelled.find(','); comma != std::string::npos)
        spelled.insert(comma + 1, " ");
      BOOST_TEST(help.find(" " + spelled + " ") != std::string::npos, spelled);
      BOOST_TEST(help.find(row.help) != std::string::npos, row.help);
      BOOST_TEST(help.find(std::string{row.group} + ":\n") != std::string::npos, row.group);
    }
    for (const char* text : {"(default: info)", "(default: 10)", "(default: 30)", "(default: 300)", "max_read=SIZE"})
      BOOST_TEST(help.find(text) != std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(help_lines_are_not_wider_than_a_page) {
  for (const words& line : {words{"mount", "--help"}, words{"unmount", "--help"}, words{"--help"}}) {
    const std::string help = printed(line);
    for (std::size_t from = 0, end = 0; (end = help.find('\n', from)) != std::string::npos; from = end + 1)
      BOOST_TEST(end - from <= 140U, help.substr(from, end - from));
  }
}

BOOST_AUTO_TEST_CASE(scrubs_the_process_list) {
  words lines{"gitfs-actor", "mount", "https://user:secret@example.org/a",
              "/mnt/a@b",    "-o",    "fsname=https://u:p@x/,ro"};
  std::vector<char*> argv;
  for (std::string& each : lines)
    argv.push_back(each.data());
  scrub_arguments(static_cast<int>(argv.size()), argv.data());
  BOOST_TEST(lines[2] == "https://***********@example.org/a");
  BOOST_TEST(lines[3] == "/mnt/a@b");
  BOOST_TEST(lines[5] == "fsname=https://***@x/,ro");
}

BOOST_AUTO_TEST_CASE(no_spelling_of_credentials_stays_in_the_process_list) {
  for (const std::string scheme : {"http://", "ssh://", ""})
    for (const std::string& url : hostile_urls("git.example/a", scheme)) {
      words lines{"gitfs-actor", "mount", url, "-o", "fsname=" + url, "--otlp-endpoint=" + url, "--otlp-endpoint", url};
      if (scheme.empty())
        lines.resize(3);
      std::vector<char*> argv;
      for (std::string& each : lines)
        argv.push_back(each.data());
      scrub_arguments(static_cast<int>(argv.size()), argv.data());
      for (const std::string& line : lines)
        BOOST_TEST((secret_in(line).empty() || line.starts_with("hunter2/")), line); // that is a path
    }
}

BOOST_AUTO_TEST_CASE(what_the_mount_writes_to_is_not_below_its_mountpoint) {
  const temp_dir dir;
  const std::filesystem::path top = std::filesystem::canonical(dir.path());
  std::filesystem::create_directories(top / "mnt");
  std::filesystem::create_directory_symlink("mnt", top / "link");
  std::filesystem::create_directory_symlink(top / "mnt/deep", top / "through");
  const auto of = [&](words options, const std::string& mountpoint) {
    options.insert(options.begin(), "mount");
    options.insert(options.end(), {"https://example.org/a.git", mountpoint});
    const auto done = parse(options);
    return done ? std::string{} : done.error().message;
  };
  const std::string at = top / "mnt";
  for (const char* option : {"--cache-dir", "--log-file", "--trace", "--pid-file"})
    for (const char* below : {"mnt", "mnt/x", "link/x/y", "through", "through/x", "other/../link/x"}) {
      const std::string said = of({"--cache-dir", "/c", "--log-file", "/l", option, top / below}, at);
      BOOST_TEST(said.find(std::string{"name another by "} + option) != std::string::npos, option << " " << below);
      BOOST_TEST(said.find(at) != std::string::npos, said);
    }
  BOOST_TEST(of({"--cache-dir", top / "mntc", "--log-file", top / "l"}, at) == "");
  BOOST_TEST(of({"--cache-dir", at, "--log-file", top / "l"}, top / "link") != ""); // the mountpoint is the link
  {
    const scoped_env cache{"XDG_CACHE_HOME", nullptr}, home{"HOME", at.c_str()};
    BOOST_TEST(of({}, at).find("below the mountpoint") != std::string::npos);
  }
  std::ofstream{top / "config.json"} << R"({"mountpoint": ")" + at + R"(", "cache": {"path": ")" + at
                                            + R"(/c"}, "tree": {"a": {"source": "https://example.org/a"}}})";
  const auto file = parse({"mount", "--config", top / "config.json"});
  BOOST_TEST((!file && file.error().message.find("below the mountpoint") != std::string::npos));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
