// What commands and mounts say to each other, without a mount.
#include "fuse_bridge/control_commands.hpp"
#include "fuse_bridge/control_folder.hpp"
#include "fuse_bridge/control_protocol.hpp"
#include "test/support/outcome.hpp"
#include "test/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(control_protocol)

namespace {

std::string_view object_in(const std::string& frame) {
  const auto lengths = control::lengths_of(frame.data());
  BOOST_REQUIRE(lengths.has_value());
  BOOST_REQUIRE_EQUAL(frame.size(), control::lengths_size + lengths->object + lengths->text);
  return std::string_view{frame}.substr(control::lengths_size, lengths->object);
}

std::string text_in(const std::string& frame) {
  const auto lengths = control::lengths_of(frame.data());
  return frame.substr(control::lengths_size + lengths->object);
}

/// Where an answer goes in a test.
class kept final : public control_channel {
public:
  explicit kept(control::answer& to) : to_(to) {}
  void send(control::answer what) override { to_ = std::move(what); }
  void on_interrupt(std::function<void()>) override {}
  std::size_t room() const override { return 1000; }

private:
  control::answer& to_;
};

} // namespace

BOOST_AUTO_TEST_CASE(questions_and_answers_arrive_as_they_were) {
  const std::string name = "a \"name\"\n\\ of \xff any\x01 bytes";
  control::question asked;
  asked.program = "1.2.3";
  asked.command = "object";
  asked.arguments = {{"inode", "18446744073709551615"}, {"name", name}, {"word", "7x"}};
  const auto question = control::question_of(object_in(frame_of(asked)));
  BOOST_REQUIRE_MESSAGE(question, reason_of(question));
  BOOST_TEST(question.value().protocol == control::protocol_version);
  BOOST_TEST(question.value().program == "1.2.3");
  BOOST_TEST(question.value().command == "object");
  BOOST_TEST(question.value().argument("name") == name);
  BOOST_TEST(question.value().number("inode") == 18446744073709551615U);
  BOOST_TEST(question.value().number("word") == 0U);
  BOOST_TEST(question.value().number("none") == 0U);
  BOOST_TEST(question.value().argument("none").empty());

  control::answer told;
  told.program = "4.5";
  told.code = ENOENT;
  told.error = "there is no \"such\" thing";
  told.next = 12;
  told.text = std::string("bytes \0 \xff", 9);
  const std::string frame = frame_of(told);
  const auto answer = control::answer_of(object_in(frame), text_in(frame));
  BOOST_REQUIRE_MESSAGE(answer, reason_of(answer));
  BOOST_TEST(answer.value().program == "4.5");
  BOOST_TEST(answer.value().code == ENOENT);
  BOOST_TEST(answer.value().error == told.error);
  BOOST_TEST(answer.value().next == 12U);
  BOOST_TEST((answer.value().text == told.text));
}

BOOST_AUTO_TEST_CASE(what_is_no_frame_is_refused) {
  BOOST_TEST(!control::lengths_of("GET / HT"));
  BOOST_TEST(!control::lengths_of("\x00\x00\x02\x00\x00\x00\x00\x00"));
  for (const char* text : {"", "[]", "{", "{\"protocol\": 1", "null", "{}x", "\xff"})
    BOOST_TEST((control::question_of(text).error().code == EPROTO), text);
  // What is left out or of another type is as if it were not there.
  const auto odd =
      control::question_of(R"({"protocol": "1", "command": 7, "arguments": {"a": 1, "b": "c"}, "new": []})");
  BOOST_REQUIRE(odd);
  BOOST_TEST(odd.value().protocol == 0U);
  BOOST_TEST(odd.value().command.empty());
  BOOST_TEST(odd.value().arguments.size() == 1U);
}

