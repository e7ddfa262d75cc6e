// Services with many repositories on loopback, as suites of mounts use them.
#pragma once

#include "test/support/config_text.hpp"
#include "test/support/forge_server.hpp"
#include "test/support/git_server.hpp"
#include "test/support/mesa_server.hpp"
#include "test/support/mount.hpp"
#include "test/support/scratch_repository.hpp"
#include "test/support/temp_dir.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace gitfs::test {

/// What each repository of served_hosts is a copy of.
const scratch_repository& hosted_repository();

/// Owners and their repositories, asked as GitHub, Gitea, GitLab, a git server, or mesa.
struct served_hosts {
  temp_dir dir;
  std::filesystem::path root = dir / "root";
  std::optional<git_server> git;
  std::optional<forge_server> forge;
  std::optional<mesa_server> mesa; ///< once serve_mesa was called

  served_hosts();
  void serve_mesa();
  /// One more: "Octo/hello".
  void add(const std::string& name);

  /// The entry of a host in a config file. `more`: further keys; `modifiers`: of the git server's URL.
  std::string entry(const std::string& kind, const std::string& more = {}, const std::string& modifiers = {}) const;
  /// With that host alone, at hub.
  mount shows(const std::string& kind, const std::string& more = {}, const std::string& modifiers = {},
              const std::string& settings = {}) const;
};

} // namespace gitfs::test
