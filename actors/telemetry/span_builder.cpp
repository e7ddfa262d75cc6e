#include "actors/telemetry/span_builder.hpp"

#include "actors/model/path_key.hpp"
#include "actors/trace/read/record_table.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace gitfs {

using trace::kind;

namespace {

// The fields of a record, taken apart once.
class values {
public:
  explicit values(const trace::record& r) : all_(trace::fields_of(r)) {}
  std::uint64_t number(std::string_view name) const {
    const auto* at = find(name);
    return at == nullptr ? 0 : at->number;
  }
  std::string_view text(std::string_view name) const {
    const auto* at = find(name);
    return at == nullptr ? std::string_view{} : at->text;
  }

private:
  const trace::field_value* find(std::string_view name) const {
    for (const trace::field_value& each : all_)
      if (each.what.name == name)
        return &each;
    return nullptr;
  }
  std::vector<trace::field_value> all_;
};

std::string text_of(trace::field_type type, std::uint64_t value) {
  const std::string_view known = trace::name_of(type, value);
  return known.empty() ? std::to_string(value) : std::string{known};
}

// What programs ask for knowing that it may not be there, and what they have ended themselves.
constexpr std::uint64_t ordinary_errors[] = {ENOENT, ENODATA, ERANGE, EINTR, ECANCELED};

void put_error(span& to, std::uint64_t code) {
  if (code == 0)
    return;
  const char* name = ::strerrorname_np(static_cast<int>(code));
  to.attributes.emplace_back("error.type", name != nullptr ? std::string{name} : std::to_string(code));
  to.failed = std::ranges::find(ordinary_errors, code) == std::end(ordinary_errors);
}

void put_number(span& to, std::string_view name, std::uint64_t value) {
  if (value != 0)
    to.attributes.emplace_back(name, value);
}

} // namespace

span_builder::span_builder(const span_ids& ids, std::uint64_t begin, bool paths)
  : ids_(ids),
    begin_(begin),
    paths_(paths),
    nodes_(remembered) {}

void span_builder::take(const trace::record& r, std::vector<span>& out) {
  switch (r.what) {
  case kind::handled:
    return handled(r, out);
  case kind::kernel_request:
    return request_came(r);
  case kind::reply:
    return replied(r, out);
  case kind::transfer_started:
    return transfer_began(r);
  case kind::transfer_finished:
    return transfer_ended(r, out);
  case kind::spawned:
    return spawned(r);
  default:
    if (trace::is_message(r.what))
      return message_came(r);
    remember(r); // other edges: nothing has led to them
  }
}

span_builder::node* span_builder::find(std::uint64_t order) {
  node& at = nodes_[order % remembered];
  return order != 0 && at.order == order ? &at : nullptr;
}

span_builder::node& span_builder::remember(const trace::record& r) {
  node made;
  if (const node* cause = find(r.cause)) {
    made.root = cause->root;
    made.span = made.above = cause->span;
    made.transfer = cause->transfer;
    made.transfer_root = cause->transfer_root;
  }
  made.order = r.order;
  made.time = r.time;
  made.what = r.what;
  return nodes_[r.order % remembered] = made;
}

void span_builder::request_came(const trace::record& r) {
  node& at = remember(r);
  at.root = at.span = r.order;
  at.above = at.transfer = 0;
  if (!ids_.sampled(r.order))
    return;
  if (requests_.size() >= most_open) {
    dropped_ += requests_.size();
    requests_.clear();
  }
  const values has{r};
  open_request made{at, has.number("op"), has.number("offset"), has.number("size"), {}};
  if (paths_)
    made.name = has.text("name");
  requests_[has.number("request")] = std::move(made);
}

void span_builder::replied(const trace::record& r, std::vector<span>& out) {
  const values has{r};
  const auto found = requests_.find(has.number("request"));
  if (found == requests_.end())
    return;
  const open_request request = std::move(found->second);
  requests_.erase(found);
  if (request.put_aside != 0 && request.put_aside < r.time) {
    span wait = make(request.at, request.put_aside, r.time);
    wait.id = ids_.waiting(request.at.order);
    wait.parent = ids_.of(request.at.order);
    wait.name = "wait";
    const node* by = find(r.cause);
    if (by != nullptr && by->transfer != 0 && by->transfer_root != request.at.root)
      wait.link = span_link{ids_.trace(by->transfer_root), ids_.of(by->transfer)};
    out.push_back(std::move(wait));
  }
  span whole = make(request.at, request.at.time, r.time);
  whole.name = text_of(trace::field_type::request, request.op);
  whole.kind = span::kind_type::server;
  put_number(whole, "gitfs.offset", request.offset);
  put_number(whole, "gitfs.size", request.size);
  whole.attributes.emplace_back("gitfs.reply", text_of(trace::field_type::answer, has.number("kind")));
  put_number(whole, "gitfs.bytes", has.number("bytes"));
  if (paths_ && request.directory != 0)
    whole.attributes.emplace_back("gitfs.folder", path_of(request.directory));
  if (!request.name.empty())
    whole.attributes.emplace_back("gitfs.name", request.name);
  put_error(whole, has.number("error"));
  out.push_back(std::move(whole));
}

