#include "actors/replay/replayer.hpp"

#include "actors/fetcher.hpp"
#include "actors/prefetcher.hpp"
#include "actors/replay/recorded_input.hpp"
#include "actors/supervisor.hpp"
#include "actors/trace/message_rows.hpp"
#include "actors/trace/trace_format.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <span>
#include <utility>

namespace gitfs {

namespace {

using trace::kind;
using trace::record;

// Transfers that never end by themselves: the recording says when they do.
class silent_upstream final : public upstream {
public:
  std::unique_ptr<transfer> fetch(fetch_request, transfer_callback) override { return std::make_unique<transfer>(); }
  std::unique_ptr<transfer> object_info(std::vector<oid>, transfer_callback) override {
    return std::make_unique<transfer>();
  }
  const std::string& display_name() const override { return name_; }

private:
  std::string name_ = "the server";
};

// Nobody asks it: handlers ask taught_surroundings.
class no_objects final : public object_db {
public:
  result<object> read(const oid&) override { return fail(ENOENT, "a replay has no objects"); }
  bool contains(const oid&) override { return false; }
  void sizes(std::span<const oid>, std::span<std::uint64_t> out) override { std::ranges::fill(out, unknown_size); }
};

bool is_delayed(kind k) {
  return k == kind::look_if_idle || k == kind::trees_delayed || k == kind::windows_due;
}

// Also sent while an actor is destroyed, on behalf of whatever the last thread to hold it does.
bool has_loose_cause(kind k) {
  return k == kind::cancel_want || k == kind::promote_want;
}

// What an actor's own threads send it: in a replay the recording does.
bool is_input(kind k) {
  return k == kind::blob_loaded || k == kind::transfer_ended || k == kind::transfer_grew || k == kind::interrupt_op;
}

std::string shown(const record& r, std::string_view fields) {
  record copy = r;
  copy.fields = fields;
  std::string out{trace::row_of(r.what) == nullptr ? "?" : trace::row_of(r.what)->name};
  for (const trace::field_value& each : trace::fields_of(copy)) {
    out += ' ';
    out += each.what.name;
    out += '=';
    if (each.what.type == trace::field_type::name)
      out += '\'' + std::string{each.text} + '\'';
    else if (each.what.type == trace::field_type::id)
      out += each.id.hex().substr(0, 12);
    else if (const auto known = trace::name_of(each.what.type, each.number); !known.empty())
      out += known;
    else
      out += std::to_string(each.number);
  }
  return out;
}

std::string shown(kind what, std::string_view fields) {
  record r;
  r.what = what;
  return shown(r, fields);
}

} // namespace

replayer::replayer(const recording& from) : from_(from) {
  lasting_actor::set_gate(this);
  trace::listen(this);
  config_.set("scheduler.policy", caf::atom("testing"));
  system_.emplace(config_);
  const recording::mount& mounted = from.mounted();
  auto nothing = std::make_shared<no_objects>();
  context_ = std::make_shared<mount_context>(mount_facts{mounted.commit, mounted.tree, mounted.prefetch}, nothing,
                                             std::make_shared<memory_budget>(mounted.memory),
                                             std::filesystem::temp_directory_path());
  auto taught = std::make_unique<taught_surroundings>(from, *context_);
  surroundings_ = taught.get();
  context_->outside = std::move(taught);
  auto root = std::make_shared<dir_link>();
  root->tree = mounted.tree;
  context_->inodes.allocate(no_slot, std::move(root));
  if (mounted.remote) {
    fetcher_ = system_->spawn<fetcher_actor>(context_, std::make_shared<silent_upstream>(), mounted.trees_ahead,
                                             want_queue::limits{});
    if (mounted.prefetch)
      prefetcher_ = system_->spawn<prefetcher_actor>(context_, fetcher_);
  }
  supervisor_ = system_->spawn<supervisor_actor>(context_, fetcher_, prefetcher_);
  run();
}

replayer::~replayer() {
  current_ = nullptr;
  passes_ = true;
  held_.clear();
  for (caf::actor* each : {&supervisor_, &prefetcher_, &fetcher_})
    if (*each) {
      caf::anon_send_exit(*each, caf::exit_reason::user_shutdown);
      *each = nullptr;
    }
  run();
  context_->trim();
  context_.reset();
  system_.reset();
  trace::listen(nullptr);
  lasting_actor::set_gate(nullptr);
}

caf::scheduler::test_coordinator& replayer::scheduler() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
}

