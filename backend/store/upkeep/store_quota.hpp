// Which objects of a cache to evict.
#pragma once

#include "backend/store/upkeep/store_repack.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <ctime>
#include <filesystem>
#include <map>
#include <span>

namespace gitfs {

/// Bytes by age. An age has ten significant bits, so there are few of them however many objects there are.
class age_histogram {
public:
  void add(std::uint64_t age, std::uint64_t bytes) { bytes_[rounded(age)] += bytes; }

  /// Where to cut to be rid of so many bytes: everything older than `age`, and of that age so many bytes.
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

/// Evicts what has not been used for longest, until `need` bytes of the disk are free or there is nothing left that may
/// go. Loose objects and packs of which nothing is to be kept are deleted; packs of which much is to go are written
/// anew without it. A pack of which nobody can read anything goes first. With `all_packs`, also those of which little
/// is to go: that frees more, and copies more.
result<eviction_report> evict(std::span<const std::filesystem::path> stores, std::uint64_t need, std::time_t now,
                              bool all_packs, const store_watcher& watcher);

} // namespace gitfs
