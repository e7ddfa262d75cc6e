#include "actors/trace/read/trace_reader.hpp"

#include "actors/trace/read/record_table.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <unordered_map>

namespace gitfs::trace {

namespace {

auto wrong_at(std::size_t offset, const char* what) {
  return fail(EINVAL, "byte " + std::to_string(offset) + ": " + what);
}

// Moves the durations of `handled` records into their messages, and drops these records.
void join_durations(std::vector<record>& records) {
  std::unordered_map<std::uint64_t, std::uint64_t> durations;
  for (const record& each : records)
    if (each.what == kind::handled)
      durations[each.order] = each.duration;
  std::erase_if(records, [](const record& r) { return r.what == kind::handled; });
  for (record& each : records)
    if (const auto at = durations.find(each.order); at != durations.end())
      each.duration = at->second;
}

} // namespace

bool read_record(decoder& in, record& last, record& out) {
  out.what = static_cast<kind>(in.number());
  decoder body{in.text()};
  out.order = body.difference(last.order);
  out.time = body.difference(last.time);
  if (out.what == kind::handled) {
    out.duration = body.number();
  } else {
    const std::uint64_t back = body.number();
    if (back > out.order)
      return false; // a cause must be earlier, so that following causes ends
    out.cause = back == 0 ? 0 : out.order - back;
    if (is_message(out.what)) {
      out.actor.is = static_cast<actor_kind>(body.number());
      out.actor.inode = body.fixed();
      out.wait = body.number();
    }
  }
  out.fields = body.rest();
  last.order = out.order;
  last.time = out.time;
  return !in.bad() && !body.bad();
}

std::uint64_t lost_records(const contents& in) {
  return in.records.empty() ? 0 : in.records.back().order - in.records.size();
}

result<contents> read_bytes(std::string_view bytes) {
  contents out;
  const auto version = version_of(bytes);
  if (version && *version != format_version)
    return fail(EINVAL, "this trace has version " + std::to_string(*version) + " of the format; this program reads "
                            + std::to_string(format_version));
  const char* wrong = nullptr;
  out.header = get_file_header(bytes, wrong);
  if (wrong != nullptr)
    return fail(EINVAL, wrong);
  std::size_t at = file_header_size;
  while (at < bytes.size()) {
    if (bytes.size() - at < block_header_size) {
      out.torn = true;
      break;
    }
    const block_header head = get_block_header(bytes.substr(at), wrong);
    if (wrong != nullptr)
      return wrong_at(at, wrong);
    if (bytes.size() - at - block_header_size < head.length) {
      out.torn = true;
      break;
    }
    const std::string_view payload = bytes.substr(at + block_header_size, head.length);
    if (!payload_fits(head, payload))
      return wrong_at(at, "a block is damaged");
    record last;
    last.order = head.first_order;
    last.time = head.first_time;
    for (decoder in{payload}; !in.rest().empty();) {
      record next;
      if (!read_record(in, last, next))
        return wrong_at(at, "a record is not well-formed");
      out.records.push_back(next);
    }
    at += block_header_size + head.length;
  }
  join_durations(out.records);
  std::ranges::sort(out.records, {}, &record::order);
  return out;
}

result<loaded> read_file(const std::filesystem::path& path) {
  if (std::error_code ignored; std::filesystem::is_directory(path, ignored))
    return fail(EISDIR, path.string() + " is a folder; if a mount is there, 'gitfs-actor trace dump " + path.string()
                            + " FILE' makes a trace of it");
  std::ifstream in{path, std::ios::binary};
  if (!in)
    return system_failure(errno != 0 ? errno : EIO, "cannot open " + path.string());
  loaded out;
  out.bytes = std::make_unique<const std::string>(std::istreambuf_iterator<char>{in}, std::istreambuf_iterator<char>{});
  if (in.bad())
    return fail(EIO, "cannot read " + path.string());
  auto read = read_bytes(*out.bytes);
  if (!read)
    return fail(read.error().code, path.string() + ": " + read.error().message);
  out.in = std::move(read.value());
  return out;
}

std::vector<field_value> fields_of(const record& r) {
  std::vector<field_value> out;
  const record_row* row = row_of(r.what);
  if (row == nullptr)
    return out;
  decoder in{r.fields};
  for (const field& each : row->fields) {
    if (in.rest().empty())
      break; // an earlier version has fewer fields
    field_value value{each, 0, {}, {}};
    switch (each.type) {
    case field_type::name:
    case field_type::bytes:
      value.text = in.text();
      break;
    case field_type::id:
      value.id = in.id();
      break;
    case field_type::ids:
      value.text = in.text();
      value.number = value.text.size() / oid::raw_size;
      break;
    case field_type::inode:
    case field_type::digest:
      value.number = in.fixed();
      break;
    default:
      value.number = in.number();
    }
    if (in.bad())
      break;
    out.push_back(value);
  }
  return out;
}

std::vector<oid> objects_in(const record& r) {
  std::vector<oid> out;
  for (const field_value& each : fields_of(r))
    if (each.what.type == field_type::ids)
      for (std::size_t at = 0; at + oid::raw_size <= each.text.size(); at += oid::raw_size)
        out.push_back(oid::from_raw(each.text.data() + at));
  return out;
}

bool names_object(const record& r, const oid& id) {
  const auto fields = fields_of(r);
  const auto is_it = [&](const field_value& v) { return v.what.type == field_type::id && v.id == id; };
  if (std::ranges::any_of(fields, is_it))
    return true;
  const auto all = objects_in(r);
  return std::ranges::find(all, id) != all.end();
}

std::uint64_t number_in(const record& r, std::string_view name) {
  for (const field_value& each : fields_of(r))
    if (each.what.name == name)
      return each.number;
  return 0;
}

} // namespace gitfs::trace