void replayer::run() {
  scheduler().run();
}

// --- messages -------------------------------------------------------------------------------------------------------

void replayer::born(lasting_actor& one) {
  alive_[one.trace_key()].push_back(&one);
}

void replayer::gone(lasting_actor& one) {
  std::erase(alive_[one.trace_key()], &one);
  held_.erase(&one);
}

bool replayer::holds(lasting_actor& to, caf::mailbox_element_ptr& x) {
  if (passes_)
    return false;
  const caf::type_erased_tuple& content = x->content();
  const trace::message_row& row = trace::row_of(content);
  if (is_input(row.number)) {
    x.reset();
    return true;
  }
  const void* message = content.empty() ? nullptr : content.get(0);
  std::array<char, trace::longest_record> room;
  trace::encoder fields{room.data()};
  if (row.fields != nullptr)
    row.fields(fields, message);
  const std::uint64_t cause = row.stamp != nullptr ? row.stamp(message).cause : 0;
  held_[&to].push_back({std::move(x), caf::actor_cast<caf::strong_actor_ptr>(&to), row.number, cause,
                        std::string{room.data(), fields.at()}});
  return true;
}

lasting_actor* replayer::newest(const trace::actor_key& key) const {
  const auto at = alive_.find(key);
  return at == alive_.end() || at->second.empty() ? nullptr : at->second.back();
}

std::string replayer::describe(const trace::actor_key& key) const {
  const lasting_actor* one = newest(key);
  return one == nullptr ? std::string{} : one->describe();
}

void replayer::deliver_to(lasting_actor& to, caf::mailbox_element_ptr message) {
  passes_ = true;
  to.enqueue(std::move(message), nullptr);
  passes_ = false;
  run();
}

// One handler's messages to one actor arrive in the order in which they were sent: the first that fits is it.
bool replayer::deliver_held(const record& r, bool by_cause) {
  const auto alive = alive_.find(r.actor);
  if (alive == alive_.end())
    return false;
  for (lasting_actor* to : alive->second) {
    const auto messages = held_.find(to);
    if (messages == held_.end())
      continue;
    auto& all = messages->second;
    const auto at = std::ranges::find_if(all, [&](const held& h) {
      return h.what == r.what && (h.cause == r.cause || !by_cause) && h.fields == r.fields;
    });
    if (at == all.end())
      continue;
    held chosen = std::move(*at);
    all.erase(at);
    deliver_to(*to, std::move(chosen.message));
    return true;
  }
  return false;
}

bool replayer::deliver_input(const record& r) {
  lasting_actor* to = newest(r.actor);
  auto message = to == nullptr ? nullptr : recorded_input(from_, r);
  if (!message)
    return false;
  const caf::strong_actor_ptr keep = caf::actor_cast<caf::strong_actor_ptr>(to);
  deliver_to(*to, std::move(message));
  return true;
}

// Who is in no slot any more lives only by the messages that are held for it, and nobody took them.
void replayer::drop_messages_of_the_dead() {
  std::vector<lasting_actor*> dead;
  for (const auto& [to, messages] : held_)
    if (to->trace_key().is == trace::actor_kind::directory && !messages.empty()
        && messages.front().to->strong_refs == messages.size())
      dead.push_back(to);
  for (lasting_actor* each : dead)
    if (const auto at = held_.find(each); at != held_.end()) {
      const auto messages = std::move(at->second);
      held_.erase(at);
    }
}

