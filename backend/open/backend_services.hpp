// What the repositories of one process share: connections, threads, the keepers of cache folders, and what
// was learned of servers.
#pragma once

#include "backend/http/http_client.hpp"
#include "backend/os/worker_pool.hpp"
#include "backend/remote/server_ways.hpp"
#include "backend/store/upkeep/cache_keeper.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace gitfs {

/// Thread-safe. Threads begin with the first use, so not to be used across a fork from then on. Whoever uses it holds
/// it; the last one must not let go of it on a thread of `workers` or of a keeper.
class backend_services {
public:
  explicit backend_services(http_client_options http = {}, worker_limits workers = {})
    : http_(std::move(http)),
      workers_(workers) {}

  http_client& http() { return http_; }
  worker_pool& workers() { return workers_; }

  /// The one that looks after `cache_dir`; it ends with the last who holds it.
  std::shared_ptr<cache_keeper> keeper_of(const std::filesystem::path& cache_dir);
  /// What was learned of servers by who uses `cache_dir`.
  std::shared_ptr<server_ways> ways_of(const std::filesystem::path& cache_dir);

private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<cache_keeper>> keepers_; // by canonical path
  std::map<std::string, std::shared_ptr<server_ways>> ways_;   // the same
  http_client http_;
  worker_pool workers_; ///< last: its threads use the client
};

/// Parts of it for those who need no more; each holds the whole. Null: there are no services.
std::shared_ptr<http_client> shared_http(const std::shared_ptr<backend_services>& services);
std::shared_ptr<worker_pool> shared_workers(const std::shared_ptr<backend_services>& services);
std::function<std::shared_ptr<cache_keeper>(const std::filesystem::path&)>
shared_keepers(const std::shared_ptr<backend_services>& services);

} // namespace gitfs
