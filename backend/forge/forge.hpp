// The interface behind which forges, services with many repositories, differ.
#pragma once

#include "backend/forge/forge_tree.hpp"
#include "backend/http/credentials.hpp"
#include "backend/remote/size_source.hpp"
#include "config/error.hpp"

#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace gitfs {

/// The names on the way from the folder of the forge down.
using name_path = std::span<const std::string>;

/// The names joined by "/".
std::string joined(name_path path, const std::string& name = {});

struct forge_listing {
  std::vector<forge_entry> entries;
  bool all = true; ///< the listing is complete, so names that it lacks do not exist; false: they may exist
};

struct forge_found {
  forge_entry entry;
  std::optional<forge_listing> inside{}; ///< its children, as far as the answer named them
};

/// A forge. Each call asks the forge; cached_forge remembers the answers. Thread-safe; errors as forge_tree's.
class forge {
public:
  virtual ~forge() = default;

  /// False: no repository or folder of that name can exist there, so the forge is not asked.
  virtual bool may_exist(name_path path, const std::string& name) const = 0;
  virtual bool ignores_case() const { return true; }
  virtual result<forge_found> lookup(name_path path, const std::string& name, std::stop_token stop) = 0;
  virtual result<forge_listing> list(name_path path, std::stop_token stop) = 0;

  /// The URL by which git clones the repository.
  virtual std::string clone_url(name_path path) const = 0;
  virtual result<credential> login(name_path path) const = 0;
  /// Null: the forge tells no sizes.
  virtual std::shared_ptr<size_source> sizes(name_path path) = 0;
};

} // namespace gitfs
