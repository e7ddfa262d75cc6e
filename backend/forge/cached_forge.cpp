#include "backend/forge/cached_forge.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <utility>

namespace gitfs {

std::string joined(name_path path, const std::string& name) {
  std::string out;
  for (const std::string& each : path)
    out += (out.empty() ? "" : "/") + each;
  return name.empty() ? out : out + (out.empty() ? "" : "/") + name;
}

namespace {

auto not_there(const std::string& display, name_path path, const std::string& name) {
  return fail(ENOENT, display + ": there is no " + joined(path, name)
                          + " (what is private may be hidden in this way: then give a token)");
}

} // namespace

cached_forge::cached_forge(std::unique_ptr<forge> from, std::string display, repository_opener open, memory keep)
  : forge_(std::move(from)),
    display_(std::move(display)),
    open_(std::move(open)),
    keep_(std::move(keep)) {}

std::string cached_forge::folded(std::string name) const {
  if (forge_->ignores_case())
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(c < 0x80 ? std::tolower(c) : c); });
  return name;
}

void cached_forge::forget_old(folder& where) const {
  const auto now = keep_.now();
  std::erase_if(where.absent, [&](const auto& each) { return each.second <= now; });
  std::erase_if(where.children, [&](const auto& each) { return each.second.until <= now; });
}

cached_forge::known cached_forge::known_now(const forge_entry& entry) const {
  return {entry, keep_.now() + (entry.assumed ? keep_.absent : keep_.present)};
}

void cached_forge::remember(folder& where, const forge_listing& what) {
  if (what.all)
    where.children.clear();
  for (const forge_entry& entry : what.entries)
    where.children.insert_or_assign(folded(entry.name), known_now(entry));
}

std::vector<std::string> cached_forge::spelled(name_path path) const {
  const std::lock_guard lock{mutex_};
  std::vector<std::string> out;
  for (const std::string& name : path) {
    const auto where = folders_.find(folded(joined(out)));
    const known* found = nullptr;
    if (where != folders_.end())
      if (const auto child = where->second.children.find(folded(name)); child != where->second.children.end())
        found = &child->second;
    out.push_back(found != nullptr ? found->entry.name : name);
  }
  return out;
}

result<forge_entry> cached_forge::lookup(std::span<const std::string> path, const std::string& name,
                                         std::stop_token stop) {
  if (!forge_->may_exist(path, name))
    return not_there(display_, path, name);
  const std::string key = folded(name), folder_key = folded(joined(path));
  const auto now = keep_.now();
  {
    const std::lock_guard lock{mutex_};
    folder& where = folders_[folder_key];
    forget_old(where);
    const auto found = where.children.find(key);
    if (found != where.children.end())
      return found->second.entry;
    if (where.absent.contains(key))
      return not_there(display_, path, name);
  }
  auto found = forge_->lookup(spelled(path), name, std::move(stop));
  const std::lock_guard lock{mutex_};
  if (++lookups_ > most_lookups) {
    folders_.clear();
    lookups_ = 1;
  }
  folder& where = folders_[folder_key];
  if (!found) {
    if (found.error().code == ENOENT) {
      where.children.erase(key);
      where.absent[key] = now + keep_.absent;
    }
    return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(found.error()));
  }
  forge_found& out = found.value();
  where.children.insert_or_assign(key, known_now(out.entry));
  if (out.inside)
    remember(folders_[folded(joined(path, name))], *out.inside);
  return std::move(out.entry);
}

std::vector<forge_entry> cached_forge::entries(const folder& where) {
  std::vector<forge_entry> out;
  for (const auto& [name, child] : where.children)
    out.push_back(child.entry);
  return out;
}

result<std::vector<forge_entry>> cached_forge::list(std::span<const std::string> path, std::stop_token stop) {
  const std::string key = folded(joined(path));
  {
    const std::lock_guard lock{mutex_};
    if (const auto where = folders_.find(key); where != folders_.end() && keep_.now() < where->second.listed_until)
      return entries(where->second);
  }
  GITFS_TRY(listed, forge_->list(spelled(path), std::move(stop)));
  const std::lock_guard lock{mutex_};
  folder& where = folders_[key];
  forget_old(where);
  remember(where, listed);
  where.listed_until = keep_.now() + keep_.absent;
  return entries(where);
}

result<std::shared_ptr<repository>> cached_forge::open(std::span<const std::string> path) {
  const std::vector<std::string> names = spelled(path);
  GITFS_TRY(from, parse_source(forge_->clone_url(names)));
  GITFS_TRY(who, forge_->login(names));
  if (!who.empty()) { // else those of the URL, which git's configuration may have rewritten to one with them
    from.username = std::move(who.username);
    from.password = std::move(who.password);
    from.password_now = [owner = forge_, names]() -> result<std::string> { // by value: it outlives the forge
      GITFS_TRY(now, owner->login(names));
      return std::move(now.password);
    };
  }
  return open_(from, forge_->sizes(names));
}

} // namespace gitfs
