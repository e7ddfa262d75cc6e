// Records the races of test/traces: record_races FOLDER. See the README there.
#include "actors/trace/read/trace_reader.hpp"
#include "config/log.hpp"
#include "test/tools/race.hpp"

#include <algorithm>
#include <cstdio>
#include <random>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace gitfs;
using namespace gitfs::test;
using gitfs::trace::kind;

namespace {

const transfer_outcome server_fails{error{EIO, "told to"}, {}, 0, 0};

// --- the races ------------------------------------------------------------------------------------------------------

void lookup_while_forget(race& s) {
  s.make_three_levels();
  s.begin(s.root);
  const auto d0 = s.found(root_node, "d0");
  s.forget(s.found(d0, "e0"), 1); // d0 lives
  s.run();
  const auto root_actor = s.actor_in(root_slot);

  s.forget(d0, 1);
  const auto behind = s.send(root_node, lookup_op{"d0"});
  s.run();
  const auto before = s.send(root_node, lookup_op{"d0"});
  s.forget(d0, 1);
  s.run();
  // The parent has let go, and the child has not heard of it.
  s.forget(d0, 1);
  s.scheduler().run_once();
  const auto between = s.send(root_node, lookup_op{"d0"});
  s.run();
  // The child is idle, and says so behind the lookup.
  s.forget(d0, 1);
  s.scheduler().run_once();
  const auto late = s.send(root_node, lookup_op{"d0"});
  s.run_without(root_actor);
  s.run();
  for (const request& each : {behind, before, between, late})
    require(node_of(each) == d0, "a lookup gave another inode");
  require(s.context->inodes.in_use(d0.dir), "a directory that is referred to was dropped");
  // And too late: a new inode.
  s.forget(d0, 1);
  s.run();
  require(!s.context->inodes.in_use(d0.dir), "a directory stays");
  s.forget(s.found(root_node, "d0"), 1);
  s.require_only_the_root();
}

void forget_and_batch_forget(race& s) {
  s.make_three_levels();
  s.begin(s.root);
  std::mt19937 random{7};
  for (int round = 0; round < 3; ++round) {
    const auto d0 = s.found(root_node, "d0");
    const auto top = s.send(root_node, readdir_op{0, true});
    s.run();
    const auto inside = s.send(d0, readdir_op{0, true});
    s.run();
    const auto e1 = s.found(d0, "e1");
    const auto f1 = s.found(e1, "f1");
    s.forget(d0, 1);
    s.run_any(random);
    s.forget_all(inside); // a batch
    s.forget(f1, 1);
    s.run_any(random);
    s.run_any(random);
    s.forget_all(top); // and another
    s.forget(e1, 1);
    for (int i = 0; i < 50; ++i)
      s.run_any(random);
    s.require_only_the_root();
  }
}

// Reaped once, as are e0 and the others that were listed.
void counts_one_none_one_none(race& s) {
  s.make_three_levels();
  s.begin(s.root);
  const auto d0 = s.found(root_node, "d0");
  s.forget(s.found(d0, "e0"), 1);
  s.run();
  s.forget(d0, 1); // by a lookup: 1, 0
  s.scheduler().run_once();
  const auto list = s.send(root_node, readdir_op{0, true});
  s.run_without(s.supervisor.id());
  require(list.answered->answers == 1, "the listing is not told in time");
  s.forget_all(list); // by a listing: 1, 0, while the answer to the first release is on its way
  s.require_only_the_root();
}

void reaping_while_a_fetch_is_in_flight(race& s) {
  const oid first = s.db->blob("first"), other = s.db->blob("other");
  const oid a = s.db->tree({{"f", entry_kind::file, first}}), b = s.db->tree({{"g", entry_kind::file, other}});
  s.db->hide(first);
  s.db->hide(other);
  s.begin(s.db->tree({{"a", entry_kind::directory, a}, {"b", entry_kind::directory, b}}));
  const auto in_a = s.found(root_node, "a"), in_b = s.found(root_node, "b");
  const auto f = s.send(in_a, lookup_op{"f"});
  const auto g = s.send(in_b, lookup_op{"g"});
  s.run();
  require(!s.server->transfers.empty(), "nothing is in flight");
  // The caller of the one gives up, and its directory is forgotten; the other's waits.
  (*f.interrupted)();
  s.forget(in_a, 1);
  s.run();
  require(f.answered->code == EINTR, "the lookup was not interrupted");
  require(!s.context->inodes.in_use(in_a.dir), "a directory stays that nobody refers to");
  require(s.context->inodes.in_use(in_b.dir), "a directory was dropped that a caller waits in");
  s.db->show(first);
  s.db->show(other);
  for (std::size_t i = 0; i < s.server->transfers.size(); ++i) {
    s.server->answer(i, {});
    s.run();
  }
  s.forget(node_of(g), 1);
  s.run();
  require(s.context->inodes.in_use(in_b.dir), "a directory was dropped that the kernel refers to");
  s.forget(in_b, 1);
  s.require_only_the_root();
}

void references_of_listings(race& s) {
  s.make_three_levels();
  s.begin(s.root);
  const auto plain = s.send(root_node, readdir_op{0, false});
  s.run();
  require(std::ranges::all_of(plain.answered->entries, [](const auto& e) { return e.nodeid == 0; }),
          "READDIR gives references");
  // Room for the dots and one: what does not fit is not referred to. What is refused is not either.
  const auto first = s.send(root_node, readdir_op{0, true}, {}, 500);
  s.run();
  request unwanted;
  unwanted.unwanted = true;
  (void)s.send(root_node, readdir_op{0, true}, unwanted);
  s.run();
  const auto rest = s.send(root_node, readdir_op{first.answered->entries.back().next, true});
  s.run();
  for (const auto& list : {first, rest})
    for (const auto& each : list.answered->entries)
      require((each.nodeid == 0) == (each.name == "." || each.name == ".."), "nodeid 0 declines a reference");
  require(first.answered->entries.size() + rest.answered->entries.size() == 6, "entries are missing");
  for (const auto& list : {first, rest})
    s.forget_all(list);
  s.require_only_the_root();
}

void request_after_shedding(race& s) {
  s.make_three_levels();
  s.begin(s.root, false, 512);
  std::vector<gitfs::node_address> files;
  for (int round = 0; round < 2; ++round)
    for (const char* d : {"d0", "d1", "d2", "d3"}) {
      const auto in_d = s.found(root_node, d);
      const auto in_e = s.found(in_d, "e1");
      files.push_back(s.found(in_e, "f2"));
      s.forget(in_e, 1);
      s.forget(in_d, 1);
    }
  for (const auto each : files) {
    const auto read = s.send(each, read_op{0, 100});
    s.run();
    require(read.answered->text == "content", "a file has other contents");
  }
  require(s.found(gitfs::node_address{files[0].dir, self_child}, "f2") == files[0], "another inode");
  s.forget(files[0], 1);
  for (const auto each : files)
    s.forget(each, 1);
  s.require_only_the_root();
}

void two_lookups_at_once(race& s) {
  s.make_three_levels();
  s.begin(s.root);
  const auto d0 = s.found(root_node, "d0");
  s.db->hide(s.d0_tree);
  const auto first = s.send(d0, lookup_op{"e2"}), second = s.send(d0, lookup_op{"e2"});
  s.run();
  require(s.server->transfers.size() == 1, "they were not fetched for at once");
  s.db->show(s.d0_tree);
  s.server->answer(0, {});
  s.run();
  require(node_of(first) == node_of(second), "two inodes");
  s.forget(node_of(first), 1);
  s.run();
  require(s.context->inodes.in_use(node_of(first).dir), "one reference is lost");
  s.forget(node_of(first), 1);
  s.forget(d0, 1);
  s.require_only_the_root();
}

void prefetch_that_comes_too_late(race& s) {
  const oid content = s.db->blob("content");
  const oid sub = s.db->tree({{"f", entry_kind::file, content}, {"g", entry_kind::file, s.db->blob("more")}});
  s.db->hide(content);
  s.begin(s.db->tree({{"sub", entry_kind::directory, sub}}), true);
  const auto node = s.found(root_node, "sub");
  const auto list = s.send(node, readdir_op{0, false});
  s.run();
  require(list.answered->entries.size() == 4, "it is not listed");
  const std::size_t running = s.server->transfers.size();
  require(running > 0, "nothing is fetched ahead");
  s.db->show(content);
  for (std::size_t i = 0; i < running; ++i)
    s.server->answer(i, {});
  // The fetcher has not heard of it when the directory ends.
  s.forget(node, 1);
  s.run_without(s.fetcher.id());
  require(!s.context->inodes.in_use(node.dir), "the directory waits for its prefetch");
  s.require_only_the_root();
  // What came is here all the same.
  const auto again = s.found(root_node, "sub");
  const auto f = s.found(again, "f");
  s.forget(f, 1);
  s.forget(again, 1);
  s.require_only_the_root();
}

void error_of_one_node(race& s) {
  const oid bad = s.db->blob("bad"), good = s.db->blob("good");
  for (const oid& each : {bad, good}) {
    s.db->tell_size(each, 4);
    s.db->hide(each);
  }
  s.begin(s.db->tree({{"bad", entry_kind::file, bad}, {"good", entry_kind::file, good}}));
  const auto bad_node = s.found(root_node, "bad"), good_node = s.found(root_node, "good");
  const auto failing = s.send(bad_node, read_op{0, 100});
  s.run();
  const auto fine = s.send(good_node, read_op{0, 100});
  s.run();
  require(s.server->transfers.size() == 2, "they are not two transfers");
  s.db->show(good);
  s.server->answer(0, server_fails);
  s.run();
  s.server->answer(1, {});
  s.run();
  require(failing.answered->code == EIO, "the error is not told");
  require(fine.answered->text == "good", "an error of another node is told");
  const auto again = s.send(bad_node, read_op{0, 100});
  s.run();
  s.db->show(bad);
  s.server->answer(2, {});
  s.run();
  require(again.answered->text == "bad", "the error stays");
}

void listing_while_fetches_are_saturated(race& s) {
  std::vector<memory_db::entry> entries;
  for (int i = 0; i < 12; ++i) {
    const oid blob = s.db->blob("content");
    s.db->tell_size(blob, 7);
    s.db->hide(blob);
    entries.push_back({"f" + std::to_string(10 + i), entry_kind::file, blob});
  }
  const oid inner = s.db->tree({{"g", entry_kind::file, s.db->blob("here")}});
  entries.push_back({"sub", entry_kind::directory, inner});
  s.begin(s.db->tree(entries));
  const auto sub = s.found(root_node, "sub");
  std::vector<request> reads;
  for (int i = 0; i < 12; ++i) {
    reads.push_back(s.send(s.found(root_node, entries[static_cast<std::size_t>(i)].name), read_op{0, 100}));
    s.run();
  }
  require(s.server->transfers.size() == 4, "the transfers are not at their limit");
  for (const auto where : {root_node, sub}) {
    const auto list = s.send(where, readdir_op{0, true});
    s.run();
    require(list.answered->what == answer::kind::dirents, "a listing waits for what it does not need");
  }
  for (const memory_db::entry& each : entries)
    if (each.kind == entry_kind::file)
      s.db->show(each.id);
  for (std::size_t i = 0; i < s.server->transfers.size(); ++i) {
    s.server->answer(i, {});
    s.run();
  }
  for (const request& each : reads)
    require(each.answered->text == "content", "a read was not answered");
}

struct row {
  const char* name;
  void (*play)(race&);
  std::vector<kind> holds;    ///< without these it would not be that race
  std::ptrdiff_t reaped = -1; ///< so many directories, if that matters
};

const row races[] = {
    {"lookup-while-forget", lookup_while_forget, {kind::child_is_idle, kind::reap_directory, kind::released}},
    {"forget-and-batch-forget", forget_and_batch_forget, {kind::kernel_forget, kind::reap_directory}},
    {"count-1-0-1-0", counts_one_none_one_none, {kind::child_is_idle, kind::reap_directory}, 5},
    {"reaping-while-a-fetch-is-in-flight",
     reaping_while_a_fetch_is_in_flight,
     {kind::interrupt_op, kind::reap_directory, kind::cancel_want, kind::transfer_ended}},
    {"references-of-listings", references_of_listings, {kind::refused, kind::reap_directory}},
    {"request-after-shedding", request_after_shedding, {kind::over_budget, kind::shed_listing, kind::listing_shed}},
    {"two-lookups-at-once", two_lookups_at_once, {kind::want_finished}},
    {"prefetch-that-comes-too-late",
     prefetch_that_comes_too_late,
     {kind::directory_forgotten, kind::cancel_want, kind::transfer_ended}},
    {"error-of-one-node", error_of_one_node, {kind::want_finished, kind::transfer_ended}},
    {"listing-while-fetches-are-saturated", listing_while_fetches_are_saturated, {kind::transfer_ended}},
    {"tree-of-repositories",
     tree_of_repositories,
     {kind::mount_node_answered, kind::snapshot_resolved, kind::cancel_mount_node, kind::cancel_show,
      kind::retry_allowed, kind::forge_answered, kind::transfer_ended}},
};

// In a process of its own.
int record(const row& one, const std::filesystem::path& file) {
  try {
    race s{file};
    one.play(s);
    s.finish();
    const auto made = trace::read_file(file);
    require(made.has_value(), "the trace cannot be read");
    for (const kind each : one.holds)
      require(std::ranges::any_of(made.value().in.records, [each](const auto& r) { return r.what == each; }),
              "a message is not in it that makes the race");
    const auto reaped = std::ranges::count(made.value().in.records, kind::reap_directory, &trace::record::what);
    require(one.reaped < 0 || one.reaped == reaped, "a directory was reaped another number of times");
    std::printf("%s: %zu bytes\n", one.name, made.value().bytes->size());
    std::fflush(stdout);
    return 0;
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: %s\n", one.name, e.what());
    return 1;
  }
}

} // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "Usage: record_races FOLDER\n");
    return 2;
  }
  log::set_level(log_level::off);
  const std::filesystem::path folder = argv[1];
  int out = 0;
  for (const row& each : races) {
    const pid_t child = ::fork();
    if (child == 0)
      std::_Exit(record(each, folder / (std::string{each.name} + ".trace")));
    int status = 1;
    if (child < 0 || ::waitpid(child, &status, 0) != child || status != 0)
      out = 1;
  }
  return out;
}
