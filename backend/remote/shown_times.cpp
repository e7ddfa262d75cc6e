#include "backend/remote/shown_times.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/file_io.hpp"
#include "config/log.hpp"
#include "config/paths.hpp"
#include "config/unique_fd.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <limits>
#include <optional>
#include <string_view>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::string_view first_line = "gitfs-actor shown times 1\n";
constexpr std::size_t most_bytes = std::size_t{1} << 16;
constexpr std::size_t most_places = 4096; // of all mountpoints together: some 15 MB at the very most

// The oldest stays: it is what never changed. Of the older half every second tree goes, so that a file that changed
// with it has the time of the next one. That is later than the file had before, which costs its readers a look, and
// hides no change from them; and each file meets that few times, however many moves come.
void thin_out(shown_runs& all) {
  for (std::size_t i = all.size() / 2; i + 1 < all.size(); ++i)
    if (i == 0 || all[i - 1].tree != all[i + 1].tree)
      all.erase(all.begin() + static_cast<std::ptrdiff_t>(i));
}

std::optional<shown_run> parse_line(std::string_view line) {
  if (line.size() < oid::hex_size + 2 || line[oid::hex_size] != ' ')
    return std::nullopt;
  const auto tree = oid::from_hex(line.substr(0, oid::hex_size));
  shown_run out;
  const char* const end = line.data() + line.size();
  const auto [at, code] = std::from_chars(line.data() + oid::hex_size + 1, end, out.since);
  if (!tree || code != std::errc{} || at != end)
    return std::nullopt;
  out.tree = *tree;
  return out;
}

// Behind the head: a line for each tree, and the checksum of all that stands before it.
std::optional<shown_runs> parse(std::string_view text, std::string_view head) {
  constexpr std::size_t last = oid::hex_size + 1;
  if (text.size() < head.size() + last || !text.starts_with(head) || text.back() != '\n')
    return std::nullopt;
  const std::string_view checksum = text.substr(text.size() - last, oid::hex_size);
  text.remove_suffix(last);
  if (sha1{}.update(text).finish().hex() != checksum)
    return std::nullopt;
  text.remove_prefix(head.size());
  shown_runs out;
  for (std::size_t end = 0; !text.empty(); text.remove_prefix(end + 1)) {
    end = text.find('\n');
    const auto run = end == std::string_view::npos ? std::nullopt : parse_line(text.substr(0, end));
    if (!run || out.size() == most_runs)
      return std::nullopt;
    out.push_back(*run);
  }
  return out;
}

// Those that were written longest ago go; so do, in time, the files of a process that was killed while it wrote.
void forget_oldest(const fs::path& folder) {
  std::vector<std::pair<fs::file_time_type, fs::path>> all;
  std::error_code status;
  for (fs::directory_iterator each{folder, status}, end; !status && each != end; each.increment(status)) {
    std::error_code ignored;
    all.emplace_back(each->last_write_time(ignored), each->path());
  }
  if (status || all.size() <= most_places)
    return;
  const std::size_t gone = all.size() - most_places;
  std::nth_element(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(gone), all.end());
  for (std::size_t i = 0; i < gone; ++i)
    fs::remove(all[i].second, status);
}

} // namespace

file_time file_time_of(std::int64_t seconds) {
  constexpr std::int64_t most = std::numeric_limits<file_time>::max() / second;
  return std::clamp(seconds, -most, most) * second;
}

file_time time_now() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  return std::int64_t{now.tv_sec} * second + now.tv_nsec;
}

shown_runs_ptr shows_now(const shown_runs_ptr& before, const snapshot_facts& now) {
  const file_time commit = file_time_of(now.time);
  if (!before || before->empty()) {
    const file_time first = now.shown_at == 0 ? commit : std::min(commit, now.shown_at);
    return std::make_shared<const shown_runs>(shown_runs{{now.root_tree, first}});
  }
  if (before->front().tree == now.root_tree)
    return before;
  auto out = std::make_shared<shown_runs>(*before);
  shown_run fresh{now.root_tree, now.shown_at == 0 ? commit : now.shown_at};
  while (std::ranges::find(*out, fresh.since, &shown_run::since) != out->end())
    --fresh.since;
  out->insert(out->begin(), fresh);
  if (out->size() > most_runs)
    thin_out(*out);
  if (out->size() > most_runs) { // trees that come back again and again
    out->erase(out->end() - 2);
    if (out->back().tree == (out->end() - 2)->tree) // what has changed twice since is not to look as old as at first
      out->pop_back();
  }
  return out;
}

shown_times::shown_times(const fs::path& cache_dir, fs::path mountpoint)
  : folder_(cache_dir / shown_times_name),
    mountpoint_(std::move(mountpoint)) {}

// The place, so that a file which was named for another one is seen to be wrong; its length, because it may hold any
// bytes.
std::string shown_times::head_of(const std::string& place) const {
  const std::string where = mountpoint_.string() + '\0' + place;
  return fmt::format("{}{} {}\n", first_line, where.size(), where);
}

fs::path shown_times::file_of(const std::string& place) const {
  return folder_ / sha1{}.update(head_of(place)).finish().hex();
}

shown_runs_ptr shown_times::read(const std::string& place) const {
  const fs::path file = file_of(place);
  std::error_code status;
  if (!fs::exists(file, status))
    return nullptr;
  std::ifstream in{file, std::ios::binary};
  std::string text(most_bytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  if (auto out = text.size() <= most_bytes ? parse(text, head_of(place)) : std::nullopt)
    return std::make_shared<const shown_runs>(std::move(*out));
  log::warn("{} is damaged, or of another version: files have the times of commits again", file.string());
  return nullptr;
}

void shown_times::write(const std::string& place, const shown_runs& what) const {
  std::string text = head_of(place);
  for (const shown_run& each : what)
    text += fmt::format("{} {}\n", each.tree.hex(), each.since);
  text += sha1{}.update(text).finish().hex() + '\n';
  const fs::path file = file_of(place);
  std::error_code status;
  const bool is_new = !fs::exists(file, status);
  fs::create_directories(folder_, status);
  std::string fresh = file.string() + ".XXXXXX";
  unique_fd out{::mkostemp(fresh.data(), O_CLOEXEC)};
  if (!out) {
    log::debug("{}", system_failure(errno, "cannot write " + file.string()).message);
    return;
  }
  auto written = write_at(out.get(), text, 0, "cannot write " + file.string());
  out.reset();
  if (!written || ::rename(fresh.c_str(), file.c_str()) != 0) {
    ::unlink(fresh.c_str());
    log::debug("cannot write {}", file.string());
  } else if (is_new) {
    forget_oldest(folder_);
  }
}

} // namespace gitfs
