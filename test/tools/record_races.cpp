// Records the races of test/traces: record_races FOLDER. See the README there.
#include "actors/trace/read/trace_reader.hpp"
#include "config/log.hpp"
#include "test/tools/recorded_system.hpp"

#include <algorithm>
#include <cstdio>
#include <initializer_list>
#include <map>
#include <random>
#include <stdexcept>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

using namespace gitfs;
using namespace gitfs::test;
using gitfs::trace::kind;

namespace {

constexpr gitfs::node_id root_node{root_slot, self_child};

void require(bool holds, const char* what) {
  if (!holds)
    throw std::runtime_error{what};
}

gitfs::node_id node_of(const request& r) {
  require(r.told->what == answer::kind::entry, "no entry was found");
  return gitfs::node_id::decode(r.told->node.nodeid);
}

const transfer_outcome server_fails{error{EIO, "told to"}, {}, 0, 0};

// d0…d3 / e0…e3 / f0…f3, and what the kernel does with it.
struct race : recorded_system {
  using recorded_system::recorded_system;
  oid root, d0_tree;

  void make_three_levels() {
    std::vector<memory_db::entry> top;
    for (int d = 0; d < 4; ++d) {
      std::vector<memory_db::entry> middle;
      for (int e = 0; e < 4; ++e) {
        std::vector<memory_db::entry> leaf;
        leaf.reserve(4);
        for (int f = 0; f < 4; ++f)
          leaf.push_back({"f" + std::to_string(f), entry_kind::file, db->blob("content")});
        middle.push_back({"e" + std::to_string(e), entry_kind::directory, db->tree(leaf)});
      }
      top.push_back({"d" + std::to_string(d), entry_kind::directory, db->tree(middle)});
    }
    root = db->tree(top);
    d0_tree = top[0].id;
  }

  gitfs::node_id found(gitfs::node_id in, const std::string& name) {
    const request r = send(in, lookup_op{name});
    run();
    return node_of(r);
  }
  /// Everything that the answer has revealed.
  void forget_all(const request& listed) {
    for (const auto& each : listed.told->entries)
      if (each.nodeid != 0)
        forget(gitfs::node_id::decode(each.nodeid), 1);
  }
  void require_only_the_root() {
    run();
    require(live_directories() == 1, "a directory lives that nobody refers to");
    for (dir_slot slot = 1; slot < 30; ++slot)
      require(!context->inodes.in_use(slot), "a slot is in use that nobody refers to");
  }
};

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
    require(node_of(each).encoded() == d0.encoded(), "a lookup gave another inode");
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
  require(list.told->answers == 1, "the listing is not told in time");
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
  require(f.told->code == EINTR, "the lookup was not interrupted");
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
  require(std::ranges::all_of(plain.told->entries, [](const auto& e) { return e.nodeid == 0; }),
          "READDIR gives references");
  // Room for the dots and one: what does not fit is not referred to. What is refused is not either.
  const auto first = s.send(root_node, readdir_op{0, true}, {}, 500);
  s.run();
  request unwanted;
  unwanted.unwanted = true;
  (void)s.send(root_node, readdir_op{0, true}, unwanted);
  s.run();
  const auto rest = s.send(root_node, readdir_op{first.told->entries.back().next, true});
  s.run();
  for (const auto& list : {first, rest})
    for (const auto& each : list.told->entries)
      require((each.nodeid == 0) == (each.name == "." || each.name == ".."), "nodeid 0 declines a reference");
  require(first.told->entries.size() + rest.told->entries.size() == 6, "entries are missing");
  for (const auto& list : {first, rest})
    s.forget_all(list);
  s.require_only_the_root();
}

void request_after_shedding(race& s) {
  s.make_three_levels();
  s.begin(s.root, false, 512);
  std::vector<gitfs::node_id> files;
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
    require(read.told->text == "content", "a file has other contents");
  }
  require(s.found(gitfs::node_id{files[0].dir, self_child}, "f2").encoded() == files[0].encoded(), "another inode");
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
  require(node_of(first).encoded() == node_of(second).encoded(), "two inodes");
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
  require(list.told->entries.size() == 4, "it is not listed");
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
  require(failing.told->code == EIO, "the error is not told");
  require(fine.told->text == "good", "an error of another node is told");
  const auto again = s.send(bad_node, read_op{0, 100});
  s.run();
  s.db->show(bad);
  s.server->answer(2, {});
  s.run();
  require(again.told->text == "bad", "the error stays");
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
    require(list.told->what == answer::kind::dirents, "a listing waits for what it does not need");
  }
  for (const memory_db::entry& each : entries)
    if (each.kind == entry_kind::file)
      s.db->show(each.id);
  for (std::size_t i = 0; i < s.server->transfers.size(); ++i) {
    s.server->answer(i, {});
    s.run();
  }
  for (const request& each : reads)
    require(each.told->text == "content", "a read was not answered");
}

