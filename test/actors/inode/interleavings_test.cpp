// Races between kernel, actors and server, each played in every order or at random.
#include "actors/inode/listing_sweep.hpp"
#include "actors/prefetch/prefetcher.hpp"
#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/prefetch_messages.hpp"
#include "test/actors/support/played_system.hpp"
#include "test/support/rounds.hpp"

#include <boost/test/unit_test.hpp>

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <map>
#include <new>
#include <random>
#include <utility>

namespace gitfs::test {

BOOST_AUTO_TEST_SUITE(interleavings)

namespace {

constexpr gitfs::node_address root_node{root_slot, self_child};

// Three levels: d0…d3 / e0…e3 / f0…f3.
struct three_levels : played_system {
  oid root;
  three_levels() {
    std::vector<memory_db::entry> top;
    for (int d = 0; d < 4; ++d) {
      std::vector<memory_db::entry> middle;
      for (int e = 0; e < 4; ++e) {
        std::vector<memory_db::entry> leaf;
        for (int f = 0; f < 4; ++f)
          leaf.push_back({std::string(1, 'f') + std::to_string(f), entry_kind::file, db->blob("content")});
        middle.push_back({std::string(1, 'e') + std::to_string(e), entry_kind::directory, db->tree(leaf)});
      }
      top.push_back({std::string(1, 'd') + std::to_string(d), entry_kind::directory, db->tree(middle)});
    }
    root = db->tree(top);
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(listing_five_thousand_directories_spawns_none_of_them, played_system) {
  std::vector<memory_db::entry> entries;
  const oid empty = db->tree({});
  for (int i = 0; i < 5000; ++i)
    entries.push_back({"d" + std::to_string(i), entry_kind::directory, empty});
  open(db->tree(entries));
  request r;
  r.room = 10'000;
  r = send(root_node, readdir_op{0, true}, r);
  run();
  BOOST_TEST(r.answered->entries.size() == 5002U);
  BOOST_TEST(live_directories() == 1U);
  for (const auto& e : r.answered->entries)
    if (e.nodeid != 0)
      forget(e.address, 1);
  run();
  BOOST_TEST(live_directories() == 1U);
  // Every slot has gone back.
  BOOST_TEST(!context->inodes.in_use(1));
  BOOST_TEST(!context->inodes.in_use(5000));
  BOOST_TEST(leaves_in_use() == 0U);
}

BOOST_FIXTURE_TEST_CASE(a_lookup_that_meets_the_forget_of_the_same_child_keeps_it, three_levels) {
  open(root);
  auto first = send(root_node, lookup_op{"d0"});
  run();
  const auto d0 = first.answered->node.address;
  (void)send(d0, lookup_op{"e0"}); // d0 lives now
  run();
  forget(d0, 1);
  auto second = send(root_node, lookup_op{"d0"});
  run();
  BOOST_TEST(second.answered->node.nodeid == first.answered->node.nodeid);
  BOOST_TEST(second.answered->node.generation == first.answered->node.generation);
  auto inside = send(d0, lookup_op{"e1"});
  run();
  BOOST_TEST((inside.answered->what == answer::kind::entry));
}

BOOST_FIXTURE_TEST_CASE(a_directory_outlives_its_own_forget_while_a_child_is_referenced, three_levels) {
  open(root);
  auto d = send(root_node, lookup_op{"d1"});
  run();
  const auto d1 = d.answered->node.address;
  auto e = send(d1, lookup_op{"e1"});
  run();
  const auto e1 = e.answered->node.address;
  auto f = send(e1, lookup_op{"f1"});
  run();
  const auto f1 = f.answered->node.address;
  forget(d1, 1);
  forget(e1, 1);
  run();
  BOOST_TEST(live_directories() == 3U);
  auto read = send(f1, read_op{0, 100});
  run();
  BOOST_TEST(read.answered->text == "content");
  forget(f1, 1);
  run();
  BOOST_TEST(live_directories() == 1U);
  BOOST_TEST(!context->inodes.in_use(d1.dir));
  BOOST_TEST(!context->inodes.in_use(e1.dir));
}

BOOST_FIXTURE_TEST_CASE(reaping_cancels_the_prefetch_down_to_the_transfer, played_system) {
  const oid content = db->blob("content");
  const oid sub = db->tree({{"f", entry_kind::file, content}});
  db->hide(content);
  open(db->tree({{"sub", entry_kind::directory, sub}}));
  auto s = send(root_node, lookup_op{"sub"});
  run();
  const auto node = s.answered->node.address;
  auto list = send(node, readdir_op{0, false});
  run();
  BOOST_TEST((list.answered->what == answer::kind::dirents));
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 1U); // the sizes, ahead
  BOOST_TEST(!server->transfers[0]->cancelled);
  forget(node, 1);
  run();
  BOOST_TEST(server->transfers[0]->cancelled);
  BOOST_TEST(live_directories() == 1U);
}

// One listing is two fetches, its own and its child's, and the second delays nobody.
BOOST_FIXTURE_TEST_CASE(a_child_s_listing_comes_ahead_and_is_served_from_here, played_system) {
  const oid sub = db->tree({{"deeper", entry_kind::directory, db->tree({})}});
  const oid top = db->tree({{"sub", entry_kind::directory, sub}});
  db->hide(sub);
  db->hide(top);
  open(top);
  auto list = send(root_node, readdir_op{0, true});
  run();
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 1U);
  BOOST_TEST((server->transfers[0]->request.wants == std::vector<oid>{top}));
  db->show(top);
  server->answer(0, {});
  run();
  BOOST_REQUIRE((list.answered->what == answer::kind::dirents)); // while the child's is on its way
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 2U);
  BOOST_TEST((server->transfers[1]->request.wants == std::vector<oid>{sub}));
  db->show(sub);
  server->answer(1, {});
  run();
  auto inside = send(list.answered->entries.at(2).address, readdir_op{0, true});
  run();
  BOOST_TEST(inside.answered->entries.size() == 3U);
  BOOST_TEST(server->transfers.size() == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_child_s_listing_that_did_not_come_ahead_is_asked_for_by_who_goes_in, played_system) {
  const oid sub = db->tree({});
  db->hide(sub);
  open(db->tree({{"sub", entry_kind::directory, sub}}));
  auto list = send(root_node, readdir_op{0, true});
  run();
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 1U);
  server->answer(0, {error{EIO, "told to"}, {}, 0, 0});
  run();
  BOOST_TEST((list.answered->what == answer::kind::dirents));
  auto inside = send(list.answered->entries.at(2).address, readdir_op{0, true});
  run();
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 2U);
  db->show(sub);
  server->answer(1, {});
  run();
  BOOST_TEST((inside.answered->what == answer::kind::dirents));
}

