// Asks the mesa service questions, and blocks until they are answered.
#pragma once

#include "backend/http/rest_client.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/mesa/mesa_api.hpp"
#include "config/error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// Gives the key of an organisation. It is read anew each time, because it may be replaced while the mount runs.
/// EACCES: there is none; the message says where to put it.
using mesa_key_source = std::function<result<std::string>(const std::string& org)>;

/// Is called with each piece of an answer as it arrives. An error ends the request with that error.
using mesa_progress = std::function<result<void>(std::string_view piece)>;

/// Thread-safe. Calls block until the operation's deadline at most, and count their requests in the operation. Errors
/// as rest_client's, and as those of the parsers in mesa_api.
class mesa_client {
public:
  /// `base`: without trailing slashes.
  mesa_client(std::string base, upstream_limits limits, mesa_key_source keys,
              std::shared_ptr<http_client> client = nullptr);

  result<mesa_repository_facts> repository(operation& op, const std::string& org, const std::string& name);
  struct repository_list {
    std::vector<mesa_repository_facts> repositories;
    bool complete = true;
  };
  /// The repositories on all pages, or on the first page. EIO: the pages have no end.
  result<repository_list> repositories(operation& op, const std::string& org, bool first_page = false);

  struct directory {
    std::string org, repository;
    std::string ref, path;
    std::size_t depth = 1;
    std::string cursor{};
  };
  result<std::vector<mesa_page>> list(operation& op, const directory& what, const mesa_progress& progress = nullptr);

  /// Passes a file's bytes to `progress`. `begin` is called before the first bytes of each attempt.
  result<void> read_file(operation& op, const directory& what, const std::function<result<void>()>& begin,
                         const mesa_progress& progress);
  /// A symlink's target.
  result<std::string> read_link(operation& op, const directory& what, const mesa_progress& progress = nullptr);

  const std::string& display() const { return rest_.display(); }
  const upstream_limits& limits() const { return limits_; }
  upstream_counters counters() const { return rest_.counters(); }
  operation begin(std::stop_token stop) const;

private:
  using json_reader = std::function<result<void>(const rapidjson::Document&)>;
  result<void> ask(operation& op, const std::string& org, const std::string& path, const mesa_progress& progress,
                   const json_reader& use);

  const upstream_limits limits_;
  const mesa_key_source keys_;
  rest_client rest_;
};

} // namespace gitfs
