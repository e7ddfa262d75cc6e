#include "actors/catalog/catalog.hpp"

#include "actors/model/visible_errno.hpp"
#include "config/log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

bool usable_name(std::string_view name) {
  return !name.empty() && name.size() <= 255 && name != "." && name != ".."
         && name.find_first_of(std::string_view{"/\0", 2}) == std::string_view::npos;
}

catalog::catalog(const deployment& tree, hosts of, catalog_port& port) : port_(port) {
  root_ = build(tree, of);
}

catalog::place& catalog::fresh_place() {
  auto fresh = std::make_unique<place>();
  fresh->number = next_place_++;
  return *places_.emplace(fresh->number, std::move(fresh)).first->second;
}

catalog::place& catalog::child(place& of, std::string_view name) {
  const auto known = of.children.find(name);
  if (known != of.children.end())
    return *known->second;
  place& fresh = fresh_place();
  fresh.name = of.name.empty() ? std::string{name} : of.name + '/' + std::string{name};
  of.children.emplace(name, &fresh);
  return fresh;
}

catalog::place& catalog::make(place& root, std::string_view path) {
  place* out = &root;
  for (std::size_t end = 0; !path.empty(); path.remove_prefix(std::min(end + 1, path.size()))) {
    end = std::min(path.find('/'), path.size());
    out = &child(*out, path.substr(0, end));
  }
  return *out;
}

catalog::place* catalog::build(const deployment& tree, const hosts& of) {
  place& root = fresh_place();
  for (const shown_repository& each : tree.repositories) {
    place& p = make(root, each.path);
    p.is_repository = true;
    p.entry = std::make_shared<const shown_repository>(each);
    p.ref = each.ref;
    p.follow = each.follow;
  }
  for (std::size_t i = 0; i < tree.hosts.size(); ++i) {
    place& p = make(root, tree.hosts[i].path);
    p.host = of.at(i);
    p.host_entry = std::make_shared<const shown_host>(tree.hosts[i]);
    p.follow = p.host_entry->follow;
  }
  return &root;
}

catalog::place* catalog::at(std::string_view path) {
  place* out = root_;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/'), path.size());
    const auto next = out->children.find(path.substr(0, end));
    if (next == out->children.end())
      return nullptr;
    out = next->second;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return out;
}

// One that is at a place twice is another that had its slot.
void catalog::see(place& of, const relinked& directory) {
  constexpr std::size_t most = 4; // one, but for who is still in one that was removed and came back
  if (!directory.link)
    return;
  std::erase_if(of.seen, [&](const relinked& each) { return each.slot == directory.slot; });
  if (of.seen.size() == most) {
    of.seen.erase(of.seen.begin());
    of.crowded = true;
  }
  of.seen.push_back(directory);
}

catalog::place* catalog::numbered(place_number which) const {
  const auto found = places_.find(which);
  return found == places_.end() ? nullptr : found->second.get();
}

void catalog::ask(const place_asker& who, std::string_view path, const std::string& name, const relinked& from) {
  ask(caller{who, std::string{path}, name, from});
}

void catalog::ask(caller asks) {
  place* const of = at(asks.path);
  if (of != nullptr) {
    see(*of, asks.from);
    of->used = ++questions_;
    if (const auto inside = of->children.find(asks.name); inside != of->children.end())
      inside->second->used = questions_;
  }
  if (ask_on_the_way(asks))
    return;
  const place_asker& who = asks.who;
  const std::string& name = asks.name;
  if (of == nullptr)
    port_.tell(who, {.code = ENOENT});
  else if (of->is_repository)
    enter_repository(who, *of);
  else if (of->host == nullptr || (!name.empty() && of->children.contains(name)))
    tell_names(who, *of);
  else if (!name.empty() && !usable_name(name))
    port_.tell(who, {.code = ENOENT});
  else
    ask_host({who}, *of, name);
}

place_answer catalog::names_in(const place& of) const {
  place_answer out;
  for (const auto& [name, each] : of.children) {
    out.names.push_back(name);
    if (each->assumed)
      out.assumed.push_back(name);
  }
  out.complete = of.host == nullptr;
  return out;
}

