// What hosts have in them, as far as it is known.
#include "actors/catalog.hpp"
#include "actors/visible_errno.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace gitfs {

namespace {

// "linux@v6.1": a repository, and the ref of it that is meant. No service allows '@' in a name.
std::pair<std::string, std::string> name_and_ref(const std::string& name) {
  const std::size_t sign = name.find('@');
  if (sign == std::string::npos || sign == 0 || sign + 1 == name.size())
    return {name, {}};
  return {name.substr(0, sign), name.substr(sign + 1)};
}

} // namespace

void catalog::ask_host(caller who, place& of, const std::string& name) {
  const std::string bare = name_and_ref(name).first;
  if (of.refused != 0 || of.closed.contains(bare)) {
    port_.tell(who.who, {.code = of.refused != 0 ? of.refused : EACCES});
    return;
  }
  for (auto& [number, each] : calls_)
    if (each.of == &of && each.name == name) {
      each.waiting.push_back(std::move(who));
      return;
    }
  calls_.emplace(++last_call_, call{&of, name, {std::move(who)}});
  port_.ask_host(last_call_, of.number, of.host, of.path, bare);
}

// A directory outlives its place, if that was dropped: what it asks waits for the first name on its path that is
// missing.
bool catalog::find_again(const place_asker& who, std::string_view path, const std::string& name, const relinked& from) {
  place* of = root_;
  std::string_view rest = path;
  for (;;) {
    const std::size_t end = std::min(rest.find('/'), rest.size());
    const std::string next{rest.substr(0, end)};
    const auto known = of->children.find(next);
    if (known == of->children.end()) {
      if (of->host == nullptr || of->is_repository || !usable_name(next))
        return false;
      ask_host({who, std::string{path}, name, from}, *of, next);
      return true;
    }
    of = known->second;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

void catalog::refuse(const call& of, int code) {
  if (code != EACCES)
    return refuse(*of.of, code);
  of.of->closed.insert(name_and_ref(of.name).first);
  port_.retry_later(of.of->number);
}

catalog::call catalog::end(call_number number) {
  const auto at = calls_.extract(number);
  return at ? at.mapped() : call{};
}

catalog::place& catalog::add_found(place& to, const std::string& name, const host_entry& what) {
  place& out = child(to, name);
  out.used = questions_;
  out.host = to.host;
  out.path = to.path;
  out.path.push_back(what.name);
  out.is_repository = what.is_repository;
  out.ref = name_and_ref(name).second;
  out.follow = to.follow;
  return out;
}

void catalog::found(call_number number, const result<host_entry>& what) {
  const call of = end(number);
  if (of.of == nullptr)
    return; // nobody waited any more
  int code = what ? 0 : visible_errno(what.error().code, asked_for::place);
  const bool with_ref = !name_and_ref(of.name).second.empty();
  if (code == 0 && (!usable_name(what.value().name) || (with_ref && !what.value().is_repository)))
    code = ENOENT;
  if (code == 0) {
    invented_ += of.of->children.contains(of.name) ? 0 : 1;
    add_found(*of.of, of.name, what.value());
  } else if (code != ENOENT) { // which the host remembers
    refuse(of, code);
  }
  for (const caller& each : of.waiting) {
    if (code != 0)
      port_.tell(each.who, {.code = code});
    else if (each.path.empty())
      tell_names(each.who, *of.of);
    else
      ask(each.who, each.path, each.name, each.from);
  }
  if (invented_ > most_invented)
    drop_invented();
}

void catalog::listed(call_number number, const result<std::vector<host_entry>>& what) {
  const call of = end(number);
  if (of.of == nullptr)
    return;
  const int code = what || what.error().code == ENOTSUP ? 0 : visible_errno(what.error().code, asked_for::place);
  if (what)
    for (const host_entry& each : what.value())
      if (usable_name(each.name)) {
        const auto known = of.of->children.find(each.name);
        (known != of.of->children.end() ? *known->second : add_found(*of.of, each.name, each)).listed = true;
      }
  if (code != 0)
    refuse(of, code);
  for (const caller& each : of.waiting)
    code == 0 ? tell_names(each.who, *of.of) : port_.tell(each.who, {.code = code});
}

// --- what nobody needs to know any more -----------------------------------------------------------------------------

// Nobody waits for anything of it.
bool catalog::is_idle(const place& of) const {
  return of.taking == 0 && !is_wanted(of)
         && std::ranges::none_of(calls_, [&](const auto& each) { return each.second.of == &of; });
}

// An answer that is still on its way finds nothing of that number.
void catalog::drop(std::map<place_number, std::unique_ptr<place>>::iterator which) {
  const repository_number number = which->second->of;
  port_.forget(which->first);
  places_.erase(which);
  if (number == 0 || std::ranges::any_of(places_, [&](const auto& each) { return each.second->of == number; }))
    return;
  std::erase_if(repositories_, [&](const auto& each) { return each.second == number; });
  port_.close(number);
}

// Half of them at once, so that it costs little each time. What they are in may be the next to go.
void catalog::drop_invented() {
  const auto stands_for_nothing = [this](const place& of) {
    return of.host != nullptr && !of.host_entry && !of.listed && !of.removed && !of.shown && of.children.empty()
           && is_idle(of);
  };
  std::vector<place*> all;
  for (const auto& [number, each] : places_)
    if (stands_for_nothing(*each))
      all.push_back(each.get());
  invented_ = all.size();
  if (all.size() <= most_invented)
    return;
  std::ranges::sort(all, {}, &place::used);
  for (const place* each : std::span{all}.first(all.size() - most_invented / 2)) {
    const std::size_t name = each->name.rfind('/') + 1; // it is below a host, which has a name
    at(std::string_view{each->name}.substr(0, name - 1))->children.erase(each->name.substr(name));
    drop(places_.find(each->number));
  }
  invented_ = most_invented / 2;
}

} // namespace gitfs
