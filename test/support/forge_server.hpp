// The REST APIs of GitHub, Gitea and GitLab over bare repositories on loopback, by test/forge/forge_server.js: what it
// says as GitHub is checked with GitHub's own description of its API.
#pragma once

#include "test/support/background.hpp"
#include "test/support/temp_dir.hpp"

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs::test {

struct forge_request {
  std::string line; ///< "GET /api/v3/users/x"
  int status = 0;
  std::string authorization; ///< the header
  std::string wrong;         ///< what GitHub's description says against the request or its answer
};

/// Lives as long as its object.
class forge_server {
public:
  /// Serves ROOT/OWNER/REPO.git; forge_server.js says what else may be there.
  explicit forge_server(std::filesystem::path root);
  ~forge_server();
  forge_server(const forge_server&) = delete;
  forge_server& operator=(const forge_server&) = delete;

  std::string url() const { return url_; }
  std::string github() const { return url_ + "/api/v3"; }
  std::string gitea() const { return url_ + "/api/v1"; }
  std::string gitlab() const { return url_ + "/api/v4"; }

  /// JSON: limits and faults, as forge_server.js has them; "{}" ends them.
  void set(const std::string& settings);

  /// So far, or since clear_requests. Throws if one of them is wrong.
  std::vector<forge_request> requests() const;
  /// Those whose line has this in it.
  std::size_t count(std::string_view part = {}) const;
  void clear_requests();

private:
  std::filesystem::path root_;
  temp_dir state_;
  std::string url_;
  std::size_t set_ = 0;
  std::size_t read_from_ = 0; ///< requests before are not counted
  std::optional<background> process_;
};

} // namespace gitfs::test
