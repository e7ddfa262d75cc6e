// The tree above the repositories: what stands at which place, what is known of it, and who waits to know more.
#pragma once

#include "actors/volume.hpp"
#include "actors/want.hpp"
#include "backend/repository_host.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// Numbered in the order in which they become known, from 1.
using place_number = std::uint32_t;
using repository_number = std::uint32_t;
using call_number = std::uint64_t;

/// A directory's actor, by its id, and its own number for what it asks.
using place_asker = std::pair<std::uint64_t, want_id>;

/// What a directory is told of its place.
struct place_answer {
  int code = 0;      ///< an errno, and nothing else; 0: one of the following
  shown_ptr shown{}; ///< it is the root of this snapshot
  /// Else: of the directories in it, which are all that there can be (`complete`) or that are known so far.
  std::vector<std::string> names{};
  bool complete = false;
};

/// Where a repository comes from: the entry of a deployment, or what a host has at a path.
struct repository_origin {
  const shown_repository* entry = nullptr;
  std::shared_ptr<repository_host> host{};
  std::vector<std::string> path{}; ///< in the host
};

/// What the catalog says to others; every call returns at once.
class catalog_port {
public:
  virtual ~catalog_port() = default;
  virtual void tell(const place_asker& who, place_answer answer) = 0;
  /// Opens the repository, unless it is, and takes a snapshot of it; answered with `taken`. `from`: of a number that is
  /// new.
  virtual void take(call_number call, place_number place, repository_number number, const repository_origin& from,
                    const std::string& ref) = 0;
  /// Nobody waits for that any more.
  virtual void stop_taking(call_number call, repository_number number) = 0;
  /// repository_host::lookup, and list if `name` is empty; answered with `found` and `listed`.
  virtual void ask_host(call_number call, std::shared_ptr<repository_host> host, std::vector<std::string> path,
                        std::string name) = 0;
  virtual void stop_asking(call_number call) = 0;
  /// Leads to `may_retry`, in a second or so.
  virtual void retry_later(place_number place) = 0;
};

/// A plain class: the catalog's actor is its message face. Nothing is asked of anybody until somebody enters. Of all
/// who wait for one thing it is done once; a failure is told to all of them, and until `may_retry` to who comes then,
/// so that a crowd does not hammer a server that is down. After that the next one tries again.
class catalog {
public:
  using hosts = std::vector<std::shared_ptr<repository_host>>; ///< by their order in the deployment

  /// `tree` outlives it.
  catalog(const deployment& tree, hosts of, catalog_port& port);

  /// What is at `path` ("team/linux"; below the mountpoint)? `name`: the question is about that in it, and a list of
  /// all is not needed; empty: all. Answered by catalog_port::tell, now or later.
  void ask(const place_asker& who, std::string_view path, const std::string& name);
  /// It gave up.
  void cancel(const place_asker& who);

  void taken(call_number call, place_number place, const result<shown_ptr>& snapshot);
  void found(call_number call, const result<host_entry>& what);
  void listed(call_number call, const result<std::vector<host_entry>>& what);
  void may_retry(place_number which);

  /// What it knows and who waits, in lines for people.
  std::string describe() const;

private:
  struct place {
    place_number number = 0;
    std::map<std::string, std::unique_ptr<place>, std::less<>> children{};
    std::shared_ptr<repository_host> host{}; ///< below which it is
    std::vector<std::string> path{};         ///< in that
    const shown_repository* entry = nullptr;
    bool is_repository = false;
    std::string ref{};
    shown_ptr shown{};
    call_number taking = 0;   ///< on its way
    repository_number of = 0; ///< by which
    int refused = 0;          ///< failed a moment ago
    std::vector<place_asker> waiting{};
  };
  struct call {
    place* of = nullptr;
    std::string name{}; ///< as it was asked for, with "@REF"; empty: all
    std::vector<place_asker> waiting{};
  };

  place* at(std::string_view path);
  place& child(place& of, std::string_view name);
  place& add_found(place& to, const std::string& name, const host_entry& what);
  repository_number number_of(const place& of, bool& is_new);
  void enter_repository(const place_asker& who, place& of);
  void ask_host(const place_asker& who, place& of, const std::string& name);
  void tell_names(const place_asker& who, const place& of) const;
  void refuse(place& of, int code);
  call end(call_number number);

  catalog_port& port_;
  std::unique_ptr<place> root_;
  std::map<place_number, place*> places_;
  std::map<std::string, repository_number> repositories_; // by what tells them apart
  std::map<call_number, call> calls_;
  call_number last_call_ = 0;
};

/// True of what can be the name of a directory.
bool usable_name(std::string_view name);

} // namespace gitfs
