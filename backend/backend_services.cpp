#include "backend/backend_services.hpp"

namespace gitfs {

std::shared_ptr<cache_keeper> backend_services::keeper_of(const std::filesystem::path& cache_dir) {
  std::error_code ignored;
  const std::string name = std::filesystem::weakly_canonical(cache_dir, ignored).string();
  const std::lock_guard lock{mutex_};
  std::weak_ptr<cache_keeper>& known = keepers_[name];
  auto keeper = known.lock();
  if (!keeper)
    known = keeper = std::make_shared<cache_keeper>(cache_dir);
  return keeper;
}

} // namespace gitfs
