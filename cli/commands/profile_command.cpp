#include "cli/commands/commands.hpp"

#include "backend/os/file_io.hpp"
#include "backend/os/text.hpp"
#include "backend/profile/profile.hpp"
#include "cli/system/control.hpp"
#include "config/byte_size.hpp"
#include "config/unique_fd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

using profile_action = profile_options::action_type;

constexpr std::size_t shown_programs = 10, shown_paths = 20;

std::string summary(const profile& of) {
  std::uint64_t files = 0, folders = 0, bytes = 0;
  std::map<std::string, std::size_t> by_program;
  for (const profile_entry& each : of.entries) {
    ++(each.is_folder() ? folders : files);
    if (each.size_class != unknown_size_class && !each.is_folder())
      bytes += most_bytes_of(each.size_class) / 4 * 3; // between half of that and all of it
    ++by_program[each.program.empty() ? "(unknown)" : escaped(each.program)];
  }
  std::string out =
      fmt::format("source    {}\nfolder    {}\nfiles     {}, some {}\nfolders   {}, with the sizes of their files\n",
                  of.source.empty() ? "(not said)" : escaped(of.source), of.folder.empty() ? "/" : escaped(of.folder),
                  files, show_byte_size(bytes), folders);
  std::vector<std::pair<std::size_t, std::string>> programs;
  programs.reserve(by_program.size());
  for (auto& [name, count] : by_program)
    programs.emplace_back(count, name);
  std::ranges::sort(programs, std::greater<>{});
  out += "programs ";
  for (std::size_t i = 0; i < std::min(programs.size(), shown_programs); ++i)
    out += fmt::format(" {} {}{}", programs[i].second, programs[i].first, i + 1 < programs.size() ? "," : "");
  out += programs.size() > shown_programs ? " ...\nfirst\n" : "\nfirst\n";
  for (std::size_t i = 0; i < std::min(of.entries.size(), shown_paths); ++i)
    out += "  " + escaped(of.entries[i].path) + '\n';
  return out;
}

result<void> write_out(const std::filesystem::path& to, const std::string& text) {
  if (to.empty()) {
    print_out(text);
    return success();
  }
  const std::string what = "cannot write " + to.string();
  const unique_fd out{::open(to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)};
  if (!out)
    return system_failure(errno, what);
  return write_at(out.get(), text, 0, what);
}

result<std::string> text_of(const profile_options& options) {
  if (options.action == profile_action::record)
    return ask_profile(options.folder);
  std::vector<profile> all;
  for (const std::filesystem::path& each : options.inputs) {
    GITFS_TRY(one, read_profile(each));
    all.push_back(std::move(one));
  }
  if (options.action == profile_action::show)
    return summary(all.front());
  GITFS_TRY(merged, merge_profiles(all));
  return profile_text(merged);
}

result<void> act(const profile_options& options) {
  GITFS_TRY(text, text_of(options));
  return write_out(options.output, text);
}

} // namespace

int run_profile(const profile_options& options) {
  const auto done = act(options);
  if (!done)
    std::fprintf(stderr, "gitfs-actor: %s\n", done.error().message.c_str());
  return done ? 0 : 1;
}

} // namespace gitfs
