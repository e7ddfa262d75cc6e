// What the services that host many repositories differ in.
#pragma once

#include "backend/forge/repository_host.hpp"
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

/// Names from the host's folder down.
using name_path = std::span<const std::string>;

/// The names with "/" between.
std::string joined(name_path path, const std::string& name = {});

struct forge_listing {
  std::vector<host_entry> entries;
  bool all = true; ///< what is remembered and not in it is there no more; false: it may be
};

struct forge_found {
  host_entry entry;
  std::optional<forge_listing> inside{}; ///< what of its children came with the answer
};

/// The service behind a forge_host, which remembers for it. Thread-safe; errors as repository_host's.
class forge {
public:
  virtual ~forge() = default;

  /// False: no such name can exist there.
  virtual bool may_exist(name_path path, const std::string& name) const = 0;
  virtual bool ignores_case() const { return true; }
  virtual result<forge_found> lookup(name_path path, const std::string& name, std::stop_token stop) = 0;
  virtual result<forge_listing> list(name_path path, std::stop_token stop) = 0;

  /// Where git finds the repository.
  virtual std::string clone_url(name_path path) const = 0;
  virtual result<credential> login(name_path path) const = 0;
  /// Null: the service tells no sizes.
  virtual std::shared_ptr<size_source> sizes(name_path path) = 0;
};

} // namespace gitfs