BOOST_AUTO_TEST_CASE(what_can_be_asked_is_published) {
  const char* source = std::getenv("GITFS_SOURCE_DIR");
  BOOST_REQUIRE(source != nullptr);
  std::ifstream in{std::filesystem::path{source} / "docs/control-protocol.md"};
  std::vector<std::string> there, here;
  bool inside = false;
  for (std::string line; std::getline(in, line);) {
    if (inside && line.starts_with("| "))
      there.push_back(line);
    inside = line.starts_with("| command | arguments |") || (inside && line.starts_with("|"));
  }
  std::set<std::string_view> names;
  for (const control_command& each : control_commands()) {
    BOOST_TEST(names.insert(each.name).second, each.name);
    here.push_back(fmt::format("| {} | {} | {} | {} | {} |", each.name, each.takes, each.gives,
                               each.who == asker::owner ? "owner" : "anybody", each.in_mount ? "yes" : "no"));
  }
  BOOST_TEST(here == there, boost::test_tools::per_element());
}

// Of every row that is not for everybody, before anything is done.
BOOST_AUTO_TEST_CASE(who_may_not_ask_is_told_so) {
  bridge of;
  of.common.uid = 1000;
  of.mountpoint = "/mnt/project";
  for (const control_command& each : control_commands()) {
    control::question asked;
    asked.command = each.name;
    if (each.who == asker::owner) {
      control::answer told;
      handle_question(of, asked, 1001, false, std::make_unique<kept>(told));
      BOOST_TEST(told.code == EACCES, each.name);
      BOOST_TEST(told.error == "the mount at /mnt/project is another user's: only that user and root may ask");
    }
    if (!each.in_mount) {
      control::answer told;
      handle_question(of, asked, 1000, true, std::make_unique<kept>(told));
      BOOST_TEST(told.code == EOPNOTSUPP, each.name);
    }
  }
}

BOOST_AUTO_TEST_CASE(another_version_is_told_what_to_do) {
  bridge of;
  of.mountpoint = "/mnt/project";
  control::question asked;
  asked.program = "7.0";
  asked.command = "stats";
  asked.protocol = 2;
  control::answer told;
  handle_question(of, asked, 0, false, std::make_unique<kept>(told));
  BOOST_TEST(told.code == EPROTONOSUPPORT);
  BOOST_TEST(told.error.starts_with("the mount at /mnt/project is served by gitfs-actor "));
  BOOST_TEST(
      told.error.ends_with(", and this is the command of version 7.0: use the command of that version, or unmount "
                           "and mount again"));
  asked.protocol = 1;
  asked.command = "dance";
  handle_question(of, asked, 0, false, std::make_unique<kept>(told));
  BOOST_TEST(told.code == ENOSYS);
  BOOST_TEST(told.error.ends_with("unmount and mount again with version 7.0 to have it"));
}

BOOST_AUTO_TEST_CASE(a_folder_that_others_can_write_to_is_not_used) {
  const temp_dir dir;
  const std::filesystem::path ours = dir / "gitfs-actor";
  const char* const before = std::getenv("XDG_RUNTIME_DIR");
  const std::string kept_value = before == nullptr ? "" : before;
  ::setenv("XDG_RUNTIME_DIR", dir.path().c_str(), 1);
  const auto found = control::socket_folders_of(1234);
  BOOST_TEST((std::find(found.begin(), found.end(), ours) != found.end()));
  BOOST_TEST((std::find(found.begin(), found.end(), "/run/user/1234/gitfs-actor") != found.end()));
  BOOST_TEST((found.back() == "/tmp/gitfs-actor-1234"));
  BOOST_REQUIRE(control::private_folder(ours));
  struct stat st {};
  BOOST_REQUIRE(::stat(ours.c_str(), &st) == 0);
  BOOST_TEST((st.st_mode & 0777) == 0755U);
  BOOST_TEST((control::private_folder(ours).value() == ours));
  for (const mode_t mode : {0777, 0775}) {
    BOOST_REQUIRE(::chmod(ours.c_str(), mode) == 0);
    BOOST_TEST((control::private_folder(ours).error().code == EPERM));
  }
  BOOST_REQUIRE(::symlink("gitfs-actor", (dir / "link").c_str()) == 0);
  BOOST_TEST((control::private_folder(dir / "link").error().code == EPERM));
  before == nullptr ? ::unsetenv("XDG_RUNTIME_DIR") : ::setenv("XDG_RUNTIME_DIR", kept_value.c_str(), 1);
  BOOST_TEST(control::socket_name(makedev(0, 57)) == "0-57.sock");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