BOOST_FIXTURE_TEST_CASE(an_interrupt_cancels_the_transfer, played_system) {
  const oid content = db->blob("content");
  db->tell_size(content, 7);
  db->hide(content);
  open(db->tree({{"f", entry_kind::file, content}}));
  auto f = send(root_node, lookup_op{"f"});
  run();
  auto read = send(f.answered->node.address, read_op{0, 10});
  run();
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 1U);
  BOOST_REQUIRE(*read.interrupted);
  (*read.interrupted)();
  run();
  BOOST_TEST(read.answered->code == EINTR);
  BOOST_TEST(server->transfers[0]->cancelled);
}

BOOST_FIXTURE_TEST_CASE(the_same_object_wanted_by_two_directories_is_fetched_once, played_system) {
  const oid content = db->blob("shared");
  db->tell_size(content, 6);
  db->hide(content);
  const oid sub = db->tree({{"f", entry_kind::file, content}});
  open(db->tree({{"a", entry_kind::directory, sub}, {"b", entry_kind::directory, sub}}));
  std::vector<request> reads;
  for (const char* name : {"a", "b"}) {
    auto d = send(root_node, lookup_op{name});
    run();
    auto f = send(d.answered->node.address, lookup_op{"f"});
    run();
    reads.push_back(send(f.answered->node.address, read_op{0, 10}));
    run();
  }
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 1U);
  db->show(content);
  server->answer(0, {});
  run();
  for (const auto& r : reads)
    BOOST_TEST(r.answered->text == "shared");
}