bool replayer::deliver(const record& r) {
  if (deliver_held(r, true))
    return true;
  if (is_delayed(r.what)) {
    scheduler().trigger_timeouts();
    if (deliver_held(r, true))
      return true;
  }
  if (deliver_input(r))
    return true;
  if (!has_loose_cause(r.what))
    return false;
  if (deliver_held(r, false))
    return true;
  drop_messages_of_the_dead();
  return deliver_held(r, false);
}

void replayer::step() {
  const record& r = next();
  if (r.what == kind::tell_activity) { // it changes nothing, and nobody asks in a replay
    ++next_;
    return;
  }
  current_ = &r;
  taken_ = false;
  edges_seen_ = 0;
  surroundings_->begin(r.order);
  const bool delivered = deliver(r);
  if (!delivered) {
    std::string nearest;
    std::string what = missing_message(r, nearest);
    diverge(r, std::move(what), shown(r, r.fields), std::move(nearest));
  } else if (!taken_) {
    diverge(r, "the actor did not take the message: it has ended", shown(r, r.fields));
  } else {
    check_after(r);
  }
  current_ = nullptr;
  if (!diverged_)
    ++next_;
  digest_ = trace::digest(digest_, describe(r.actor));
}

std::string replayer::missing_message(const record& r, std::string& nearest) const {
  if (newest(r.actor) == nullptr)
    return "the actor that took this message does not live in the replay";
  const auto alive = alive_.find(r.actor);
  for (lasting_actor* to : alive->second)
    if (const auto messages = held_.find(to); messages != held_.end())
      for (const held& each : messages->second)
        if (each.what == r.what && (nearest.empty() || each.cause == r.cause))
          nearest = shown(each.what, each.fields) + " | by " + std::to_string(each.cause);
  return nearest.empty() ? "nobody has sent this message in the replay"
                         : "this message was not sent in the replay, but another one of its kind";
}

// --- what comes of a message ----------------------------------------------------------------------------------------

std::uint64_t replayer::taken(const trace::actor_key& by, kind what, const trace::sent_by&, std::string_view fields) {
  if (current_ == nullptr)
    return 0;
  if (taken_)
    diverge(*current_, "another message was taken with it", shown(*current_, current_->fields), shown(what, fields));
  else if (by != current_->actor || what != current_->what || fields != current_->fields)
    diverge(*current_, "the message differs", shown(*current_, current_->fields), shown(what, fields));
  taken_ = true;
  digest_ = trace::digest(trace::digest(digest_, static_cast<std::uint64_t>(what)), fields);
  return current_->order;
}

std::uint64_t replayer::edge(kind what, std::uint64_t cause, std::string_view fields) {
  replies_ += what == kind::reply ? 1 : 0;
  digest_ = trace::digest(trace::digest(digest_, static_cast<std::uint64_t>(what)), fields);
  if (current_ == nullptr || cause != current_->order)
    return 0; // while actors end
  const auto& expected = from_.edges_of(cause);
  if (edges_seen_ >= expected.size()) {
    diverge(*current_, "it led to what it did not lead to when it was recorded", {}, shown(what, fields));
    return 0;
  }
  const record& e = *expected[edges_seen_++];
  if (e.what != what || e.fields != fields)
    diverge(*current_, "it led to something else", shown(e, e.fields), shown(what, fields));
  return e.order;
}

void replayer::check_after(const record& r) {
  if (auto how = surroundings_->end())
    diverge(r, "its handler " + *how);
  const auto& expected = from_.edges_of(r.order);
  if (edges_seen_ < expected.size())
    diverge(r, "it did not lead to what it led to when it was recorded",
            shown(*expected[edges_seen_], expected[edges_seen_]->fields));
}

// The first one counts.
void replayer::diverge(const record& at, std::string what, std::string recorded, std::string replayed) {
  if (!diverged_)
    diverged_ = divergence{at.order, std::move(what), std::move(recorded), std::move(replayed)};
}

} // namespace gitfs
