#include "backend/profile/profile.hpp"

#include "backend/os/file_io.hpp"
#include "backend/os/text.hpp"
#include "config/unique_fd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

namespace gitfs {

namespace {

constexpr std::string_view first_line = "gitfs-actor profile 1";
constexpr std::string_view any_version = "gitfs-actor profile ";
constexpr std::string_view none = "-";
constexpr std::uint8_t most_size_class = 63;
constexpr std::uint32_t most_rank = 1'000'000'000;

// Where a program's name may have any bytes, a space would end it.
std::string shown_program(const std::string& name) {
  if (name.empty())
    return std::string{none};
  std::string out;
  for (const char c : escaped(name == none ? std::string{} : name))
    out += c == ' ' ? std::string{"\\x20"} : std::string{c};
  return out.empty() ? std::string{none} : out;
}

// Empty: nothing is wrong. A slash at its end makes it a folder.
std::string_view wrong_with_path(std::string_view path) {
  if (path.empty())
    return "a path is missing";
  if (path.find('\0') != std::string_view::npos)
    return "a path with a NUL byte in it";
  if (path.ends_with('/'))
    path.remove_suffix(1);
  for (std::size_t at = 0;;) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    const std::string_view part = path.substr(at, end - at);
    if (part.empty())
      return "a path with an empty part: paths are relative to the folder";
    if (part == "." || part == "..")
      return "'.' and '..' cannot be parts of a path here";
    if (end == path.size())
      return {};
    at = end + 1;
  }
}

template <class Number>
std::optional<Number> whole_number(std::string_view text, Number most) {
  Number out = 0;
  const auto [at, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc{} || at != text.data() + text.size() || out > most)
    return std::nullopt;
  return out;
}

// Takes a word and the space behind it off the text. Empty: there is none.
std::string_view take_word(std::string_view& rest) {
  const std::size_t end = rest.find(' ');
  if (end == std::string_view::npos)
    return {};
  const std::string_view out = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return out;
}

} // namespace

std::uint8_t size_class_of(std::uint64_t bytes) {
  return bytes < 2 ? 0 : std::min(static_cast<std::uint8_t>(std::bit_width(bytes - 1)), most_size_class);
}

std::uint64_t most_bytes_of(std::uint8_t size_class) {
  return std::uint64_t{1} << std::min(size_class, most_size_class);
}

std::string profile_line(const profile_entry& entry) {
  return fmt::format("{} {} {} {}", entry.rank,
                     entry.size_class == unknown_size_class ? std::string{none} : std::to_string(entry.size_class),
                     shown_program(entry.program), escaped(entry.path));
}

result<profile_entry> parse_profile_line(std::string_view line) {
  const auto wrong = [](std::string_view what) { return fail(EINVAL, std::string{what}); };
  if (line.size() > profile::longest_line)
    return wrong("a line of more than " + std::to_string(profile::longest_line) + " bytes");
  profile_entry out;
  const auto rank = whole_number(take_word(line), most_rank);
  if (!rank || *rank == 0)
    return wrong("expected RANK SIZECLASS PROGRAM PATH, and the rank is no number from 1 on");
  out.rank = *rank;
  const std::string_view size = take_word(line);
  if (size != none) {
    const auto number = whole_number(size, std::uint32_t{most_size_class});
    if (!number)
      return wrong("expected RANK SIZECLASS PROGRAM PATH, and the size class is neither '-' nor a number up to 63");
    out.size_class = static_cast<std::uint8_t>(*number);
  }
  const std::string_view program = take_word(line);
  if (program.empty())
    return wrong("expected RANK SIZECLASS PROGRAM PATH, and the program is missing: '-' if it is unknown");
  if (program != none)
    out.program = unescaped(program);
  out.path = unescaped(line);
  if (const std::string_view bad = wrong_with_path(out.path); !bad.empty())
    return wrong(bad);
  return out;
}

bool fits_a_profile(const profile_entry& entry) {
  return wrong_with_path(entry.path).empty() && profile_line(entry).size() <= profile::longest_line;
}

std::string profile_head(const std::string& source, const std::string& folder) {
  std::string out{first_line};
  out += '\n';
  if (!source.empty())
    out += "source " + escaped(source) + '\n';
  if (!folder.empty())
    out += "folder " + escaped(folder) + '\n';
  return out;
}

std::string profile_text(const profile& what) {
  std::string out = profile_head(what.source, what.folder);
  for (const profile_entry& each : what.entries)
    out += profile_line(each) + '\n';
  return out;
}

