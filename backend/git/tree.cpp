#include "backend/git/tree.hpp"

#include "backend/os/hex.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

namespace gitfs {

namespace {

constexpr std::size_t longest_name = 255; // NAME_MAX: the kernel takes no longer one

struct raw_entry {
  std::string_view name;
  std::uint32_t mode;
  const char* id;
};

/// In the order of entry_kind.
constexpr std::array written_modes{"100644", "100755", "120000", "40000", "160000"};

/// git's canon_mode.
entry_kind kind_of(std::uint32_t mode) {
  switch (mode & 0170000) {
  case 0100000:
    return (mode & 0100) != 0 ? entry_kind::executable : entry_kind::file;
  case 0120000:
    return entry_kind::symlink;
  case 0040000:
    return entry_kind::directory;
  default:
    return entry_kind::gitlink;
  }
}

bool is_dot_git(std::string_view name) {
  return name.size() == 4 && name[0] == '.' && (name[1] | 32) == 'g' && (name[2] | 32) == 'i' && (name[3] | 32) == 't';
}

struct name_rule {
  bool (*breaks)(std::string_view name);
  const char* reason;
};

constexpr const char* duplicate_reason = "another entry of that name comes after it";
constexpr const char* empty_reason = "it is an empty folder, and an entry of that name came before";

constexpr std::array name_rules{
    name_rule{[](std::string_view name) { return name.empty(); }, "its name is empty"},
    name_rule{[](std::string_view name) { return name == "." || name == ".."; }, "its name is reserved"},
    name_rule{is_dot_git, "git reserves its name"},
    name_rule{[](std::string_view name) { return name.find('/') != std::string_view::npos; },
              "its name has a slash in it"},
    name_rule{[](std::string_view name) { return name.size() > longest_name; }, "its name is longer than 255 bytes"},
};

const char* reason_to_hide(std::string_view name) {
  for (const name_rule& rule : name_rules)
    if (rule.breaks(name))
      return rule.reason;
  return nullptr;
}

std::string printable(std::string_view name) {
  constexpr std::size_t shown = 40;
  std::string out = "\"";
  for (const char& c : name.substr(0, shown)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f && c != '"' && c != '\\')
      out += c;
    else
      out += "\\x" + to_hex(std::as_bytes(std::span{&c, 1}));
  }
  return out + (name.size() > shown ? "...\"" : "\"");
}

/// Counts what is hidden, and knows why the one that comes first in the tree is.
class hidden_entries {
public:
  void add(std::string_view name, const char* reason) {
    ++count_;
    if (reason_ == nullptr || name.data() < name_.data()) {
      name_ = name;
      reason_ = reason;
    }
  }

  std::size_t count() const { return count_; }

  std::string reason() const { return reason_ == nullptr ? "" : "entry " + printable(name_) + ": " + reason_; }

private:
  std::size_t count_ = 0;
  std::string_view name_;
  const char* reason_ = nullptr;
};

/// Takes one entry off the front of `rest`; none if it is malformed.
std::optional<raw_entry> take_entry(std::string_view& rest) {
  constexpr std::size_t longest_mode = 10; // what 32 bits need; git writes 6 digits
  std::uint32_t mode = 0;
  std::size_t at = 0;
  for (; at < rest.size() && rest[at] != ' '; ++at) {
    if (rest[at] < '0' || rest[at] > '7' || at == longest_mode)
      return std::nullopt;
    mode = mode << 3 | static_cast<std::uint32_t>(rest[at] - '0');
  }
  if (at == 0 || at == rest.size())
    return std::nullopt;
  rest.remove_prefix(at + 1);
  const std::size_t end = rest.find('\0');
  if (end == std::string_view::npos || rest.size() - end - 1 < oid::raw_size)
    return std::nullopt;
  const raw_entry out{rest.substr(0, end), mode, rest.data() + end + 1};
  rest.remove_prefix(end + 1 + oid::raw_size);
  return out;
}

/// A checkout makes nothing of it.
bool is_empty_folder(const raw_entry& entry) {
  constexpr unsigned char empty_tree[] = {0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60,
                                          0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04};
  static_assert(sizeof empty_tree == oid::raw_size);
  return kind_of(entry.mode) == entry_kind::directory && std::memcmp(entry.id, empty_tree, sizeof empty_tree) == 0;
}

bool out_of_order(const raw_entry& a, const raw_entry& b) {
  return a.name >= b.name;
}

} // namespace

result<parsed_tree> parse_tree(std::string_view raw) {
  std::vector<raw_entry> entries;
  entries.reserve(raw.size() / 40); // the usual length of an entry
  hidden_entries hidden;
  for (std::string_view rest = raw; !rest.empty();) {
    const std::size_t offset = raw.size() - rest.size();
    const std::optional<raw_entry> entry = take_entry(rest);
    if (!entry)
      return fail(EIO, "a tree object is malformed at byte " + std::to_string(offset));
    if (const char* reason = reason_to_hide(entry->name))
      hidden.add(entry->name, reason);
    else
      entries.push_back(*entry);
  }

  // git sorts a directory as if its name ended in '/', so most trees are in bytewise order already.
  if (std::adjacent_find(entries.begin(), entries.end(), out_of_order) != entries.end())
    std::sort(entries.begin(), entries.end(), [](const raw_entry& a, const raw_entry& b) {
      const int order = a.name.compare(b.name);
      return order != 0 ? order < 0 : a.id < b.id;
    });

  parsed_tree out;
  out.entries.reserve(entries.size());
  std::string_view shown_as; // where the name of the last of them stands in the tree
  for (const raw_entry& entry : entries) {
    const bool again = !out.entries.empty() && out.entries.back().name == entry.name;
    if (again && is_empty_folder(entry)) {
      hidden.add(entry.name, empty_reason);
      continue;
    }
    if (again) {
      hidden.add(shown_as, duplicate_reason);
      out.entries.pop_back();
    }
    shown_as = entry.name;
    out.entries.push_back({std::string{entry.name}, kind_of(entry.mode), oid::from_raw(entry.id)});
  }
  out.hidden = hidden.count();
  out.hidden_reason = hidden.reason();
  return out;
}

std::string compose_tree(std::span<const tree_entry> entries) {
  struct placed {
    const tree_entry* entry;
    std::string sorted_as; // git sorts a directory as if its name ended in '/'
  };
  std::vector<placed> order;
  order.reserve(entries.size());
  for (const tree_entry& e : entries)
    order.push_back({&e, e.kind == entry_kind::directory ? e.name + '/' : e.name});
  std::sort(order.begin(), order.end(), [](const placed& a, const placed& b) { return a.sorted_as < b.sorted_as; });
  std::string out;
  for (const placed& each : order) {
    out += written_modes[static_cast<std::size_t>(each.entry->kind)];
    out += ' ';
    out += each.entry->name;
    out += '\0';
    out.append(reinterpret_cast<const char*>(each.entry->id.bytes.data()), oid::raw_size);
  }
  return out;
}

} // namespace gitfs
