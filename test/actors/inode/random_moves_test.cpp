// A kernel that looks up, lists and forgets at random, while the snapshot moves and actors run in any order.
#include "test/actors/support/played_system.hpp"
#include "test/support/rounds.hpp"

#include "actors/runtime/directory_messages.hpp"

#include <boost/test/unit_test.hpp>

#include <caf/send.hpp>

#include <map>
#include <random>
#include <set>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(random_moves)

namespace {

constexpr gitfs::node_address root_node{root_slot, self_child};

// Three levels: d0…d2 / e0…e2 / f0…f2, and in each directory a file that names the snapshot that changed it last.
struct moving_tree : played_system {
  struct directory {
    std::map<std::string, directory> below;
    std::string mark;
    oid tree;
  };
  directory top;
  std::mt19937 random;
  std::int64_t time = 0;

  void build(directory& d, int level) {
    bool changed = d.mark.empty() || random() % 3 == 0;
    if (level < 2)
      for (int i = 0; i < 3; ++i) {
        directory& child = d.below[std::string(1, "de"[level]) + std::to_string(i)];
        const oid before = child.tree;
        build(child, level + 1);
        changed |= child.tree != before;
      }
    if (!changed)
      return;
    d.mark = "v" + std::to_string(time);
    std::vector<memory_db::entry> entries;
    for (const auto& [name, child] : d.below)
      entries.push_back({name, entry_kind::directory, child.tree});
    if (level == 2)
      for (int i = 0; i < 3; ++i)
        entries.push_back({"f" + std::to_string(i), entry_kind::file, db->blob(d.mark)});
    entries.push_back({d.mark, entry_kind::file, db->blob(d.mark)});
    d.tree = db->tree(entries);
  }
  const oid& next() {
    ++time;
    build(top, 0);
    return top.tree;
  }
  void move() {
    const directory_location_ptr before = context->inodes.location_of(root_slot);
    const oid tree = next();
    caf::anon_send(supervisor, relink_directories{{{root_slot, context->inodes.generation_of(root_slot),
                                                    root_link(tree, time, before)}}});
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(no_listing_mixes_snapshots_and_the_last_one_is_shown_in_the_end) {
  for (unsigned seed = 1; seed <= rounds(200); ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      moving_tree s;
      std::mt19937& random = s.random;
      random.seed(seed);
      s.open(s.next(), true, seed % 2 == 0 ? 512 : 64 << 20);
      std::map<gitfs::node_address, std::uint64_t> nlookup; // what the kernel holds
      std::map<gitfs::node_address, int> held;              // requests, and open directories
      struct reader {
        gitfs::node_address node;
        std::uint64_t offset = 0;
        std::multiset<std::string> names{};
      };
      struct requested {
        gitfs::node_address node;
        request r;
        std::shared_ptr<reader> reads{};
      };
      std::vector<requested> open_requests;
      std::size_t listings = 0, moves = 0;
      const auto go_on = [&](const std::shared_ptr<reader>& who) {
        request r;
        r.room = 1 + random() % 4;
        open_requests.push_back({who->node, s.send(who->node, readdir_op{who->offset, random() % 4 != 0}, r), who});
      };
      const auto check = [&](const reader& r) {
        ++listings;
        std::size_t marks = 0;
        for (const std::string& name : r.names)
          marks += name[0] == 'v' ? 1 : 0;
        BOOST_TEST(marks == 1U);
        BOOST_TEST(r.names.size() == 6U); // two dots, three children, the mark
        BOOST_TEST((std::set<std::string>{r.names.begin(), r.names.end()}.size()) == 6U);
      };
      const auto collect = [&] {
        auto all = std::exchange(open_requests, {});
        for (auto& each : all) {
          const answer& a = *each.r.answered;
          if (a.answers == 0) {
            open_requests.push_back(std::move(each));
            continue;
          }
          BOOST_REQUIRE_EQUAL(a.answers, 1);
          BOOST_REQUIRE(a.what != answer::kind::error);
          if (a.what == answer::kind::entry)
            ++nlookup[a.node.address];
          for (const auto& e : a.entries)
            if (e.nodeid != 0)
              ++nlookup[e.address];
          if (each.reads && !a.entries.empty()) {
            for (const auto& e : a.entries)
              each.reads->names.insert(e.name);
            each.reads->offset = a.entries.back().next;
            go_on(each.reads);
            continue;
          }
          if (each.reads)
            check(*each.reads);
          --held[each.node];
        }
      };
      for (int step = 0; step < 600; ++step) {
        switch (random() % 8) {
        case 0:
        case 1: {
          std::vector<gitfs::node_address> known{root_node};
          for (const auto& [id, n] : nlookup)
            if (n > 0 && id.child == self_child)
              known.push_back(id);
          const auto node = known[random() % known.size()];
          ++held[node];
          if (random() % 2 == 0)
            go_on(std::make_shared<reader>(reader{node}));
          else
            open_requests.push_back(
                {node, s.send(node, lookup_op{std::string(1, "def"[random() % 3]) + std::to_string(random() % 4)})});
          break;
        }
        case 2: {
          std::vector<gitfs::node_address> known;
          for (const auto& [id, n] : nlookup)
            if (n > 0 && held[id] == 0)
              known.push_back(id);
          if (known.empty())
            break;
          const auto id = known[random() % known.size()];
          const auto count = random() % 2 == 0 ? nlookup[id] : 1 + random() % nlookup[id];
          nlookup[id] -= count;
          s.forget(id, count);
          break;
        }
        case 3:
          if (random() % 8 == 0 && ++moves != 0)
            s.move();
          break;
        default:
          s.run_any(random);
          collect();
        }
      }
      while (!open_requests.empty()) {
        s.run();
        collect();
      }
      s.run();
      BOOST_TEST(listings > 0U);
      BOOST_TEST(moves > 0U);
      // All the way down, by names.
      const auto walk = [&](const auto& self, gitfs::node_address at, const moving_tree::directory& is) -> void {
        auto list = s.send(at, readdir_op{0, false});
        auto commit = s.send(at, getxattr_op{"user.gitfs.commit"});
        s.run();
        bool marked = false;
        for (const auto& e : list.answered->entries)
          marked |= e.name == is.mark;
        BOOST_TEST(marked);
        if (moves != 0)
          BOOST_TEST(commit.answered->text == commit_at(s.time).hex());
        for (const auto& [name, child] : is.below) {
          auto found = s.send(at, lookup_op{name});
          s.run();
          BOOST_REQUIRE(found.answered->what == answer::kind::entry);
          ++nlookup[found.answered->node.address];
          self(self, found.answered->node.address, child);
        }
      };
      walk(walk, root_node, s.top);
      for (const auto& [id, n] : nlookup)
        if (n > 0)
          s.forget(id, n);
      s.run();
      BOOST_TEST(s.live_directories() == 1U);
      for (dir_slot slot = 1; slot < 30; ++slot)
        BOOST_TEST(!s.context->inodes.in_use(slot));
      BOOST_TEST(s.leaves_in_use() == 0U);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
