#include "config/paths.hpp"

#include "config/url.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <deque>
#include <pwd.h>
#include <string>
#include <unistd.h>

namespace gitfs {

namespace {

result<std::filesystem::path> home_folder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home == '/')
    return std::filesystem::path{home};
  if (const passwd* user = ::getpwuid(::geteuid()); user != nullptr && user->pw_dir != nullptr && *user->pw_dir == '/')
    return std::filesystem::path{user->pw_dir};
  return fail(ENOENT, "the home folder is unknown: set HOME");
}

result<std::filesystem::path> xdg_folder(const char* variable, const char* below_home) {
  if (const char* base = std::getenv(variable); base != nullptr && *base == '/')
    return (std::filesystem::path{base} / "gitfs-actor").lexically_normal();
  GITFS_TRY(home, home_folder());
  return (home / below_home / "gitfs-actor").lexically_normal();
}

bool is_name_character(unsigned char c) {
  return std::isalnum(c) != 0 || c == '_';
}

result<std::string> with_variables(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '$') {
      out += text[i];
      continue;
    }
    std::string_view rest = text.substr(i + 1);
    if (rest.starts_with('$')) {
      out += '$';
      ++i;
      continue;
    }
    const bool braces = rest.starts_with('{');
    if (braces)
      rest.remove_prefix(1);
    const auto end = std::ranges::find_if_not(rest, is_name_character);
    const std::string name{rest.begin(), end};
    if (name.empty() || std::isdigit(static_cast<unsigned char>(name.front())) != 0
        || (braces && (end == rest.end() || *end != '}')))
      return fail(EINVAL,
                  "'" + std::string{text} + "': a '$' needs a name, as in $HOME or ${HOME}; a dollar sign is $$");
    const char* const value = std::getenv(name.c_str());
    if (value == nullptr)
      return fail(EINVAL, "the variable " + name + " is not set");
    out += value;
    i += name.size() + (braces ? 2 : 0);
  }
  return out;
}

} // namespace

result<std::filesystem::path> default_cache_dir() {
  return xdg_folder("XDG_CACHE_HOME", ".cache");
}

result<std::filesystem::path> default_state_dir() {
  return xdg_folder("XDG_STATE_HOME", ".local/state");
}

result<void> expect_path(std::string_view text) {
  if (text.find("://") != std::string_view::npos)
    return fail(EINVAL, "'" + without_userinfo(text) + "' is a URL, and here a path is expected");
  return success();
}

result<std::filesystem::path> absolute_path(std::string_view text) {
  if (text.empty())
    return fail(EINVAL, "an empty path");
  GITFS_TRYV(expect_path(text));
  std::filesystem::path path{text};
  if (text == "~" || text.starts_with("~/")) {
    GITFS_TRY(home, home_folder());
    path = std::move(home);
    if (text.size() > 2)
      path /= text.substr(text.find_first_not_of('/', 1));
  } else if (path.is_relative()) {
    std::error_code ec;
    path = std::filesystem::absolute(path, ec);
    if (ec)
      return fail(ec.value(), "the current folder is unknown: " + ec.message());
  }
  path = path.lexically_normal();
  return path.has_filename() || path == path.root_path() ? path : path.parent_path();
}

std::filesystem::path resolved_path(const std::filesystem::path& path, const std::filesystem::path& except) {
  constexpr int most_links = 40; // as the kernel
  std::filesystem::path out = "/";
  std::deque<std::string> rest;
  for (const auto& part : path)
    rest.push_back(part.string());
  for (int links = 0; !rest.empty();) {
    const std::string part = std::move(rest.front());
    rest.pop_front();
    if (part.empty() || part == "." || part == "/")
      continue;
    if (part == "..") {
      out = out.parent_path();
      continue;
    }
    out /= part;
    std::error_code status;
    if ((!except.empty() && is_at_or_below(out, except)) || links == most_links)
      continue;
    const auto link = std::filesystem::read_symlink(out, status);
    if (status)
      continue; // no link, or nothing
    ++links;
    out = link.is_absolute() ? std::filesystem::path{"/"} : out.parent_path();
    std::size_t at = 0;
    for (const auto& each : link)
      rest.insert(rest.begin() + static_cast<std::ptrdiff_t>(at++), each.string());
  }
  return out;
}

bool is_at_or_below(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

result<std::filesystem::path> expanded_path(std::string_view text, const std::filesystem::path& folder) {
  GITFS_TRY(path, with_variables(text));
  GITFS_TRYV(expect_path(path));
  if (path.starts_with('~') && path.size() > 1 && path[1] != '/')
    return fail(EINVAL, "'" + path + "': another user's home is not looked up; write its path");
  if (path.empty() || path.starts_with('~'))
    return absolute_path(path);
  return absolute_path((folder / path).string());
}

} // namespace gitfs
