// What becomes of the tree above the repositories while it is shown: refs that are followed, and another deployment.
#include "actors/catalog/catalog.hpp"
#include "config/log.hpp"
#include "config/option_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <variant>

namespace gitfs {

namespace {

using kind = follow_mode::kind_type;

constexpr std::chrono::milliseconds behind{30'000}; // from one try to the next to show a ref that was configured anew
constexpr std::chrono::milliseconds left{5'000};    // from one look to the next whether somebody is in what was removed
constexpr unsigned most_doublings = 3;

// Of a refresh of all entries.
bool is_refreshed_by(const refresh_what& what, const mount_node::repository& of) {
  // A name in a forge only if somebody names it: one that is no repository fails for ever.
  const bool again = what.failed && of.has_failed() && of.from.entry != nullptr;
  if (!of.shown && !again)
    return false;
  return of.follow.kind == kind::on_request || (what.requested && (of.follow.kind == kind::polled || again));
}

// What a look has brought, in words. `before`: what the repository showed before it.
std::string outcome_of(const mount_node::repository& of, const shown_ptr& before) {
  const auto now = [&of] { return of.shown->facts.commit.hex(); };
  if (!before)
    return fmt::format("can be entered now, at {}", now());
  if (of.shown != before)
    return fmt::format("{} → {}", before->facts.commit.hex(), now());
  return fmt::format("unchanged, {}", now());
}

bool same_forge(const shown_forge& one, const shown_forge& other) {
  shown_forge same = other;
  same.follow = one.follow;
  return one == same;
}

} // namespace

// --- following ------------------------------------------------------------------------------------------------------

void catalog::poll_again_later(node& at, repository& of) {
  if (at.removed)
    return; // the timer is that of `leave`
  ++at.timer;
  std::chrono::milliseconds every{0};
  if (of.poll.behind)
    every = behind;
  else if (of.follow.kind == kind::polled && !is_commit_id(of.ref))
    every = of.follow.every;
  if (of.shown && every.count() != 0)
    port_.poll_later(at.number, at.timer, every * (1U << std::min(of.poll.failures, most_doublings)));
}

void catalog::poll_due(mount_node_number which, std::uint64_t timer) {
  node* const at = tree_.numbered(which);
  if (at == nullptr || timer != at->timer)
    return;
  if (at->removed)
    return leave(*at);
  repository* const of = at->as_repository();
  if (of == nullptr)
    return;
  std::erase_if(at->seen, [this](const relinked& each) { return !port_.is_current(each); });
  if (at->seen.empty())
    of->poll.stale = true; // looked at when somebody comes
  else
    start_poll(*at, *of);
}

void catalog::opened(shown_ptr shown, const relinked& root) {
  node& at = tree_.root();
  repository& of = std::get<repository>(at.what);
  bool is_new = false;
  of.number = number_of(of.from, is_new);
  port_.own(of.number, of.from);
  of.shown = std::move(shown);
  at.see(root);
  poll_again_later(at, of);
}

void catalog::move(node& at, repository& of) {
  auto token = port_.begin_move();
  if (const auto before = of.refresh.moving.lock()) // who waits for that waits for this
    token->waiting = std::exchange(before->waiting, {});
  of.refresh.moving = token;
  std::vector<relinked> all;
  for (relinked& each : at.seen) {
    auto link = std::make_shared<directory_location>(*each.link);
    link->shown = of.shown;
    link->tree = of.shown->facts.root_tree;
    link->since.reset();
    link->past.reset();
    link->position.reset();
    each.link = std::move(link);
    all.push_back(each);
    all.back().move = token;
  }
  if (!all.empty())
    port_.relink(std::move(all));
}

// --- refresh --------------------------------------------------------------------------------------------------------

void catalog::refresh(refresh_number number, const refresh_what& what) {
  refreshes_[number].left = 1; // until all are asked
  if (!what.path.empty())
    refresh_entry(number, what);
  else
    for (const auto& [which, at] : tree_.nodes())
      if (repository* const of = at->as_repository(); of != nullptr && !at->removed && is_refreshed_by(what, *of))
        add_refresh(number, *at, *of, what.failed);
  moved({number});
}

void catalog::refresh_entry(refresh_number number, const refresh_what& what) {
  node* at = &tree_.root();
  for (std::string_view rest = what.path; at != nullptr && at->as_repository() == nullptr && !rest.empty();) {
    const auto next = at->children.find(take_name(rest));
    at = next == at->children.end() ? nullptr : next->second;
  }
  repository* const of = at == nullptr ? nullptr : at->as_repository();
  std::string& text = refreshes_[number].text;
  if (of == nullptr)
    text += fmt::format("!{}: no repository that somebody has looked at is there\n", what.path);
  else if (of->follow.kind == kind::pinned && !(what.failed && of->has_failed()))
    text += fmt::format("!{}: it is pinned{}: give it \"follow\" in the config file (mount --follow)\n",
                        shown_name(*at), of->shown ? " to " + of->shown->facts.commit.hex() : "");
  else
    add_refresh(number, *at, *of, what.failed);
}

std::string catalog::shown_name(const node& of) {
  return of.name.empty() ? "." : of.name;
}

void catalog::add_refresh(refresh_number number, node& at, repository& of, bool failed) {
  refresh_report& report = refreshes_[number];
  if (!of.shown && of.resolving == 0 && !(failed && of.has_failed())) {
    report.text += fmt::format("{}: nobody has looked into it yet\n", shown_name(at));
    return;
  }
  ++report.left;
  // What is on its way may have been told before the caller's push.
  (of.resolving != 0 ? of.refresh.late : of.refresh.waiting).push_back(number);
  start_poll(at, of);
}

void catalog::tell_refreshers(node& at, repository& of, const shown_ptr& before) {
  if (before && of.shown != before)
    move(at, of);
  for (const refresh_number each : std::exchange(of.refresh.waiting, {})) {
    const auto report = refreshes_.find(each);
    if (report == refreshes_.end())
      continue; // given up
    const bool failed = !of.poll.last_error.empty();
    report->second.text += fmt::format("{}{}: {}\n", failed ? "!" : "", shown_name(at),
                                       failed ? of.poll.last_error : outcome_of(of, before));
    if (const auto on_its_way = of.refresh.moving.lock())
      on_its_way->waiting.push_back(each);
    else
      moved({each});
  }
}

// A look that was for it alone is given up, down to its request: the next refresh is not to wait for that.
void catalog::cancel_refresh(refresh_number number) {
  refreshes_.erase(number);
  for (const auto& [which, at] : tree_.nodes()) {
    repository* const of = at->as_repository();
    if (of == nullptr)
      continue;
    ref_refresh& refresh = of->refresh;
    std::erase(refresh.late, number);
    const bool alone = std::erase(refresh.waiting, number) != 0 && refresh.waiting.empty() && of->waiting.empty();
    if (!alone || !of->shown || of->poll.behind || of->resolving == 0)
      continue;
    port_.stop_resolving(std::exchange(of->resolving, 0), of->number);
    poll_again_later(*at, *of);
    refresh.waiting = std::exchange(refresh.late, {});
    if (!refresh.waiting.empty())
      start_poll(*at, *of);
  }
}

void catalog::moved(const std::vector<refresh_number>& who) {
  for (const refresh_number each : who) {
    const auto at = refreshes_.find(each);
    if (at == refreshes_.end() || --at->second.left != 0)
      continue;
    const refresh_report report = std::move(at->second);
    refreshes_.erase(at);
    port_.refreshed(each, report);
  }
}

// --- another deployment ---------------------------------------------------------------------------------------------

// Who is in it stays, and goes on seeing what he saw.
void catalog::remove(node& of) {
  of.removed = true;
  ++of.timer;
  for (const auto& [name, each] : of.children)
    remove(*each);
}

void catalog::follow_forge(node& of, const std::shared_ptr<const shown_forge>& entry) {
  if (auto* const forge = of.as_forge()) {
    forge->follow = entry->follow;
    if (forge->entry)
      forge->entry = entry;
  } else if (repository* const one = of.as_repository()) {
    if (std::exchange(one->follow, entry->follow) != entry->follow)
      poll_again_later(of, *one);
  }
  for (const auto& [name, each] : of.children)
    follow_forge(*each, entry);
}

// True if `old` can stand for `fresh`, and does so now.
bool catalog::take_over(node& old, node& fresh) {
  if (old.what.index() != fresh.what.index())
    return false;
  if (old.is_folder()) {
    merge(old, fresh);
    return true;
  }
  if (const auto* const forge = fresh.as_forge()) {
    if (!same_forge(*old.as_forge()->entry, *forge->entry))
      return false;
    follow_forge(old, forge->entry);
    return true;
  }
  const repository& one = *fresh.as_repository();
  const shown_repository& before = *old.as_repository()->from.entry;
  const shown_repository& now = *one.from.entry;
  if (before.source != now.source || before.token != now.token || before.username != now.username)
    return false;
  take_over_repository(old, one);
  return true;
}

void catalog::take_over_repository(node& old, const repository& fresh) {
  repository& of = *old.as_repository();
  of.from.entry = fresh.from.entry;
  const bool other_ref = std::exchange(of.ref, fresh.ref) != fresh.ref;
  const bool other_follow = std::exchange(of.follow, fresh.follow) != fresh.follow;
  if (other_ref) {
    of.poll.behind = of.shown != nullptr;
    old.refused = 0;
    if (of.resolving != 0) // the other ref's
      port_.stop_resolving(std::exchange(of.resolving, 0), of.number);
    of.refresh.waiting.insert(of.refresh.waiting.end(), of.refresh.late.begin(), of.refresh.late.end());
    of.refresh.late.clear();
    if (of.shown || of.is_wanted())
      start_poll(old, of);
  } else if (other_follow) {
    poll_again_later(old, of);
  }
}

void catalog::merge(node& old, node& fresh) {
  bool changed = false;
  std::vector<std::string> replaced;
  for (auto it = old.children.begin(); it != old.children.end();) {
    if (fresh.children.contains(it->first)) {
      ++it;
      continue;
    }
    remove(*it->second);
    it = old.children.erase(it);
    changed = true;
  }
  for (const auto& [name, each] : fresh.children) {
    const auto [at, is_new] = old.children.try_emplace(name, each);
    if (is_new) {
      changed = true;
    } else if (!take_over(*at->second, *each)) {
      remove(*at->second);
      at->second = each;
      replaced.push_back(name);
      changed = true;
    }
  }
  if (!changed)
    return;
  for (const relinked& each : old.seen)
    port_.change_entries(each, old.names(), replaced);
}

// It was removed. Its snapshot is that of directories as long as the kernel refers to them, which then want from its
// repository.
void catalog::leave(node& of) {
  std::erase_if(of.seen, [this](const relinked& each) { return !port_.is_current(each); });
  const repository* const one = of.as_repository();
  const bool shows = one != nullptr && one->shown;
  if (is_idle(of) && (!shows || (of.seen.empty() && !of.crowded)))
    drop(of.number);
  else
    port_.poll_later(of.number, ++of.timer, left);
}

bool catalog::reload(const deployment& tree, const forges& of) {
  const mount_node_number first = tree_.next_number();
  const bool taken = take_over(tree_.root(), tree_.build(tree, of));
  const std::set<mount_node_number> used = tree_.reachable();
  for (auto it = tree_.nodes().begin(); it != tree_.nodes().end();) {
    const auto each = it++;
    if (used.contains(each->first))
      continue;
    if (each->first >= first) // nobody has asked about it yet
      drop(each->first);
    else
      leave(*each->second);
  }
  return taken;
}

} // namespace gitfs
