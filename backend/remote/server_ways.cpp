#include "backend/remote/server_ways.hpp"

#include "backend/os/url.hpp"
#include "backend/remote/server_ways_file.hpp"
#include "config/log.hpp"
#include "config/paths.hpp"

#include <algorithm>
#include <cerrno>
#include <ctime>

namespace gitfs {

namespace {

enum class wanted : std::uint8_t { commits, objects, sizes };

constexpr struct {
  way_form form;
  std::string_view name;
  wanted kind;
  object_filter filter;
} forms[] = {
    {way_form::commit_tree_1, "commit tree:1", wanted::commits, object_filter::tree_1},
    {way_form::commit_tree_0, "commit tree:0", wanted::commits, object_filter::tree_0},
    {way_form::commit_blob_none, "commit blob:none", wanted::commits, object_filter::blob_none},
    {way_form::commit_whole, "commit without a filter", wanted::commits, object_filter::none},
    {way_form::object_tree_0, "object tree:0", wanted::objects, object_filter::tree_0},
    {way_form::object_tree_1, "object tree:1", wanted::objects, object_filter::tree_1},
    {way_form::object_blob_none, "object blob:none", wanted::objects, object_filter::blob_none},
    {way_form::object_alone, "object without a filter", wanted::objects, object_filter::none},
    {way_form::sizes, "object-info", wanted::sizes, object_filter::none},
};
static_assert(std::size(forms) == way_forms);

const auto& row_of(way_form form) {
  return forms[static_cast<std::size_t>(form)];
}

/// The ways for each need, the cheapest first. Measured by `scripts/filters` on the Linux source, with 50 ms before
/// each answer: commit and root tree take 64 ms by tree:1, 120 ms by tree:0 and then the tree, 200 ms by blob:none (of
/// a repository with 100,000 folders: 4.8 s). Of 4,096 trees tree:0 brings those that no other wanted one lists in 0.13
/// s, tree:1 takes 0.5 s and three times the bytes. 4,096 blobs come fastest by tree:0. Without a filter nothing limits
/// what comes, so such a way comes last, and there is none for trees.
constexpr fetch_way ways[] = {
    {fetch_need::commit, way_form::commit_tree_1},
    {fetch_need::commit, way_form::commit_tree_0}, // the root tree takes another request
    {fetch_need::commit, way_form::commit_blob_none},
    {fetch_need::commit, way_form::commit_whole},
    {fetch_need::all_trees, way_form::commit_blob_none},
    {fetch_need::trees, way_form::object_tree_0},
    {fetch_need::trees, way_form::object_tree_1},
    {fetch_need::trees, way_form::object_blob_none}, // brings all trees below, too
    {fetch_need::blobs, way_form::object_tree_0},
    {fetch_need::blobs, way_form::object_blob_none},
    {fetch_need::blobs, way_form::object_alone},
    {fetch_need::snapshot, way_form::commit_whole},
};

bool does_not_work(verdict is) {
  return is == verdict::refused || is == verdict::lacking;
}

/// True if a server with these capabilities may be sent a request of this form.
bool offered(way_form form, const capabilities& can) {
  const auto& row = row_of(form);
  if (row.kind == wanted::commits && !can.fetch_shallow)
    return false;
  return row.filter == object_filter::none
         || (can.fetch_filter && (row.filter != object_filter::tree_1 || can.deep_tree_filter));
}

/// Seconds. To replace a file makes ext4 write it to the disk: of 200 repositories, each in turn, that was a fifth of
/// the time to walk them (`scripts/bench --row deploy-walk`).
constexpr std::int64_t between_offers = 5;

/// As the file can have it.
bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

/// Calls `what` for all forms to which the verdict on `form` applies: a filter that is refused is refused whatever is
/// wanted.
template <class Function>
void each_alike(way_form form, verdict is, Function what) {
  const auto& row = row_of(form);
  for (const auto& other : forms)
    if (other.form == form
        || (is == verdict::refused && row.filter != object_filter::none && other.filter == row.filter))
      what(other.form);
}

} // namespace

std::string_view name_of(object_filter filter) {
  constexpr std::string_view names[] = {"", "blob:none", "tree:0", "tree:1"};
  return names[static_cast<std::size_t>(filter)];
}

std::string_view name_of(way_form form) {
  return row_of(form).name;
}

std::string_view name_of(verdict is) {
  constexpr std::string_view names[] = {"unknown", "works", "refused", "lacking"};
  return names[static_cast<std::size_t>(is)];
}

std::vector<way_form> ways_for(fetch_need need) {
  std::vector<way_form> out;
  for (const fetch_way& each : ways)
    if (each.need == need)
      out.push_back(each.form);
  return out;
}

object_filter filter_of(way_form form) {
  return row_of(form).filter;
}

server_place place_of(const std::string& url) {
  const auto parts = parse_url(url);
  return parts ? server_place{parts.value().origin(), parts.value().path} : server_place{url, {}};
}

server_ways::server_ways(std::filesystem::path file, clock_source now)
  : file_(std::move(file)),
    now_(now ? std::move(now) : [] { return static_cast<std::int64_t>(std::time(nullptr)); }),
    hosts_(file_.empty() ? learned_hosts{} : read_learned_hosts(file_, now_())) {}

server_ways::~server_ways() {
  try {
    write_offers(unwritten_);
  } catch (const std::exception& thrown) { // out of memory: it is learned again
    log::debug("cannot write {}: {}", file_.string(), thrown.what());
  }
}

std::filesystem::path server_ways::file_in(const std::filesystem::path& cache_dir) {
  return cache_dir / learned_hosts_name;
}

learned_way server_ways::known(const server_place& place, way_form form, bool own) const {
  const auto host = hosts_.find(place.host);
  if (host == hosts_.end())
    return {};
  const auto index = static_cast<std::size_t>(form);
  const auto repository = host->second.repositories.find(place.path);
  if (repository != host->second.repositories.end() && repository->second[index].is != verdict::unknown)
    return repository->second[index];
  return own ? learned_way{} : host->second.ways[index];
}

verdict server_ways::of(const server_place& place, way_form form) const {
  const std::lock_guard lock{mutex_};
  used_.emplace(place.host, place.path);
  return known(place, form, false).is;
}

verdict server_ways::of_repository(const server_place& place, way_form form) const {
  const std::lock_guard lock{mutex_};
  return known(place, form, true).is;
}

void server_ways::learn(const server_place& place, way_form form, verdict is, const std::string& why) {
  struct change {
    std::string path; // empty: of the host
    way_form form;
  };
  std::vector<change> changes;
  const learned_way what{is, now_()};
  {
    const std::lock_guard lock{mutex_};
    used_.emplace(place.host, place.path);
    if (does_not_work(is))
      ++failures_;
    each_alike(form, is, [&](way_form each) {
      const verdict before = known(place, each, false).is, own = known(place, each, true).is;
      // A refusal by the repository is kept even if the same is known of its host, because ways that failed at the host
      // are tried when no other is left, and ways that failed at the repository are not.
      if (before == is && (own == is || !does_not_work(is)))
        return;
      learned_host& host = hosts_[place.host];
      learned_way& of_host = host.ways[static_cast<std::size_t>(each)];
      if (of_host.is == verdict::unknown) {
        of_host = what;
        changes.push_back({{}, each});
      }
      if (of_host.is != is || own != verdict::unknown || does_not_work(is)) {
        host.repositories[place.path][static_cast<std::size_t>(each)] = what;
        changes.push_back({place.path, each});
      }
    });
    changed_.notify_all();
  }
  if (changes.empty())
    return;
  if (does_not_work(is))
    log::info("{}{}: \"{}\" does not work there ({}): {}", place.host, place.path, name_of(form), name_of(is), why);
  write([&](learned_hosts& all) {
    learned_host& host = all[place.host];
    for (const change& each : changes)
      (each.path.empty() ? host.ways : host.repositories[each.path])[static_cast<std::size_t>(each.form)] = what;
  });
}

void server_ways::write(const std::function<void(learned_hosts&)>& change) const {
  if (file_.empty())
    return;
  const std::lock_guard lock{file_mutex_};
  change_learned_hosts(file_, change, now_());
}

std::optional<capabilities> server_ways::capabilities_of(const server_place& place) const {
  const std::lock_guard lock{mutex_};
  const auto host = hosts_.find(place.host);
  if (host == hosts_.end())
    return std::nullopt;
  const auto found = host->second.offers.find(place.path);
  if (found == host->second.offers.end() || !is_recent(found->second, now_()))
    return std::nullopt;
  return found->second.what;
}

void server_ways::learn_capabilities(const server_place& place, const capabilities& told) {
  const learned_capabilities what{told, now_()};
  const bool kept = told.fetch_filter && told.fetch_shallow && is_ascii(told.agent) && is_ascii(place.path);
  learned_hosts due;
  bool had = false;
  {
    const std::lock_guard lock{mutex_};
    had = hosts_[place.host].offers.erase(place.path) != 0;
    unwritten_[place.host].offers.erase(place.path);
    if (kept) {
      hosts_[place.host].offers[place.path] = unwritten_[place.host].offers[place.path] = what;
      if (what.at < written_ || what.at >= written_ + between_offers) {
        due = std::exchange(unwritten_, {});
        written_ = what.at;
      }
    }
  }
  if (!kept && had)
    write([&](learned_hosts& all) { all[place.host].offers.erase(place.path); });
  write_offers(due);
}

void server_ways::write_offers(const learned_hosts& from) const {
  if (from.empty())
    return;
  write([&](learned_hosts& all) {
    for (const auto& [name, host] : from)
      for (const auto& [path, offer] : host.offers)
        all[name].offers[path] = offer;
  });
}

bool server_ways::begin_probe(const server_place& place, way_form form) {
  const std::lock_guard lock{mutex_};
  return probed_.emplace(place.host, form).second;
}

void server_ways::end_probe(const server_place& place, way_form form) {
  const std::lock_guard lock{mutex_};
  probed_.erase({place.host, form});
  changed_.notify_all();
}

result<void> server_ways::await_probe(const server_place& place, way_form form, const std::stop_token& stop,
                                      std::chrono::steady_clock::time_point deadline) {
  std::unique_lock lock{mutex_};
  const bool ended = changed_.wait_until(lock, stop, deadline, [&] {
    return !probed_.contains({place.host, form}) || known(place, form, false).is != verdict::unknown;
  });
  if (stop.stop_requested())
    return fail(ECANCELED, "the request was cancelled");
  if (!ended)
    return fail(ETIMEDOUT, "the server did not answer within the time limit");
  return success();
}

bool server_ways::warn(const std::string& text) {
  constexpr std::size_t most = 100; // programs can look up any name of a ref
  const std::lock_guard lock{mutex_};
  if (warnings_.size() == most || std::ranges::find(warnings_, text) != warnings_.end())
    return false;
  warnings_.push_back(text);
  return true;
}

std::string server_ways::warnings() const {
  const std::lock_guard lock{mutex_};
  std::string out;
  for (const std::string& each : warnings_)
    out += each + '\n';
  return out;
}

std::string server_ways::text() const {
  const std::lock_guard lock{mutex_};
  std::string out;
  const auto add = [&out](const std::string& name, const learned_ways& ways) {
    std::string list;
    for (std::size_t i = 0; i < ways.size(); ++i)
      if (ways[i].is != verdict::unknown)
        ((list += list.empty() ? "" : ", ") += name_of(static_cast<way_form>(i))) +=
            " " + std::string{name_of(ways[i].is)};
    if (!list.empty())
      out += name + ": " + list + '\n';
  };
  std::string last;
  for (const auto& [name, path] : used_) {
    const auto host = hosts_.find(name);
    if (host == hosts_.end())
      continue;
    if (std::exchange(last, name) != name)
      add(name, host->second.ways);
    if (const auto own = host->second.repositories.find(path); own != host->second.repositories.end())
      add(name + path, own->second);
  }
  return out;
}

std::vector<std::pair<std::string, std::uint64_t>> server_ways::counters() const {
  const std::lock_guard lock{mutex_};
  std::uint64_t taken = 0, not_taken = 0;
  std::string last;
  for (const auto& [name, path] : used_) {
    const auto host = hosts_.find(name);
    if (host == hosts_.end() || std::exchange(last, name) == name)
      continue;
    for (const learned_way& each : host->second.ways) {
      taken += each.is == verdict::works ? 1 : 0;
      not_taken += does_not_work(each.is) ? 1 : 0;
    }
  }
  return {{"ways.failed_requests", failures_}, {"ways.not_taken", not_taken}, {"ways.taken", taken}};
}

way_search::way_search(server_ways& ways, server_place place, fetch_need need, const capabilities& can)
  : ways_(ways),
    place_(std::move(place)) {
  // A way that failed with other repositories of the host will probably fail here, too, so it is tried last. A way that
  // failed with this repository is not tried again.
  std::vector<way_form> doubtful;
  for (const way_form each : ways_for(need)) {
    if (!offered(each, can) || does_not_work(ways_.of_repository(place_, each)))
      continue;
    (does_not_work(ways_.of(place_, each)) ? doubtful : left_).push_back(each);
  }
  left_.insert(left_.end(), doubtful.begin(), doubtful.end());
}

way_search::~way_search() {
  release();
}

void way_search::release() {
  for (const way_form each : std::exchange(probed_, {}))
    ways_.end_probe(place_, each);
}

result<std::optional<way_form>> way_search::next(const std::stop_token& stop,
                                                 std::chrono::steady_clock::time_point deadline) {
  present_.reset();
  while (!left_.empty()) {
    const way_form form = left_.front();
    // The last way that is left is used whatever is known of it, so it need not be probed.
    if (ways_.of(place_, form) == verdict::unknown && left_.size() > 1) {
      if (!ways_.begin_probe(place_, form)) {
        GITFS_TRYV(ways_.await_probe(place_, form, stop, deadline));
        const bool here = does_not_work(ways_.of_repository(place_, form));
        if (here || does_not_work(ways_.of(place_, form)))
          left_.erase(left_.begin());
        if (!here && does_not_work(ways_.of(place_, form)))
          left_.push_back(form); // it failed with another repository; it may work here, and is tried after the others
        continue;
      }
      probed_.push_back(form);
    }
    left_.erase(left_.begin());
    present_ = form;
    tried_.push_back(form);
    return present_;
  }
  return std::optional<way_form>{};
}

void way_search::works() {
  if (!present_)
    return;
  ways_.learn(place_, *present_, verdict::works);
  for (const failed& each : std::exchange(failed_, {}))
    ways_.learn(place_, each.form, each.is, each.why);
  release();
}

void way_search::fails(verdict is, std::string why) {
  if (present_)
    failed_.push_back({*present_, is, std::move(why)});
}

std::string way_search::tried() const {
  std::string out;
  for (const way_form each : tried_)
    (out += out.empty() ? "" : ", ") += name_of(each);
  return out;
}

} // namespace gitfs
