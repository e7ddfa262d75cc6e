#include "actors/catalog/catalog_actor.hpp"

#include "actors/runtime/catalog_messages.hpp"
#include "actors/runtime/directory_messages.hpp"
#include "actors/runtime/mount_node_messages.hpp"
#include "actors/runtime/question_messages.hpp"
#include "actors/trace/record/recorder.hpp"
#include "backend/os/url.hpp"
#include "config/log.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <exception>
#include <string_view>
#include <utility>

namespace gitfs {

namespace {

constexpr std::chrono::seconds retry_after{1};

// Of a worker thread: what is thrown there (memory is short) fails the call, not the process.
template <class Value, class Call>
std::shared_ptr<const result<Value>> outcome_of(const Call& call) {
  try {
    return std::make_shared<const result<Value>>(call());
  } catch (const std::exception& thrown) {
    return std::make_shared<const result<Value>>(error{EIO, thrown.what()});
  }
}

// "https://host:port"; of a path nothing, for disks answer.
std::string server_of(const std::string& url) {
  const std::size_t scheme = url.find("://");
  return scheme == std::string::npos ? std::string{} : without_userinfo(url.substr(0, url.find('/', scheme + 3)));
}

// Or it itself.
bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

void record(const forge_answered& what) {
  if (!trace::exact.load(std::memory_order_relaxed))
    return;
  if (what.found && *what.found)
    trace::forge_answered(what.call, {&what.found->value(), 1});
  else if (what.listed && *what.listed)
    trace::forge_answered(what.call, what.listed->value());
}

} // namespace

catalog_actor::catalog_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context, needs with)
  : resilient_actor(cfg, {trace::actor_kind::catalog}),
    context_(std::move(context)),
    with_(std::move(with)),
    tree_(with_.tree),
    catalog_(*with_.tree, with_.forges, *this) {}

caf::behavior catalog_actor::make_behavior() {
  if (with_.first) {
    entered_.emplace(0, entered{{}, tree_->repositories.front().ref});
    catalog_.opened(with_.first->shown,
                    {root_slot, context_->inodes.generation_of(root_slot), context_->inodes.location_of(root_slot)});
  }
  return {
      [this](ask_mount_node& m) {
        const mount_node_asker who{m.from_id, m.id};
        asking_[who] = std::move(m.from);
        catalog_.ask(who, path_of(*m.location), m.name, {m.slot, m.generation, m.location});
      },
      [this](cancel_mount_node m) {
        catalog_.cancel({m.from_id, m.id});
        asking_.erase({m.from_id, m.id});
      },
      [this](const ref_shown& m) {
        if (m.code == 0)
          catalog_.resolved(m.call, m.node, m.shown);
        else
          catalog_.resolved(m.call, m.node, error{m.code, m.why});
      },
      [this](const forge_answered& m) {
        if (m.found) {
          report(m.call, *m.found ? nullptr : &m.found->error());
          catalog_.found(m.call, *m.found);
        } else {
          report(m.call, *m.listed ? nullptr : &m.listed->error());
          catalog_.listed(m.call, *m.listed);
        }
      },
      [this](retry_allowed m) { catalog_.may_retry(m.node); },
      [this](poll_due m) { catalog_.poll_due(m.node, m.timer); },
      [this](const moves_settled& m) { catalog_.moved(m.who); },
      [this](refresh_refs& m) {
        refreshes_[m.number] = std::move(m.done);
        catalog_.refresh(m.number, m.what);
      },
      [this](gitfs::cancel_refresh m) {
        catalog_.cancel_refresh(m.number);
        if (const auto request = refreshes_.extract(m.number))
          request.mapped()(EINTR, {});
      },
      [this](const reload_tree& m) {
        const bool taken = catalog_.reload(*m.tree, m.forges);
        if (taken)
          tree_ = m.tree;
        m.done(taken);
      },
      [this](tell_status& m) {
        add_status(m.so_far);
        for (const auto& [number, one] : repositories_)
          m.next.push_back(one);
        pass_on(*this, std::move(m));
      },
  };
}

void catalog_actor::on_exit() {
  for (auto& [call, each] : calls_)
    each.stop.request_stop();
  for (const auto& [number, one] : repositories_)
    caf::anon_send_exit(one, caf::exit_reason::user_shutdown);
  repositories_.clear();
  for (const auto& [number, answer] : std::exchange(refreshes_, {}))
    answer(EIO, {});
}

void catalog_actor::tell(const mount_node_asker& who, mount_node_answer answer) {
  const auto request = asking_.extract(who);
  if (!request)
    return;
  if (auto to = request.mapped().lock())
    anon_send(caf::actor_cast<caf::actor>(to), mount_node_answered{who.second, std::move(answer)});
}

void catalog_actor::resolve(call_number call, mount_node_number node, repository_number number,
                            const repository_origin& from, const std::string& ref, const std::optional<oid>& have) {
  caf::actor& one = repositories_[number];
  if (!one)
    one = spawn(number, from, std::nullopt);
  if (const auto [at, fresh] = entered_.try_emplace(node); fresh)
    at->second = {catalog_.path_of(node), ref};
  anon_send(one, show_ref{call, node, ref, caf::actor_cast<caf::actor>(this), have, catalog_.path_of(node)});
}

// From the begin: who ends a repository ends its fetcher and prefetchers, also if nobody ever looks at its ref again.
void catalog_actor::own(repository_number number, const repository_origin& from) {
  repositories_[number] = spawn(number, from, with_.first);
}

