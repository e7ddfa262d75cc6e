// A git object in memory, and where the contents of one that is too large for memory go.
#pragma once

#include "backend/os/unlinked_file.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <utility>

namespace gitfs {

/// Numbered as git numbers them in packs.
enum class object_type : std::uint8_t { commit = 1, tree = 2, blob = 3, tag = 4 };

/// One whole object in memory; copies share the bytes.
class object {
public:
  object(object_type type, std::shared_ptr<const void> owner, std::string_view data)
    : type_(type),
      owner_(std::move(owner)),
      data_(data) {}

  object_type type() const { return type_; }
  std::string_view data() const { return data_; }

private:
  object_type type_;
  std::shared_ptr<const void> owner_;
  std::string_view data_;
};

/// A size that nobody knows yet. Never shown to anyone: whoever meets it waits or asks.
inline constexpr std::uint64_t unknown_size = ~std::uint64_t{0};

/// Where the contents of a large blob go.
struct blob_target {
  unlinked_file& file;                 ///< empty
  const std::filesystem::path& folder; ///< for further unlinked files, which bases of deltas go through
  const std::atomic<bool>& stop;       ///< once true, the copying ends soon, with ECANCELED
};

} // namespace gitfs
