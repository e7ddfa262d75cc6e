#include "actors/prefetch/profile_files.hpp"

#include "actors/runtime/prefetch_messages.hpp"
#include "actors/trace/record/trace_format.hpp"
#include "config/log.hpp"

#include <caf/event_based_actor.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <functional>
#include <limits>
#include <unordered_set>
#include <utility>

namespace gitfs {

namespace {

// Reads or writes files, once, on a thread of its own. It is a class, because CAF 0.17 takes a reference from a null
// pointer when it makes an actor of a function without arguments.
class file_worker final : public caf::event_based_actor {
public:
  file_worker(caf::actor_config& cfg, std::function<void()> work)
    : caf::event_based_actor(cfg),
      work_(std::move(work)) {}

  const char* name() const override { return "file_worker"; }

protected:
  caf::behavior make_behavior() override {
    std::exchange(work_, nullptr)();
    return {}; // which ends it
  }

private:
  std::function<void()> work_;
};

void work(caf::actor_system& system, std::function<void()> what) {
  system.spawn<file_worker, caf::detached>(std::move(what));
}

// In pieces as long as a text in a record of a trace can be.
void send_profile(const caf::actor& to, const oid& commit, const oid& root, const profile& what) {
  const trace::because_of nothing{0, 0};
  std::string lines;
  const auto send = [&](bool more) {
    use_profile m;
    m.commit = commit;
    m.root = root;
    m.lines = std::exchange(lines, {});
    m.more = more;
    caf::anon_send(to, std::move(m));
  };
  for (profile_entry& each : entries_from_root(what)) {
    each.program.clear();
    const std::string line = profile_line(each) + '\n';
    if (line.size() > trace::longest_text)
      continue; // below a folder with a long name
    if (lines.size() + line.size() > trace::longest_text)
      send(true);
    lines += line;
  }
  send(false);
}

} // namespace

std::shared_ptr<const profile_store> profiles_of(const mounted_ref& of) {
  return of.repository->from ? of.repository->from->profiles() : nullptr;
}

void use_named_profile(const mounted_ref& of, const snapshot_facts& facts) {
  auto from = profiles_of(of);
  if (!of.prefetcher || !from || from->named().empty())
    return;
  work(of.prefetcher.home_system(), [to = of.prefetcher, from = std::move(from), commit = facts.commit,
                                     root = facts.root_tree] {
    const auto what = read_profile(from->named());
    if (!what) {
      log::warn("{}: it is mounted without its profile: {}", from->source(), what.error().message);
      return;
    }
    if (!what.value().source.empty() && what.value().source != from->source())
      log::info("{}: the profile {} was recorded of {}", from->source(), from->named().string(), what.value().source);
    send_profile(to, commit, root, what.value());
  });
}

void use_kept_run(const caf::actor& prefetcher, std::shared_ptr<const profile_store> from, const oid& commit,
                  const oid& root, std::vector<std::string> read) {
  work(prefetcher.home_system(), [to = prefetcher, from = std::move(from), commit, root, read = std::move(read)] {
    std::size_t most = 0;
    profile best;
    for (profile& each : from->runs()) {
      std::unordered_set<std::string_view> paths;
      for (const profile_entry& entry : each.entries)
        paths.insert(entry.path);
      const auto known = static_cast<std::size_t>(
          std::ranges::count_if(read, [&](const std::string& path) { return paths.contains(path); }));
      if (known > most) {
        most = known;
        best = std::move(each);
      }
    }
    if (most * 2 >= read.size() && most != 0)
      send_profile(to, commit, root, best);
  });
}

void keep_run(caf::actor_system& system, std::shared_ptr<const profile_store> in, std::shared_ptr<object_db> db,
              recorded_run run) {
  if (run.entries.size() < profile_store::least_entries)
    return;
  work(system, [in = std::move(in), db = std::move(db), run = std::move(run)] {
    profile what;
    what.entries = run.entries_from(1, profile::most_entries, {}, *db);
    in->add(std::move(what));
  });
}

} // namespace gitfs
