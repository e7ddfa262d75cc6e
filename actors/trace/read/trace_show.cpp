#include "actors/trace/read/trace_show.hpp"

#include "actors/model/path_key.hpp"
#include "actors/trace/read/record_table.hpp"
#include "actors/trace/read/trace_names.hpp"
#include "config/nearest.hpp"

#include <algorithm>
#include <cerrno>
#include <vector>

namespace gitfs::trace {

namespace {

bool is_about(const record& r, std::uint64_t inode) {
  if (is_message(r.what) && r.actor == actor_key{actor_kind::directory, inode})
    return true;
  const auto fields = fields_of(r);
  return std::ranges::any_of(
      fields, [inode](const field_value& v) { return v.what.type == field_type::inode && v.number == inode; });
}

bool passes(const record& r, const show_filter& filter, std::optional<kind> only) {
  if (r.time < filter.from || r.time > filter.until || (only && r.what != *only))
    return false;
  if (filter.actor && !(is_message(r.what) && r.actor == actor_key{actor_kind::directory, *filter.actor}))
    return false;
  return !filter.about || is_about(r, *filter.about);
}

result<std::optional<kind>> kind_called(const std::string& name) {
  if (name.empty())
    return std::optional<kind>{};
  std::vector<std::string_view> known;
  for (const record_row& row : record_table()) {
    if (row.name == name)
      return std::optional<kind>{row.number};
    known.push_back(row.name);
  }
  return fail(EINVAL, "--message: no record is called '" + name + "'" + did_you_mean(name, known));
}

} // namespace

path_key key_of_path(std::string_view path) {
  path_key key = root_key;
  while (!path.empty()) {
    const std::size_t slash = path.find('/');
    if (const std::string_view name = path.substr(0, slash); !name.empty() && name != ".")
      key = child_key(key, name);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  return key;
}

result<void> show(const contents& in, const show_filter& filter, bool redact, const printer& print) {
  GITFS_TRY(only, kind_called(filter.message));
  const trace_names names{in, redact};
  show_filter by_key = filter;
  if (filter.actor)
    by_key.actor = names.directory_of(*filter.actor);
  for (const record& each : in.records)
    if (passes(each, by_key, only))
      print(names.line_of(each) + '\n');
  return success();
}

} // namespace gitfs::trace
