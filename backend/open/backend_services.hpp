// The parts that all repositories of one process share: connections, threads, the keepers of cache folders, and the
// knowledge about servers.
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

/// Thread-safe. Threads begin with the first use, so it must not be used across a fork after that. Every user holds a
/// shared pointer; the last one must not be released on a thread of `workers` or of a keeper.
class backend_services {
public:
  explicit backend_services(http_client_options http = {}, worker_limits workers = {})
    : http_(std::move(http)),
      workers_(workers) {}

  http_client& http() { return http_; }
  worker_pool& workers() { return workers_; }

  /// The keeper of `cache_dir`. It ends with its last holder.
  std::shared_ptr<cache_keeper> keeper_of(const std::filesystem::path& cache_dir);
  /// The reason why nothing is written to `cache_dir` at present (cache_disk); "": it is written to, or nobody uses it.
  std::string trouble_of(const std::filesystem::path& cache_dir);
  /// The knowledge about servers that all users of `cache_dir` share.
  std::shared_ptr<server_ways> ways_of(const std::filesystem::path& cache_dir);

private:
  std::mutex mutex_;
  std::map<std::string, std::weak_ptr<cache_keeper>> keepers_; // by canonical path
  std::map<std::string, std::shared_ptr<server_ways>> ways_;   // by canonical path
  http_client http_;
  worker_pool workers_; ///< last: its threads use the client
};

/// Parts of the services, for users that need no more. Each part keeps all services alive. Null: there are no services.
std::shared_ptr<http_client> shared_http(const std::shared_ptr<backend_services>& services);
std::shared_ptr<worker_pool> shared_workers(const std::shared_ptr<backend_services>& services);
std::function<std::shared_ptr<cache_keeper>(const std::filesystem::path&)>
shared_keepers(const std::shared_ptr<backend_services>& services);

} // namespace gitfs
