#include "config/log.hpp"
#include "config/log_setup.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <sys/stat.h>
#include <unistd.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(log)

namespace {

std::string content(const std::filesystem::path& file) {
  std::ifstream in{file};
  return {std::istreambuf_iterator<char>{in}, {}};
}

mode_t mode_of(const std::filesystem::path& path) {
  struct stat st {};
  BOOST_REQUIRE(::stat(path.c_str(), &st) == 0);
  return st.st_mode & 07777U;
}

// Whether the descriptor of this process that is open on `file` would survive an exec.
bool is_inherited(const std::filesystem::path& file) {
  for (const auto& entry : std::filesystem::directory_iterator{"/proc/self/fd"}) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) == file)
      return (::fcntl(std::stoi(entry.path().filename().string()), F_GETFD) & FD_CLOEXEC) == 0;
  }
  throw std::runtime_error("the log is not open");
}

struct log_fixture {
  ~log_fixture() { BOOST_TEST(start_log({.level = log_level::off, .file = {}}).has_value()); }
  temp_dir dir;
  std::filesystem::path file = dir / "new/folders/mount.log";
};

} // namespace

BOOST_FIXTURE_TEST_CASE(file_is_private_and_not_inherited, log_fixture) {
  BOOST_REQUIRE(start_log({.file = file}).has_value());
  BOOST_TEST(mode_of(file) == 0600U);
  BOOST_TEST(mode_of(file.parent_path()) == 0700U);
  BOOST_TEST(mode_of(file.parent_path().parent_path()) == 0700U);
  BOOST_TEST(!is_inherited(file));
}

BOOST_FIXTURE_TEST_CASE(a_log_is_begun_anew_and_one_old_file_stays, log_fixture) {
  constexpr std::uint64_t size = 4096;
  BOOST_REQUIRE(start_log({.file = file, .size = size}).has_value());
  for (int i = 0; i < 300; ++i)
    gitfs::log::info("line {}", i);
  const std::string now = content(file), before = content(file.string() + ".1");
  BOOST_TEST(now.size() < size);
  BOOST_TEST(before.size() >= size);
  BOOST_TEST(before.size() < size + 100);
  BOOST_TEST((before + now).ends_with("line 299\n"));
  const auto lines = static_cast<int>(std::ranges::count(before + now, '\n'));
  BOOST_TEST((before + now).find("line " + std::to_string(300 - lines) + "\n") != std::string::npos); // none is missing
  BOOST_TEST(mode_of(file) == 0600U);
  BOOST_TEST(!std::filesystem::exists(file.string() + ".2"));
  // Where it cannot be renamed, or somebody else did it, the lines go on.
  std::filesystem::remove(file);
  for (int i = 0; i < 100; ++i)
    gitfs::log::info("more {}", i);
  BOOST_TEST(content(file).ends_with("more 99\n"));
}

BOOST_FIXTURE_TEST_CASE(logs_that_nobody_uses_are_removed_in_time, log_fixture) {
  BOOST_REQUIRE(start_log({.file = file}).has_value()); // in use
  const auto folder = file.parent_path();
  const auto make = [&](const std::string& name, std::chrono::hours age) {
    std::ofstream{folder / name, std::ios::app} << "x";
    std::filesystem::last_write_time(folder / name, std::filesystem::file_time_type::clock::now() - age);
  };
  using std::chrono::hours;
  make("mount.log", hours{1000});
  for (const char* each : {"old.log", "old.log.1", "old.log.crash-trace", "left.log.crash-trace", "notes", "a.log.gz"})
    make(each, hours{1000});
  make("young.log", hours{10});
  make("half.log", hours{1000});
  make("half.log.1", hours{10});
  std::filesystem::create_directory(folder / "folder.log");
  remove_old_logs(folder, hours{720});
  std::string left;
  for (const char* each : {"mount.log", "old.log", "old.log.1", "old.log.crash-trace", "left.log.crash-trace", "notes",
                           "a.log.gz", "young.log", "half.log", "half.log.1", "folder.log"})
    left += std::filesystem::exists(folder / each) ? std::string{each} + " " : "";
  BOOST_TEST(left == "mount.log notes a.log.gz young.log half.log half.log.1 folder.log ");
  BOOST_TEST(start_log({.level = log_level::off, .file = {}}).has_value());
  remove_old_logs(folder, hours{720});
  BOOST_TEST(!std::filesystem::exists(file));
  remove_old_logs(dir / "none", hours{720});
}

BOOST_FIXTURE_TEST_CASE(lines_hold_time_and_level_and_no_credentials, log_fixture) {
  BOOST_REQUIRE(start_log({.level = log_level::info, .file = file}).has_value());
  gitfs::log::debug("below the level");
  gitfs::log::warn("cannot reach {}", "https://user:secret@example.org/a.git");
  const std::string text = content(file);
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(text.ends_with(" warning cannot reach https://example.org/a.git\n"));
    BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 1);
    BOOST_REQUIRE(text.size() > 29);
    BOOST_TEST((text[4] == '-' && text[10] == 'T' && text[19] == '.' && (text[23] == '+' || text[23] == '-')));
  }
}

BOOST_FIXTURE_TEST_CASE(appends_and_follows_a_new_setting, log_fixture) {
  for (const char* line : {"first", "second"}) {
    BOOST_REQUIRE(start_log({.level = log_level::trace, .file = file}).has_value());
    gitfs::log::trace("{}", line);
  }
  BOOST_REQUIRE(start_log({.level = log_level::off, .file = file}).has_value());
  gitfs::log::error("third");
  const std::string text = content(file);
  BOOST_TEST(text.find("first\n") < text.find("second\n"));
  BOOST_TEST(text.find("second\n") != std::string::npos);
  BOOST_TEST(text.find("third") == std::string::npos);
}

BOOST_FIXTURE_TEST_CASE(says_which_file_cannot_be_opened, log_fixture) {
  const auto done = start_log({.file = dir.path()});
  BOOST_REQUIRE(!done);
  BOOST_TEST(done.error().code == EISDIR);
  BOOST_TEST(done.error().message == "cannot open the log file " + dir.path().string() + ": Is a directory");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
