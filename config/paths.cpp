#include "config/paths.hpp"

#include <cerrno>
#include <cstdlib>
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
  BOOST_OUTCOME_TRY(home, home_folder());
  return (home / below_home / "gitfs-actor").lexically_normal();
}

} // namespace

result<std::filesystem::path> default_cache_dir() {
  return xdg_folder("XDG_CACHE_HOME", ".cache");
}

result<std::filesystem::path> default_state_dir() {
  return xdg_folder("XDG_STATE_HOME", ".local/state");
}

result<std::filesystem::path> absolute_path(std::string_view text) {
  if (text.empty())
    return fail(EINVAL, "an empty path");
  std::filesystem::path path{text};
  if (text == "~" || text.starts_with("~/")) {
    BOOST_OUTCOME_TRY(home, home_folder());
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

} // namespace gitfs
