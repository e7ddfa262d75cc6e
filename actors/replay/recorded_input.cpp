#include "actors/replay/recorded_input.hpp"

#include "actors/model/kernel_operations.hpp"
#include "actors/replay/replayed_reply.hpp"
#include "actors/replay/silent_world.hpp"
#include "actors/runtime/catalog_messages.hpp"
#include "actors/runtime/directory_messages.hpp"
#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/message_rows.hpp"
#include "actors/runtime/path_messages.hpp"
#include "actors/trace/record/recorder.hpp"

#include <caf/exit_reason.hpp>
#include <caf/system_messages.hpp>

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace gitfs {

namespace {

using trace::kind;
using trace::number_in;
using trace::record;

template <class Message>
caf::message stamped(Message m, std::uint64_t cause) {
  m.stamp = {cause, 0};
  return caf::make_message(std::move(m));
}

caf::message request_of(const recording& from, const record& request, child_index at) {
  const std::uint64_t id = number_in(request, "request");
  kernel_op op;
  op.what = operation_of(request);
  const auto* listing = std::get_if<readdir_op>(&op.what);
  op.answer = reply{std::make_unique<replayed_reply>(id, number_in(request, "size"),
                                                     listing != nullptr && listing->plus, from.was_refused(id))};
  op.at = at;
  return stamped(std::move(op), request.order);
}

// The message by which the kernel's request or FORGET came to a directory. `edge` is the record of what the kernel
// sent, `r` the record of the message that the directory took.
std::optional<caf::message> kernel_message(const recording& from, const record& edge, const record& r) {
  const auto at = static_cast<child_index>(number_in(r, "child"));
  if (edge.what == kind::kernel_request && r.what == kind::kernel_op)
    return request_of(from, edge, at);
  if (edge.what == kind::kernel_forget && r.what == kind::forget_op)
    return stamped(forget_op{at, number_in(r, "count"), {}}, edge.order);
  return std::nullopt;
}

std::optional<caf::message> entered(const recording& from, const record& edge, const record& r) {
  const auto slot = static_cast<dir_slot>(number_in(r, "slot"));
  const bool forgets = edge.what == kind::kernel_forget;
  if (!forgets && edge.what != kind::kernel_request)
    return std::nullopt;
  // There is no record of the inner message if the directory ended before it took that.
  const record* inner = from.message_by(edge.order, forgets ? kind::forget_op : kind::kernel_op);
  caf::message first = inner != nullptr ? *kernel_message(from, edge, *inner)
                       : forgets        ? stamped(forget_op{}, edge.order)
                                        : request_of(from, edge, self_child);
  return stamped(enter_directory{slot, std::move(first), {}}, edge.order);
}

caf::message forge_answer(const recording& from, const record& r) {
  forge_answered out{number_in(r, "call"), nullptr, nullptr, {}};
  const std::vector<forge_entry>& entries = from.forge_entries(out.call);
  const error failure{static_cast<int>(number_in(r, "error")), "as recorded"};
  if (number_in(r, "listed") != 0)
    out.listed = failure.code != 0 ? std::make_shared<const result<std::vector<forge_entry>>>(failure)
                                   : std::make_shared<const result<std::vector<forge_entry>>>(entries);
  else
    out.found = failure.code != 0 || entries.empty() ? std::make_shared<const result<forge_entry>>(failure)
                                                     : std::make_shared<const result<forge_entry>>(entries.front());
  return stamped(std::move(out), r.cause);
}

caf::message snapshot(const record& r) {
  snapshot_resolved out{number_in(r, "call"), nullptr, std::nullopt, {}, {}};
  if (const auto code = static_cast<int>(number_in(r, "error")); code != 0)
    out.failure = error{code, "as recorded"};
  std::string source;
  for (const trace::field_value& each : trace::fields_of(r)) {
    if (each.what.name == "commit")
      out.facts.commit = each.id;
    else if (each.what.name == "tree")
      out.facts.root_tree = each.id;
    else if (each.what.name == "ref")
      out.facts.ref = each.text;
    else if (each.what.name == "source")
      source = each.text;
  }
  out.facts.time = static_cast<std::int64_t>(number_in(r, "time"));
  out.facts.shown_at = static_cast<std::int64_t>(number_in(r, "shown_at")); // traces of 0.1.0 lack this field: 0
  if (const std::uint64_t opened = number_in(r, "opened"); opened != 0)
    out.opened = silent_repository(opened == 2, std::move(source));
  return stamped(std::move(out), r.cause);
}

caf::message settled(const record& r) {
  moves_settled out;
  trace::decoder in{r.fields};
  for (std::uint64_t left = in.number(); left != 0 && !in.bad(); --left)
    out.who.push_back(in.number());
  return stamped(std::move(out), r.cause);
}

caf::message refresh(const record& r) {
  trace::decoder in{r.fields};
  refresh_refs out;
  out.number = in.number();
  out.what.path = in.text();
  const auto which = in.number();
  out.what.requested = (which & 1U) != 0;
  out.what.failed = (which & 2U) != 0;
  out.done = [](int, const std::string&) {};
  return stamped(std::move(out), r.cause);
}

caf::message named_objects(const record& r) {
  trace::decoder in{r.fields};
  fetch_objects out;
  out.number = in.number();
  out.kind = static_cast<want_kind>(in.number());
  out.commit = in.id();
  for (std::uint64_t left = in.number(); left != 0 && !in.bad(); --left)
    out.ids.push_back(in.id());
  return stamped(std::move(out), r.cause);
}

std::optional<caf::message> reload(const recording& from, const record& r) {
  const deployment* const tree = from.shown_from(r.cause);
  if (tree == nullptr)
    return std::nullopt;
  reload_tree out{std::make_shared<const deployment>(*tree), {}, [](bool) {}, {}};
  for (std::size_t i = 0; i < tree->forges.size(); ++i)
    out.forges.push_back(silent_forge());
  return stamped(std::move(out), r.cause);
}

caf::message transfer_end(const recording& from, const record& r) {
  transfer_finished out{number_in(r, "transfer"), {}, {}};
  if (const auto code = static_cast<int>(number_in(r, "error")); code != 0)
    out.outcome.failure = error{code, "as recorded"};
  out.outcome.bytes = number_in(r, "bytes");
  out.outcome.requests = static_cast<std::uint32_t>(number_in(r, "requests"));
  if (const record* end = from.record_of(r.cause))
    out.outcome.sizes = from.sizes_of(end->cause);
  return stamped(std::move(out), r.cause);
}

std::optional<caf::message> sent_by_kernel(const recording& from, const record& r) {
  const record* edge = from.record_of(r.cause);
  return edge == nullptr ? std::nullopt : kernel_message(from, *edge, r);
}

std::optional<caf::message> first_entered(const recording& from, const record& r) {
  if (const record* edge = from.record_of(r.cause))
    return entered(from, *edge, r);
  // Another program has asked about a directory that nobody had entered. The question itself is not replayed, but the
  // directory has an actor from here on, so a harmless message takes the question's place.
  return stamped(enter_directory{static_cast<dir_slot>(number_in(r, "slot")), stamped(forget_op{}, 0), {}}, 0);
}

std::optional<caf::message> end_of_actor(const recording&, const record&) {
  return caf::make_message(caf::exit_msg{{}, caf::exit_reason::user_shutdown});
}

// The messages from outside that cannot be made from their own fields alone. All others are made by message_row::parse.
constexpr struct {
  kind what;
  std::optional<caf::message> (*make)(const recording& from, const record& r);
} makers[] = {
    {kind::kernel_op, sent_by_kernel},
    {kind::forget_op, sent_by_kernel},
    {kind::enter_directory, first_entered},
    {kind::transfer_ended, [](auto& from, auto& r) { return std::optional{transfer_end(from, r)}; }},
    {kind::forge_answered, [](auto& from, auto& r) { return std::optional{forge_answer(from, r)}; }},
    {kind::snapshot_resolved, [](auto&, auto& r) { return std::optional{snapshot(r)}; }},
    {kind::moves_settled, [](auto&, auto& r) { return std::optional{settled(r)}; }},
    {kind::refresh_refs, [](auto&, auto& r) { return std::optional{refresh(r)}; }},
    {kind::fetch_objects, [](auto&, auto& r) { return std::optional{named_objects(r)}; }},
    {kind::reload_tree, reload},
    {kind::other_message, end_of_actor},
};

std::optional<caf::message> input(const recording& from, const record& r) {
  for (const auto& each : makers)
    if (each.what == r.what)
      return each.make(from, r);
  const trace::message_row* row = trace::message_row_of(r.what);
  if (row == nullptr || row->parse == nullptr)
    return std::nullopt;
  return row->parse(r.fields, {r.cause, 0});
}

} // namespace

bool can_be_made(kind what) {
  const trace::message_row* row = trace::message_row_of(what);
  return (row != nullptr && row->parse != nullptr)
         || std::ranges::any_of(makers, [what](const auto& each) { return each.what == what; });
}

kernel_operation operation_of(const record& request) {
  trace::decoder in{request.fields};
  trace::request_record recorded;
  recorded.request = in.number();
  recorded.op = static_cast<trace::request_kind>(in.number());
  recorded.node = in.number();
  recorded.offset = in.number();
  recorded.size = in.number();
  recorded.name = in.text();
  return row_of(recorded.op)->parse(recorded);
}

std::uint64_t dirent_bytes(std::string_view name, bool plus) {
  return ((plus ? 128 : 0) + 24 + name.size() + 7) / 8 * 8;
}

caf::mailbox_element_ptr recorded_input(const recording& from, const record& r) {
  auto message = input(from, r);
  if (!message)
    return nullptr;
  return caf::make_mailbox_element(nullptr, caf::make_message_id(), {}, std::move(*message));
}

} // namespace gitfs
