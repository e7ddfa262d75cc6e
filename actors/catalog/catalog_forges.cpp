// What forges have in them, as far as it is known.
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

void catalog::ask_forge(caller who, node& of, const std::string& name) {
  const node::forge_folder& forge = *of.as_forge();
  const std::string bare = name_and_ref(name).first;
  if (of.refused != 0 || forge.closed.contains(bare)) {
    port_.tell(who.who, {.code = of.refused != 0 ? of.refused : EACCES});
    return;
  }
  for (auto& [number, each] : calls_)
    if (each.of == &of && each.name == name) {
      each.waiting.push_back(std::move(who));
      return;
    }
  calls_.emplace(++last_call_, call{&of, name, {std::move(who)}});
  port_.ask_forge(last_call_, of.number, forge.of, forge.path, bare);
}

// What is on the way to what it asks about the forge is asked for first, one name after the other, from above: a name
// that is missing, because a directory outlives its node if that was dropped; and what was taken for a folder, because
// it may be a repository by now. False: there is nothing to ask for.
bool catalog::ask_on_the_way(caller& who) {
  node* of = &tree_.root();
  std::string_view rest = who.path;
  for (std::size_t number = 1; of->as_repository() == nullptr; ++number) {
    const bool last = rest.empty();
    const std::string next{last ? std::string_view{who.name} : take_name(rest)};
    const auto known = of->children.find(next);
    const bool missing = known == of->children.end();
    if (missing && (last || of->as_forge() == nullptr || !usable_name(next)))
      return false;
    if (missing || (known->second->is_assumed() && number > who.settled)) {
      who.settled = number;
      who.goes_on = true;
      ask_forge(std::move(who), *of, next);
      return true;
    }
    if (last)
      return false;
    of = known->second;
  }
  return false;
}

void catalog::refuse(const call& of, int code) {
  if (code != EACCES)
    return refuse(*of.of, code);
  of.of->as_forge()->closed.insert(name_and_ref(of.name).first);
  port_.retry_later(of.of->number);
}

catalog::call catalog::end(call_number number) {
  const auto at = calls_.extract(number);
  return at ? at.mapped() : call{};
}

catalog::node& catalog::add_found(node& to, const std::string& name, const forge_entry& what) {
  const node::forge_folder& in = *to.as_forge();
  const bool is_new = !to.children.contains(name);
  node& out = tree_.child(to, name);
  out.used = questions_;
  if (!is_new && !out.is_assumed())
    return out; // meanwhile a repository was found below it
  std::vector<std::string> path = in.path;
  path.push_back(what.name);
  if (!what.is_repository) {
    if (is_new)
      out.what = node::forge_folder{.of = in.of, .path = std::move(path), .follow = in.follow};
    out.as_forge()->assumed = what.assumed;
    return out;
  }
  out.what = repository{
      .from = {.forge = in.of, .path = std::move(path)}, .ref = name_and_ref(name).second, .follow = in.follow};
  is_folder(to);
  if (!is_new)
    becomes_repository(out);
  return out;
}

// There is a repository in it. So it is none, and all that it is in are none.
void catalog::is_folder(const node& which) {
  for (std::string_view path = which.name;; path = path.substr(0, path.rfind('/'))) {
    node* const of = tree_.at(path);
    if (auto* const forge = of == nullptr ? nullptr : of->as_forge())
      forge->assumed = false;
    if (path.find('/') == std::string_view::npos)
      return;
  }
}

// What was assumed to be in it is not there any more.
void catalog::becomes_repository(node& of) {
  const mount_node_answer before = of.names();
  std::vector<node*> gone;
  for (const auto& [name, each] : std::exchange(of.children, {}))
    gone.push_back(each);
  for (std::size_t i = 0; i < gone.size(); ++i) {
    remove(*gone[i]);
    for (const auto& [name, each] : gone[i]->children)
      gone.push_back(each);
  }
  for (node* const each : gone)
    leave(*each);
  for (const relinked& each : of.seen)
    port_.change_entries(each, of.names(), before.names);
}

void catalog::found(call_number number, const result<forge_entry>& what) {
  const call of = end(number);
  if (of.of == nullptr)
    return; // nobody waited any more
  int code = what ? 0 : visible_errno(what.error().code, requested::mount_node);
  const bool with_ref = !name_and_ref(of.name).second.empty();
  if (code == 0 && (!usable_name(what.value().name) || (with_ref && !what.value().is_repository)))
    code = ENOENT;
  if (code == 0) {
    invented_ += of.of->children.contains(of.name) ? 0 : 1;
    add_found(*of.of, of.name, what.value());
  } else if (code != ENOENT) { // which the forge remembers
    refuse(of, code);
  }
  for (const caller& each : of.waiting) {
    if (code != 0)
      port_.tell(each.who, {.code = code});
    else if (each.goes_on)
      ask(each);
    else
      port_.tell(each.who, of.of->names());
  }
  if (invented_ > most_invented)
    drop_invented();
}

void catalog::listed(call_number number, const result<std::vector<forge_entry>>& what) {
  const call of = end(number);
  if (of.of == nullptr)
    return;
  const int code = what || what.error().code == ENOTSUP ? 0 : visible_errno(what.error().code, requested::mount_node);
  if (what)
    for (const forge_entry& each : what.value())
      if (usable_name(each.name)) {
        const auto known = of.of->children.find(each.name);
        (known != of.of->children.end() ? *known->second : add_found(*of.of, each.name, each)).listed = true;
      }
  if (code != 0)
    refuse(of, code);
  for (const caller& each : of.waiting)
    port_.tell(each.who, code == 0 ? of.of->names() : mount_node_answer{.code = code});
}

// --- what nobody needs to know any more -----------------------------------------------------------------------------

// Nobody waits for anything of it.
bool catalog::is_idle(const node& of) const {
  const repository* const one = of.as_repository();
  return (one == nullptr || (one->resolving == 0 && !one->is_wanted()))
         && std::ranges::none_of(calls_, [&](const auto& each) { return each.second.of == &of; });
}

// An answer that is still on its way finds nothing of that number.
void catalog::drop(mount_node_number which) {
  const repository* const of = tree_.numbered(which)->as_repository();
  const repository_number number = of == nullptr ? 0 : of->number;
  port_.forget(which);
  tree_.drop(which);
  const auto is_of_it = [number](const auto& each) {
    const repository* const other = each.second->as_repository();
    return other != nullptr && other->number == number;
  };
  if (number == 0 || std::ranges::any_of(tree_.nodes(), is_of_it))
    return;
  std::erase_if(repositories_, [&](const auto& each) { return each.second == number; });
  port_.close(number);
}

// Half of them at once, so that it costs little each time. What they are in may be the next to go.
void catalog::drop_invented() {
  const auto stands_for_nothing = [this](const node& of) {
    const repository* const one = of.as_repository();
    return of.is_of_forge() && !of.listed && !of.removed && (one == nullptr || !one->shown) && of.children.empty()
           && is_idle(of);
  };
  std::vector<node*> all;
  for (const auto& [number, each] : tree_.nodes())
    if (stands_for_nothing(*each))
      all.push_back(each.get());
  invented_ = all.size();
  if (all.size() <= most_invented)
    return;
  std::ranges::sort(all, {}, &node::used);
  for (const node* each : std::span{all}.first(all.size() - most_invented / 2)) {
    const std::size_t name = each->name.rfind('/') + 1; // it is below a forge, which has a name
    tree_.at(std::string_view{each->name}.substr(0, name - 1))->children.erase(each->name.substr(name));
    drop(each->number);
  }
  invented_ = most_invented / 2;
}

} // namespace gitfs