BOOST_FIXTURE_TEST_CASE(a_directory_outlives_what_its_handlers_throw, three_levels) {
  open(root);
  auto d = send(root_node, lookup_op{"d0"});
  run();
  const auto d0 = d.answered->node.address;
  db->throw_at_reads(2);
  auto lost = send(d0, lookup_op{"e0"}), lost_too = send(d0, readdir_op{0, true});
  auto after = send(d0, lookup_op{"e0"});
  run();
  for (const auto& each : {lost, lost_too}) {
    BOOST_TEST(each.answered->code == EIO);
    BOOST_TEST(each.answered->answers == 1);
  }
  BOOST_TEST((after.answered->what == answer::kind::entry));
  forget(after.answered->node.address, 1);
  forget(d0, 1);
  run();
  BOOST_TEST(live_directories() == 1U);
  BOOST_TEST(!context->inodes.in_use(d0.dir));
}

BOOST_FIXTURE_TEST_CASE(a_large_blob_that_memory_is_short_for_is_an_error_once, played_system) {
  open(db->tree({{"big", entry_kind::file, db->blob(std::string(3U << 20, 'x'))}}));
  auto big = send(root_node, lookup_op{"big"});
  run();
  const auto node = big.answered->node.address;
  db->throw_at_reads(1);
  auto failed = send(node, read_op{0, 100});
  run();
  BOOST_TEST(failed.answered->code == ENOMEM);
  BOOST_TEST(failed.answered->answers == 1);
  auto again = send(node, read_op{0, 100});
  run();
  BOOST_TEST(again.answered->text == std::string(100, 'x'));
}

BOOST_FIXTURE_TEST_CASE(a_fetcher_that_throws_leaves_nobody_waiting, three_levels) {
  open(root);
  auto d = send(root_node, lookup_op{"d0"});
  run();
  const auto d0 = d.answered->node.address;
  const oid inner = context->inodes.location_of(d0.dir)->tree;
  db->hide(inner);
  server->failures = 1;
  std::vector<request> waiting{send(d0, lookup_op{"e0"}), send(d0, readdir_op{0, true})};
  run();
  for (const auto& each : waiting) {
    BOOST_TEST(each.answered->code == EIO);
    BOOST_TEST(each.answered->answers == 1);
  }
  auto again = send(d0, lookup_op{"e0"});
  run();
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 1U);
  db->show(inner);
  server->answer(0, {});
  run();
  BOOST_TEST((again.answered->what == answer::kind::entry));
}

BOOST_FIXTURE_TEST_CASE(ending_answers_everybody, three_levels) {
  open(root);
  db->hide(root);
  std::vector<request> waiting;
  for (int i = 0; i < 5; ++i)
    waiting.push_back(send(root_node, lookup_op{"d0"}));
  run();
  BOOST_TEST(server->transfers.size() == 1U);
  end();
  for (const auto& r : waiting) {
    BOOST_TEST(r.answered->answers == 1);
    BOOST_TEST(r.answered->code == EIO);
  }
  BOOST_TEST(server->transfers[0]->cancelled);
}

