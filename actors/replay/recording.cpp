#include "actors/replay/recording.hpp"

#include "actors/model/kernel_operations.hpp"
#include "actors/runtime/message_rows.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs {

namespace {

using trace::decoder;
using trace::kind;
using trace::record;

bool is_outcome(kind k) {
  return k == kind::reply || k == kind::refused || k == kind::spawned || k == kind::transfer_started
         || k == kind::want_objects || k == kind::transfer_objects;
}

follow_mode follow_in(decoder& in) {
  follow_mode out;
  out.kind = static_cast<follow_mode::kind_type>(in.number());
  out.every = std::chrono::milliseconds{in.number()};
  return out;
}

// A name for a record that only a later version of the program knows; empty: this version knows the record.
std::string unknown_in(const record& r) {
  if (trace::is_message(r.what) && trace::message_row_of(r.what) == nullptr)
    return "a message of number " + std::to_string(static_cast<std::uint32_t>(r.what));
  if (r.what != kind::kernel_request)
    return {};
  const std::uint64_t op = trace::number_in(r, "op");
  return op < kernel_operations().size() ? std::string{} : "a kernel operation of number " + std::to_string(op);
}

constexpr std::size_t largest_tree = std::size_t{64} << 20; // a hostile trace may name any size

} // namespace

void recording::take(const record& r) {
  by_order_.emplace(r.order, &r);
  if (trace::is_message(r.what)) {
    messages_.push_back(&r);
    messages_by_.emplace(r.cause, &r);
    last_taken_[r.actor] = r.order;
  }
  if (r.what == kind::spawned)
    spawned_.push_back(&r);
  if (is_outcome(r.what))
    edges_[r.cause].push_back(&r);
  decoder in{r.fields};
  switch (r.what) {
  case kind::mounted: {
    mounted_.commit = in.id();
    mounted_.tree = in.id();
    const std::uint64_t prefetch = in.number();
    mounted_.prefetch = prefetch != 0;
    mounted_.knows_sets = prefetch > 1;
    exact_ = static_cast<trace::exactness>(in.number());
    mounted_.remote = in.number() != 0;
    mounted_.trees_ahead = in.number();
    mounted_.memory = in.number();
    break;
  }
  case kind::learned:
    learned_[r.cause] += in.text();
    break;
  case kind::tree: {
    const oid id = in.id();
    const std::uint64_t offset = in.number(), size = in.number();
    const std::string_view piece = in.text();
    auto& [contents, here] = trees_[id];
    if (size > largest_tree || offset > size || piece.size() > size - offset)
      break;
    if (offset == 0) {
      contents.assign(size, '\0');
      here = 0;
    }
    if (contents.size() == size && here == offset) {
      contents.replace(offset, piece.size(), piece);
      here += piece.size();
    }
    break;
  }
  case kind::sizes: {
    in.number(); // the transfer's number, which is unique only within one fetcher; the cause is unique
    sizes_[r.cause] += in.text();
    break;
  }
  case kind::shown_tree:
    shown_[r.order];
    break;
  case kind::shown_repository: {
    shown_repository each;
    each.path = in.text();
    each.ref = in.text();
    each.source = std::to_string(in.number());
    each.follow = follow_in(in);
    shown_[r.cause].repositories.push_back(std::move(each));
    break;
  }
  case kind::shown_forge: {
    shown_forge each;
    each.path = in.text();
    each.kind = static_cast<forge_kind>(in.number());
    each.follow = follow_in(in);
    each.url = std::to_string(in.number()); // older traces lack this field, so all forges have the same URL there: 0
    shown_[r.cause].forges.push_back(std::move(each));
    break;
  }
  case kind::forge_entry: {
    auto& all = forge_entries_[in.number()];
    std::string name{in.text()};
    const std::uint64_t kind = in.number(); // 1: a repository; 2: a folder, as far as was known
    all.push_back({.name = std::move(name), .is_repository = kind == 1, .assumed = kind == 2});
    break;
  }
  case kind::refused:
    refused_[in.number()] = true;
    break;
  default:
    break;
  }
}

// One thread writes all records of a handler, in order. So if the end of the handler is recorded, then everything that
// it led to is recorded, too.
void recording::end_at_the_first_gap(const trace::contents& in) {
  std::uint64_t last = 0; // the records are sorted by order number
  for (const record& each : in.records) {
    const bool ends = !trace::is_message(each.what) || each.duration != record::no_duration;
    if (each.order == last + 1 && ends) {
      last = each.order;
      continue;
    }
    ends_before_ = last + 1;
    std::erase_if(messages_, [last](const record* r) { return r->order > last; });
    return;
  }
}