result<profile> parse_profile(std::string_view text, const std::string& name) {
  profile out;
  std::size_t number = 0;
  const auto wrong = [&](std::string_view what) { return fail(EINVAL, fmt::format("{}:{}: {}", name, number, what)); };
  bool source = false, folder = false;
  while (!text.empty()) {
    ++number;
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (number == 1 && line != first_line)
      return wrong(line.starts_with(any_version)
                       ? "this profile is of another version of the format; version 1 is known here"
                       : "this is no profile: its first line is not 'gitfs-actor profile 1'");
    if (number == 1 || line.empty() || line.starts_with('#'))
      continue;
    const auto head = [&](std::string_view key, bool& had, std::string& value) {
      if (!out.entries.empty() || !line.starts_with(key))
        return false;
      had = !had;
      value = unescaped(line.substr(key.size()));
      return true;
    };
    if (head("source ", source, out.source)) {
      if (!source || line.size() > profile::longest_line)
        return wrong("a second source, or one that is too long");
      continue;
    }
    if (head("folder ", folder, out.folder)) {
      if (!folder || line.size() > profile::longest_line || out.folder.ends_with('/')
          || !wrong_with_path(out.folder).empty())
        return wrong("a second folder, or one that is no relative path without a slash at its end");
      continue;
    }
    auto entry = parse_profile_line(line);
    if (!entry)
      return wrong(entry.error().message);
    if (out.entries.size() == profile::most_entries)
      return wrong("more than " + std::to_string(profile::most_entries) + " paths");
    out.entries.push_back(std::move(entry.value()));
  }
  if (number == 0)
    return fail(EINVAL, name + ":1: this is no profile: it is empty");
  std::ranges::stable_sort(out.entries, {}, &profile_entry::rank);
  return out;
}

result<profile> read_profile(const std::filesystem::path& file) {
  const unique_fd from{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (!from)
    return system_failure(errno, "cannot read the profile " + file.string());
  std::string text(profile::most_bytes + 1, '\0');
  GITFS_TRY(size, read_up_to(from.get(), text.data(), text.size(), 0, "cannot read the profile " + file.string()));
  if (size > profile::most_bytes)
    return fail(EFBIG,
                file.string() + ": no profile has more than " + std::to_string(profile::most_bytes >> 20) + " MB");
  return parse_profile(std::string_view{text}.substr(0, size), file.string());
}

std::vector<profile_entry> entries_from_root(const profile& what) {
  std::vector<profile_entry> out = what.entries;
  if (!what.folder.empty())
    for (profile_entry& each : out)
      each.path.insert(0, what.folder + "/");
  return out;
}

result<profile> merge_profiles(std::span<const profile> all) {
  struct mean {
    double sum = 0; // of positions, each from 0 to 1
    std::size_t times = 0;
    profile_entry what;
  };
  profile out;
  std::map<std::string, mean, std::less<>> found;
  bool one_folder = true;
  for (const profile& each : all) {
    one_folder = one_folder && each.folder == all.front().folder;
    if (out.source.empty())
      out.source = each.source;
    else if (!each.source.empty() && each.source != out.source)
      return fail(EINVAL, "one profile is of " + out.source + ", and another of " + each.source);
  }
  for (const profile& each : all) {
    const auto entries = one_folder ? each.entries : entries_from_root(each);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      mean& of = found.try_emplace(entries[i].path, mean{0, 0, entries[i]}).first->second;
      of.sum += static_cast<double>(i) / static_cast<double>(entries.size());
      ++of.times;
      if (of.what.size_class == unknown_size_class
          || (entries[i].size_class != unknown_size_class && entries[i].size_class > of.what.size_class))
        of.what.size_class = entries[i].size_class;
      if (of.what.program.empty())
        of.what.program = entries[i].program;
    }
  }
  std::vector<std::pair<double, profile_entry>> ranked;
  ranked.reserve(found.size());
  for (auto& [path, of] : found)
    ranked.emplace_back(of.sum / static_cast<double>(of.times), std::move(of.what));
  std::ranges::stable_sort(ranked, {}, &std::pair<double, profile_entry>::first);
  if (one_folder && !all.empty())
    out.folder = all.front().folder;
  for (auto& [position, entry] : ranked) {
    entry.rank = static_cast<std::uint32_t>(out.entries.size() + 1);
    if (out.entries.size() < profile::most_entries && fits_a_profile(entry))
      out.entries.push_back(std::move(entry));
  }
  return out;
}

} // namespace gitfs
