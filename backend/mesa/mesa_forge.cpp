#include "backend/mesa/mesa_forge.hpp"

#include "backend/mesa/mesa_repository.hpp"
#include "backend/os/text.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t most_absent = 10'000; // names that do not exist are anybody's to invent
constexpr const char* list_name = "repos";  // what the API has at the place of a repository

bool repository_possible(const std::string& name) {
  return mesa_name_possible(name) && name != list_name;
}

} // namespace

mesa_forge::mesa_forge(mesa_forge_options options, secret_reader read_secret, store_opener open_store)
  : options_(std::move(options)),
    open_store_(std::move(open_store)),
    client_(std::make_shared<mesa_client>(
        options_.url, options_.limits,
        // by value: repositories outlive the forge
        [tokens = options_.tokens, token = options_.token, url = options_.url,
         read = std::move(read_secret)](const std::string& org) -> result<std::string> {
          const auto own = tokens.find(org);
          const secret_place& place = own == tokens.end() ? token : own->second;
          if (place == secret_place{})
            return fail(EACCES, url + ": there is no key for the organisation " + printable(org)
                                    + "; name a variable or a file that has one, under \"tokens\" of this host in the "
                                      "config file");
          auto key = read(place);
          if (!key || key.value().empty())
            return fail(EACCES, url + ": the key for the organisation " + printable(org)
                                    + " cannot be read: " + (key ? "it is empty" : key.error().message));
          return key;
        },
        options_.client)) {}

auto mesa_forge::no_such(const std::string& name) const {
  return fail(ENOENT, display() + ": there is no " + printable(name));
}

result<forge_entry> mesa_forge::lookup(std::span<const std::string> path, const std::string& name,
                                       std::stop_token stop) {
  if (path.size() > 1)
    return fail(ENOENT, display() + ": there is nothing below a repository");
  if (path.empty() ? !mesa_name_possible(name) : !repository_possible(name))
    return no_such(name);
  const std::string key = path.empty() ? name : path.front() + "/" + name;
  {
    const std::lock_guard lock{mutex_};
    const auto it = absent_.find(key);
    if (it != absent_.end() && it->second > options_.now())
      return no_such(key);
  }
  auto out = path.empty() ? lookup_organisation(name, std::move(stop))
                          : lookup_repository(path.front(), name, std::move(stop));
  if (!out && out.error().code == ENOENT) {
    const std::lock_guard lock{mutex_};
    if (absent_.size() >= most_absent)
      absent_.clear();
    absent_[key] = options_.now() + options_.keep_absent;
    return no_such(key);
  }
  return out;
}

result<forge_entry> mesa_forge::lookup_organisation(const std::string& name, std::stop_token stop) {
  {
    const std::lock_guard lock{mutex_};
    const auto it = organisations_.find(name);
    if (it != organisations_.end() && it->second.exists_until > options_.now())
      return forge_entry{name};
  }
  operation op = client_->begin(std::move(stop));
  GITFS_TRY(first, client_->repositories(op, name, true));
  remember(name, first);
  return forge_entry{name};
}

result<forge_entry> mesa_forge::lookup_repository(const std::string& org, const std::string& name,
                                                  std::stop_token stop) {
  {
    const std::lock_guard lock{mutex_};
    const auto known = organisations_.find(org);
    if (known != organisations_.end()) {
      const auto it = known->second.repositories.find(name);
      if (it != known->second.repositories.end() && it->second.second > options_.now())
        return it->second.first;
    }
  }
  operation op = client_->begin(std::move(stop));
  GITFS_TRY(facts, client_->repository(op, org, name));
  forge_entry out{name, true, facts.default_branch};
  const std::lock_guard lock{mutex_};
  organisations_[org].repositories[name] = {out, options_.now() + options_.keep_present};
  return out;
}

void mesa_forge::remember(const std::string& org, const mesa_client::repository_list& list) {
  const std::lock_guard lock{mutex_};
  organisation& known = organisations_[org];
  known.exists_until = options_.now() + options_.keep_present;
  if (list.complete) {
    known.repositories.clear();
    known.complete_until = options_.now() + options_.keep_absent;
  }
  for (const mesa_repository_facts& each : list.repositories)
    if (repository_possible(each.name)) {
      known.repositories[each.name] = {{each.name, true, each.default_branch}, options_.now() + options_.keep_present};
      absent_.erase(org + "/" + each.name); // it has come since
    }
}

std::vector<forge_entry> mesa_forge::known_in(const std::string& org) const {
  std::vector<forge_entry> out;
  for (const auto& [name, known] : organisations_.at(org).repositories)
    out.push_back(known.first);
  return out;
}

result<std::vector<forge_entry>> mesa_forge::list(std::span<const std::string> path, std::stop_token stop) {
  std::vector<forge_entry> out;
  if (path.size() > 1)
    return fail(ENOENT, display() + ": there is nothing below a repository");
  if (path.empty()) {
    for (const auto& [org, place] : options_.tokens)
      if (mesa_name_possible(org))
        out.push_back({org});
    return out;
  }
  const std::string& org = path.front();
  {
    const std::lock_guard lock{mutex_};
    const auto known = organisations_.find(org);
    if (known != organisations_.end() && known->second.complete_until > options_.now())
      return known_in(org);
  }
  operation op = client_->begin(std::move(stop));
  GITFS_TRY(all, client_->repositories(op, org));
  remember(org, all);
  const std::lock_guard lock{mutex_};
  return known_in(org);
}

result<std::shared_ptr<repository>> mesa_forge::open(std::span<const std::string> path) {
  if (path.size() != 2 || !mesa_name_possible(path[0]) || !repository_possible(path[1]))
    return fail(ENOENT, display() + ": a repository is at ORGANISATION/NAME");
  const std::lock_guard lock{mutex_};
  std::weak_ptr<repository>& known = open_[path[0] + "/" + path[1]];
  if (auto out = known.lock())
    return out;
  GITFS_TRY(store, open_store_(display() + mesa_repository_path(path[0], path[1])));
  std::shared_ptr<repository> out =
      std::make_shared<mesa_repository>(client_, path[0], path[1], std::make_shared<mesa_objects>(std::move(store)));
  known = out;
  return out;
}

} // namespace gitfs
