#include "backend/open/backend_services.hpp"

#include "backend/open/known_side_tables.hpp"

namespace gitfs {

namespace {

std::string name_of(const std::filesystem::path& cache_dir) {
  std::error_code ignored;
  return std::filesystem::weakly_canonical(cache_dir, ignored).string();
}

} // namespace

std::shared_ptr<server_ways> backend_services::ways_of(const std::filesystem::path& cache_dir) {
  const std::string name = name_of(cache_dir);
  const std::lock_guard lock{mutex_};
  std::shared_ptr<server_ways>& known = ways_[name];
  if (!known)
    known = std::make_shared<server_ways>(server_ways::file_in(cache_dir));
  return known;
}

std::shared_ptr<cache_keeper> backend_services::keeper_of(const std::filesystem::path& cache_dir) {
  const std::string name = name_of(cache_dir);
  const std::lock_guard lock{mutex_};
  std::weak_ptr<cache_keeper>& known = keepers_[name];
  auto keeper = known.lock();
  if (!keeper)
    known = keeper = std::make_shared<cache_keeper>(cache_dir, known_side_tables());
  return keeper;
}

std::string backend_services::trouble_of(const std::filesystem::path& cache_dir) {
  std::shared_ptr<cache_keeper> keeper;
  {
    const std::lock_guard lock{mutex_};
    const auto known = keepers_.find(name_of(cache_dir));
    keeper = known == keepers_.end() ? nullptr : known->second.lock();
  }
  return keeper ? keeper->disk().trouble() : std::string{};
}

std::shared_ptr<http_client> shared_http(const std::shared_ptr<backend_services>& services) {
  return services ? std::shared_ptr<http_client>{services, &services->http()} : nullptr;
}

std::shared_ptr<worker_pool> shared_workers(const std::shared_ptr<backend_services>& services) {
  return services ? std::shared_ptr<worker_pool>{services, &services->workers()} : nullptr;
}

std::function<std::shared_ptr<cache_keeper>(const std::filesystem::path&)>
shared_keepers(const std::shared_ptr<backend_services>& services) {
  if (!services)
    return nullptr;
  return [services](const std::filesystem::path& cache_dir) { return services->keeper_of(cache_dir); };
}

} // namespace gitfs
