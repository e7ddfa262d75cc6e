// A git object in memory, and the target file for an object that is too large for memory.
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

/// Stands for a size that is not known yet. It is never shown to programs: whoever needs the size waits, or asks for
/// it.
inline constexpr std::uint64_t unknown_size = ~std::uint64_t{0};

/// Where the contents of a large blob are written to.
struct blob_target {
  unlinked_file& file;                 ///< empty at first
  const std::filesystem::path& folder; ///< for further unlinked files, to which the bases of deltas are written
  const std::atomic<bool>& stop;       ///< once true, the copying ends soon, with ECANCELED
};

} // namespace gitfs
