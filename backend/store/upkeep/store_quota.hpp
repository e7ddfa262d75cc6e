// Evicts objects of a cache that is over its quota.
#pragma once

#include "backend/store/upkeep/store_repack.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <map>
#include <span>

namespace gitfs {

/// A histogram of bytes by age. Ages are rounded to ten significant bits, so there are few however many objects there
/// are.
class age_histogram {
public:
  void add(std::uint64_t age, std::uint64_t bytes) { bytes_[rounded(age)] += bytes; }

  /// What to evict to free a number of bytes: everything older than `age`, and `at_age` bytes of exactly that age.
  struct cut {
    std::uint64_t age = ~std::uint64_t{0};
    std::uint64_t at_age = 0;
  };
  cut oldest(std::uint64_t bytes) const;

  static std::uint64_t rounded(std::uint64_t age);

private:
  std::map<std::uint64_t, std::uint64_t, std::greater<>> bytes_;
};

struct eviction_report {
  std::uint64_t objects = 0, bytes = 0;
};

/// Evicts the objects that have not been used for longest, until `need` bytes of the disk are free or nothing is left
/// that may be evicted. Loose objects and packs of which nothing is to be kept are deleted; packs of which much is to
/// be evicted are written anew without it. A pack that cannot be read at all goes first. With `all_packs`, packs of
/// which little is to be evicted are written anew, too: that frees more and copies more.
result<eviction_report> evict(std::span<const std::filesystem::path> stores, std::uint64_t need, std::time_t now,
                              bool all_packs, const store_watcher& watcher);

} // namespace gitfs
