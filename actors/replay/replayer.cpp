#include "actors/replay/replayer.hpp"

#include "actors/replay/recorded_input.hpp"
#include "actors/runtime/message_rows.hpp"
#include "actors/trace/read/trace_names.hpp"

#include <algorithm>
#include <memory>
#include <utility>

namespace gitfs {

namespace {

using trace::kind;
using trace::record;

using trace::arrival;

arrival how_comes(kind k) {
  const trace::message_row* row = trace::message_row_of(k);
  return row != nullptr ? row->comes : arrival::sent;
}

bool has_loose_cause(kind k) {
  const trace::message_row* row = trace::message_row_of(k);
  return row != nullptr && row->loose_cause;
}

} // namespace

replayer::replayer(const recording& from) : from_(from) {
  trace::listen(this);
  const auto taught = [&](mount_context& context) {
    auto out = std::make_shared<recorded_environment>(from, context);
    environment_ = out.get();
    return out;
  };
  stage_.emplace(from.mounted(), taught, silent_upstream());
}

replayer::~replayer() {
  current_ = nullptr;
  stage_.reset();
  trace::listen(nullptr);
}

// --- messages -------------------------------------------------------------------------------------------------------

std::string replayer::describe(const trace::actor_key& key) const {
  const resilient_actor* one = stage_->newest(key);
  return one == nullptr ? std::string{} : one->describe();
}

// A mailbox keeps the order of its messages. So a message that was sent before `r` must be taken before `r`: one that
// the same handler has sent earlier, and one whose handler had ended before the cause of `r` began. If such a message
// waits here although the recording takes `r`, then it was not sent when the trace was recorded.
void replayer::check_overtaken(const stage::held& first, const record& r) {
  const record* const sender = from_.record_of(first.cause);
  const record* const later = from_.record_of(r.cause);
  if (sender == nullptr || later == nullptr || !trace::is_message(sender->what)
      || how_comes(first.what) == arrival::delayed || has_loose_cause(first.what)
      || (sender != later && sender->time + sender->duration >= later->time))
    return;
  diverge(r, "before this message another one was sent, which was not when it was recorded", {},
          trace::plain_text(first.what, first.fields) + " | by " + std::to_string(first.cause));
}

// Messages of one handler to one actor arrive in the order in which they were sent, so the first one that fits is the
// recorded one.
bool replayer::deliver_held(const record& r, bool by_cause) {
  const auto alive = stage_->actors().find(r.actor);
  if (alive == stage_->actors().end())
    return false;
  for (resilient_actor* to : alive->second) {
    const auto messages = stage_->messages().find(to);
    if (messages == stage_->messages().end())
      continue;
    auto& all = messages->second;
    const auto at = std::ranges::find_if(all, [&](const stage::held& h) {
      return h.what == r.what && (h.cause == r.cause || !by_cause) && h.fields == r.fields;
    });
    if (at == all.end())
      continue;
    if (at != all.begin())
      check_overtaken(all.front(), r);
    stage_->deliver(*to, at);
    return true;
  }
  return false;
}

bool replayer::deliver_input(const record& r) {
  resilient_actor* to = stage_->newest(r.actor);
  auto message = to == nullptr ? nullptr : recorded_input(from_, r);
  if (!message)
    return false;
  const auto messages = stage_->messages().find(to);
  if (messages != stage_->messages().end() && !messages->second.empty() && r.what != kind::other_message)
    check_overtaken(messages->second.front(), r);
  stage_->deliver(*to, std::move(message));
  return true;
}

bool replayer::deliver(const record& r) {
  const arrival comes = how_comes(r.what);
  if (comes != arrival::from_outside && deliver_held(r, true))
    return true;
  if (comes == arrival::delayed) {
    stage_->trigger_timeouts();
    if (deliver_held(r, true))
      return true;
  }
  if (deliver_input(r))
    return true;
  if (!has_loose_cause(r.what))
    return false;
  if (deliver_held(r, false))
    return true;
  stage_->drop_messages_of_the_dead();
  return deliver_held(r, false);
}

void replayer::step() {
  const record& r = next();
  if (from_.is_question(r)) {
    ++next_;
    return;
  }
  current_ = &r;
  taken_ = false;
  edges_seen_ = 0;
  environment_->begin(r.order);
  const bool delivered = deliver(r);
  if (!delivered) {
    std::string nearest;
    std::string what = missing_message(r, nearest);
    diverge(r, std::move(what), trace::plain_text(r.what, r.fields), std::move(nearest));
  } else if (!taken_) {
    diverge(r, "the actor did not take the message: it has ended", trace::plain_text(r.what, r.fields));
  } else {
    check_after(r);
  }
  current_ = nullptr;
  // If two handlers need the same tree at the same time, only one of them records it. If the recording was cut off,
  // that record may be in the lost part, so the replay ends here without a divergence.
  if (environment_->lacks_tree() && !from_.ends()) {
    diverged_.reset();
    ended_ = true;
    return;
  }
  if (!diverged_)
    ++next_;
  digest_ = trace::digest(digest_, describe(r.actor));
}

std::string replayer::missing_message(const record& r, std::string& nearest) const {
  if (stage_->newest(r.actor) == nullptr)
    return "the actor that took this message does not live in the replay";
  const auto alive = stage_->actors().find(r.actor);
  for (resilient_actor* to : alive->second)
    if (const auto messages = stage_->messages().find(to); messages != stage_->messages().end())
      for (const stage::held& each : messages->second)
        if (each.what == r.what && (nearest.empty() || each.cause == r.cause))
          nearest = trace::plain_text(each.what, each.fields) + " | by " + std::to_string(each.cause);
  return nearest.empty() ? "nobody has sent this message in the replay"
                         : "this message was not sent in the replay, but another one of its kind";
}

// --- effects of a message -------------------------------------------------------------------------------------------

std::uint64_t replayer::taken(const trace::actor_key& by, kind what, const trace::sent_by&, std::string_view fields) {
  if (current_ == nullptr)
    return 0;
  if (taken_)
    diverge(*current_, "another message was taken with it", trace::plain_text(current_->what, current_->fields),
            trace::plain_text(what, fields));
  else if (by != current_->actor || what != current_->what || fields != current_->fields)
    diverge(*current_, "the message differs", trace::plain_text(current_->what, current_->fields),
            trace::plain_text(what, fields));
  taken_ = true;
  digest_ = trace::digest(trace::digest(digest_, static_cast<std::uint64_t>(what)), fields);
  return current_->order;
}

std::uint64_t replayer::edge(kind what, std::uint64_t cause, std::string_view fields) {
  replies_ += what == kind::reply ? 1 : 0;
  digest_ = trace::digest(trace::digest(digest_, static_cast<std::uint64_t>(what)), fields);
  if (current_ == nullptr || cause != current_->order)
    return 0; // the actors are being ended, which is not part of the recording
  const auto& expected = from_.edges_of(cause);
  if (edges_seen_ >= expected.size()) {
    diverge(*current_, "it led to what it did not lead to when it was recorded", {}, trace::plain_text(what, fields));
    return 0;
  }
  const record& e = *expected[edges_seen_++];
  if (e.what != what || e.fields != fields)
    diverge(*current_, "it led to something else", trace::plain_text(e.what, e.fields),
            trace::plain_text(what, fields));
  return e.order;
}

void replayer::check_after(const record& r) {
  if (auto how = environment_->end())
    diverge(r, "its handler " + *how);
  const auto& expected = from_.edges_of(r.order);
  if (edges_seen_ < expected.size())
    diverge(r, "it did not lead to what it led to when it was recorded",
            trace::plain_text(expected[edges_seen_]->what, expected[edges_seen_]->fields));
}

// Only the first divergence is kept, because later ones follow from it.
void replayer::diverge(const record& at, std::string what, std::string recorded, std::string replayed) {
  if (!diverged_)
    diverged_ = divergence{at.order, std::move(what), std::move(recorded), std::move(replayed)};
}

} // namespace gitfs
