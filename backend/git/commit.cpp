#include "backend/git/commit.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <iterator>
#include <optional>

namespace gitfs {

namespace {

constexpr int longest_tag_chain = 64;

/// Takes one line off the front of `rest`, without its newline.
std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

/// What follows "<key> " in `line`; none if the line begins otherwise.
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  if (line.size() <= key.size() || !line.starts_with(key) || line[key.size()] != ' ')
    return std::nullopt;
  return line.substr(key.size() + 1);
}

std::optional<oid> id_of(std::string_view line, std::string_view key) {
  const auto value = value_of(line, key);
  return value ? oid::from_hex(*value) : std::nullopt;
}

/// The seconds in "Name <address> seconds zone". As in git, they come after the last '>': names hold anything.
std::optional<std::int64_t> time_of(std::string_view person) {
  const std::size_t end = person.rfind('>');
  if (end == std::string_view::npos)
    return std::nullopt;
  std::string_view rest = person.substr(end + 1);
  rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  std::int64_t seconds = 0;
  const auto [ptr, status] = std::from_chars(rest.data(), rest.data() + rest.size(), seconds);
  if (status != std::errc{} || (ptr != rest.data() + rest.size() && *ptr != ' '))
    return std::nullopt;
  return seconds;
}

struct type_name {
  std::string_view name;
  object_type type;
};

constexpr type_name type_names[] = {{"commit", object_type::commit},
                                    {"tree", object_type::tree},
                                    {"blob", object_type::blob},
                                    {"tag", object_type::tag}};

} // namespace

result<parsed_commit> parse_commit(std::string_view raw) {
  std::string_view rest = raw;
  const auto tree = id_of(take_line(rest), "tree");
  if (!tree)
    return fail(EIO, "a commit object is malformed: it names no tree");
  parsed_commit out{*tree, {}, 0};
  bool among_parents = true; // they follow the tree, and a later line of that name is none to git
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.empty())
      break; // the message begins
    const auto parent = id_of(line, "parent");
    among_parents = among_parents && parent;
    if (among_parents)
      out.parents.push_back(*parent);
    if (const auto committer = value_of(line, "committer")) {
      out.committer_time = time_of(*committer).value_or(0);
      break;
    }
  }
  return out;
}

result<parsed_tag> parse_tag(std::string_view raw) {
  std::string_view rest = raw;
  const auto target = id_of(take_line(rest), "object");
  const auto type = value_of(take_line(rest), "type");
  const auto* known = type ? std::find_if(std::begin(type_names), std::end(type_names),
                                          [&](const type_name& name) { return name.name == *type; })
                           : std::end(type_names);
  if (!target || known == std::end(type_names))
    return fail(EIO, "a tag object is malformed: it does not name what it points to");
  return parsed_tag{*target, known->type};
}

result<oid> peel_to_commit(object_db& db, oid id) {
  for (int step = 0; step < longest_tag_chain; ++step) {
    GITFS_TRY(found, db.read(id));
    if (found.type() == object_type::commit)
      return id;
    if (found.type() != object_type::tag)
      return fail(EIO, id.hex() + " is not a commit");
    GITFS_TRY(tag, parse_tag(found.data()));
    id = tag.target;
  }
  return fail(EIO, "a chain of more than " + std::to_string(longest_tag_chain) + " tags");
}

} // namespace gitfs