void catalog::tell_names(const place_asker& who, const place& of) const {
  port_.tell(who, names_in(of));
}

// --- repositories ---------------------------------------------------------------------------------------------------

repository_number catalog::number_of(const place& of, bool& is_new) {
  std::string key;
  if (of.entry != nullptr) {
    key = "entry\n" + of.entry->source + '\n' + of.entry->token.environment + '\n' + of.entry->token.file.string();
  } else {
    key = fmt::format("host {}", fmt::ptr(of.host.get()));
    for (const std::string& each : of.path)
      key += '\n' + each;
  }
  const auto [at, fresh] = repositories_.try_emplace(std::move(key), last_repository_ + 1);
  last_repository_ += fresh ? 1 : 0;
  is_new = fresh;
  return at->second;
}

void catalog::enter_repository(const place_asker& who, place& of) {
  if (of.shown && !of.stale) {
    port_.tell(who, {.shown = of.shown});
    return;
  }
  if (of.refused != 0) {
    port_.tell(who, {.code = of.refused});
    return;
  }
  of.waiting.push_back(who);
  look(of);
}

void catalog::look(place& of) {
  if (of.taking != 0)
    return;
  bool is_new = false;
  of.of = number_of(of, is_new);
  of.taking = ++last_call_;
  port_.take(of.taking, of.number, of.of, is_new ? repository_origin{of.entry, of.host, of.path} : repository_origin{},
             of.ref, of.shown ? std::optional{of.shown->facts.commit} : std::nullopt);
}

void catalog::taken(call_number number, place_number at, const result<shown_ptr>& snapshot) {
  place* const asked = numbered(at);
  if (asked == nullptr || asked->taking != number)
    return; // nobody waited any more
  place& of = *asked;
  of.taking = 0;
  const shown_ptr before = of.shown;
  if (snapshot) {
    of.failures = 0;
    of.last_error.clear();
    of.behind = false;
    if (!before || before->facts.commit != snapshot.value()->facts.commit)
      of.shown = snapshot.value();
  } else {
    ++of.failures;
    of.last_error = snapshot.error().message;
    if (!before)
      refuse(of, visible_errno(snapshot.error().code, asked_for::place));
  }
  of.stale = !snapshot && of.stale && before; // the next one to enter may have more luck
  place_answer out;
  out.shown = of.shown;
  out.code = of.shown ? 0 : of.refused;
  for (const place_asker& each : std::exchange(of.waiting, {}))
    port_.tell(each, out);
  tell_refreshers(of, before);
  look_again_later(of);
  if (!of.late.empty()) {
    of.refreshers = std::exchange(of.late, {});
    look(of);
  }
}

void catalog::refuse(place& of, int code) {
  of.refused = code;
  port_.retry_later(of.number);
}

void catalog::may_retry(place_number which) {
  if (place* const of = numbered(which)) {
    of->refused = 0;
    of->closed.clear();
  }
}

bool catalog::is_wanted(const place& of) {
  return !of.waiting.empty() || !of.refreshers.empty() || !of.late.empty();
}

void catalog::cancel(const place_asker& who) {
  for (auto& [number, of] : places_)
    if (std::erase(of->waiting, who) != 0 && !is_wanted(*of) && !of->shown)
      port_.stop_taking(std::exchange(of->taking, 0), of->of);
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
  for (const auto& [number, each] : places_) {
    open += each->shown ? 1 : 0;
    if (each->taking != 0)
      out += fmt::format("place {}: a snapshot of repository {} is being taken, {} wait\n", number, each->of,
                         each->waiting.size());
    if (!each->last_error.empty())
      out += fmt::format("place {}: {}\n", number, each->last_error);
  }
  for (const auto& [number, each] : calls_)
    out += fmt::format("call {}: place {}, {} wait\n", number, each.of->number, each.waiting.size());
  return fmt::format("{} places, {} of them open\n", places_.size(), open) + out;
}

} // namespace gitfs