// --- a tree of repositories
// -------------------------------------------------------------------------------------------

struct played_repository final : repository {
  std::shared_ptr<object_db> db;
  std::shared_ptr<upstream> server;
  std::string name;
  std::map<std::string, snapshot_facts> refs;
  int failures = 0; // of so many of the next snapshots

  const std::shared_ptr<object_db>& objects() const override { return db; }
  const std::shared_ptr<upstream>& remote() const override { return server; }
  const std::string& display() const override { return name; }
  result<snapshot_facts> take(const std::string& ref, const std::optional<oid>&, std::stop_token stop) override {
    if (stop.stop_requested())
      return fail(ECANCELED, "stopped");
    if (failures > 0 && failures-- > 0)
      return fail(EIO, "told to");
    const auto at = refs.find(ref);
    return at == refs.end() ? result<snapshot_facts>{error{ENOENT, "no such ref"}} : at->second;
  }
};

// "one" with the repository "r" in it, and "two"; other names are not there.
struct played_host final : repository_host {
  std::shared_ptr<repository> only;
  std::string name = "host";

  result<host_entry> lookup(std::span<const std::string> path, const std::string& child, std::stop_token) override {
    if (path.empty() && child == "one")
      return host_entry{child, false};
    if (path.size() == 1 && child == "r")
      return host_entry{child, true};
    return fail(child == "closed" ? EACCES : ENOENT, "told to");
  }
  result<std::vector<host_entry>> list(std::span<const std::string> path, std::stop_token) override {
    if (!path.empty())
      return fail(ENOTSUP, "not listed");
    return std::vector<host_entry>{{"one", false}, {"two", false}};
  }
  result<std::shared_ptr<repository>> open(std::span<const std::string>) override { return only; }
  const std::string& display() const override { return name; }
};

// Two repositories with a server each, two refs of one of them, a local one, one that fails at first, and a host.
struct many {
  race& s;
  std::map<std::string, std::shared_ptr<played_repository>> repositories;
  std::vector<std::shared_ptr<scripted_upstream>> servers;
  std::vector<std::size_t> answered;
  std::map<std::string, oid> blobs;

  explicit many(race& of) : s(of) {
    for (const char* name : {"a", "b", "local", "bad", "hosted"}) {
      auto one = std::make_shared<played_repository>();
      one->db = s.db;
      one->name = std::string{"https://example.org/"} + name;
      if (name != std::string{"local"}) {
        servers.push_back(std::make_shared<scripted_upstream>());
        one->server = servers.back();
      }
      for (const char* ref : {"", "v1"})
        one->refs[ref] = {s.db->blob("commit"), tree_of(name + std::string{ref}), 1000, ref};
      repositories[name] = std::move(one);
    }
    repositories["bad"]->failures = 1;
    answered.resize(servers.size());
  }
  oid tree_of(const std::string& name) {
    const oid text = blobs[name] = s.db->blob(name);
    return s.db->tree({{"file", entry_kind::file, text},
                       {"sub", entry_kind::directory, s.db->tree({{"deep", entry_kind::file, s.db->blob("deep")}})}});
  }
  void begin() {
    deployment tree;
    const auto add = [&](const char* path, const char* source, const char* ref) {
      tree.repositories.push_back({path, source, ref, {}, {}});
    };
    add("a", "a", "");
    add("team/old", "a", "v1");
    add("team/b", "b", "");
    add("team/deep/local", "local", "v1");
    add("bad", "bad", "");
    add("missing", "local", "none");
    tree.hosts.emplace_back().path = "host";
    auto host = std::make_shared<played_host>();
    host->only = repositories.at("hosted");
    s.begin(tree, {host}, [this](const shown_repository& each) {
      return result<std::shared_ptr<repository>>{repositories.at(each.source)};
    });
  }
  // Until nobody waits: jobs of worker threads, and every transfer, which brings what was hidden.
  void settle() {
    for (bool more = true; more;) {
      s.run();
      more = !s.workers.jobs.empty();
      s.workers.do_all();
      for (std::size_t i = 0; i < servers.size(); ++i)
        for (; answered[i] < servers[i]->transfers.size(); ++answered[i], more = true) {
          transfer_outcome outcome;
          for (const oid& id : servers[i]->transfers[answered[i]]->request.wants)
            s.db->show(id);
          for (const oid& id : servers[i]->transfers[answered[i]]->sizes_of)
            outcome.sizes.emplace_back(id, 1 + i);
          servers[i]->answer(answered[i], std::move(outcome));
        }
    }
  }
  gitfs::node_id go(std::initializer_list<const char*> names) {
    gitfs::node_id at = root_node;
    for (const char* each : names) {
      const request r = s.send(at, lookup_op{each});
      settle();
      at = node_of(r);
    }
    return at;
  }
};

