// Secrets: read from where they are kept, and found where they must not stand.
#include "config/secret.hpp"

#include "test/support/environment.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(secret)

BOOST_AUTO_TEST_CASE(in_a_variable) {
  const scoped_env good{"A_SECRET", "s3cret\n"};
  BOOST_TEST(read_secret({"A_SECRET", ""}).value() == "s3cret");
  BOOST_TEST(read_secret({}).value() == "");
  const scoped_env empty{"AN_EMPTY_ONE", ""};
  BOOST_TEST(read_secret({"AN_EMPTY_ONE", ""}).error().message == "the variable AN_EMPTY_ONE is empty");
  const scoped_env none{"NO_SECRET", nullptr};
  BOOST_TEST(read_secret({"NO_SECRET", ""}).error().message
             == "the variable NO_SECRET is not set: it should hold a secret");
}

BOOST_AUTO_TEST_CASE(in_a_file) {
  const temp_dir folder;
  const auto file = folder.path() / "s";
  const auto write = [&](const std::string& text, mode_t mode) {
    std::ofstream{file, std::ios::trunc} << text;
    ::chmod(file.c_str(), mode);
    return read_secret({"", file});
  };
  BOOST_TEST(write("s3cret\r\n", 0600).value() == "s3cret");
  BOOST_TEST(write("s3cret", 0400).value() == "s3cret");
  BOOST_TEST(write("\n", 0600).error().message == "the secret file " + file.string() + " is empty");
  BOOST_TEST(write("s3cret\nmore\n", 0600).error().message
             == "the secret file " + file.string() + " has more than one line, or a control character, in it");
  BOOST_TEST(write(std::string(70'000, 'a'), 0600).error().code == EINVAL);
  for (const mode_t mode : {0640U, 0604U, 0660U, 0644U}) {
    const auto refused = write("s3cret", mode);
    BOOST_TEST(refused.error().code == EACCES);
    BOOST_TEST(refused.error().message.ends_with("): chmod 600 it"));
    BOOST_TEST(refused.error().message.find("s3cret") == std::string::npos);
  }
  BOOST_TEST(read_secret({"", folder.path()}).error().code == EINVAL);
  std::filesystem::remove(file);
  BOOST_TEST(read_secret({"", file}).error().code == ENOENT);
  BOOST_REQUIRE(::mkfifo(file.c_str(), 0600) == 0);
  BOOST_TEST(read_secret({"", file}).error().message == "the secret file " + file.string() + " is not a regular file");
}

// As Docker (0444) and Kubernetes (0440 with fsGroup, through links) hand them out to whatever user a container has.
BOOST_AUTO_TEST_CASE(handed_out_by_a_runtime_of_containers) {
  const temp_dir folder;
  const auto version = folder / "volume/..2026_01_01";
  std::filesystem::create_directories(version);
  ::chmod((folder / "volume").c_str(), 01777);
  const auto file = std::filesystem::path{version} / "token";
  std::ofstream{file} << "s3cret";
  std::filesystem::create_symlink("..2026_01_01", folder / "volume/..data");
  std::filesystem::create_symlink("..data/token", folder / "volume/token");
  const auto read = [&](mode_t mode, mode_t of_folder) {
    ::chmod(file.c_str(), mode);
    ::chmod(version.c_str(), of_folder);
    return read_secret({"", folder / "volume/token"});
  };
  for (const mode_t mode : {0444U, 0440U, 0400U, 0404U})
    BOOST_TEST(read(mode, 0755).value() == "s3cret", mode);
  // Whoever can write to it, or beside it, can put another one there.
  for (const mode_t mode : {0644U, 0446U, 0464U})
    BOOST_TEST(read(mode, 0755).error().code == EACCES, mode);
  for (const mode_t of_folder : {0777U, 0775U, 0757U})
    BOOST_TEST(read(0444, of_folder).error().code == EACCES, of_folder);
  BOOST_TEST(read(0444, 0755).value() == "s3cret");
  ::chmod((folder / "volume").c_str(), 0777); // where the link stands
  BOOST_TEST(read(0444, 0755).error().code == EACCES);
}

BOOST_AUTO_TEST_CASE(names_of_variables_and_users) {
  BOOST_TEST((is_variable_name("A_1") && !is_variable_name("1A") && !is_variable_name("$A") && !is_variable_name("")));
  BOOST_TEST(wrong_with_username("me@example.org") == "");
  for (const char* wrong : {"a:b", "a\nb", "ghp_abcdefgh0123"})
    BOOST_TEST(wrong_with_username(wrong) != "", wrong);
}

BOOST_AUTO_TEST_CASE(places) {
  BOOST_TEST(show_place({}) == "");
  BOOST_TEST(show_place({"A", ""}) == "environment A");
  BOOST_TEST(show_place({"", "/f"}) == "file /f");
}

BOOST_AUTO_TEST_CASE(urls) {
  for (const char* clean : {"https://example.org/a", "https://me@example.org/a", "https://x/?page=2", "/srv/a", "~/a",
                            "https://x/4b825dc642cb6eb9a060e54bf8d69288fbee4904"})
    BOOST_TEST(secret_in_url(clean) == "", clean);
  for (const char* secret :
       {"https://u:p@x/a", "https://glpat-abcdefgh@x/a", "https://0123456789abcdefghij@x/a", "https://x/?a=1&token=b",
        "https://x/?API_KEY=b", "https://x?q=ghp_abcdefgh", "ghp_abcdefghijkl"})
    BOOST_TEST(secret_in_url(secret) != "", secret);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
