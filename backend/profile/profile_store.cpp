#include "backend/profile/profile_store.hpp"

#include "backend/os/file_io.hpp"
#include "config/log.hpp"
#include "config/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <fcntl.h>
#include <functional>
#include <system_error>
#include <unistd.h>
#include <unordered_set>
#include <utility>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

// Two runs of one job are alike in more than this share of the longer one, also when commits lie between them.
constexpr double alike = 0.75;

bool is_same_job(const profile& a, const profile& b) {
  std::unordered_set<std::string_view> paths;
  for (const profile_entry& each : a.entries)
    paths.insert(each.path);
  const auto both = std::ranges::count_if(b.entries, [&](const auto& each) { return paths.contains(each.path); });
  return static_cast<double>(both) > alike * static_cast<double>(std::max(a.entries.size(), b.entries.size()));
}

// A run in which sizes were here already has asked for none.
void carry_over_folders(profile& to, const profile& from) {
  std::unordered_set<std::string> paths;
  for (const profile_entry& each : to.entries)
    paths.insert(each.path);
  for (const profile_entry& each : from.entries)
    if (each.is_folder() && to.entries.size() < profile::most_entries && paths.insert(each.path).second) {
      to.entries.push_back(each);
      to.entries.back().rank = static_cast<std::uint32_t>(to.entries.size());
    }
}

} // namespace

std::vector<fs::path> profile_store::newest_first() const {
  std::vector<std::pair<fs::file_time_type, fs::path>> all;
  std::error_code status;
  for (fs::directory_iterator each{where_.folder, status}, end; !status && each != end; each.increment(status)) {
    std::error_code ignored;
    all.emplace_back(each->last_write_time(ignored), each->path());
  }
  std::ranges::sort(all, std::greater<>{});
  std::vector<fs::path> out;
  out.reserve(all.size());
  for (auto& [time, path] : all)
    out.push_back(std::move(path));
  return out;
}

std::vector<profile> profile_store::runs() const {
  std::vector<profile> out;
  if (keeps_runs())
    for (const fs::path& each : newest_first()) {
      if (out.size() == most_runs)
        break;
      if (auto run = read_profile(each))
        out.push_back(std::move(run.value()));
      else
        log::debug("{}", run.error().message);
    }
  return out;
}

void profile_store::add(profile run) const {
  if (!keeps_runs() || run.entries.size() < least_entries)
    return;
  run.source = source_;
  std::error_code status;
  fs::create_directory(where_.folder, status); // a store that was removed stays so
  std::vector<fs::path> others = newest_first(), gone;
  const auto same = std::ranges::find_if(others, [&](const fs::path& each) {
    const auto known = read_profile(each);
    const bool is = known && is_same_job(known.value(), run);
    if (is)
      carry_over_folders(run, known.value());
    return is;
  });
  if (same != others.end()) {
    gone.push_back(*same);
    others.erase(same);
  }
  // In time that includes what a process that was killed has left.
  if (others.size() >= most_runs)
    gone.insert(gone.end(), others.begin() + static_cast<std::ptrdiff_t>(most_runs - 1), others.end());
  while (run.entries.size() >= least_entries && profile_text(run).size() > where_.most_bytes)
    run.entries.resize(run.entries.size() / 2);
  if (run.entries.size() < least_entries)
    return;
  const std::string text = profile_text(run);
  std::string fresh = (where_.folder / "XXXXXX").string();
  const auto trouble = [&](const error& why) {
    if (!failed_.exchange(true))
      log::info("what was read of {} is not remembered: {}", source_, why.message);
  };
  unique_fd out{::mkostemp(fresh.data(), O_CLOEXEC)};
  if (!out)
    return trouble(system_failure(errno, "cannot write into " + where_.folder.string()));
  const auto written = write_at(out.get(), text, 0, "cannot write " + fresh);
  out.reset();
  const std::string name = fresh + ".profile";
  if (!written || ::rename(fresh.c_str(), name.c_str()) != 0) {
    const error why = written ? error{errno, "cannot rename " + fresh} : written.error();
    ::unlink(fresh.c_str());
    return trouble(why);
  }
  failed_ = false;
  for (const fs::path& each : gone)
    fs::remove(each, status);
}

} // namespace gitfs
