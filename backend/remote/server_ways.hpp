// Ways to ask a git server for objects, and what is known of which way a server takes.
//
// Servers that say "filter" take different ones, and some apply it to wanted objects too. So a way is tried, judged by
// what came, and remembered for the host; where repositories of one host differ, for the repository.
#pragma once

#include "backend/remote/capabilities.hpp"
#include "backend/remote/upstream.hpp"
#include "config/error.hpp"

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// The `filter` line of a fetch, as git's `--filter` spells it (gitprotocol-v2, "filter").
enum class object_filter : std::uint8_t { none, blob_none, tree_0, tree_1 };
std::string_view name_of(object_filter filter);

/// A form of request that a server takes or not, whatever it is used for: a filter with wanted commits or with other
/// wanted objects, or `object-info`.
enum class way_form : std::uint8_t {
  commit_tree_1,
  commit_tree_0,
  commit_blob_none,
  commit_whole,
  object_tree_0,
  object_tree_1,
  object_blob_none,
  object_alone,
  sizes,
  count
};
inline constexpr std::size_t way_forms = static_cast<std::size_t>(way_form::count);

/// One way to meet a need.
struct fetch_way {
  fetch_need need;
  way_form form;
};

/// The ways to meet `need`, the cheapest first. What is dear in one of them is said in its row of the table.
std::vector<way_form> ways_for(fetch_need need);
object_filter filter_of(way_form form);
/// As in logs and in the file: "commit tree:1".
std::string_view name_of(way_form form);

enum class verdict : std::uint8_t {
  unknown,
  works,
  refused, ///< an error in place of the answer, or none at all
  lacking, ///< an answer without what was wanted
};
std::string_view name_of(verdict is);

struct learned_way {
  verdict is = verdict::unknown;
  std::int64_t at = 0; ///< seconds since 1970
  bool operator==(const learned_way&) const = default;
};
using learned_ways = std::array<learned_way, way_forms>;

/// What is known of one host: of most repositories there, and of those that differ, by the path of their URL.
struct learned_host {
  learned_ways ways;
  std::map<std::string, learned_ways> repositories;
  bool operator==(const learned_host&) const = default;
};
/// By origin: "https://example.org".
using learned_hosts = std::map<std::string, learned_host>;

/// Where a repository is.
struct server_place {
  std::string host; ///< origin
  std::string path;
};
/// Of a URL without credentials.
server_place place_of(const std::string& url);

/// What is known of all servers, shared by the repositories of a mount. Thread-safe.
class server_ways {
public:
  using clock_source = std::function<std::int64_t()>; ///< seconds since 1970

  /// Begins with what `file` holds, and keeps there what is learned; "": nothing is kept. Other processes may use the
  /// file at once. One that is damaged is ignored, with a line in the log, and written anew.
  explicit server_ways(std::filesystem::path file = {}, clock_source now = {});

  /// The file of a cache folder.
  static std::filesystem::path file_in(const std::filesystem::path& cache_dir);

  /// What is known of a form at this place: by the repository's own experience, else by the host's.
  verdict of(const server_place& place, way_form form) const;
  /// The same, without what other repositories of the host have shown.
  verdict of_repository(const server_place& place, way_form form) const;

  /// `why`: for the log, of a form that does not work.
  void learn(const server_place& place, way_form form, verdict is, const std::string& why = {});

  /// For an operation that is about to use a form of which nothing is known. True: it finds out, and must call
  /// `end_probe`. False: another operation does so meanwhile. ECANCELED, ETIMEDOUT: as the wait for that ends.
  bool begin_probe(const server_place& place, way_form form);
  void end_probe(const server_place& place, way_form form);
  result<void> await_probe(const server_place& place, way_form form, const std::stop_token& stop,
                           std::chrono::steady_clock::time_point deadline);

  /// "HOST[PATH]: WAY VERDICT, ..." for people, a line for each host and repository that was used in this process.
  std::string text() const;
  /// Names and values for `gitfs-actor stats`.
  std::vector<std::pair<std::string, std::uint64_t>> counters() const;

private:
  learned_way known(const server_place& place, way_form form, bool own) const;
  void put(const server_place& place, way_form form, const learned_way& what);

  const std::filesystem::path file_;
  const clock_source now_;
  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  learned_hosts hosts_;
  mutable std::set<std::pair<std::string, std::string>> used_; // hosts and paths
  std::set<std::pair<std::string, way_form>> probed_;
  std::uint64_t failures_ = 0; // requests that showed that a way does not work
};

/// The ways of one operation, one after the other. Used by one thread.
class way_search {
public:
  /// `ways` outlives it.
  way_search(server_ways& ways, server_place place, fetch_need need, const capabilities& can);
  ~way_search();
  way_search(const way_search&) = delete;
  way_search& operator=(const way_search&) = delete;

  /// The next way; none: there is no other. Waits while another operation finds out about it. ECANCELED: stopped.
  /// ETIMEDOUT: at the deadline.
  result<std::optional<way_form>> next(const std::stop_token& stop, std::chrono::steady_clock::time_point deadline);

  /// What has come shows that the present way works. So what did not come by those before is their fault.
  void works();
  /// The present way brought nothing. Whether it is its fault is known when another works.
  void fails(verdict is, std::string why);
  bool known_to_work(way_form form) const { return ways_.of(place_, form) == verdict::works; }
  /// Those that were tried, for messages: "tree:0, tree:1".
  std::string tried() const;

private:
  void release();

  server_ways& ways_;
  const server_place place_;
  std::vector<way_form> left_; // in the order in which they are tried
  std::optional<way_form> present_;
  /// What it finds out for others, too. Kept until it is known, and taken in the order of the forms, so that no two
  /// searches wait for each other.
  std::vector<way_form> probed_;
  struct failed {
    way_form form;
    verdict is;
    std::string why;
  };
  std::vector<failed> failed_; // not told yet
  std::vector<way_form> tried_;
};

} // namespace gitfs
