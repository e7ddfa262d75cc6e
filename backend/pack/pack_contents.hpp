// The objects of a pack that is being indexed, by their position in it.
#pragma once

#include "backend/git/object.hpp"
#include "backend/pack/inflate.hpp"
#include "backend/pack/pack_bytes.hpp"
#include "config/error.hpp"
#include "config/lru_map.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace gitfs {

using pack_position = std::uint32_t; ///< the number of an object in its pack, counted in the pack's order from 0
inline constexpr pack_position no_object = ~pack_position{0};

/// Where an object is in its pack, and in which form.
struct pack_entry {
  std::uint64_t data = 0;               ///< offset of the deflated bytes
  std::uint64_t packed_size = 0;        ///< number of the deflated bytes
  std::uint64_t size = 0;               ///< number of the inflated bytes, of the contents or of the delta
  std::uint64_t contents = 0;           ///< size of the object's contents, once it is known
  pack_position base = no_object;       ///< the base of a delta, once it is known
  object_type type = object_type::blob; ///< a delta has the type of its base, once that is known
};

/// Keeps contents in memory, within a budget, while they may be the base of a later delta. Not thread-safe.
class pack_contents {
public:
  /// `bytes`: the pack, from which entries are read again when their contents have left memory.
  explicit pack_contents(const pack_bytes& bytes) : bytes_(&bytes) {}

  std::vector<pack_entry>& entries() { return entries_; }
  const std::vector<pack_entry>& entries() const { return entries_; }

  /// Returns the contents of an object whose bases are all known, and keeps them.
  result<object> content(pack_position index);
  /// Returns the contents that this delta makes of its base, and keeps them.
  result<object> build(pack_position index, const object& base, std::string_view delta);
  void keep(pack_position index, const object& contents);
  /// Frees all contents that are kept.
  void forget();

private:
  std::optional<object> kept(pack_position index);
  result<std::unique_ptr<char[]>> inflated(pack_position index) const;

  const pack_bytes* bytes_;
  std::vector<pack_entry> entries_;
  lru_map<pack_position, object> kept_;
  std::size_t kept_bytes_ = 0;
};

} // namespace gitfs
