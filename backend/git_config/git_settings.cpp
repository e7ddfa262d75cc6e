#include "backend/git_config/git_settings.hpp"

#include "backend/os/text.hpp"
#include "config/url.hpp"

#include <git2.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <limits>
#include <memory>
#include <pwd.h>
#include <unistd.h>

namespace gitfs {

namespace {

const char* variable(const std::string& name) {
  return std::getenv(name.c_str());
}

/// libgit2 tells no errno. Where descriptors have ended it has just met that, and the file is as it should be.
auto malformed(const std::string& what, const std::string& why) {
  const int code = errno == EMFILE || errno == ENFILE ? errno : EINVAL;
  return fail(code, "git's configuration cannot be read: " + redacted(what + ": " + why));
}

void initialise_libgit2() {
  static const int done = git_libgit2_init();
  (void)done;
}

/// The files in the order in which git reads them. A user's file that may not be read is passed over.
struct config_file {
  std::string path;
  bool of_user;
};

result<std::vector<config_file>> config_files() {
  std::vector<config_file> out;
  const char* no_system = variable("GIT_CONFIG_NOSYSTEM");
  const auto without_system = no_system != nullptr ? git_boolean(no_system) : std::optional{false};
  if (!without_system)
    return malformed("GIT_CONFIG_NOSYSTEM", "this is neither true nor false");
  if (!*without_system) {
    const char* system = variable("GIT_CONFIG_SYSTEM");
    out.push_back({system != nullptr ? system : "/etc/gitconfig", false});
  }
  if (const char* global = variable("GIT_CONFIG_GLOBAL")) {
    out.push_back({global, true});
    return out;
  }
  const char* home = variable("HOME");
  if (const char* xdg = variable("XDG_CONFIG_HOME"); xdg != nullptr && *xdg != '\0')
    out.push_back({std::string{xdg} + "/git/config", true});
  else if (home != nullptr)
    out.push_back({std::string{home} + "/.config/git/config", true});
  if (home != nullptr)
    out.push_back({std::string{home} + "/.gitconfig", true});
  return out;
}

struct freed_by_libgit2 {
  void operator()(git_config* config) const { git_config_free(config); }
  void operator()(git_config_iterator* iterator) const { git_config_iterator_free(iterator); }
};

/// Appends the settings of one file, and of those that it includes, in their order.
result<void> read_file(const config_file& file, std::vector<git_setting>& out) {
  if (file.path.empty() || ::access(file.path.c_str(), R_OK) != 0) {
    if (file.path.empty() || errno == ENOENT || errno == ENOTDIR || (errno == EACCES && file.of_user))
      return success();
    return malformed(file.path, std::generic_category().message(errno));
  }
  const auto failed = [&] {
    const git_error* last = git_error_last();
    return malformed(file.path, last != nullptr && last->message != nullptr ? last->message : "it is malformed");
  };
  git_config* made = nullptr;
  if (git_config_new(&made) != 0)
    return failed();
  const std::unique_ptr<git_config, freed_by_libgit2> config{made};
  git_config_iterator* begun = nullptr;
  if (git_config_add_file_ondisk(made, file.path.c_str(), GIT_CONFIG_LEVEL_GLOBAL, nullptr, 0) != 0
      || git_config_iterator_new(&begun, made) != 0)
    return failed();
  const std::unique_ptr<git_config_iterator, freed_by_libgit2> iterator{begun};
  for (;;) {
    git_config_entry* entry = nullptr;
    const int status = git_config_next(&entry, begun);
    if (status == GIT_ITEROVER)
      return success();
    if (status != 0)
      return failed();
    out.push_back({entry->name, entry->value != nullptr ? std::optional<std::string>{entry->value} : std::nullopt,
                   entry->include_depth == 0 ? file.path : "a file that " + file.path + " includes"});
  }
}

/// "Http.https://Example/.Proxy" as git lists it. None: it is no key.
std::optional<std::string> canonical_key(std::string_view key) {
  const std::size_t first = key.find('.'), last = key.rfind('.');
  if (first == std::string_view::npos || first == 0 || last + 1 == key.size()
      || key.find('\n') != std::string_view::npos)
    return std::nullopt;
  const std::string_view section = key.substr(0, first), name = key.substr(last + 1);
  const auto plain = [](unsigned char c) { return c < 0x80 && (std::isalnum(c) != 0 || c == '-'); };
  if (!std::ranges::all_of(section, plain) || !std::ranges::all_of(name, plain)
      || std::isalpha(static_cast<unsigned char>(name.front())) == 0)
    return std::nullopt;
  return lower_case(section) + std::string{key.substr(first, last + 1 - first)} + lower_case(name);
}

result<void> read_variables(std::vector<git_setting>& out) {
  constexpr const char* counter = "GIT_CONFIG_COUNT";
  const char* text = variable(counter);
  if (text == nullptr || *text == '\0')
    return success();
  const std::string_view given{text};
  unsigned long count = 0;
  const auto [end, failure] = std::from_chars(given.data(), given.data() + given.size(), count);
  if (failure != std::errc{} || end != given.data() + given.size()
      || count > static_cast<unsigned long>(std::numeric_limits<int>::max()))
    return malformed(counter, "this is not a number of settings");
  for (unsigned long i = 0; i < count; ++i) {
    const std::string key_name = "GIT_CONFIG_KEY_" + std::to_string(i);
    const std::string value_name = "GIT_CONFIG_VALUE_" + std::to_string(i);
    const char* key = variable(key_name);
    const char* value = variable(value_name);
    if (key == nullptr || value == nullptr)
      return malformed(key == nullptr ? key_name : value_name,
                       std::string{"it is not set, and "} + counter + " is " + std::to_string(count));
    auto canonical = canonical_key(key);
    if (!canonical)
      return malformed(key_name, "this is not the name of a setting");
    out.push_back({std::move(*canonical), value, value_name});
    if (out.back().key != "include.path")
      continue;
    if (*value != '/' && *value != '~')
      return malformed(value_name, "a relative path is included by files alone");
    GITFS_TRYV(read_file({git_path(value), true}, out));
  }
  return success();
}

} // namespace

std::string_view git_setting::section() const {
  return std::string_view{key}.substr(0, key.find('.'));
}

std::string_view git_setting::subsection() const {
  const std::size_t first = key.find('.'), last = key.rfind('.');
  return first == last ? std::string_view{} : std::string_view{key}.substr(first + 1, last - first - 1);
}

std::string_view git_setting::variable() const {
  return std::string_view{key}.substr(key.rfind('.') + 1);
}

result<git_settings> git_settings::read() {
  initialise_libgit2();
  std::vector<git_setting> all;
  GITFS_TRY(files, config_files());
  for (const config_file& file : files)
    GITFS_TRYV(read_file(file, all));
  GITFS_TRYV(read_variables(all));
  return git_settings{std::move(all)};
}

std::optional<bool> git_boolean(const std::optional<std::string>& value) {
  if (!value)
    return true;
  const std::string text = lower_case(*value);
  constexpr std::array<std::string_view, 3> yes{"true", "yes", "on"};
  constexpr std::array<std::string_view, 4> no{"false", "no", "off", ""};
  if (std::ranges::find(yes, text) != yes.end())
    return true;
  if (std::ranges::find(no, text) != no.end())
    return false;
  char* end = nullptr;
  errno = 0;
  const long long number = std::strtoll(text.c_str(), &end, 0);
  constexpr std::string_view units = "kmg";
  if (end != text.c_str() && units.find(*end) != std::string_view::npos && *end != '\0')
    ++end;
  return end != text.c_str() && *end == '\0' && errno == 0 ? std::optional{number != 0} : std::nullopt;
}

std::string git_path(const std::string& path) {
  std::string out = path;
  if (path.starts_with('~')) {
    const std::string name = path.substr(1, path.find('/') - 1);
    const std::string rest = path.find('/') == std::string::npos ? "" : path.substr(path.find('/'));
    if (const char* home = variable("HOME"); name.empty() && home != nullptr)
      out = home + rest;
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16384> buffer{};
    if (!name.empty() && ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found) == 0
        && found != nullptr)
      out = found->pw_dir + rest;
  }
  std::error_code ignored;
  return out.empty() ? out : std::filesystem::absolute(out, ignored).string();
}

} // namespace gitfs