caf::actor catalog_actor::spawn(repository_number number, const repository_origin& from,
                                const std::optional<opened_first>& first) {
  repository_actor::opener open;
  if (from.entry)
    open = [entry = from.entry, make = with_.open] { return make(*entry); };
  else
    open = [forge = from.forge, path = from.path] { return forge->open(path); };
  const std::string at = from.entry ? from.entry->source : from.forge ? from.forge->display() : std::string{};
  return system().spawn<repository_actor>(context_, number, std::move(open), with_.trees_ahead, *with_.workers,
                                          server_of(at), first);
}

void catalog_actor::stop_resolving(call_number call, repository_number number) {
  if (const auto one = repositories_.find(number); one != repositories_.end())
    anon_send(one->second, cancel_show{call});
}

void catalog_actor::close(repository_number number) {
  if (const auto one = repositories_.extract(number))
    caf::anon_send_exit(one.mapped(), caf::exit_reason::user_shutdown);
}

void catalog_actor::ask_forge(call_number call, mount_node_number node, std::shared_ptr<forge_tree> forge,
                              std::vector<std::string> path, std::string name) {
  std::stop_source stop;
  std::string what;
  for (const std::string& each : path)
    what += each + '/';
  const auto shown = std::ranges::find_if(
      tree_->forges, [&](const shown_forge& each) { return is_below(catalog_.path_of(node), each.path); });
  calls_.emplace(call, asking{forge->display() + ", " + what + name,
                              shown == tree_->forges.end() ? std::string{} : shown->path, stop});
  const trace::sent_by now = trace::sent_by::now();
  const std::string server = server_of(forge->display());
  auto work = [me = caf::actor_cast<caf::actor>(this), call, forge = std::move(forge), path = std::move(path),
               name = std::move(name), stop = stop.get_token(), cause = now.cause, root = now.root] {
    forge_answered out{call, nullptr, nullptr, {}};
    if (name.empty())
      out.listed = outcome_of<std::vector<forge_entry>>([&] { return forge->list(path, stop); });
    else
      out.found = outcome_of<forge_entry>([&] { return forge->lookup(path, name, stop); });
    const trace::because_of because{cause, root};
    record(out);
    out.stamp = trace::sent_by::now();
    caf::anon_send(me, std::move(out));
  };
  try {
    with_.workers->run(std::move(work), server);
  } catch (const std::exception& thrown) { // no thread is to be had
    anon_send(this,
              forge_answered{call, std::make_shared<const result<forge_entry>>(error{EIO, thrown.what()}), nullptr});
  }
}

void catalog_actor::stop_asking(call_number call) {
  if (const auto it = calls_.find(call); it != calls_.end())
    it->second.stop.request_stop();
}

// What of forges was entered is there as the repository that it is.
void catalog_actor::add_status(mount_status& to) const {
  to.entries = status_of(*tree_);
  std::map<std::string, entry_status*> known;
  for (entry_status& each : to.entries) {
    known.emplace(each.path, &each);
    if (const auto last = failures_.find(each.path); each.kind == "host" && last != failures_.end()) {
      each.failure = last->second.message;
      each.failed_at = last->second.at;
    }
  }
  std::vector<entry_status> more;
  for (const auto& [node, each] : entered_) {
    if (!catalog_.is_shown(node))
      continue;
    if (const auto at = known.find(each.path); at != known.end()) {
      at->second->node = node;
      continue;
    }
    entry_status& one = more.emplace_back();
    one.node = node;
    one.path = each.path;
    one.ref = each.ref;
    for (const shown_forge& forge : tree_->forges)
      if (is_below(each.path, forge.path)) {
        one.source = status_of(forge).source + each.path.substr(forge.path.size());
        one.follow = status_of(forge).follow;
      }
  }
  to.entries.insert(to.entries.end(), more.begin(), more.end());
}

// Whoever comes by tries again: said once.
void catalog_actor::report(call_number call, const error* failure) {
  const auto ended = calls_.extract(call);
  if (!ended || (failure != nullptr && failure->code == ECANCELED))
    return;
  if (said_.size() > 1000) // names are anybody's to invent
    said_.clear();
  const bool fails = failure != nullptr && failure->code != ENOENT && failure->code != ENOTSUP;
  if (fails)
    failures_[ended.mapped().at] = {failure->message, std::time(nullptr)};
  if (!fails)
    said_.erase(ended.mapped().what);
  else if (std::string& last = said_[ended.mapped().what]; last != failure->message && failure->code != EHOSTDOWN)
    log::warn("{}: {}", ended.mapped().what, last = failure->message);
}

void catalog_actor::retry_later(mount_node_number node) {
  delayed_anon_send(this, retry_after, retry_allowed{node});
}

void catalog_actor::poll_later(mount_node_number node, std::uint64_t timer, std::chrono::milliseconds in) {
  delayed_anon_send(this, in, poll_due{node, timer});
}

bool catalog_actor::is_current(const relinked& directory) {
  return context_->outside->is_current(directory.slot, directory.generation);
}

void catalog_actor::relink(std::vector<relinked> directories) {
  anon_send(context_->supervisor, relink_directories{std::move(directories)});
}

void catalog_actor::change_entries(const relinked& directory, mount_node_answer now,
                                   std::vector<std::string> replaced) {
  anon_send(context_->supervisor, gitfs::change_entries{directory.slot, directory.generation,
                                                        entries_changed{std::move(now), std::move(replaced)}});
}

std::shared_ptr<mount_node_move> catalog_actor::begin_move() {
  return std::make_shared<mount_node_move>(
      [me = caf::actor_cast<caf::actor>(this)](const std::vector<refresh_number>& who) {
        caf::anon_send(me, moves_settled{who});
      });
}

void catalog_actor::refreshed(refresh_number number, const refresh_report& report) {
  if (const auto request = refreshes_.extract(number))
    request.mapped()(0, report.text);
}

} // namespace gitfs
