#include "backend/os/memory_limit.hpp"

#include <algorithm>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t none = std::numeric_limits<std::uint64_t>::max();

// A hierarchy of control groups that can limit memory.
struct hierarchy {
  std::string_view controller; // in /proc/self/cgroup; empty: version 2
  std::string_view type;       // of the file system
  std::vector<std::string_view> limits;
};

const std::vector<hierarchy>& hierarchies() {
  static const std::vector<hierarchy> all{
      {"", "cgroup2", {"memory.max", "memory.high"}},
      {"memory", "cgroup", {"memory.limit_in_bytes"}},
  };
  return all;
}

bool lists(const std::string& words, std::string_view word) {
  return ("," + words + ",").find("," + std::string{word} + ",") != std::string::npos;
}

// The path of the process's group, from a line "4:memory:/user/shell".
std::optional<std::string> group_of(const fs::path& process, std::string_view controller) {
  std::ifstream groups{process / "cgroup"};
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos)
      continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : lists(controllers, controller))
      return line.substr(second + 1);
  }
  return std::nullopt;
}

struct mounted_groups {
  std::string root; // the group that is seen at `at`
  fs::path at;
};

std::optional<mounted_groups> mount_of(const fs::path& process, const hierarchy& of) {
  std::ifstream table{process / "mountinfo"};
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields{line};
    std::string skipped, root, at, word, type, source, options;
    fields >> skipped >> skipped >> skipped >> root >> at;
    while (fields >> word && word != "-") { // optional fields end with a dash
    }
    fields >> type >> source >> options;
    if (type == of.type && (of.controller.empty() || lists(options, of.controller)))
      return mounted_groups{root, at};
  }
  return std::nullopt;
}

// Version 2 writes "max" for no limit, and version 1 a number near 2^63.
std::uint64_t limit_in(const fs::path& file) {
  std::ifstream in{file};
  std::uint64_t bytes = 0;
  return in >> bytes ? bytes : none;
}

std::uint64_t limit_of(const fs::path& process, const hierarchy& of) {
  const auto group = group_of(process, of.controller);
  const auto mounted = mount_of(process, of);
  if (!group || !mounted)
    return none;
  // "/.." begins the path of a group that is not below the root of the namespace.
  fs::path below = fs::path{*group}.lexically_relative(mounted->root);
  if (below.empty() || *below.begin() == "..")
    below = ".";
  std::uint64_t out = none;
  for (fs::path at = (mounted->at / below).lexically_normal();; at = at.parent_path()) {
    if (at.filename().empty() && at.has_relative_path()) // it ended with a slash
      at = at.parent_path();
    for (const std::string_view each : of.limits)
      out = std::min(out, limit_in(at / each));
    if (at == mounted->at || !at.has_relative_path())
      return out;
  }
}

} // namespace

std::uint64_t memory_limit(const fs::path& process) {
  const long pages = ::sysconf(_SC_PHYS_PAGES), size = ::sysconf(_SC_PAGESIZE);
  std::uint64_t out = none;
  if (pages > 0 && size > 0)
    out = static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(size);
  for (const hierarchy& each : hierarchies())
    out = std::min(out, limit_of(process, each));
  return out;
}

} // namespace gitfs
