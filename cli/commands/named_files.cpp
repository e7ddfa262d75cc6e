#include "cli/commands/named_files.hpp"

#include "cli/system/control.hpp"
#include "cli/system/glob_paths.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

namespace fs = std::filesystem;
using std::string;

bool is_below(std::string_view path, std::string_view folder) {
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

} // namespace

named_files::named_files(const fs::path& below) {
  std::error_code unresolved;
  below_ = below.empty() ? fs::current_path(unresolved) : fs::absolute(below, unresolved);
  if (const fs::path real = resolved(below_); !real.empty())
    below_ = real; // the folder may be a symbolic link into a mount
  for (mounted_at& each : mount_table())
    if (each.type == "fuse.gitfs")
      table_.push_back(std::move(each));
}

void named_files::add(const string& path) {
  const string whole = (below_ / path).lexically_normal().string();
  const mounted_at* in = nullptr;
  for (const mounted_at& each : table_)
    if (is_below(whole, each.path) && (in == nullptr || each.path.size() >= in->path.size()))
      in = &each;
  if (in == nullptr)
    if (const auto at = mount_of(whole); at && at->type == "fuse.gitfs") { // a symbolic link leads into the mount
      if (const fs::path real = resolved(whole); !real.empty() && is_below(real.native(), at->path)) {
        by_mount_[at->path].push_back(
            {path, real.string().substr(std::min(at->path.size() + 1, real.native().size()))});
        return;
      }
    }
  if (in == nullptr)
    outside_.push_back(path);
  else
    by_mount_[in->path].push_back({path, whole.substr(std::min(in->path.size() + 1, whole.size()))});
}

result<void> named_files::add_list(int from, char end) {
  string path;
  std::array<char, 64 * 1024> buffer;
  ssize_t got = 0;
  while ((got = ::read(from, buffer.data(), buffer.size())) != 0) {
    if (got < 0 && errno != EINTR)
      return fail(errno, string{"cannot read the list: "} + std::strerror(errno));
    for (ssize_t i = 0; i < got; ++i)
      if (const char each = buffer[static_cast<std::size_t>(i)]; each != end)
        path += each;
      else if (const string whole = std::exchange(path, {}); !whole.empty())
        add(whole);
  }
  if (!path.empty()) // the last path need not have `end` behind it
    add(path);
  return success();
}

std::vector<string> named_files::mounts() const {
  std::vector<string> out;
  for (const auto& [path, files] : by_mount_)
    out.push_back(path);
  return out;
}

void named_files::bring(subtree_reader& reader, bool walk_only) {
  for (const string& each : outside_)
    reader.fail(each, ENOTTY);
  for (const auto& [path, files] : by_mount_)
    bring(reader, path, files, walk_only);
}

// Has the path or pattern walked and read, as any program would do it.
void named_files::walk(subtree_reader& reader, const fs::path& folder, const one& what) {
  const auto paths = glob_paths((folder / what.inside).string());
  if (paths.empty())
    reader.fail(what.shown, ENOENT);
  for (const string& each : paths)
    reader.add_root(each);
}

void named_files::bring(subtree_reader& reader, const fs::path& folder, const std::vector<one>& what, bool walk_only) {
  std::vector<string> paths;
  for (const one& each : what) {
    paths.push_back(each.inside);
    if (each.inside.find('\0') != string::npos)
      walk_only = true; // no path has a NUL byte in it, and the walk reports that
  }
  auto came = walk_only ? result<brought_files>{error{ENOTSUP, {}}} : ask_prefetch(folder, paths);
  if (came) {
    subtree_reader::progress done;
    const brought_files& got = came.value();
    done.files = got.files, done.files_read = got.brought, done.links = got.links, done.folders = got.folders;
    done.bytes = done.bytes_read = got.bytes;
    reader.add_done(done);
    for (const auto& [which, code] : got.failed)
      reader.fail(what[which].shown, code);
    for (const std::size_t which : got.left)
      reader.add_root((folder / what[which].inside).string());
    return;
  }
  // EXDEV: this folder is above the repositories, so each folder in it is asked by itself. If a pattern is in the first
  // part of a path, its folders are not known yet, and the path is walked.
  std::map<string, std::vector<one>> below;
  for (const one& each : what) {
    const std::size_t slash = each.inside.find('/');
    const string first = each.inside.substr(0, slash);
    if (came.error().code != EXDEV || slash == string::npos || first.find_first_of("*?[") != string::npos)
      walk(reader, folder, each);
    else
      below[first].push_back({each.shown, each.inside.substr(slash + 1)});
  }
  for (const auto& [first, files] : below)
    bring(reader, folder / first, files, false);
}

string why_not(int code) {
  return code == ENOTTY ? "is not in a mount of gitfs-actor" : std::strerror(code);
}

} // namespace gitfs
