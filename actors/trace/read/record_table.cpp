#include "actors/trace/read/record_table.hpp"

#include "actors/model/kernel_operations.hpp"
#include "actors/model/want.hpp"
#include "actors/runtime/message_rows.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gitfs::trace {

namespace {

using enum field_type;

// The rows of edges, which are no messages: see `kind`.
constexpr std::array edges{
    record_row{kind::handled, "handled", {{"ns"}}},
    record_row{kind::kernel_request,
               "kernel_request",
               {{"request"}, {"op", request}, {"node"}, {"offset"}, {"size"}, {"name", name}},
               "kernel"},
    record_row{kind::reply,
               "reply",
               {{"request"},
                {"kind", answer},
                {"error", code},
                {"inode", inode},
                {"mode", mode},
                {"size"},
                {"bytes"},
                {"node"},
                {"digest", digest}},
               "kernel"},
    record_row{kind::spawned, "spawned", {{"inode", inode}, {"parent", inode}, {"name", name}, {"tree", id}, {"slot"}}},
    record_row{
        kind::transfer_started, "transfer_started", {{"transfer"}, {"kind", want}, {"count"}, {"first", id}}, "server"},
    record_row{kind::transfer_finished,
               "transfer_finished",
               {{"transfer"}, {"error", code}, {"bytes"}, {"requests"}, {"sizes"}},
               "server"},
    record_row{kind::interrupted, "interrupted", {{"request"}}, "kernel"},
    record_row{kind::kernel_forget, "kernel_forget", {{"node"}, {"count"}}, "kernel"},
    record_row{kind::mounted,
               "mounted",
               {{"commit", id}, {"tree", id}, {"prefetch"}, {"exact", whole}, {"remote"}, {"trees_ahead"}, {"memory"}}},
    record_row{kind::refused, "refused", {{"request"}}, "kernel"},
    record_row{kind::learned, "learned", {{"bytes", bytes}}, {}, false},
    record_row{kind::tree, "tree", {{"tree", id}, {"offset"}, {"size"}, {"bytes", bytes}}, {}, false},
    record_row{kind::sizes, "sizes", {{"transfer"}, {"bytes", bytes}}, "server", false},
    record_row{kind::want_objects, "want_objects", {{"want"}, {"objects", ids}}},
    record_row{kind::transfer_objects, "transfer_objects", {{"transfer"}, {"objects", ids}}, "server"},
    record_row{kind::shown_tree, "shown_tree", {{"repositories"}, {"hosts"}}},
    record_row{kind::shown_repository,
               "shown_repository",
               {{"path", name}, {"ref", name}, {"same_as"}, {"follow"}, {"every"}}},
    record_row{kind::shown_forge, "shown_host", {{"path", name}, {"kind"}, {"follow"}, {"every"}, {"same_as"}}},
    record_row{kind::forge_entry, "host_entry", {{"call"}, {"name", name}, {"repository"}}, "server", false},
};

template <class Number>
constexpr value_row named(Number value, std::string_view as) {
  return {static_cast<std::uint64_t>(value), as};
}

constexpr value_row answers[] = {
    named(reply_kind::error, "error"), named(reply_kind::absent, "absent"),   named(reply_kind::entry, "entry"),
    named(reply_kind::attr, "attr"),   named(reply_kind::link, "link"),       named(reply_kind::data, "data"),
    named(reply_kind::xattr, "xattr"), named(reply_kind::dirents, "dirents"),
};
constexpr value_row wants[] = {
    named(want_kind::trees, gitfs::name_of(want_kind::trees)),
    named(want_kind::blobs, gitfs::name_of(want_kind::blobs)),
    named(want_kind::sizes, gitfs::name_of(want_kind::sizes)),
};
constexpr value_row urgencies[] = {
    named(gitfs::urgency::speculation, gitfs::name_of(gitfs::urgency::speculation)),
    named(gitfs::urgency::demand, gitfs::name_of(gitfs::urgency::demand)),
    named(gitfs::urgency::path, gitfs::name_of(gitfs::urgency::path)),
};
constexpr value_row exactnesses[] = {
    named(exactness::partial, "partial"),
    named(exactness::full, "full"),
    named(exactness::redacted, "redacted"),
};
constexpr value_row actors[] = {
    named(actor_kind::other, "other"),           named(actor_kind::directory, "directory"),
    named(actor_kind::supervisor, "supervisor"), named(actor_kind::fetcher, "fetcher"),
    named(actor_kind::prefetcher, "prefetcher"), named(actor_kind::catalog, "catalog"),
    named(actor_kind::repository, "repository"),
};

std::vector<record_row> all_rows() {
  std::vector<record_row> out{edges.begin(), edges.end()};
  for (const message_row& each : message_table())
    out.push_back(each.record);
  std::ranges::sort(out, {}, &record_row::number);
  return out;
}

std::vector<value_row> all_requests() {
  std::vector<value_row> out;
  for (const kernel_operation_row& each : kernel_operations())
    out.push_back(named(each.number, each.name));
  return out;
}

} // namespace

std::span<const record_row> record_table() {
  static const std::vector<record_row> table = all_rows();
  return table;
}

const record_row* row_of(kind k) {
  const auto table = record_table();
  const auto at = std::ranges::lower_bound(table, k, {}, &record_row::number);
  return at != table.end() && at->number == k ? &*at : nullptr;
}

std::span<const value_row> values_of(field_type type) {
  static const std::vector<value_row> requests = all_requests();
  switch (type) {
  case request:
    return requests;
  case answer:
    return answers;
  case want:
    return wants;
  case urgency:
    return urgencies;
  case actor:
    return actors;
  case whole:
    return exactnesses;
  default:
    return {};
  }
}

std::string_view name_of(field_type type, std::uint64_t value) {
  const auto values = values_of(type);
  const auto at = std::ranges::find(values, value, &value_row::number);
  return at == values.end() ? std::string_view{} : at->name;
}

} // namespace gitfs::trace
