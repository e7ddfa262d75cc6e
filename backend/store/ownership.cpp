#include "backend/store/ownership.hpp"

#include "backend/git_config/git_settings.hpp"

#include <git2.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace {

/// Ours, and root's work under sudo is for the user who called it.
bool is_ours(const std::string& path) {
  struct stat info;
  if (::lstat(path.c_str(), &info) != 0)
    return true; // opening it gives a better error
  if (info.st_uid == ::geteuid())
    return true;
  const char* const caller = std::getenv("SUDO_UID");
  if (::geteuid() != 0 || caller == nullptr)
    return false;
  const std::string_view text{caller};
  unsigned long uid = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), uid);
  return failure == std::errc{} && end == text.data() + text.size() && info.st_uid == uid;
}

std::string without_slash(const char* folder) {
  std::string out = folder != nullptr ? folder : "";
  while (out.size() > 1 && out.ends_with('/'))
    out.pop_back();
  return out;
}

/// An entry of safe.directory without symbolic links, "..", and a slash at its end, as git compares it from 2.47 on;
/// older gits compare the text. Only the last part of the path may be missing: it may be the "*" of "/srv/*". Empty:
/// the entry names no folder. A relative entry counts for git only if it is ".", the current folder.
std::string normalized(const std::string& entry) {
  const std::filesystem::path named = without_slash(entry.c_str());
  if (!named.is_absolute() && named != ".")
    return "";
  std::error_code status;
  if (const auto whole = std::filesystem::canonical(named, status); !status)
    return whole.string();
  const auto above = std::filesystem::canonical(named.parent_path(), status);
  return status ? "" : (above / named.filename()).string();
}

/// Whether a normalized entry of safe.directory is this repository's, or that of all folders below one above it.
bool lists(const std::string& entry, const std::string& repository) {
  constexpr std::string_view all_below = "/*";
  if (entry.ends_with(all_below))
    return repository.starts_with(entry.substr(0, entry.size() - 1));
  return entry == repository;
}

} // namespace

void without_ownership_check() {
  git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}

result<void> check_ownership(git_repository* repository, const std::filesystem::path& path) {
  const std::string work_tree = without_slash(git_repository_workdir(repository));
  const std::string folder = without_slash(git_repository_path(repository));
  std::vector<std::string> parts{folder};
  if (!work_tree.empty())
    parts.insert(parts.end(), {work_tree, work_tree + "/.git"});
  if (std::ranges::all_of(parts, is_ours))
    return success();
  const std::string& name = work_tree.empty() ? folder : work_tree;
  GITFS_TRY(git, git_settings::read());
  bool safe = false;
  for (const git_setting& each : git.all()) {
    if (each.key != "safe.directory")
      continue;
    if (!each.value || each.value->empty()) {
      safe = false;
      continue;
    }
    if (safe || *each.value == "*") {
      safe = true;
      continue;
    }
    const std::string entry = normalized(each.value->starts_with('~') ? git_path(*each.value) : *each.value);
    safe = lists(entry, name) || lists(entry, folder);
  }
  if (safe)
    return success();
  return fail(EACCES, path.string()
                          + " belongs to another user, whom git does not trust either. If you do: git config --global "
                            "--add safe.directory '"
                          + name + "'");
}

} // namespace gitfs
