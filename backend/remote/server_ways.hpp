// Server ways: the forms of request by which a git server can be asked for objects, and what is known about which of
// them a server takes.
//
// Servers that advertise "filter" take different filters, and some apply them to wanted objects, too. So a way is
// tried, judged by what arrived, and remembered for the host, or for a repository that differs from its host.
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

/// A form of request that a server either takes or not: a filter with wanted commits, a filter with other wanted
/// objects, or `object-info`.
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

/// The ways to meet `need`, the cheapest first. Comments in the table say what makes a way expensive.
std::vector<way_form> ways_for(fetch_need need);
object_filter filter_of(way_form form);
/// The name in logs and in the file, such as "commit tree:1".
std::string_view name_of(way_form form);

enum class verdict : std::uint8_t {
  unknown,
  works,
  refused, ///< the server answers with an error, or not at all
  lacking, ///< the answer does not bring the wanted objects
};
std::string_view name_of(verdict is);

struct learned_way {
  verdict is = verdict::unknown;
  std::int64_t at = 0; ///< when it was learned, in seconds since 1970
  bool operator==(const learned_way&) const = default;
};
using learned_ways = std::array<learned_way, way_forms>;

struct learned_capabilities {
  capabilities what;
  std::int64_t at = 0; ///< when the server told them, in seconds since 1970
  bool operator==(const learned_capabilities&) const = default;
};

/// What is known about one host: the ways of most repositories there, and, by the path of their URL, those of
/// repositories that differ, and the capabilities of each repository.
struct learned_host {
  learned_ways ways;
  std::map<std::string, learned_ways> repositories;
  std::map<std::string, learned_capabilities> offers;
  bool operator==(const learned_host&) const = default;
};
/// All hosts by their origin, such as "https://example.org".
using learned_hosts = std::map<std::string, learned_host>;

/// Where a repository is: its host and its path.
struct server_place {
  std::string host; ///< origin
  std::string path;
};
/// The place of a repository by its URL, which has no credentials.
server_place place_of(const std::string& url);

/// What is known about all servers; the repositories of a mount share it. Thread-safe.
class server_ways {
public:
  using clock_source = std::function<std::int64_t()>; ///< seconds since 1970

  /// Begins with the contents of `file`, and writes there what is learned; "": there is no file. Other processes may
  /// use the file at the same time. A damaged file is ignored, with a line in the log, and written anew.
  explicit server_ways(std::filesystem::path file = {}, clock_source now = {});
  ~server_ways();
  server_ways(const server_ways&) = delete;
  server_ways& operator=(const server_ways&) = delete;

  /// The file of a cache folder.
  static std::filesystem::path file_in(const std::filesystem::path& cache_dir);

  /// The verdict on a form at this place: from the repository's own experience, else from that of its host.
  verdict of(const server_place& place, way_form form) const;
  /// The verdict from the repository's own experience alone.
  verdict of_repository(const server_place& place, way_form form) const;

  /// Records a verdict. `why`: for the log, if the form does not work.
  void learn(const server_place& place, way_form form, verdict is, const std::string& why = {});

  /// The capabilities that the server told for this repository at most a day ago.
  std::optional<capabilities> capabilities_of(const server_place& place) const;
  /// Records what the server told. Not kept if it offers no filters: who changes that is to see it at once. Written to
  /// the file some seconds after the last writing, or at the end.
  void learn_capabilities(const server_place& place, const capabilities& told);

  /// For an operation that is about to use a form about which nothing is known. `begin_probe` returns true if this
  /// operation is to find out, and then must call `end_probe`; false if another operation does so already, for which
  /// `await_probe` waits. ECANCELED, ETIMEDOUT: how that wait may end.
  bool begin_probe(const server_place& place, way_form form);
  void end_probe(const server_place& place, way_form form);
  result<void> await_probe(const server_place& place, way_form form, const std::stop_token& stop,
                           std::chrono::steady_clock::time_point deadline);

  /// Lines "HOST[PATH]: WAY VERDICT, ..." for people, for each host and repository that was used in this process.
  std::string text() const;
  /// Notes something about a source that its users should know. True: it is new.
  bool warn(const std::string& text);
  /// The texts that `warn` was given in this process, as lines.
  std::string warnings() const;
  /// Names and values for `gitfs-actor stats`.
  std::vector<std::pair<std::string, std::uint64_t>> counters() const;

private:
  void write(const std::function<void(learned_hosts&)>& change) const;
  void write_offers(const learned_hosts& from) const;
  learned_way known(const server_place& place, way_form form, bool own) const;

  const std::filesystem::path file_;
  const clock_source now_;
  mutable std::mutex mutex_;
  mutable std::mutex file_mutex_; // of two threads that write at once the changes of one would be lost
  std::condition_variable_any changed_;
  learned_hosts hosts_;
  learned_hosts unwritten_;                                    // offers
  std::int64_t written_ = 0;                                   // when offers were written last
  mutable std::set<std::pair<std::string, std::string>> used_; // hosts and paths
  std::set<std::pair<std::string, way_form>> probed_;
  std::vector<std::string> warnings_;
  std::uint64_t failures_ = 0; // requests that have shown that a way does not work
};

/// The search of one operation for a way that works, one way after the other. Used by one thread.
class way_search {
public:
  /// `ways` outlives it.
  way_search(server_ways& ways, server_place place, fetch_need need, const capabilities& can);
  ~way_search();
  way_search(const way_search&) = delete;
  way_search& operator=(const way_search&) = delete;

  /// The next way. None: there is no other one. Waits while another operation probes that way. ECANCELED: stopped.
  /// ETIMEDOUT: the deadline has passed.
  result<std::optional<way_form>> next(const std::stop_token& stop, std::chrono::steady_clock::time_point deadline);

  /// The answer shows that the present way works. So the failures of the ways before it were the fault of these ways.
  void works();
  /// The present way has brought nothing. Only when another way works is it known that this was the way's fault.
  void fails(verdict is, std::string why);
  bool known_to_work(way_form form) const { return ways_.of(place_, form) == verdict::works; }
  /// The ways that were tried, for messages: "tree:0, tree:1".
  std::string tried() const;

private:
  void release();

  server_ways& ways_;
  const server_place place_;
  std::vector<way_form> left_; // in the order in which they are tried
  std::optional<way_form> present_;
  /// The forms that this search probes for others, too. They are held until the verdict is known, and acquired in the
  /// order of the forms, so that no two searches wait for each other.
  std::vector<way_form> probed_;
  struct failed {
    way_form form;
    verdict is;
    std::string why;
  };
  std::vector<failed> failed_; // not recorded yet
  std::vector<way_form> tried_;
};

} // namespace gitfs
