#include "cli/system/glob_paths.hpp"

#include <algorithm>
#include <dirent.h>
#include <fnmatch.h>
#include <memory>
#include <string_view>
#include <sys/stat.h>

namespace gitfs {

namespace {

using std::string;

struct close_folder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

bool has_magic(std::string_view part) {
  return part.find_first_of("*?[") != std::string_view::npos;
}

bool exists(const string& path) {
  struct stat st {};
  return ::lstat(path.c_str(), &st) == 0;
}

// glob(3) does not know **, so it cannot be used here.
class expansion {
public:
  explicit expansion(std::string_view pattern) {
    const bool from_root = pattern.starts_with('/');
    for (std::size_t at = 0; at < pattern.size();) {
      const std::size_t end = std::min(pattern.find('/', at), pattern.size());
      if (end > at)
        parts_.emplace_back(pattern.substr(at, end - at));
      at = end + 1;
    }
    expand(from_root ? "/" : "", 0);
  }
  std::vector<string> take() { return std::move(found_); }

private:
  static string below(const string& folder, const string& name) {
    return folder.empty() || folder.ends_with('/') ? folder + name : folder + '/' + name;
  }

  void expand(const string& folder, std::size_t part) {
    if (part == parts_.size()) {
      if (!folder.empty())
        found_.push_back(folder);
      return;
    }
    if (!has_magic(parts_[part])) {
      if (const string path = below(folder, parts_[part]); exists(path))
        expand(path, part + 1);
      return;
    }
    const bool any_depth = parts_[part] == "**";
    if (any_depth && part + 1 < parts_.size())
      expand(folder, part + 1); // ** may stand for no folder at all
    const std::unique_ptr<DIR, close_folder> listed{::opendir(folder.empty() ? "." : folder.c_str())};
    while (const dirent* entry = listed ? ::readdir(listed.get()) : nullptr) {
      const string name = entry->d_name;
      if (name == "." || name == "..")
        continue;
      if (!any_depth && ::fnmatch(parts_[part].c_str(), name.c_str(), 0) == 0)
        expand(below(folder, name), part + 1);
      if (any_depth && (entry->d_type == DT_DIR || part + 1 == parts_.size()))
        expand(below(folder, name), entry->d_type == DT_DIR && part + 1 < parts_.size() ? part : part + 1);
    }
  }

  std::vector<string> parts_;
  std::vector<string> found_;
};

} // namespace

std::vector<string> glob_paths(const string& pattern) {
  if (!has_magic(pattern) || exists(pattern))
    return {pattern};
  return expansion{pattern}.take();
}

} // namespace gitfs
