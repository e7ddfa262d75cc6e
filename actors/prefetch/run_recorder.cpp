#include "actors/prefetch/run_recorder.hpp"

#include "config/unique_fd.hpp"

#include <algorithm>
#include <fcntl.h>
#include <functional>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace {

// What the kernel calls a program has at most 15 bytes.
std::string name_of_process(pid_t id) {
  char path[32] = "/proc/";
  std::string digits = std::to_string(id);
  digits += "/comm";
  std::ranges::copy(digits, path + 6);
  const unique_fd from{::open(path, O_RDONLY | O_CLOEXEC)};
  char text[64];
  const ssize_t size = from ? ::read(from.get(), text, sizeof text) : 0;
  std::string out(text, static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  if (out.ends_with('\n'))
    out.pop_back();
  return out;
}

constexpr std::chrono::milliseconds believed{500};

} // namespace

std::string path_in_snapshot(const directory_location& directory) {
  return is_root(directory) ? std::string{} : path_in_snapshot(*directory.parent) + directory.name + '/';
}

bool run_recorder::is_new(const directory_location& directory, std::string_view name) {
  constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;
  const std::uint64_t key = directory.key * golden ^ std::hash<std::string_view>{}(name);
  return run_.entries.size() < profile::most_entries && seen_.insert(key).second;
}

std::uint32_t run_recorder::program_of(pid_t caller) {
  if (caller == 0)
    return 0;
  known_process& known = processes_[static_cast<std::size_t>(caller) % processes_.size()];
  if (known.id == caller && last_ - known.since < believed)
    return known.program;
  const std::string name = name_of_process(caller);
  const auto at = std::ranges::find(run_.programs, name);
  known = {caller, static_cast<std::uint32_t>(at - run_.programs.begin()), last_};
  if (at == run_.programs.end())
    run_.programs.push_back(name);
  return known.program;
}

void run_recorder::add(std::string path, const oid& id, pid_t caller) {
  // A directory may have several keys in the time of a run, so a path may come twice.
  if (!fits_a_profile({profile::most_entries, unknown_size_class, "0123456789012345", path}))
    return;
  run_.entries.push_back({std::move(path), id, program_of(caller)});
}

void run_recorder::read(const directory_location& directory, std::string_view name, const oid& id, pid_t caller,
                        clock::time_point now) {
  last_ = now;
  if (is_new(directory, name))
    add(path_in_snapshot(directory).append(name), id, caller);
}

void run_recorder::folder(const directory_location& directory, clock::time_point now) {
  last_ = now;
  if (!is_root(directory) && is_new(directory, "/"))
    add(path_in_snapshot(directory), {}, 0);
}

void run_recorder::add_folder(std::string path) {
  const auto same = std::ranges::find(run_.entries, path, &recorded_run::entry::path);
  if (same == run_.entries.end() && run_.entries.size() < profile::most_entries)
    add(std::move(path), {}, 0);
}

std::vector<profile_entry> recorded_run::entries_from(std::size_t rank, std::size_t most, std::string_view folder,
                                                      object_db& db) const {
  std::vector<profile_entry> out;
  std::vector<oid> ids;
  for (std::size_t i = std::max<std::size_t>(rank, 1) - 1; i < entries.size() && out.size() < most; ++i) {
    std::string_view path = entries[i].path;
    if (!folder.empty()) {
      if (!path.starts_with(folder) || path.size() <= folder.size() + 1 || path[folder.size()] != '/')
        continue;
      path.remove_prefix(folder.size() + 1);
    }
    out.push_back(
        {static_cast<std::uint32_t>(i + 1), unknown_size_class, programs[entries[i].program], std::string{path}});
    ids.push_back(entries[i].id);
  }
  std::vector<std::uint64_t> sizes(ids.size(), unknown_size);
  db.sizes(ids, sizes);
  for (std::size_t i = 0; i < out.size(); ++i)
    if (!out[i].is_folder() && sizes[i] != unknown_size)
      out[i].size_class = size_class_of(sizes[i]);
  return out;
}

} // namespace gitfs