void span_builder::message_came(const trace::record& r) {
  node& at = remember(r);
  at.wait = r.wait;
  at.actor = r.actor.is;
  if (r.wait >= noticeable && at.root != 0)
    at.span = r.order; // it gets one, so what comes of it is below that
  if (r.what != kind::kernel_op)
    return;
  at.request = trace::number_in(r, "request");
  const auto request = requests_.find(at.request);
  if (request == requests_.end())
    return;
  request->second.taken = r.order;
  if (r.actor.is == trace::actor_kind::directory)
    request->second.directory = r.actor.inode;
}

void span_builder::handled(const trace::record& r, std::vector<span>& out) {
  const node* at = find(r.order);
  if (at == nullptr || !trace::is_message(at->what))
    return;
  if (at->request != 0)
    if (const auto request = requests_.find(at->request);
        request != requests_.end() && request->second.taken == r.order)
      request->second.put_aside = r.time;
  if ((at->wait < noticeable && r.duration < noticeable) || !ids_.sampled(at->root != 0 ? at->root : at->order))
    return;
  span made = make(*at, at->time - std::min(at->wait, at->time), at->time + r.duration);
  const trace::record_row* row = trace::row_of(at->what);
  made.name = row != nullptr ? std::string{row->name} : "message";
  made.attributes = {
      {"gitfs.actor", text_of(trace::field_type::actor, static_cast<std::uint64_t>(at->actor))},
      {"gitfs.waited_ns", at->wait},
      {"gitfs.took_ns", r.duration},
  };
  out.push_back(std::move(made));
}

void span_builder::transfer_began(const trace::record& r) {
  node& at = remember(r);
  if (at.root == 0)
    at.root = r.order;
  at.span = at.transfer = r.order;
  at.transfer_root = at.root;
  if (transfers_.size() >= most_open) {
    dropped_ += transfers_.size();
    transfers_.clear();
  }
  const values has{r};
  transfers_[r.order] = {at, has.number("count"), has.number("kind")};
}

void span_builder::transfer_ended(const trace::record& r, std::vector<span>& out) {
  node& at = remember(r);
  const values has{r};
  const auto found = transfers_.find(r.cause); // not by its number, which each fetcher counts for itself
  if (found == transfers_.end())
    return;
  const open_transfer transfer = found->second;
  transfers_.erase(found);
  // Its begin may be long ago and no longer among the nodes.
  at.root = at.transfer_root = transfer.at.root;
  at.span = at.transfer = transfer.at.order;
  if (!ids_.sampled(transfer.at.root))
    return;
  span made = fetched(transfer, r.time, has.number("error"));
  made.attributes.emplace_back("gitfs.http_requests", has.number("requests"));
  made.attributes.emplace_back("gitfs.bytes", has.number("bytes"));
  out.push_back(std::move(made));
}

span span_builder::fetched(const open_transfer& transfer, std::uint64_t end, std::uint64_t code) const {
  span out = make(transfer.at, transfer.at.time, end);
  out.name = "fetch " + text_of(trace::field_type::want, transfer.kind);
  out.kind = span::kind_type::client;
  out.attributes.emplace_back("gitfs.objects", transfer.count);
  put_error(out, code);
  return out;
}

void span_builder::finish(std::uint64_t time, std::vector<span>& out) {
  for (const auto& [begun, transfer] : transfers_)
    if (ids_.sampled(transfer.at.root))
      out.push_back(fetched(transfer, std::max(time, transfer.at.time), ECANCELED));
  transfers_.clear();
}

void span_builder::spawned(const trace::record& r) {
  remember(r);
  if (!paths_)
    return;
  if (places_.size() >= most_places)
    places_.clear();
  const values has{r};
  places_[has.number("inode")] = {has.number("parent"), std::string{has.text("name")}};
}

span span_builder::make(const node& at, std::uint64_t begin, std::uint64_t end) const {
  span out;
  out.trace = ids_.trace(at.root != 0 ? at.root : at.order);
  out.id = ids_.of(at.order);
  if (at.above != 0)
    out.parent = ids_.of(at.above);
  out.begin = begin_ + begin;
  out.end = begin_ + end;
  return out;
}

std::string span_builder::path_of(std::uint64_t inode) const {
  std::string out;
  for (int depth = 0; inode != root_key && depth < 4096; ++depth) { // a damaged record may put a folder into itself
    const auto at = places_.find(inode);
    if (at == places_.end())
      return "…" + out;
    out.insert(0, "/" + at->second.name);
    inode = at->second.parent;
  }
  return out.empty() ? "/" : out;
}

} // namespace gitfs
