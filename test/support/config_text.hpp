// Config files as a test writes them.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace gitfs::test {

/// A config file that shows `tree`: paths, and the entries as JSON. `more`: further keys, `"prefetch": false`.
inline std::string config_text(const std::vector<std::pair<std::string, std::string>>& tree,
                               const std::string& more = {}) {
  std::string out = "{" + more + (more.empty() ? "" : ",\n") + "\"tree\": {\n";
  for (const auto& [path, entry] : tree)
    out += (&path == &tree.front().first ? "  \"" : ",\n  \"") + path + "\": " + entry;
  return out + "\n}}\n";
}

/// The entry of a repository. `more`: as `"token": {...}`.
inline std::string repository_entry(const std::string& source, const std::string& ref = {},
                                    const std::string& more = {}) {
  return R"({"source": ")" + source + '"' + (ref.empty() ? "" : R"(, "ref": ")" + ref + '"')
         + (more.empty() ? "" : ", " + more) + "}";
}

} // namespace gitfs::test
