#include "fuse_bridge/mount_table.hpp"

#include <fstream>
#include <sstream>

namespace gitfs {

namespace {

// In /proc/self/mountinfo a path is written with space, tab, newline and backslash in octal.
std::string unescaped(const std::string& text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size()) {
      out += static_cast<char>(std::stoi(text.substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

} // namespace

std::vector<mounted_at> mount_table() {
  std::ifstream table{"/proc/self/mountinfo"};
  std::vector<mounted_at> out;
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields{line};
    std::string id, parent, device, root, at, word;
    fields >> id >> parent >> device >> root >> at;
    while (fields >> word && word != "-") { // optional fields end with a dash
    }
    if (fields >> word)
      out.push_back({unescaped(at), word});
  }
  return out;
}

} // namespace gitfs
