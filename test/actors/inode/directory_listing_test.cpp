// The listing of a directory by itself: no requests, no kernel, no moves.
#include "actors/inode/directory_listing.hpp"
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

namespace gitfs::test {

namespace directory_listing {

namespace {

struct alone {
  std::shared_ptr<memory_db> db = std::make_shared<memory_db>();
  temp_dir temp;
  mount_context context{std::make_shared<memory_budget>(64 << 20), temp.path(), false};
  std::shared_ptr<mounted_repository> objects = add_repository(context, 0, db);
  environment& outside = *objects->outside;
  int overs = 0;
  std::optional<gitfs::directory_listing> listing;

  oid one = db->blob("one"), two = db->blob("three");
  oid inner = db->tree({{"x", entry_kind::file, one}});

  alone() {
    listing.emplace(context.memory, outside, [this] { ++overs; });
  }

  std::uint64_t accounted() const { return context.memory.used(memory_budget::kind::listings); }
  table_changes show(const oid& tree, file_time since = 0, std::span<const shown_run> before = {}) {
    const auto parsed = db->read_tree(tree);
    BOOST_REQUIRE(parsed);
    return listing->show_tree(parsed.value(), {since, before, *db}, outside);
  }
  oid many_files() {
    std::vector<memory_db::entry> entries;
    for (int i = 10; i < 50; ++i)
      entries.push_back({"f" + std::to_string(i), entry_kind::file, one});
    return db->tree(entries);
  }
  const dentry& entry(std::string_view name) const {
    const dentry* const found = listing->entries().find(name);
    BOOST_REQUIRE(found != nullptr);
    return *found;
  }
};

} // namespace

} // namespace directory_listing

BOOST_FIXTURE_TEST_SUITE(directory_listing, directory_listing::alone)

BOOST_AUTO_TEST_CASE(a_tree_makes_it_complete) {
  BOOST_TEST(!listing->complete());
  const table_changes changes = show(db->tree({{"a", entry_kind::file, one}, {"d", entry_kind::directory, inner}}), 7);
  BOOST_TEST(listing->complete());
  BOOST_TEST(changes.added.size() == 2U);
  BOOST_TEST((entry("d").kind == entry_kind::directory));
  BOOST_TEST(entry("a").time == 7);
}

BOOST_AUTO_TEST_CASE(a_tree_that_cannot_be_read_shows_nothing_and_is_not_complete) {
  show(db->tree({{"a", entry_kind::file, one}}));
  listing->entries().ref(*listing->entries().at(0));
  const table_changes changes = listing->show_nothing(0, outside);
  BOOST_TEST(!listing->complete());
  BOOST_TEST(listing->entries().find("a") == nullptr);
  BOOST_REQUIRE_EQUAL(changes.gone.size(), 1U); // the kernel referred to it
  BOOST_TEST(changes.gone[0] == "a");
}

BOOST_AUTO_TEST_CASE(names_are_directories_and_complete_if_the_catalog_says_so) {
  listing->show_names({.names = {"a", "b"}, .complete = false, .assumed = {"b"}}, 3, outside);
  BOOST_TEST(!listing->complete());
  BOOST_TEST((entry("a").kind == entry_kind::directory));
  BOOST_TEST(entry("a").time == 3);
  BOOST_TEST(!listing->is_assumed("a"));
  BOOST_TEST(listing->is_assumed("b"));
  listing->show_names({.names = {"a", "b"}, .complete = true}, 3, outside);
  BOOST_TEST(listing->complete());
  BOOST_TEST(!listing->is_assumed("b"));
}

BOOST_AUTO_TEST_CASE(no_name_of_a_tree_is_assumed) {
  listing->show_names({.names = {"b"}, .assumed = {"b"}}, 3, outside);
  show(db->tree({{"b", entry_kind::file, one}}));
  BOOST_TEST(!listing->is_assumed("b"));
}

BOOST_AUTO_TEST_CASE(entries_and_child_directories_have_the_times_of_earlier_trees) {
  const oid changed = db->tree({{"x", entry_kind::file, two}});
  const oid before = db->tree({{"changed", entry_kind::file, one},
                               {"dir", entry_kind::directory, inner},
                               {"same", entry_kind::file, one},
                               {"still", entry_kind::directory, inner}});
  const oid now = db->tree({{"changed", entry_kind::file, two},
                            {"dir", entry_kind::directory, changed},
                            {"same", entry_kind::file, one},
                            {"still", entry_kind::directory, inner}});
  const shown_run runs[] = {{before, 5}};
  show(now, 9, runs);
  BOOST_TEST(entry("changed").time == 9);
  BOOST_TEST(entry("same").time == 5);
  const shown_runs_ptr past = listing->past_of("dir");
  BOOST_REQUIRE(past);
  BOOST_TEST((*past == shown_runs{{inner, 5}}));
  BOOST_TEST(!listing->past_of("still"));
  BOOST_TEST(!listing->past_of("same"));
}

BOOST_AUTO_TEST_CASE(sizes_come_from_the_store_or_else_from_the_answer) {
  db->hide(one);
  db->hide(two);
  const oid third = db->blob("not here");
  db->hide(third);
  const oid tree = db->tree({{"a", entry_kind::file, one},
                             {"b", entry_kind::file, two},
                             {"c", entry_kind::file, third},
                             {"d", entry_kind::directory, inner},
                             {"e", entry_kind::gitlink, one}});
  show(tree);
  const std::vector<oid> expected{one, two, third};
  BOOST_TEST((listing->unknown_sizes() == expected));
  db->tell_size(one, 3);
  listing->fill_sizes({{one, 99}, {two, 5}}, outside);
  BOOST_TEST(entry("a").size == 3U);
  BOOST_TEST(entry("b").size == 5U);
  BOOST_TEST((listing->unknown_sizes() == std::vector<oid>{third}));
}

BOOST_AUTO_TEST_CASE(the_missing_objects_of_a_kind_are_those_that_are_not_here) {
  const oid away = db->tree({{"y", entry_kind::file, one}}), link = db->blob("target");
  const oid tree = db->tree({{"away", entry_kind::directory, away},
                             {"file", entry_kind::file, one},
                             {"here", entry_kind::directory, inner},
                             {"link", entry_kind::symlink, link}});
  db->hide(away);
  db->hide(link);
  show(tree);
  BOOST_TEST((listing->missing_objects(entry_kind::directory, outside) == std::vector<oid>{away}));
  BOOST_TEST((listing->missing_objects(entry_kind::symlink, outside) == std::vector<oid>{link}));
  db->show(link);
  BOOST_TEST(listing->missing_objects(entry_kind::symlink, outside).empty());
}

BOOST_AUTO_TEST_CASE(it_drops_what_is_not_referred_to_once_it_was_not_used_between_two_demands) {
  show(many_files());
  listing->use();
  BOOST_TEST(!listing->begin_shedding(false)); // it was used
  BOOST_TEST(!listing->begin_shedding(true));  // a request waits
  listing->drop_if_shedding(false, outside);
  BOOST_TEST(listing->complete());
  BOOST_TEST(listing->begin_shedding(false));
  listing->drop_if_shedding(true, outside);
  BOOST_TEST(listing->complete());
  const auto full = accounted();
  listing->drop_if_shedding(false, outside);
  BOOST_TEST(!listing->complete());
  BOOST_TEST(listing->dropped());
  BOOST_TEST(accounted() < full);
}

BOOST_AUTO_TEST_CASE(a_use_ends_the_shedding) {
  show(many_files());
  BOOST_TEST(listing->begin_shedding(false));
  listing->use();
  listing->drop_if_shedding(false, outside);
  BOOST_TEST(listing->complete());
}

BOOST_AUTO_TEST_CASE(names_that_were_dropped_are_not_dropped_once_they_are_said_again) {
  std::vector<std::string> names;
  for (int i = 10; i < 50; ++i)
    names.push_back("n" + std::to_string(i));
  listing->show_names({.names = names, .complete = true}, 0, outside);
  BOOST_TEST(!listing->dropped());
  BOOST_TEST(listing->begin_shedding(false));
  listing->drop_if_shedding(false, outside);
  BOOST_TEST(listing->dropped());
  listing->show_names({.names = names, .complete = true}, 0, outside);
  BOOST_TEST(!listing->dropped());
}

BOOST_AUTO_TEST_CASE(all_its_memory_is_accounted_and_given_back) {
  const auto empty = accounted();
  BOOST_TEST(empty > 0U);
  show(many_files());
  const auto full = accounted();
  BOOST_TEST(full == empty + listing->entries().bytes());
  listing->history().replace(one);
  show(many_files());
  BOOST_TEST(accounted() == empty + listing->entries().bytes() + listing->history().bytes());
  listing.reset();
  BOOST_TEST(accounted() == 0U);
}

BOOST_AUTO_TEST_CASE(growing_over_the_limit_is_reported_and_shrinking_is_not) {
  BOOST_TEST(overs == 0);
  context.memory.add(memory_budget::kind::listings, context.memory.listings_limit());
  show(many_files());
  BOOST_TEST(overs == 1);
  listing->show_nothing(0, outside);
  BOOST_TEST(overs == 1);
  context.memory.subtract(memory_budget::kind::listings, context.memory.listings_limit());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
