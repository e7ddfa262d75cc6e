// A mount of many repositories, played for a trace.
#include "test/tools/race.hpp"

#include <cerrno>
#include <initializer_list>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace gitfs::test {

namespace {

struct played_repository final : repository {
  std::shared_ptr<object_db> db;
  std::shared_ptr<upstream> server;
  std::string name;
  std::map<std::string, snapshot_facts> refs;
  int failures = 0; // of so many of the next snapshots

  const std::shared_ptr<object_db>& objects() const override { return db; }
  const std::shared_ptr<upstream>& remote() const override { return server; }
  const std::string& display() const override { return name; }
  result<snapshot_facts> resolve(const std::string& ref, const std::optional<oid>&, std::stop_token stop) override {
    if (stop.stop_requested())
      return fail(ECANCELED, "stopped");
    if (failures > 0 && failures-- > 0)
      return fail(EIO, "told to");
    const auto at = refs.find(ref);
    return at == refs.end() ? result<snapshot_facts>{error{ENOENT, "no such ref"}} : at->second;
  }
};

// "one" with the repository "r" in it, and "two"; other names are not there.
struct played_forge final : forge_tree {
  std::shared_ptr<repository> only;
  std::string name = "host";

  result<forge_entry> lookup(std::span<const std::string> path, const std::string& child, std::stop_token) override {
    if (path.empty() && child == "one")
      return forge_entry{child, false};
    if (path.size() == 1 && child == "r")
      return forge_entry{child, true};
    return fail(child == "closed" ? EACCES : ENOENT, "told to");
  }
  result<std::vector<forge_entry>> list(std::span<const std::string> path, std::stop_token) override {
    if (!path.empty())
      return fail(ENOTSUP, "not listed");
    return std::vector<forge_entry>{{"one", false}, {"two", false}};
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
    tree.forges.emplace_back().path = "host";
    auto host = std::make_shared<played_forge>();
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
  gitfs::node_address go(std::initializer_list<const char*> names) {
    gitfs::node_address at = root_node;
    for (const char* each : names) {
      const request r = s.send(at, lookup_op{each});
      settle();
      at = node_of(r);
    }
    return at;
  }
};

} // namespace

void tree_of_repositories(race& s) {
  many all{s};
  all.begin();
  const auto top = s.send(root_node, readdir_op{0, true});
  s.run();
  require(s.workers.jobs.empty(), "listing opens something");
  require(top.answered->entries.size() >= 5, "not all of the tree is listed");
  // Who waits for one thing waits for the same.
  const auto a = all.go({"a"}), old = all.go({"team", "old"}), b = all.go({"team", "b"});
  std::vector<request> waiting;
  for (const auto at : {a, a, old, b})
    waiting.push_back(s.send(at, lookup_op{"file"}));
  waiting.push_back(s.send(a, readdir_op{0, true}));
  s.run();
  require(s.workers.jobs.size() == 2, "not one job for each repository");
  all.settle();
  require(node_of(waiting[0]) == node_of(waiting[1]), "two inodes of one file");
  for (const auto at : {a, old, b}) {
    const auto list = s.send(at, readdir_op{0, true});
    all.settle();
    require(list.answered->what == answer::kind::dirents, "no listing");
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
  require(read_a.answered->text == "a" && read_b.answered->text == "b", "a file has not its contents");
  // One gives up before it is open.
  const auto local = all.go({"team", "deep", "local"});
  const auto gives_up = s.send(local, readdir_op{0, true});
  s.run();
  (*gives_up.interrupted)();
  all.settle();
  const auto local_list = s.send(local, readdir_op{0, true});
  all.settle();
  require(local_list.answered->what == answer::kind::dirents, "a local repository is not shown");
  // A failure is told to those who come soon, and forgotten.
  const auto bad = all.go({"bad"}), missing = all.go({"missing"});
  for (const int code : {EIO, EIO, 0}) {
    if (code == 0)
      s.scheduler().trigger_timeouts();
    const auto tried = s.send(bad, lookup_op{"file"}), never = s.send(missing, lookup_op{"file"});
    all.settle();
    require(tried.answered->code == code && never.answered->code == ENOENT, "another error");
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
  require(hosted.answered->entries.size() >= 2, "the host is not listed");
  const auto file = all.go({"host", "one", "r", "sub", "deep"});
  const auto tag = all.go({"host", "one", "r@v1", "file"});
  for (const auto at : {file, tag}) {
    const auto text = s.send(at, read_op{0, 100});
    all.settle();
    require(text.answered->what == answer::kind::data, "a hosted file cannot be read");
  }
  s.forget(a, 1);
  all.settle();
}

} // namespace gitfs::test
