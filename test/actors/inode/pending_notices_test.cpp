#include "actors/inode/pending_notices.hpp"
#include "test/actors/support/fakes.hpp"

#include <boost/test/unit_test.hpp>

#include <new>

namespace gitfs::test {

namespace pending_notices {

namespace {

struct changing {
  gitfs::pending_notices notices;
  gitfs::dentry_table entries;
  recording_port port;

  std::vector<tree_entry> of(const std::vector<std::pair<std::string, std::uint8_t>>& directories) {
    std::vector<tree_entry> out;
    for (const auto& [name, number] : directories) {
      oid id;
      id.bytes[0] = number;
      out.push_back({name, entry_kind::directory, id});
    }
    return out;
  }
  void refer_to(std::string_view name, node_slot slot) {
    dentry& entry = *entries.at(entries.index_of(*entries.find(name)));
    entries.set_slot(entry, slot);
    entries.ref(entry);
  }
  void change(const std::vector<tree_entry>& to) {
    notices.directory_changed(1);
    notices.entries_changed(entries.refresh(to), entries);
  }
};

using names = std::vector<std::string>;

} // namespace

} // namespace pending_notices

BOOST_FIXTURE_TEST_SUITE(pending_notices, pending_notices::changing)

BOOST_AUTO_TEST_CASE(nothing_is_said_if_nothing_has_changed) {
  notices.send(port, {});
  BOOST_TEST(port.changes.empty());
  BOOST_TEST(port.relinks.empty());
}

BOOST_AUTO_TEST_CASE(the_kernel_is_told_what_it_refers_to) {
  entries.refresh(of({{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1}}));
  refer_to("a", 7);
  refer_to("b", 8);
  change(of({{"b", 2}, {"c", 2}}));
  const move_token token = std::make_shared<int>();
  notices.send(port, token);
  BOOST_REQUIRE_EQUAL(port.changes.size(), 1U);
  BOOST_TEST(port.changes[0].nodeid == 1U);
  BOOST_TEST((port.changes[0].names == pending_notices::names{"a"}));                   // gone; d it did not know
  BOOST_TEST((port.changes[0].attributes == std::vector<std::uint64_t>{nodeid_of(8)})); // of b; c it did not know
  BOOST_TEST((port.changes[0].move == token));
  notices.send(port, token);
  BOOST_TEST(port.changes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(new_names_are_told_only_if_the_kernel_was_told_that_a_name_is_absent) {
  change(of({{"a", 1}}));
  notices.send(port, {});
  notices.absence_was_answered();
  change(of({{"a", 1}, {"b", 1}}));
  notices.send(port, {});
  BOOST_REQUIRE_EQUAL(port.changes.size(), 2U);
  BOOST_TEST(port.changes[0].names.empty());
  BOOST_TEST((port.changes[1].names == pending_notices::names{"b"}));
}

BOOST_AUTO_TEST_CASE(what_the_port_did_not_take_is_said_again) {
  change(of({{"a", 1}}));
  notices.locations_changed({{5, 0, nullptr, {}}});
  port.failures = 1;
  BOOST_CHECK_THROW(notices.send(port, {}), std::bad_alloc);
  BOOST_TEST(port.changes.empty());
  notices.send(port, {});
  BOOST_TEST(port.changes.size() == 1U);
  BOOST_REQUIRE_EQUAL(port.relinks.size(), 1U);
  BOOST_TEST(port.relinks[0].slot == 5U);
  notices.send(port, {});
  BOOST_TEST(port.relinks.size() == 1U);
}

BOOST_AUTO_TEST_CASE(the_locations_of_a_later_move_replace_those_of_an_earlier_one) {
  notices.locations_changed({{5, 0, nullptr, {}}, {6, 0, nullptr, {}}});
  notices.locations_changed({{6, 0, nullptr, {}}});
  notices.send(port, {});
  BOOST_REQUIRE_EQUAL(port.relinks.size(), 1U);
  BOOST_TEST(port.relinks[0].slot == 6U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
