#include "actors/trace/read/trace_names.hpp"

#include "actors/model/inode_number.hpp"
#include "actors/trace/read/record_table.hpp"
#include "backend/os/text.hpp"

#include <fmt/format.h>

#include <system_error>

namespace gitfs::trace {

std::string redacted_name(std::string_view name) {
  return name.empty() ? std::string{} : fmt::format("h{:016x}", child_key(0, name));
}

std::string kind_name(kind k) {
  const record_row* row = row_of(k);
  return row != nullptr ? std::string{row->name} : fmt::format("kind-{}", static_cast<std::uint32_t>(k));
}

std::string show_duration(std::uint64_t ns) {
  const auto value = static_cast<double>(ns);
  if (ns < 1'000'000)
    return fmt::format("{:.1f}us", value / 1e3);
  if (ns < 1'000'000'000)
    return fmt::format("{:.1f}ms", value / 1e6);
  return fmt::format("{:.3f}s", value / 1e9);
}

trace_names::trace_names(const contents& in, bool redact) : redact_(redact) {
  std::unordered_map<std::uint64_t, std::uint64_t> fetchers; // by order of what they took
  for (const record& each : in.records) {
    if (is_message(each.what) && each.actor.is == actor_kind::fetcher && each.actor.inode != 0)
      fetchers[each.order] = each.actor.inode;
    if (each.what == kind::transfer_started)
      if (const auto by = fetchers.find(each.cause); by != fetchers.end())
        servers_[each.order] = by->second;
    if (each.what != kind::spawned)
      continue;
    std::uint64_t inode = 0;
    place at;
    for (const field_value& value : trace::fields_of(each)) {
      if (value.what.name == "inode")
        inode = value.number;
      else if (value.what.name == "parent")
        at.parent = value.number;
      else if (value.what.name == "name")
        at.name = value.text;
    }
    places_[inode] = at;
  }
}

std::string trace_names::name(std::string_view text) const {
  return redact_ ? redacted_name(text) : escaped(text);
}

std::string trace_names::path_of(std::uint64_t inode) const {
  constexpr int deepest = 4096; // a trace may say that a folder is in itself
  std::string out;
  for (int depth = 0; inode != root_key && depth < deepest; ++depth) {
    const auto at = places_.find(inode);
    if (at == places_.end())
      return "…" + out;
    out.insert(0, "/" + name(at->second.name));
    inode = at->second.parent;
  }
  return out.empty() ? "/" : out;
}

path_key trace_names::directory_of(std::uint64_t number) const {
  if (places_.contains(number))
    return number;
  for (const auto& [key, at] : places_) {
    const auto above = places_.find(at.parent);
    const std::string_view folder = above == places_.end() ? std::string_view{} : above->second.name;
    if (inode_number({at.parent, folder}, at.name, key) == number)
      return key;
  }
  return number;
}

namespace {

std::string numbered(std::string_view name, std::uint64_t number) {
  return number == 0 ? std::string{name} : fmt::format("{} {}", name, number);
}

} // namespace

// Each fetcher counts its own transfers, so the number of a transfer does not name its fetcher. The cause of the record
// does.
std::uint64_t trace_names::server_of(const record& r) const {
  const auto at = servers_.find(r.what == kind::transfer_started ? r.order : r.cause);
  return at == servers_.end() ? 0 : at->second;
}

std::string trace_names::actor_of(const record& r) const {
  if (!is_message(r.what)) {
    const record_row* row = row_of(r.what);
    return row == nullptr || row->where.empty() ? "-" : numbered(row->where, server_of(r));
  }
  if (r.actor.is == actor_kind::directory)
    return path_of(r.actor.inode);
  const std::string_view known = name_of(field_type::actor, static_cast<std::uint64_t>(r.actor.is));
  return known.empty() ? "?" : numbered(known, r.actor.inode);
}

std::string trace_names::shown(const field_value& value) const {
  switch (value.what.type) {
  case field_type::name:
    return value.text.empty() ? std::string{} : "'" + name(value.text) + "'";
  case field_type::bytes:
    return std::to_string(value.text.size());
  case field_type::digest:
    return value.number == 0 ? std::string{} : fmt::format("{:016x}", value.number);
  case field_type::id:
    return value.id.is_zero() ? std::string{} : value.id.hex().substr(0, 12);
  case field_type::ids:
    return std::to_string(value.number);
  case field_type::inode:
    if (value.number == 0)
      return {};
    return value.number == root_key || places_.contains(value.number) ? path_of(value.number)
                                                                      : std::to_string(value.number);
  case field_type::code:
    return value.number == 0
               ? std::string{}
               : fmt::format("{} ({})", value.number, std::generic_category().message(static_cast<int>(value.number)));
  case field_type::mode:
    return value.number == 0 ? std::string{} : fmt::format("{:o}", value.number);
  default:
    break;
  }
  const std::string_view known = name_of(value.what.type, value.number);
  return known.empty() ? std::to_string(value.number) : std::string{known};
}

std::string trace_names::fields_of(const record& r) const {
  std::string out;
  for (const field_value& value : trace::fields_of(r))
    if (const std::string text = shown(value); !text.empty())
      out += fmt::format("{}{}={}", out.empty() ? "" : " ", value.what.name, text);
  return out;
}

std::string trace_names::line_of(const record& r) const {
  std::string out =
      fmt::format("{:>8} {:>11.6f} {} {}", r.order, static_cast<double>(r.time) / 1e9, actor_of(r), kind_name(r.what));
  if (const std::string fields = fields_of(r); !fields.empty())
    out += " " + fields;
  if (is_message(r.what))
    out += fmt::format(" | waited {}, {}", show_duration(r.wait),
                       r.duration == record::no_duration ? "no end" : "took " + show_duration(r.duration));
  if (r.cause != 0)
    out += fmt::format(" | by {}", r.cause);
  return out;
}

std::string plain_text(kind what, std::string_view fields) {
  record r;
  r.what = what;
  r.fields = fields;
  std::string out = kind_name(what);
  for (const field_value& each : fields_of(r)) {
    out += fmt::format(" {}=", each.what.name);
    if (each.what.type == field_type::name)
      out += "'" + escaped(each.text) + "'";
    else if (each.what.type == field_type::bytes)
      out += std::to_string(each.text.size());
    else if (each.what.type == field_type::id)
      out += each.id.hex().substr(0, 12);
    else if (const auto known = name_of(each.what.type, each.number); !known.empty())
      out += known;
    else
      out += std::to_string(each.number);
  }
  return out;
}

} // namespace gitfs::trace
