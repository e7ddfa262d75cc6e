#include "actors/model/mount_status.hpp"

#include "backend/os/text.hpp"
#include "config/url.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <charconv>

namespace gitfs {

namespace {

constexpr std::string entry_status::*columns[] = {&entry_status::path,   &entry_status::kind,    &entry_status::source,
                                                  &entry_status::ref,    &entry_status::commit,  &entry_status::state,
                                                  &entry_status::follow, &entry_status::failure, &entry_status::shown};

std::string line_of(const entry_status& entry) {
  std::string out = "entry\t" + std::to_string(entry.failed_at);
  for (const auto column : columns)
    out += '\t' + escaped(entry.*column);
  return out + '\t' + std::to_string(entry.polled_at) + '\n';
}

std::string_view take(std::string_view& text, char end) {
  const std::size_t length = text.find(end);
  const std::string_view out = text.substr(0, length);
  text.remove_prefix(length == std::string_view::npos ? text.size() : length + 1);
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  return code == std::errc{} && end == text.data() + text.size();
}

std::string text_of(const follow_mode& follow) {
  switch (follow.kind) {
  case follow_mode::kind_type::pinned:
    return "never";
  case follow_mode::kind_type::on_request:
    return "on-request";
  case follow_mode::kind_type::polled:
    break;
  }
  const auto count = follow.every.count();
  return count % 1000 == 0 ? std::to_string(count / 1000) + "s" : std::to_string(count) + "ms";
}

} // namespace

std::string mount_status::text(std::size_t from, std::size_t room) const {
  std::string out;
  constexpr std::size_t longest_fact = 4096; // of them all there is room, and for entries too
  for (const auto& [name, value] : facts)
    out += name + '\t' + escaped(std::string_view{value}.substr(0, longest_fact)) + '\n';
  constexpr std::size_t last_line = 32;
  for (std::size_t i = from; i < entries.size(); ++i) {
    const std::string line = line_of(entries[i]);
    if (out.size() + line.size() + last_line > room)
      return out + "next\t" + std::to_string(i) + '\n';
    out += line;
  }
  return out;
}

result<mount_status> mount_status::parse(std::string_view text) {
  mount_status out;
  while (!text.empty()) {
    std::string_view line = take(text, '\n');
    const std::string_view name = take(line, '\t');
    if (name == "next") {
      if (!read_number(line, out.next))
        return fail(EPROTO, "the mount's answer is malformed");
    } else if (name == "entry") {
      entry_status& entry = out.entries.emplace_back();
      if (!read_number(take(line, '\t'), entry.failed_at))
        return fail(EPROTO, "the mount's answer is malformed");
      for (const auto column : columns)
        entry.*column = unescaped(take(line, '\t'));
      if (!line.empty() && !read_number(take(line, '\t'), entry.polled_at)) // a mount of 0.1.0 does not say it
        return fail(EPROTO, "the mount's answer is malformed");
    } else {
      out.facts[std::string{name}] = unescaped(line);
    }
  }
  return out;
}

entry_status status_of(const shown_repository& entry) {
  entry_status out;
  out.path = entry.path;
  out.source = without_userinfo(entry.source);
  out.ref = entry.ref;
  out.follow = text_of(entry.follow);
  return out;
}

entry_status status_of(const shown_forge& entry) {
  entry_status out;
  out.path = entry.path;
  out.kind = "host";
  out.source = without_userinfo(entry.url);
  out.state.clear();
  out.follow = text_of(entry.follow);
  return out;
}

std::vector<entry_status> status_of(const deployment& tree) {
  std::vector<entry_status> out;
  for (const shown_repository& each : tree.repositories)
    out.push_back(status_of(each));
  for (const shown_forge& each : tree.forges)
    out.push_back(status_of(each));
  return out;
}

mount_status status_of(const mount_options& options) {
  mount_status out;
  if (!options.config_file.empty())
    out.facts["config"] = options.config_file.string();
  else
    out.facts["source"] = without_userinfo(options.source);
  out.facts["cache"] = options.cache_dir.string();
  out.facts["cache_size"] = std::to_string(options.cache_size);
  if (options.tree)
    out.entries = status_of(*options.tree);
  else
    out.entries.push_back(status_of(shown_repository{{}, options.source, options.ref, options.follow, {}}));
  return out;
}

} // namespace gitfs
