// The tree above the repositories, as a deployment has it and as hosts add to it.
#include "actors/catalog/mount_tree.hpp"

#include "test/actors/catalog/catalog_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(mount_tree)

namespace {

deployment two_folders_and_a_host() {
  deployment out;
  out.repositories = {{"team/a", "https://x/a", "main", {}, {}}, {"team/deep/b", "https://x/b", "", {}, {}}};
  out.forges.emplace_back().path = "hosts/x";
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(each_node_is_a_folder_a_host_or_a_repository) {
  const auto forge = std::make_shared<no_forge>();
  gitfs::mount_tree tree{two_folders_and_a_host(), {forge}};
  BOOST_TEST(tree.root().number == 0U);
  for (const char* path : {"", "team", "team/deep", "hosts"}) {
    BOOST_REQUIRE_MESSAGE(tree.at(path) != nullptr, path);
    BOOST_TEST(tree.at(path)->is_folder(), path);
    BOOST_TEST(tree.at(path)->name == path);
  }
  const auto* const a = tree.at("team/a")->as_repository();
  BOOST_REQUIRE(a != nullptr);
  BOOST_TEST(a->ref == "main");
  BOOST_TEST(a->from.entry->source == "https://x/a");
  BOOST_REQUIRE(tree.at("hosts/x")->as_forge() != nullptr);
  BOOST_TEST(tree.at("hosts/x")->as_forge()->of == forge);
  BOOST_TEST(!tree.at("hosts/x")->is_of_forge()); // it is the deployment's
  BOOST_TEST(tree.at("team/c") == nullptr);
  BOOST_TEST(tree.at("team/a/below") == nullptr);
}

BOOST_AUTO_TEST_CASE(the_names_in_a_folder_are_all_and_those_in_a_host_are_not) {
  gitfs::mount_tree tree{two_folders_and_a_host(), {std::make_shared<no_forge>()}};
  const auto team = tree.at("team")->names();
  BOOST_TEST(team.complete);
  BOOST_TEST(team.names == (std::vector<std::string>{"a", "deep"}), boost::test_tools::per_element());
  auto& found = tree.child(*tree.at("hosts/x"), "owner");
  found.what = mount_node::forge_folder{.path = {"owner"}, .assumed = true};
  const auto in_host = tree.at("hosts/x")->names();
  BOOST_TEST(!in_host.complete);
  BOOST_TEST(in_host.names == (std::vector<std::string>{"owner"}), boost::test_tools::per_element());
  BOOST_TEST(in_host.assumed == (std::vector<std::string>{"owner"}), boost::test_tools::per_element());
  BOOST_TEST(found.is_of_forge());
}

BOOST_AUTO_TEST_CASE(another_tree_beside_it_is_not_reached_from_its_root) {
  gitfs::mount_tree tree{two_folders_and_a_host(), {std::make_shared<no_forge>()}};
  const auto before = tree.reachable();
  BOOST_TEST(before.size() == tree.nodes().size());
  const auto first = tree.next_number();
  const auto& other = tree.build(two_folders_and_a_host(), {std::make_shared<no_forge>()});
  BOOST_TEST(other.number == first);
  BOOST_TEST(tree.nodes().size() == 2 * before.size());
  BOOST_TEST(tree.reachable() == before);
  tree.drop(first);
  BOOST_TEST(tree.numbered(first) == nullptr);
}

BOOST_AUTO_TEST_CASE(of_those_who_were_told_the_last_four_are_known) {
  mount_node node;
  node.see({});
  BOOST_TEST(node.seen.empty()); // nobody
  const auto link = std::make_shared<const directory_location>();
  for (std::uint32_t slot : {1U, 2U, 3U, 4U, 2U})
    node.see({slot, 1, link});
  BOOST_TEST(node.seen.size() == 4U);
  BOOST_TEST(node.seen.back().slot == 2U);
  BOOST_TEST(!node.crowded);
  node.see({5, 1, link});
  BOOST_TEST(node.seen.size() == 4U);
  BOOST_TEST(node.seen.front().slot == 3U);
  BOOST_TEST(node.crowded);
}

BOOST_AUTO_TEST_CASE(paths_are_taken_apart_by_names) {
  std::string_view path = "a/bc/d";
  BOOST_TEST(take_name(path) == "a");
  BOOST_TEST(take_name(path) == "bc");
  BOOST_TEST(path == "d");
  BOOST_TEST(take_name(path) == "d");
  BOOST_TEST(path.empty());
  BOOST_TEST(take_name(path).empty());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
