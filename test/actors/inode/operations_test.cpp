// lookup, readdir, read, readlink, getattr and extended attributes of one directory.
#include "actors/model/inode_number.hpp"
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

#include <sys/stat.h>

namespace gitfs::test {

namespace operations {

namespace {

struct small_tree : directory_fixture {
  oid text = db->blob("hello world"), script = db->blob("#!/bin/sh\n"), target = db->blob("text");
  oid sub = db->tree({});
  oid root = db->tree({{"dir", entry_kind::directory, sub},
                       {"link", entry_kind::symlink, target},
                       {"module", entry_kind::gitlink, oid::from_raw("01234567890123456789")},
                       {"run", entry_kind::executable, script},
                       {"text", entry_kind::file, text}});
  small_tree() { open(root); }
};

} // namespace

} // namespace operations

BOOST_FIXTURE_TEST_SUITE(operations, operations::small_tree)

BOOST_AUTO_TEST_CASE(lookup_gives_type_mode_and_size) {
  struct {
    const char* name;
    std::uint32_t mode;
    std::uint64_t size;
  } const rows[] = {{"dir", S_IFDIR | 0755, 4096},
                    {"link", S_IFLNK | 0777, 4},
                    {"module", S_IFDIR | 0755, 4096},
                    {"run", S_IFREG | 0755, 10},
                    {"text", S_IFREG | 0644, 11}};
  for (const auto& row : rows) {
    auto r = lookup(row.name);
    BOOST_TEST_CONTEXT(row.name) {
      BOOST_REQUIRE((r.answered->what == answer::kind::entry));
      BOOST_TEST(r.answered->node.attr.mode == row.mode);
      BOOST_TEST(r.answered->node.attr.size == row.size);
      BOOST_TEST(r.answered->node.attr.ino == inode_number({}, row.name, child_key(root_key, row.name)));
    }
  }
  BOOST_TEST(port.requested.empty());
}

BOOST_AUTO_TEST_CASE(errors_of_wrong_kinds) {
  const auto dir_node = looked_up("dir");
  BOOST_TEST(dir_node.child == self_child); // a directory answers for itself
  const auto file = looked_up("text").child, link = looked_up("link").child, module = looked_up("module").child;
  BOOST_TEST(send(file, lookup_op{"x"}).answered->code == ENOTDIR);
  BOOST_TEST(send(file, readdir_op{}).answered->code == ENOTDIR);
  BOOST_TEST(send(file, readlink_op{}).answered->code == EINVAL);
  BOOST_TEST(send(self_child, read_op{0, 10}).answered->code == EISDIR);
  BOOST_TEST(send(self_child, readlink_op{}).answered->code == EINVAL);
  BOOST_TEST(send(module, read_op{0, 10}).answered->code == EISDIR);
  BOOST_TEST((send(module, lookup_op{"x"}).answered->what == answer::kind::absent));
  BOOST_TEST(send(link, readlink_op{}).answered->text == "text");
  BOOST_TEST(lookup(std::string(256, 'n')).answered->code == ENAMETOOLONG);
  BOOST_TEST((lookup(std::string(255, 'n')).answered->what == answer::kind::absent));
  BOOST_TEST(send(999, getattr_op{}).answered->code == ESTALE);
}

BOOST_AUTO_TEST_CASE(read_at_any_offset_and_size) {
  const auto file = looked_up("text").child;
  BOOST_TEST(read(file).answered->text == "hello world");
  BOOST_TEST(read(file, 6).answered->text == "world");
  BOOST_TEST(read(file, 2, 3).answered->text == "llo");
  BOOST_TEST(read(file, 11).answered->text == "");
  BOOST_TEST(read(file, 1000).answered->text == "");
  BOOST_TEST(read(file, ~std::uint64_t{0}).answered->text == "");
  BOOST_TEST(read(file, 0, 0).answered->text == "");
}

BOOST_AUTO_TEST_CASE(a_read_of_what_is_not_here_is_one_fetch_of_that_blob_alone) {
  const auto file = looked_up("text").child;
  db->hide(text);
  auto one = read(file), two = read(file, 6);
  BOOST_REQUIRE_EQUAL(port.count(want_kind::blobs), 1U);
  BOOST_TEST((port.last(want_kind::blobs).ids == std::vector<oid>{text}));
  BOOST_TEST((port.last(want_kind::blobs).how == urgency::demand));
  db->show(text);
  dir->finished(port.last(want_kind::blobs).id, {0, {}});
  BOOST_TEST(one.answered->text == "hello world");
  BOOST_TEST(two.answered->text == "world");
}

BOOST_AUTO_TEST_CASE(a_backend_error_meets_that_node_alone) {
  const auto file = looked_up("text").child, other = looked_up("run").child;
  db->hide(text);
  auto failing = read(file);
  dir->finished(port.last(want_kind::blobs).id, {EIO, {}});
  BOOST_TEST(failing.answered->code == EIO);
  BOOST_TEST(read(other).answered->text == "#!/bin/sh\n");
}

BOOST_AUTO_TEST_CASE(a_large_blob_is_inflated_elsewhere_once) {
  const oid big = db->blob(std::string(3U << 20, 'x'));
  move_to(db->tree({{"big", entry_kind::file, big}}));
  const auto file = looked_up("big").child;
  auto one = read(file), two = read(file, 1U << 20);
  BOOST_REQUIRE_EQUAL(port.loads.size(), 1U);
  BOOST_TEST(one.answered->answers == 0);
  dir->finished(port.loads[0].first, {0, {}});
  BOOST_TEST(one.answered->text.size() == 4096U);
  BOOST_TEST(two.answered->text.size() == 4096U);
  BOOST_TEST(read(file, 4096).answered->text.size() == 4096U); // from the cache now
  BOOST_TEST(port.loads.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_stat_never_shows_a_guess) {
  db->hide(text);
  db->hide(script);
  auto list = readdir();
  for (const auto& e : list.answered->entries)
    if (e.name == "text" || e.name == "run")
      BOOST_TEST(e.nodeid == 0U); // by name only: a listing never waits
  auto stat = lookup("text");
  BOOST_TEST(stat.answered->answers == 0);
  BOOST_REQUIRE_EQUAL(port.count(want_kind::sizes), 1U); // the prefetch's, promoted; of all children at once
  BOOST_TEST(port.last(want_kind::sizes).ids.size() == 2U);
  BOOST_TEST(port.promoted.size() == 1U);
  dir->finished(port.last(want_kind::sizes).id, {0, {{text, 11}}}); // the server does not know the other
  BOOST_TEST(stat.answered->node.attr.size == 11U);
  auto unknown = lookup("run");
  dir->finished(port.last(want_kind::sizes).id, {0, {}});
  BOOST_TEST(unknown.answered->code == EIO);
}

BOOST_AUTO_TEST_CASE(a_size_that_is_too_dear_to_guess_at_is_asked_for_by_who_waits) {
  db->hide(text);
  (void)readdir();
  const auto guess = port.last(want_kind::sizes).id;
  auto stat = lookup("text"); // joins the guess, which the server without object-info refuses
  dir->finished(guess, {ENOTSUP, {}});
  BOOST_TEST(stat.answered->answers == 0);
  BOOST_TEST((port.last(want_kind::sizes).how == urgency::demand));
  dir->finished(port.last(want_kind::sizes).id, {0, {{text, 11}}});
  BOOST_TEST(stat.answered->node.attr.size == 11U);
}

BOOST_AUTO_TEST_CASE(a_gitlink_with_a_files_oid_does_not_take_its_size) {
  db->hide(text);
  db->hide(script);
  move_to(db->tree({{"a", entry_kind::file, script}, {"b", entry_kind::gitlink, text}, {"c", entry_kind::file, text}}));
  auto stat = lookup("c");
  dir->finished(port.last(want_kind::sizes).id, {0, {{text, 11}, {script, 10}}});
  BOOST_TEST(stat.answered->node.attr.size == 11U);
}

BOOST_AUTO_TEST_CASE(readdir_pages_with_continuing_offsets) {
  const auto whole = readdir();
  const std::vector<std::string> expected{".", "..", "dir", "link", "module", "run", "text"};
  std::vector<std::string> names;
  std::uint64_t offset = 0;
  for (int page = 0; page < 20; ++page) {
    auto r = readdir(offset, page % 2 == 0, 1);
    if (r.answered->entries.empty())
      break;
    names.push_back(r.answered->entries[0].name);
    BOOST_TEST(r.answered->entries[0].next == offset + 1); // 1-based, without gaps
    offset = r.answered->entries[0].next;
  }
  BOOST_TEST(names == expected, boost::test_tools::per_element());
  BOOST_TEST(whole.answered->entries.size() == expected.size());
  BOOST_TEST(readdir(100).answered->entries.empty());
}

BOOST_AUTO_TEST_CASE(readdir_from_any_offset) {
  for (std::uint64_t offset = 0; offset <= 7; ++offset)
    BOOST_TEST(readdir(offset).answered->entries.size() == 7 - offset);
}

BOOST_AUTO_TEST_CASE(a_gitlink_is_an_empty_directory) {
  const auto module = looked_up("module").child;
  for (std::uint64_t offset = 0; offset <= 2; ++offset)
    BOOST_TEST(send(module, readdir_op{offset, true}).answered->entries.size() == 2 - offset);
}

BOOST_AUTO_TEST_CASE(an_empty_directory_has_its_dots) {
  move_to(sub);
  BOOST_TEST(readdir().answered->entries.size() == 2U);
}

BOOST_AUTO_TEST_CASE(extended_attributes) {
  const auto file = looked_up("text").child;
  BOOST_TEST(send(file, getxattr_op{"user.gitfs.oid"}).answered->text == text.hex());
  BOOST_TEST(send(self_child, getxattr_op{"user.gitfs.oid"}).answered->text == root.hex());
  BOOST_TEST(send(file, getxattr_op{"user.gitfs.commit"}).answered->text == oid{}.hex());
  BOOST_TEST(send(file, getxattr_op{"security.capability"}).answered->code == ENODATA);
  BOOST_TEST(send(self_child, getxattr_op{"user.gitfs.entry/"}).answered->text == "tree " + root.hex());
  BOOST_TEST(send(self_child, getxattr_op{"user.gitfs.entry/absent"}).answered->code == ENOENT);
  BOOST_TEST(send(file, getxattr_op{"user.gitfs.entry/absent"}).answered->code == ENODATA);
  const std::string names{"user.gitfs.oid\0user.gitfs.commit\0", 33};
  BOOST_TEST(send(file, listxattr_op{}).answered->text == names);
}

BOOST_AUTO_TEST_CASE(a_question_about_an_entry_changes_nothing) {
  const auto ask = [&](const std::string& name) {
    request r; // no number: the kernel does not ask
    dir->handle({r.make(), self_child, getxattr_op{std::string{entry_attribute} + name}});
    return *r.answered;
  };
  db->hide(root);
  const std::string before = dir->describe();
  BOOST_TEST(ask("").text == "tree " + root.hex());
  BOOST_TEST(ask("text").code == ENODATA);
  db->show(root);
  BOOST_TEST(ask("text").text == "blob " + text.hex());
  BOOST_TEST(ask("link").text == "link " + target.hex());
  BOOST_TEST(ask("absent").code == ENOENT);
  BOOST_TEST(dir->describe() == before);
  BOOST_TEST(port.requested.empty());
  BOOST_TEST(readdir().answered->entries.size() == 7U);
  BOOST_TEST(ask("dir").text == "tree " + sub.hex());
  BOOST_TEST(ask("absent").code == ENOENT);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
