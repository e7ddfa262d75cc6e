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
