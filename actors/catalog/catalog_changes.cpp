// What becomes of the tree above the repositories while it is shown: refs that are followed, and another deployment.
#include "actors/catalog/catalog.hpp"
#include "config/log.hpp"
#include "config/option_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace gitfs {

namespace {

using kind = follow_mode::kind_type;

constexpr std::chrono::milliseconds behind{30'000}; // from one try to the next to show a ref that was configured anew
constexpr std::chrono::milliseconds left{5'000};    // from one look to the next whether somebody is in what was removed
constexpr unsigned most_doublings = 3;

bool same_host(const shown_host& one, const shown_host& other) {
  shown_host same = other;
  same.follow = one.follow;
  return one == same;
}

} // namespace

// --- following ------------------------------------------------------------------------------------------------------

void catalog::look_again_later(place& of) {
  if (of.removed)
    return; // the timer is that of `leave`
  ++of.timer;
  std::chrono::milliseconds every{0};
  if (of.behind)
    every = behind;
  else if (of.follow.kind == kind::polled && !is_commit_id(of.ref))
    every = of.follow.every;
  if (of.shown && every.count() != 0)
    port_.look_later(of.number, of.timer, every * (1U << std::min(of.failures, most_doublings)));
}

void catalog::look_due(place_number which, std::uint64_t timer) {
  place* const asked = numbered(which);
  if (asked == nullptr || timer != asked->timer)
    return;
  place& of = *asked;
  if (of.removed)
    return leave(of);
  std::erase_if(of.seen, [this](const relinked& each) { return !port_.is_current(each); });
  if (of.seen.empty())
    of.stale = true; // looked at when somebody comes
  else
    look(of);
}

void catalog::opened(shown_ptr shown, const relinked& root) {
  place& of = *root_;
  bool is_new = false;
  of.of = number_of(of, is_new);
  of.shown = std::move(shown);
  see(of, root);
  look_again_later(of);
}

void catalog::move(place& of) {
  auto token = port_.begin_move();
  if (const auto before = of.moving.lock()) // who waits for that waits for this
    token->waiting = std::exchange(before->waiting, {});
  of.moving = token;
  std::vector<relinked> all;
  for (relinked& each : of.seen) {
    auto link = std::make_shared<directory_location>(*each.link);
    link->shown = of.shown;
    link->tree = of.shown->facts.root_tree;
    link->since.reset();
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
  refresh_report& report = refreshes_[number];
  report.left = 1; // until all are asked
  if (!what.path.empty()) {
    place* of = root_;
    for (std::string_view rest = what.path; of != nullptr && !of->is_repository && !rest.empty();) {
      const std::size_t end = std::min(rest.find('/'), rest.size());
      const auto next = of->children.find(rest.substr(0, end));
      of = next == of->children.end() ? nullptr : next->second;
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    if (of == nullptr || !of->is_repository)
      report.text += fmt::format("!{}: no repository that somebody has looked at is there\n", what.path);
    else if (of->follow.kind == kind::pinned)
      report.text += fmt::format("!{}: it is pinned{}: give it \"follow\" in the config file (mount --follow)\n",
                                 shown_name(*of), of->shown ? " to " + of->shown->facts.commit.hex() : "");
    else
      add_refresh(number, *of);
  } else {
    for (const auto& [at, of] : places_)
      if (of->is_repository && !of->removed && of->shown
          && (of->follow.kind == kind::on_request || (what.requested && of->follow.kind == kind::polled)))
        add_refresh(number, *of);
  }
  moved({number});
}

std::string catalog::shown_name(const place& of) {
  return of.name.empty() ? "." : of.name;
}

void catalog::add_refresh(refresh_number number, place& of) {
  refresh_report& report = refreshes_[number];
  if (!of.shown && of.taking == 0) {
    report.text += fmt::format("{}: nobody has looked into it yet\n", shown_name(of));
    return;
  }
  ++report.left;
  // What is on its way may have been told before the caller's push.
  (of.taking != 0 ? of.late : of.refreshers).push_back(number);
  look(of);
}

void catalog::tell_refreshers(place& of, const shown_ptr& before) {
  const bool moves = before && of.shown != before;
  if (moves)
    move(of);
  for (const refresh_number each : std::exchange(of.refreshers, {})) {
    const auto report = refreshes_.find(each);
    if (report == refreshes_.end())
      continue; // given up
    const std::string name = shown_name(of);
    if (!of.last_error.empty())
      report->second.text += fmt::format("!{}: {}\n", name, of.last_error);
    else if (moves)
      report->second.text +=
          fmt::format("{}: {} → {}\n", name, before->facts.commit.hex(), of.shown->facts.commit.hex());
    else
      report->second.text += fmt::format("{}: unchanged, {}\n", name, of.shown->facts.commit.hex());
    if (const auto on_its_way = of.moving.lock())
      on_its_way->waiting.push_back(each);
    else
      moved({each});
  }
}

// A look that was for it alone is given up, down to its request: the next refresh is not to wait for that.
void catalog::cancel_refresh(refresh_number number) {
  refreshes_.erase(number);
  for (const auto& [at, of] : places_) {
    std::erase(of->late, number);
    const bool alone = std::erase(of->refreshers, number) != 0 && of->refreshers.empty() && of->waiting.empty();
    if (!alone || !of->shown || of->behind || of->taking == 0)
      continue;
    port_.stop_taking(std::exchange(of->taking, 0), of->of);
    look_again_later(*of);
    of->refreshers = std::exchange(of->late, {});
    if (!of->refreshers.empty())
      look(*of);
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
void catalog::remove(place& of) {
  of.removed = true;
  ++of.timer;
  for (const auto& [name, each] : of.children)
    remove(*each);
}

void catalog::follow_host(place& of, const std::shared_ptr<const shown_host>& entry) {
  if (of.host_entry)
    of.host_entry = entry;
  if (std::exchange(of.follow, entry->follow) != entry->follow && of.is_repository)
    look_again_later(of);
  for (const auto& [name, each] : of.children)
    follow_host(*each, entry);
}

// True if `old` can stand for `fresh`, and does so now.
bool catalog::take_over(place& old, place& fresh) {
  if (old.host_entry && fresh.host_entry && same_host(*old.host_entry, *fresh.host_entry)) {
    follow_host(old, fresh.host_entry);
    return true;
  }
  if (old.host_entry || fresh.host_entry || old.is_repository != fresh.is_repository)
    return false;
  if (!old.is_repository) {
    merge(old, fresh);
    return true;
  }
  if (old.entry->source != fresh.entry->source || old.entry->token != fresh.entry->token)
    return false;
  old.entry = fresh.entry;
  const bool other_ref = std::exchange(old.ref, fresh.ref) != fresh.ref;
  const bool other_follow = std::exchange(old.follow, fresh.follow) != fresh.follow;
  if (other_ref) {
    old.behind = old.shown != nullptr;
    old.refused = 0;
    if (old.taking != 0) // the other ref's
      port_.stop_taking(std::exchange(old.taking, 0), old.of);
    old.refreshers.insert(old.refreshers.end(), old.late.begin(), old.late.end());
    old.late.clear();
    if (old.shown || is_wanted(old))
      look(old);
  } else if (other_follow) {
    look_again_later(old);
  }
  return true;
}

void catalog::merge(place& old, place& fresh) {
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
    port_.change_entries(each, names_in(old), replaced);
}

// It was removed. Its snapshot is that of directories as long as the kernel refers to them, which then want from its
// repository.
void catalog::leave(place& of) {
  std::erase_if(of.seen, [this](const relinked& each) { return !port_.is_current(each); });
  if (is_idle(of) && (!of.shown || (of.seen.empty() && !of.crowded)))
    drop(places_.find(of.number));
  else
    port_.look_later(of.number, ++of.timer, left);
}

// Of the places that the tree has no more: those from that number on, which nobody has asked about yet.
void catalog::drop_unused(place_number from) {
  std::set<place_number> used;
  std::vector<const place*> rest{root_};
  while (!rest.empty()) {
    const place* const of = rest.back();
    rest.pop_back();
    used.insert(of->number);
    for (const auto& [name, each] : of->children)
      rest.push_back(each);
  }
  for (auto it = places_.begin(); it != places_.end();) {
    const auto each = it++;
    if (used.contains(each->first))
      continue;
    if (each->first >= from)
      drop(each);
    else
      leave(*each->second);
  }
}

bool catalog::reload(const deployment& tree, const hosts& of) {
  const place_number first = next_place_;
  const bool taken = take_over(*root_, *build(tree, of));
  drop_unused(first);
  return taken;
}

} // namespace gitfs
