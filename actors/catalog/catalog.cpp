#include "actors/catalog/catalog.hpp"

#include "actors/model/visible_errno.hpp"
#include "config/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

catalog::catalog(const deployment& tree, forges of, catalog_port& port) : port_(port), tree_(tree, of) {}

void catalog::ask(const mount_node_asker& who, std::string_view path, const std::string& name, const relinked& from) {
  ask(caller{who, std::string{path}, name, from});
}

void catalog::ask(caller asks) {
  node* const of = tree_.at(asks.path);
  if (of != nullptr) {
    of->see(asks.from);
    of->used = ++questions_;
    if (const auto inside = of->children.find(asks.name); inside != of->children.end())
      inside->second->used = questions_;
  }
  if (ask_on_the_way(asks))
    return;
  const mount_node_asker& who = asks.who;
  const std::string& name = asks.name;
  if (of == nullptr)
    port_.tell(who, {.code = ENOENT});
  else if (repository* const one = of->as_repository())
    enter_repository(who, *of, *one);
  else if (of->is_folder() || (!name.empty() && of->children.contains(name)))
    port_.tell(who, of->names());
  else if (!name.empty() && !usable_name(name))
    port_.tell(who, {.code = ENOENT});
  else
    ask_forge({who}, *of, name);
}

// --- repositories ---------------------------------------------------------------------------------------------------

repository_number catalog::number_of(const repository_origin& from, bool& is_new) {
  std::string key;
  if (from.entry != nullptr) {
    const secret_place& token = from.entry->token;
    key = "entry\n" + from.entry->source + '\n' + token.environment + '\n' + token.file.string() + '\n'
          + from.entry->username + '\n' + from.entry->profile.string();
  } else {
    key = fmt::format("host {}", fmt::ptr(from.forge.get()));
    for (const std::string& each : from.path)
      key += '\n' + each;
  }
  const auto [at, fresh] = repositories_.try_emplace(std::move(key), last_repository_ + 1);
  last_repository_ += fresh ? 1 : 0;
  is_new = fresh;
  return at->second;
}

void catalog::enter_repository(const mount_node_asker& who, node& at, repository& of) {
  if (of.shown && !of.poll.stale) {
    port_.tell(who, {.shown = of.shown});
    return;
  }
  if (at.refused != 0) {
    port_.tell(who, {.code = at.refused});
    return;
  }
  of.waiting.push_back(who);
  start_poll(at, of);
}

void catalog::start_poll(node& at, repository& of) {
  if (of.resolving != 0)
    return;
  bool is_new = false;
  of.number = number_of(of.from, is_new);
  of.resolving = ++last_call_;
  port_.resolve(of.resolving, at.number, of.number, is_new ? of.from : repository_origin{}, of.ref,
                of.shown ? std::optional{of.shown->facts.commit} : std::nullopt);
}

void catalog::resolved(call_number number, mount_node_number which, const result<shown_ptr>& snapshot) {
  node* const at = tree_.numbered(which);
  repository* const repo = at == nullptr ? nullptr : at->as_repository();
  if (repo == nullptr || repo->resolving != number)
    return; // the call was cancelled meanwhile
  repository& of = *repo;
  ref_poll& poll = of.poll;
  of.resolving = 0;
  const shown_ptr before = of.shown;
  if (snapshot) {
    poll.failures = 0;
    poll.last_error.clear();
    poll.behind = false;
    if (!before || before->facts.commit != snapshot.value()->facts.commit)
      of.shown = snapshot.value();
  } else {
    ++poll.failures;
    poll.last_error = snapshot.error().message;
    if (!before)
      refuse(*at, visible_errno(snapshot.error().code, requested::mount_node));
  }
  poll.stale = !snapshot && poll.stale && before; // the next one who enters polls again
  mount_node_answer out;
  out.shown = of.shown;
  out.code = of.shown ? 0 : at->refused;
  for (const mount_node_asker& each : std::exchange(of.waiting, {}))
    port_.tell(each, out);
  tell_refreshers(*at, of, before);
  poll_again_later(*at, of);
  if (!of.refresh.late.empty()) {
    of.refresh.waiting = std::exchange(of.refresh.late, {});
    start_poll(*at, of);
  }
}

void catalog::refuse(node& of, int code) {
  of.refused = code;
  port_.retry_later(of.number);
}

void catalog::may_retry(mount_node_number which) {
  node* const of = tree_.numbered(which);
  if (of == nullptr)
    return;
  of->refused = 0;
  if (auto* const forge = of->as_forge())
    forge->closed.clear();
}

void catalog::cancel(const mount_node_asker& who) {
  for (const auto& [number, each] : tree_.nodes())
    if (repository* const of = each->as_repository())
      if (std::erase(of->waiting, who) != 0 && !of->is_wanted() && !of->shown)
        port_.stop_resolving(std::exchange(of->resolving, 0), of->number);
  for (auto it = calls_.begin(); it != calls_.end();) {
    const auto each = it++;
    if (std::erase_if(each->second.waiting, [&](const caller& waits) { return waits.who == who; }) == 0
        || !each->second.waiting.empty())
      continue;
    port_.stop_asking(each->first);
    calls_.erase(each);
  }
}

std::string catalog::describe() const {
  std::size_t open = 0;
  std::string out;
  for (const auto& [number, each] : tree_.nodes()) {
    const repository* const of = each->as_repository();
    if (of == nullptr)
      continue;
    open += of->shown ? 1 : 0;
    if (of->resolving != 0)
      out += fmt::format("node {}: a snapshot of repository {} is being taken, {} wait\n", number, of->number,
                         of->waiting.size());
    if (!of->poll.last_error.empty())
      out += fmt::format("node {}: {}\n", number, of->poll.last_error);
  }
  for (const auto& [number, each] : calls_)
    out += fmt::format("call {}: node {}, {} wait\n", number, each.of->number, each.waiting.size());
  return fmt::format("{} nodes, {} of them open\n", tree_.nodes().size(), open) + out;
}

} // namespace gitfs
