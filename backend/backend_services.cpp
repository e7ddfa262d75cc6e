#include "backend/backend_services.hpp"

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
    known = keeper = std::make_shared<cache_keeper>(cache_dir);
  return keeper;
}

} // namespace gitfs
