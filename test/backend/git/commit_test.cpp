#include "backend/git/commit.hpp"

#include <boost/test/unit_test.hpp>

#include <cerrno>
#include <map>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(commit)

namespace {

const std::string hex_a(40, 'a'), hex_b(40, 'b');

std::string commit_by(const std::string& committer) {
  return "tree " + hex_a + "\nparent " + hex_b + "\nauthor A <a@b> 1 +0000\ncommitter " + committer + "\n\nmessage\n";
}

std::int64_t time_of_commit(const std::string& committer) {
  const auto out = parse_commit(commit_by(committer));
  BOOST_REQUIRE(out);
  return out.value().committer_time;
}

/// Objects that a test writes down.
class written_objects : public object_db {
public:
  void add(const oid& id, object_type type, std::string data) {
    auto owner = std::make_shared<std::string>(std::move(data));
    objects_.insert_or_assign(id, object{type, owner, *owner});
  }

  result<object> read(const oid& id) override {
    const auto found = objects_.find(id);
    if (found == objects_.end())
      return fail(ENOENT, id.hex());
    return found->second;
  }

  bool contains(const oid& id) override { return objects_.count(id) != 0; }
  void sizes(std::span<const oid>, std::span<std::uint64_t>) override {}

private:
  std::map<oid, object> objects_;
};

oid numbered(int n) {
  oid out;
  out.bytes[0] = static_cast<std::uint8_t>(n);
  out.bytes[1] = 1;
  return out;
}

std::string tag_of(const oid& target, const std::string& type) {
  return "object " + target.hex() + "\ntype " + type + "\ntag v1\ntagger T <t@t> 1 +0000\n\nm\n";
}

} // namespace

BOOST_AUTO_TEST_CASE(tree_and_time) {
  const auto out = parse_commit(commit_by("C <c@d> 1700000000 +0100"));
  BOOST_REQUIRE(out);
  BOOST_TEST(out.value().tree.hex() == hex_a);
  BOOST_TEST(out.value().committer_time == 1700000000);
}

BOOST_AUTO_TEST_CASE(hostile_committers) {
  BOOST_TEST(time_of_commit("a > b <c> 5 +0000") == 5);
  BOOST_TEST(time_of_commit("<> -5 +0000") == -5);
  BOOST_TEST(time_of_commit("A <a>   7") == 7);
  BOOST_TEST(time_of_commit("A <a> 99999999999999999999 +0000") == 0);
  BOOST_TEST(time_of_commit("A <a> 12x +0000") == 0);
  BOOST_TEST(time_of_commit("A <a>") == 0);
  BOOST_TEST(time_of_commit("no mail 5") == 0);
  BOOST_TEST(time_of_commit(std::string{"\0\xff <\0> 9 +0000", 14}) == 9);
}

BOOST_AUTO_TEST_CASE(what_libgit2_refuses_is_read) {
  const std::string tree = "tree " + hex_a + "\n", parent = "parent " + hex_b + "\n";
  for (const std::string& raw :
       {tree, tree + "\nmessage", tree + "author\ncommitter\n\n", tree + "author \ncommitter \n\nm\n",
        tree + "tree " + hex_b + "\nauthor A <a> 1 +0000\ncommitter A <a> 18446744073709548016 +0100\n\nm\n",
        tree + "author A <a> 18446744073709548016 +0100\n\nm\n",
        tree + "committer A <a> 9223372036854775808 +0000\n\n"}) {
    const auto out = parse_commit(raw);
    BOOST_REQUIRE_MESSAGE(out, raw);
    BOOST_TEST(out.value().tree.hex() == hex_a, raw);
    BOOST_TEST(out.value().committer_time == 0, raw);
    BOOST_TEST(out.value().parents.empty(), raw);
  }
  const auto merge =
      parse_commit(tree + parent + "parent " + hex_a + "\nauthor A <a> 1 +0000\nparent " + hex_b + "\n\n");
  BOOST_TEST(merge.value().parents.size() == 2U);
}

BOOST_AUTO_TEST_CASE(a_committer_in_the_message_is_none) {
  const auto out = parse_commit("tree " + hex_a + "\n\ncommitter A <a> 5 +0000\n");
  BOOST_REQUIRE(out);
  BOOST_TEST(out.value().committer_time == 0);
}

BOOST_AUTO_TEST_CASE(without_a_tree_it_is_an_error) {
  for (const std::string& raw :
       {std::string{}, std::string{"tree"}, std::string{"tree "}, "tree " + hex_a.substr(1), "tree " + hex_a + "0\n",
        "tree  " + hex_a, "\ntree " + hex_a, "parent " + hex_a, "treex" + hex_a, "tree " + hex_a + "\r\n"}) {
    const auto out = parse_commit(raw);
    BOOST_REQUIRE_MESSAGE(!out, "taken: " << raw);
    BOOST_TEST(out.error().code == EIO);
  }
  BOOST_TEST(parse_commit("tree " + hex_a).has_value());
}

BOOST_AUTO_TEST_CASE(tags) {
  const auto out = parse_tag("object " + hex_b + "\ntype tree\ntag x\n");
  BOOST_REQUIRE(out);
  BOOST_TEST(out.value().target.hex() == hex_b);
  BOOST_TEST((out.value().target_type == object_type::tree));
  for (const std::string& raw : {std::string{}, "object " + hex_b, "object " + hex_b + "\ntype \n",
                                 "object " + hex_b + "\ntype commits\n", "type commit\nobject " + hex_b + "\n"})
    BOOST_TEST(!parse_tag(raw), "taken: " << raw);
}

BOOST_AUTO_TEST_CASE(peeling) {
  written_objects db;
  db.add(numbered(1), object_type::commit, "tree " + hex_a + "\n");
  db.add(numbered(2), object_type::tag, tag_of(numbered(1), "commit"));
  db.add(numbered(3), object_type::tag, tag_of(numbered(2), "tag"));
  db.add(numbered(4), object_type::tag, tag_of(numbered(4), "tag")); // no hash could, but the loop must end
  db.add(numbered(5), object_type::blob, "x");
  db.add(numbered(6), object_type::tag, tag_of(numbered(99), "commit"));
  for (int n : {1, 2, 3})
    BOOST_TEST((peel_to_commit(db, numbered(n)).value() == numbered(1)));
  BOOST_TEST(peel_to_commit(db, numbered(4)).error().code == EIO);
  BOOST_TEST(peel_to_commit(db, numbered(5)).error().code == EIO);
  BOOST_TEST(peel_to_commit(db, numbered(6)).error().code == ENOENT);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
