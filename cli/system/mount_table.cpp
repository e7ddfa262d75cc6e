#include "cli/system/mount_table.hpp"

#include <charconv>
#include <fstream>
#include <set>
#include <sstream>
#include <string_view>
#include <sys/sysmacros.h>
#include <system_error>
#include <utility>

namespace gitfs {

namespace {

namespace fs = std::filesystem;

// /proc/self/mountinfo writes space, tab, newline and backslash of a path in octal, because spaces separate its fields.
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

// The user in options such as "rw,user_id=1000,group_id=1000".
uid_t owner_in(const std::string& options) {
  constexpr std::string_view key = "user_id=";
  const std::size_t at = ("," + options).find("," + std::string{key});
  uid_t out = 0;
  if (at != std::string::npos)
    std::from_chars(options.data() + at + key.size(), options.data() + options.size(), out);
  return out;
}

std::vector<mounted_at> table_of(const fs::path& process) {
  std::ifstream table{process / "mountinfo"};
  std::vector<mounted_at> out;
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields{line};
    std::string id, parent, root, at, word, source, options;
    unsigned device_major = 0, device_minor = 0;
    char colon = 0;
    fields >> id >> parent >> device_major >> colon >> device_minor >> root >> at;
    while (fields >> word && word != "-") { // any number of optional fields, which end with a dash
    }
    if (!(fields >> word))
      continue;
    fields >> source >> options;
    out.push_back({unescaped(at), word, makedev(device_major, device_minor), owner_in(options)});
  }
  return out;
}

bool is_below(const fs::path& path, const fs::path& folder) {
  const fs::path rest = path.lexically_relative(folder);
  return !rest.empty() && *rest.begin() != "..";
}

std::optional<mounted_at> innermost(const fs::path& path) {
  std::optional<mounted_at> out;
  for (mounted_at& each : mount_table())
    if (is_below(path, each.path) && (!out || each.path.size() >= out->path.size()))
      out = std::move(each);
  return out;
}

} // namespace

std::optional<mounted_at> mount_of(const fs::path& path) {
  std::error_code code;
  const fs::path whole = fs::absolute(path, code).lexically_normal();
  const fs::path plain = whole.has_filename() || !whole.has_relative_path() ? whole : whole.parent_path();
  auto out = innermost(plain);
  if (out && out->type.starts_with("fuse"))
    return out;
  if (const fs::path folder = resolved(plain.parent_path()); !folder.empty())
    out = innermost(folder / plain.filename());
  if (out && out->type.starts_with("fuse"))
    return out;
  const fs::path real = resolved(plain); // the last name may be a link to a mount
  return real.empty() ? out : innermost(real);
}

fs::path resolved(const fs::path& path) {
  std::error_code code;
  fs::path out = fs::canonical(path, code);
  return code ? fs::path{} : out;
}

std::optional<mounted_at> mounted_on(const fs::path& path) {
  const auto topmost = [](const fs::path& at) {
    std::optional<mounted_at> out;
    for (mounted_at& each : mount_table())
      if (each.path == at)
        out = std::move(each);
    return out;
  };
  // First only the links of the folder above are resolved, so that a mountpoint that does not answer is not touched.
  const fs::path folder = resolved(path.parent_path());
  auto out = topmost(folder.empty() ? path : folder / path.filename());
  std::error_code code;
  if (!out && fs::is_symlink(fs::symlink_status(path, code)))
    out = topmost(resolved(path));
  return out;
}

std::vector<mounted_at> mount_table() {
  return table_of("/proc/self");
}

std::vector<mount_holder> holders_elsewhere(dev_t device) {
  std::error_code code;
  std::set<fs::path> known{fs::read_symlink("/proc/self/ns/mnt", code)};
  std::vector<mount_holder> out;
  for (const fs::directory_entry& each : fs::directory_iterator{"/proc", code}) {
    mount_holder holder;
    const std::string name = each.path().filename();
    if (std::from_chars(name.data(), name.data() + name.size(), holder.process).ec != std::errc{})
      continue; // this is not the folder of a process
    const fs::path name_space = fs::read_symlink(each.path() / "ns/mnt", code);
    if (code || !known.insert(name_space).second)
      continue; // the process is another user's or has ended, or its namespace was seen before
    for (const mounted_at& there : table_of(each.path()))
      if (there.device == device)
        holder.path = there.path;
    if (holder.path.empty())
      continue;
    std::getline(std::ifstream{each.path() / "comm"}, holder.program);
    out.push_back(std::move(holder));
  }
  return out;
}

} // namespace gitfs