result<recording> recording::of(const trace::contents& in) {
  recording out;
  bool begins = false;
  for (const record& each : in.records) {
    if (const std::string what = unknown_in(each); !what.empty())
      return fail(EINVAL, "this trace has " + what
                              + ", which this version does not know, so it can be read (gitfs-actor trace show) but "
                                "not replayed; replay it with the version that recorded it, or a later one");
    begins |= each.what == kind::mounted;
    out.take(each);
  }
  if (!out.shown_.empty())
    out.mounted_.shown = std::make_shared<const deployment>(out.shown_.begin()->second);
  if (!begins)
    return fail(EINVAL, "this trace does not begin with its mount, so it can be read (gitfs-actor trace show) but not "
                        "replayed; record with: gitfs-actor mount --trace FILE, and with a --trace-size that suffices");
  if (out.exact_ == trace::exactness::redacted)
    return fail(EINVAL,
                "names are taken out of this trace (--redact), so it can be read (gitfs-actor trace show) but not "
                "replayed; replay the trace it was made of");
  if (out.mounted_.tree.is_zero() && !out.mounted_.shown && out.exact_ == trace::exactness::full)
    return fail(EINVAL, "this trace is of a mount of many repositories, and does not say of which: an earlier version "
                        "recorded it; it can be read (gitfs-actor trace show) but not replayed");
  if (out.exact_ != trace::exactness::full)
    return fail(EINVAL, "this trace is of what a mount keeps in memory, so it can be read (gitfs-actor trace show) but "
                        "not replayed; record with: gitfs-actor mount --trace FILE");
  out.end_at_the_first_gap(in);
  out.ends_ = std::ranges::any_of(out.messages_, [&out](const record* r) {
    return r->actor.is == trace::actor_kind::supervisor && out.is_end_of_actor(*r);
  });
  return out;
}

// The end of an actor is recorded as `other_message`, and the actor takes nothing after it. Earlier versions recorded
// the question of `status` as the same kind, so only the last one is the end.
bool recording::is_end_of_actor(const record& r) const {
  return r.what == kind::other_message && last_taken_.at(r.actor) == r.order;
}

bool recording::is_question(const record& r) const {
  if (r.what == kind::other_message)
    return !is_end_of_actor(r);
  if (r.what == kind::kernel_op)
    return trace::number_in(r, "request") == 0;
  const trace::message_row* row = trace::message_row_of(r.what);
  return row != nullptr && row->comes == trace::arrival::question;
}

const record* recording::record_of(std::uint64_t order) const {
  const auto at = by_order_.find(order);
  return at == by_order_.end() ? nullptr : at->second;
}

const std::vector<const record*>& recording::edges_of(std::uint64_t order) const {
  static const std::vector<const record*> none;
  const auto at = edges_.find(order);
  return at == edges_.end() ? none : at->second;
}

const record* recording::message_by(std::uint64_t order, kind what) const {
  const auto [from, to] = messages_by_.equal_range(order);
  const auto at = std::find_if(from, to, [what](const auto& each) { return each.second->what == what; });
  return at == to ? nullptr : at->second;
}

std::string_view recording::learned_by(std::uint64_t order) const {
  const auto at = learned_.find(order);
  return at == learned_.end() ? std::string_view{} : std::string_view{at->second};
}

const std::string* recording::tree(const oid& id) const {
  const auto at = trees_.find(id);
  return at == trees_.end() || at->second.second != at->second.first.size() ? nullptr : &at->second.first;
}

std::vector<oid> recording::trees() const {
  std::vector<oid> out;
  for (const auto& [id, contents] : trees_)
    if (tree(id) != nullptr)
      out.push_back(id);
  std::ranges::sort(out); // the order of an unordered_map may differ from process to process
  return out;
}

std::vector<std::pair<oid, std::uint64_t>> recording::sizes_of(std::uint64_t started) const {
  std::vector<std::pair<oid, std::uint64_t>> out;
  const auto at = sizes_.find(started);
  if (at == sizes_.end())
    return out;
  for (decoder in{at->second}; !in.rest().empty() && !in.bad();) {
    const oid id = in.id();
    out.emplace_back(id, in.number());
  }
  return out;
}

const deployment* recording::shown_from(std::uint64_t order) const {
  const auto at = shown_.find(order);
  return at == shown_.end() ? nullptr : &at->second;
}

const std::vector<forge_entry>& recording::forge_entries(std::uint64_t call) const {
  static const std::vector<forge_entry> none;
  const auto at = forge_entries_.find(call);
  return at == forge_entries_.end() ? none : at->second;
}

} // namespace gitfs
