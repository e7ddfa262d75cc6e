// What hosts have in them, as far as it is known.
#include "actors/catalog/catalog.hpp"
#include "actors/model/visible_errno.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <utility>

namespace gitfs {

namespace {

// "linux@v6.1": a repository, and the ref of it that is meant. No service allows '@' in a name. No name of a file can
// have the '/' of a ref: it is percent-encoded.
std::pair<std::string, std::string> name_and_ref(const std::string& name) {
  const std::size_t sign = name.find('@');
  if (sign == std::string::npos || sign == 0 || sign + 1 == name.size())
    return {name, {}};
  const std::string ref = name.substr(sign + 1);
  return {name.substr(0, sign), percent_decoded_text(ref).value_or(ref)}; // else the '%' is the ref's own
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

// What is on the way to what it asks about the host is asked for first, one name after the other, from above: a name
// that is missing, because a directory outlives its place if that was dropped; and what was taken for a folder, because
// it may be a repository by now. False: there is nothing to ask for.
bool catalog::ask_on_the_way(caller& who) {
  place* of = root_;
  std::string_view rest = who.path;
  for (std::size_t number = 1; !of->is_repository; ++number) {
    const bool last = rest.empty();
    const std::string next{last ? std::string_view{who.name} : rest.substr(0, rest.find('/'))};
    const auto known = of->children.find(next);
    const bool missing = known == of->children.end();
    if (missing && (last || of->host == nullptr || !usable_name(next)))
      return false;
    if (missing || (known->second->assumed && number > who.settled)) {
      who.settled = number;
      who.goes_on = true;
      ask_host(std::move(who), *of, next);
      return true;
    }
    if (last)
      return false;
    of = known->second;
    rest.remove_prefix(std::min(next.size() + 1, rest.size()));
  }
  return false;
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
  const bool is_new = !to.children.contains(name);
  place& out = child(to, name);
  out.used = questions_;
  if (!is_new && !out.assumed)
    return out; // meanwhile a repository was found below it
  out.host = to.host;
  out.path = to.path;
  out.path.push_back(what.name);
  out.is_repository = what.is_repository;
  out.assumed = what.assumed;
  out.ref = name_and_ref(name).second;
  out.follow = to.follow;
  if (out.is_repository) {
    is_folder(to);
    if (!is_new)
      becomes_repository(out);
  }
  return out;
}

// There is a repository in it. So it is none, and all that it is in are none.
void catalog::is_folder(const place& which) {
  for (std::string_view path = which.name;; path = path.substr(0, path.rfind('/'))) {
    if (place* const of = at(path))
      of->assumed = false;
    if (path.find('/') == std::string_view::npos)
      return;
  }
}

// What was assumed to be in it is not there any more.
void catalog::becomes_repository(place& of) {
  const place_answer before = names_in(of);
  std::vector<place*> gone;
  for (const auto& [name, each] : std::exchange(of.children, {}))
    gone.push_back(each);
  for (std::size_t i = 0; i < gone.size(); ++i) {
    remove(*gone[i]);
    for (const auto& [name, each] : gone[i]->children)
      gone.push_back(each);
  }
  for (place* const each : gone)
    leave(*each);
  for (const relinked& each : of.seen)
    port_.change_entries(each, names_in(of), before.names);
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
    else if (each.goes_on)
      ask(each);
    else
      tell_names(each.who, *of.of);
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
