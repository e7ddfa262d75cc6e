#include "backend/pack/alternates.hpp"

#include <algorithm>
#include <fstream>
#include <system_error>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr int deepest_alternates = 5; // git follows no more either

constexpr struct {
  char written, meant;
} escapes[] = {{'a', '\a'}, {'b', '\b'}, {'f', '\f'}, {'n', '\n'}, {'r', '\r'},
               {'t', '\t'}, {'v', '\v'}, {'"', '"'},  {'\\', '\\'}};

/// The objects folders that `objects` names as its alternates.
std::vector<fs::path> alternates_of(const fs::path& objects) {
  std::vector<fs::path> out;
  std::ifstream list{objects / "info" / "alternates"};
  for (std::string line; std::getline(list, line);) {
    if (line.empty() || line.front() == '#')
      continue;
    const fs::path named = line.front() == '"' ? unquoted(line).value_or(line) : line;
    out.push_back((objects / named).lexically_normal()); // an absolute path replaces `objects`
  }
  return out;
}

void add_folders(const fs::path& objects, int depth, object_folders& out) {
  if (depth > deepest_alternates || std::ranges::find(out.here, objects) != out.here.end())
    return;
  std::error_code status;
  if (depth > 0 && !fs::is_directory(objects, status)) {
    out.lost.push_back(objects);
    return;
  }
  out.here.push_back(objects);
  for (const fs::path& alternate : alternates_of(objects))
    add_folders(alternate, depth + 1, out);
}

bool is_octal(char c) {
  return c >= '0' && c <= '7';
}

} // namespace

object_folders find_object_folders(const fs::path& objects) {
  object_folders out;
  fs::path start = objects.lexically_normal();
  if (!start.has_filename()) // true for a path that ends in '/'
    start = start.parent_path();
  add_folders(start, 0, out);
  return out;
}

std::optional<std::string> unquoted(std::string_view text) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"')
    return std::nullopt;
  text = text.substr(1, text.size() - 2);
  std::string out;
  while (!text.empty()) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '"')
      return std::nullopt;
    if (c != '\\') {
      out += c;
      continue;
    }
    if (text.size() >= 3 && text[0] <= '3' && std::all_of(text.begin(), text.begin() + 3, is_octal)) {
      out += static_cast<char>((text[0] - '0') << 6 | (text[1] - '0') << 3 | (text[2] - '0'));
      text.remove_prefix(3);
      continue;
    }
    const auto* const known = std::find_if(std::begin(escapes), std::end(escapes),
                                           [&](const auto& e) { return !text.empty() && e.written == text.front(); });
    if (known == std::end(escapes))
      return std::nullopt;
    out += known->meant;
    text.remove_prefix(1);
  }
  return out;
}

} // namespace gitfs
