// The mesa service on a loopback port: its REST API over the snapshots of a real repository.
#pragma once

#include "test/support/fault_server.hpp"

#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace gitfs::test {

struct mesa_options {
  std::size_t page = 3;           ///< entries or repositories in a page
  std::size_t deepest = 1000;     ///< levels that one answer lists at most
  std::string key = "secret-key"; ///< of every organisation
  bool git_ids = true;            ///< false: directories are named by something that is no git tree
  bool endless = false;           ///< the last page of a directory names the first again
  std::set<std::string> hidden{}; ///< paths that are not listed
};

/// One entry of a snapshot, as `git ls-tree -r -t -l` gives it.
struct mesa_entry {
  std::string mode, sha, path;
  std::uint64_t size = 0;
};

/// While it lives, SIGCHLD waits for its thread: Boost.Test has a handler for that, and it interrupts what the thread
/// asks a mount when other threads have children.
class children_unheard {
public:
  children_unheard();
  ~children_unheard();
  children_unheard(const children_unheard&) = delete;
  children_unheard& operator=(const children_unheard&) = delete;

private:
  sigset_t before_{};
};

/// Made and ended on one thread, for which SIGCHLD waits meanwhile.
class mesa_server {
public:
  using options = mesa_options;

  /// Serves the bare `repository` as ORG/NAME for each of `names` ("org/name").
  mesa_server(std::filesystem::path repository, std::vector<std::string> names, options how = {});

  /// One more of `names`.
  void add(const std::string& name);

  std::string url() const { return "http://" + server_.host() + "/api"; }
  fault_server& faults() { return server_; }

  /// Answers the request as without a fault. For a scripted fault that wants to change it.
  std::string answer(const recorded_request& request, int& status, std::string& type);
  void serve(fault_exchange& exchange);

  /// Targets of the requests so far, without "/api".
  std::vector<std::string> targets() const;
  std::size_t requests() const { return server_.requests().size(); }

  /// The time that is told of a path.
  static std::int64_t time_of(const std::string& path);
  /// What is listed of a ref, by path; "" is its root.
  const std::map<std::string, mesa_entry>& snapshot(const std::string& ref);
  /// The id that a directory is told to have.
  std::string answered_id(const mesa_entry& entry) const;

private:
  struct asked;

  std::string repositories(const std::string& org, const asked& what) const;
  std::string content(const asked& what, int& status, std::string& type, bool raw);

  std::vector<std::string> names() const;

  children_unheard unheard_; // the threads of the server run git
  std::filesystem::path repository_;
  options how_;
  mutable std::mutex mutex_;
  std::vector<std::string> names_;
  std::map<std::string, std::map<std::string, mesa_entry>> snapshots_; // by what git resolves a ref to
  fault_server server_;                                                // last: its threads use the rest
};

} // namespace gitfs::test
