// Contents that deltas are made from.
#pragma once

#include "backend/git/object.hpp"
#include "config/lru_map.hpp"

#include <cstdint>
#include <mutex>
#include <optional>

namespace gitfs {

/// Objects of packs whose deltas may be read next, the last used ones, within a number of bytes for all packs together.
/// Copies share the bytes. Thread-safe.
class base_cache {
public:
  explicit base_cache(std::uint64_t most_bytes) : most_(most_bytes) {}

  /// A number for a pack, which no other pack has.
  std::uint64_t new_pack();

  std::optional<object> find(std::uint64_t pack, std::uint64_t offset);
  /// One that is large for the budget is not kept.
  void keep(std::uint64_t pack, std::uint64_t offset, const object& contents);
  void clear();
  std::uint64_t bytes();

private:
  const std::uint64_t most_;
  std::mutex mutex_;
  std::uint64_t packs_ = 0, bytes_ = 0;
  lru_map<std::uint64_t, object> kept_;
};

} // namespace gitfs