void tree_of_repositories(race& s) {
  many all{s};
  all.begin();
  const auto top = s.send(root_node, readdir_op{0, true});
  s.run();
  require(s.workers.jobs.empty(), "listing opens something");
  require(top.told->entries.size() >= 5, "not all of the tree is listed");
  // Who waits for one thing waits for the same.
  const auto a = all.go({"a"}), old = all.go({"team", "old"}), b = all.go({"team", "b"});
  std::vector<request> waiting;
  for (const auto at : {a, a, old, b})
    waiting.push_back(s.send(at, lookup_op{"file"}));
  waiting.push_back(s.send(a, readdir_op{0, true}));
  s.run();
  require(s.workers.jobs.size() == 2, "not one job for each repository");
  all.settle();
  require(node_of(waiting[0]).encoded() == node_of(waiting[1]).encoded(), "two inodes of one file");
  for (const auto at : {a, old, b}) {
    const auto list = s.send(at, readdir_op{0, true});
    all.settle();
    require(list.told->what == answer::kind::dirents, "no listing");
  }
  // Two fetchers, each with a transfer that both number the same.
  for (const char* name : {"a", "b", "av1"})
    s.db->hide(all.blobs.at(name));
  const auto read_a = s.send(node_of(waiting[0]), read_op{0, 100}),
             read_b = s.send(node_of(waiting[3]), read_op{0, 100});
  s.run();
  require(all.servers[0]->transfers.size() > all.answered[0] && all.servers[1]->transfers.size() > all.answered[1],
          "they are not two transfers at once");
  for (const char* name : {"a", "b"})
    s.db->show(all.blobs.at(name));
  all.settle();
  require(read_a.told->text == "a" && read_b.told->text == "b", "a file has not its contents");
  // One gives up before it is open.
  const auto local = all.go({"team", "deep", "local"});
  const auto gives_up = s.send(local, readdir_op{0, true});
  s.run();
  (*gives_up.interrupted)();
  all.settle();
  const auto local_list = s.send(local, readdir_op{0, true});
  all.settle();
  require(local_list.told->what == answer::kind::dirents, "a local repository is not shown");
  // A failure is told to those who come soon, and forgotten.
  const auto bad = all.go({"bad"}), missing = all.go({"missing"});
  for (const int code : {EIO, EIO, 0}) {
    if (code == 0)
      s.scheduler().trigger_timeouts();
    const auto tried = s.send(bad, lookup_op{"file"}), never = s.send(missing, lookup_op{"file"});
    all.settle();
    require(tried.told->code == code && never.told->code == ENOENT, "another error");
  }
  // What a host has.
  const auto host = all.go({"host"});
  for (const char* name : {"none", "closed", "one"}) {
    const auto r = s.send(host, lookup_op{name});
    all.settle();
    s.scheduler().trigger_timeouts();
    all.settle();
  }
  const auto hosted = s.send(host, readdir_op{0, true});
  all.settle();
  require(hosted.told->entries.size() >= 2, "the host is not listed");
  const auto file = all.go({"host", "one", "r", "sub", "deep"});
  const auto tag = all.go({"host", "one", "r@v1", "file"});
  for (const auto at : {file, tag}) {
    const auto text = s.send(at, read_op{0, 100});
    all.settle();
    require(text.told->what == answer::kind::data, "a hosted file cannot be read");
  }
  s.forget(a, 1);
  all.settle();
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
     {kind::mount_node_told, kind::snapshot_taken, kind::cancel_mount_node, kind::cancel_show, kind::retry_allowed,
      kind::host_told, kind::transfer_ended}},
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
