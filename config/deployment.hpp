// The tree that a mount shows, as plain data: which repositories and forges stand at which paths.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// Where a secret is kept; it never stands in a file of ours. With neither, git's credential helpers are asked.
struct secret_place {
  std::string environment;    ///< name of a variable; empty: none
  std::filesystem::path file; ///< absolute; read_secret says who else may be able to read it; empty: none

  bool operator==(const secret_place&) const = default;
};

/// When a ref is looked at again.
struct follow_mode {
  /// The numbers are in trace files: docs/trace-format.md.
  enum class kind_type : std::uint8_t {
    pinned = 0,     ///< never: what the ref named at first stays
    on_request = 1, ///< when asked: SIGHUP, `gitfs-actor refresh`
    polled = 2,     ///< that, and every so often
  };
  kind_type kind = kind_type::pinned;
  std::chrono::milliseconds every{0}; ///< polled only

  bool operator==(const follow_mode&) const = default;
};

/// One repository at one ref.
struct shown_repository {
  std::string path;   ///< below the mountpoint, "team/linux": no empty, "." or ".." part; empty: the mountpoint itself
  std::string source; ///< URL (may hold credentials: never print it) or absolute path of a local repository
  std::string ref;    ///< branch, tag or commit; empty: the remote's HEAD
  follow_mode follow;
  secret_place token; ///< password of an http(s) source
  /// User name that goes with it, before that of the URL; empty: that of the URL, or one that services do not look at.
  std::string username{};
  std::filesystem::path profile{}; ///< absolute; of what jobs read of it; empty: none

  bool operator==(const shown_repository&) const = default;
};

/// The numbers are in trace files: docs/trace-format.md. A kind that is added takes the next free one.
enum class forge_kind : std::uint8_t { github = 0, gitea = 1, gitlab = 2, mesa = 3, git = 4 };

/// A folder whose children, owners (or groups) and their repositories, appear when they are looked up.
struct shown_forge {
  std::string path; ///< as in shown_repository; never empty
  forge_kind kind = forge_kind::git;
  /// Base URL of the service without trailing slashes: "https://github.com", a GitHub Enterprise, Gitea or GitLab
  /// server, the API of mesa. Of `git` a template: "https://git.example/{owner}/{repo}.git".
  std::string url;
  /// Base URL of the REST API where it is not where the service usually has it; empty: there.
  std::string api;
  secret_place token;                         ///< for all owners
  std::map<std::string, secret_place> tokens; ///< by owner (mesa: organisation), before `token`
  follow_mode follow;                         ///< of the repositories in it
  std::chrono::milliseconds absent{60'000};   ///< how long it is remembered that a name is not there
  std::string username{};                     ///< of `git` only: what goes with the tokens; empty: "git"

  bool operator==(const shown_forge&) const = default;
};

/// No two paths are equal, and none is inside a repository or forge.
struct deployment {
  std::vector<shown_repository> repositories;
  std::vector<shown_forge> forges;

  bool operator==(const deployment&) const = default;
};

} // namespace gitfs