// A kernel that looks up, lists and forgets at random, while actors run in any order; every second time under a budget
// that makes directories drop their listings all the while.
BOOST_AUTO_TEST_CASE(any_order_of_lookups_forgets_and_deliveries_leaves_counts_and_actors_right) {
  for (unsigned seed = 1; seed <= rounds(500); ++seed) {
    BOOST_TEST_CONTEXT("seed " << seed) {
      three_levels s;
      std::mt19937 random{seed};
      s.open(s.root, true, seed % 2 == 0 ? 512 : 64 << 20);
      std::map<gitfs::node_address, std::uint64_t> nlookup; // what the kernel holds
      struct requested {
        gitfs::node_address node;
        request r;
      };
      std::vector<requested> open_requests;
      std::size_t sent = 0;
      std::map<gitfs::node_address, int> held; // an operation on a node holds it, as the kernel does
      auto collect = [&] {
        for (auto it = open_requests.begin(); it != open_requests.end();) {
          const answer& a = *it->r.answered;
          if (a.answers == 0) {
            ++it;
            continue;
          }
          BOOST_REQUIRE_EQUAL(a.answers, 1);
          BOOST_REQUIRE(a.what != answer::kind::error);
          if (a.what == answer::kind::entry)
            ++nlookup[a.node.address];
          for (const auto& e : a.entries)
            if (e.nodeid != 0)
              ++nlookup[e.address];
          --held[it->node];
          it = open_requests.erase(it);
        }
      };
      for (int step = 0; step < 400; ++step) {
        switch (random() % 4) {
        case 0: { // ask something of a directory that the kernel knows
          std::vector<gitfs::node_address> known{root_node};
          for (const auto& [id, n] : nlookup)
            if (n > 0 && id.child == self_child)
              known.push_back(id);
          const auto node = known[random() % known.size()];
          const char letter = "def"[random() % 3];
          ++held[node];
          ++sent;
          if (random() % 3 == 0)
            open_requests.push_back({node, s.send(node, readdir_op{0, true})});
          else
            open_requests.push_back(
                {node, s.send(node, lookup_op{std::string(1, letter) + std::to_string(random() % 4)})});
          break;
        }
        case 1: { // forget some of what it holds, unless an operation is on its way to it
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
        default:
          s.run_any(random);
          collect();
        }
      }
      s.run();
      collect();
      BOOST_TEST(open_requests.empty());
      BOOST_TEST(sent > 0U);
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

BOOST_FIXTURE_TEST_CASE(a_callback_that_comes_late_keeps_nothing_open, played_system) {
  const oid root = db->tree({});
  db->hide(root);
  open(root, false);
  (void)send({root_slot, self_child}, readdir_op{});
  run();
  BOOST_REQUIRE_EQUAL(server->transfers.size(), 1U);
  const transfer_callback late = server->transfers[0]->done; // as on a thread of the upstream that has yet to return
  end();
  scheduler().trigger_timeouts(); // what was sent for later holds its receiver
  const std::weak_ptr<mount_context> of = context;
  context.reset();
  BOOST_TEST(of.expired());
  BOOST_TEST(server.use_count() == 1);
}

BOOST_FIXTURE_TEST_CASE(directories_that_cannot_forget_do_not_end_the_sweeps, played_system) {
  struct : kernel_notifier {
    void forget(std::vector<std::uint64_t>) override {
      ++requested;
      throw std::bad_alloc{};
    }
    void changed(directory_change) override {}
    std::size_t requested = 0;
  } kernel;
  std::vector<memory_db::entry> entries;
  for (int i = 0; i < 100; ++i)
    entries.push_back({"d" + std::to_string(i), entry_kind::directory, db->tree({})});
  open(db->tree(entries), false, 64 << 10);
  context->kernel = &kernel;
  for (const auto& each : entries) {
    const auto found = send(root_node, lookup_op{each.name});
    run();
    BOOST_REQUIRE((found.answered->what == answer::kind::entry));
    (void)send(found.answered->node.address, lookup_op{"none"});
    run();
  }
  BOOST_TEST(kernel.requested > listing_sweep::most_requested);
  end();
}

// A class, since CAF's own making of an actor from a function binds a reference to nothing.
class counts_ends final : public caf::event_based_actor {
public:
  counts_ends(caf::actor_config& cfg, int& ends) : caf::event_based_actor(cfg), ends_(ends) {}

protected:
  caf::behavior make_behavior() override {
    return {[this](window_ends) { ++ends_; }};
  }

private:
  int& ends_;
};

BOOST_FIXTURE_TEST_CASE(a_prefetcher_that_throws_lets_go_of_the_sizes, played_system) {
  open(db->tree({{"d", entry_kind::directory, db->tree({})}}), false);
  int ends = 0;
  const auto objects = context->inodes.location_of(root_slot)->shown->of->repository;
  const caf::actor real = std::exchange(objects->fetcher, system->spawn<counts_ends>(ends));
  const caf::actor prefetcher = system->spawn<prefetcher_actor>(context, gitfs::mounted_ref{0, objects});
  db->throw_at_reads(1000);
  caf::anon_send(prefetcher, directory_listed{context->inodes.location_of(root_slot)});
  run();
  db->throw_at_reads(0);
  BOOST_TEST(ends == 1);
  for (const caf::actor& each : {prefetcher, objects->fetcher})
    caf::anon_send_exit(each, caf::exit_reason::user_shutdown);
  objects->fetcher = real;
  run();
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace gitfs::test
