// The reload of a running mount, on SIGHUP.
#pragma once

#include "actors/filesystem.hpp"
#include "cli/system/service_manager.hpp"
#include "config/options.hpp"

#include <optional>

namespace gitfs {

/// Used by one thread.
class reloader {
public:
  /// The arguments outlive this object. `options`: those that the mount was made with.
  reloader(filesystem& files, const mount_options& options, const service_manager& service);

  /// Reads the config file again, if the mount has one, and has the mount show the tree of it; then has those refs
  /// polled that are followed on request. Returns before this has happened; the outcome is logged, and the service
  /// manager is told the end. A config file with a mistake changes nothing.
  void reload();

private:
  void take_file();

  filesystem& files_;
  const mount_options& options_;
  const service_manager& service_;
  std::optional<mount_options> read_; // the options of the config file, as it was read last
};

} // namespace gitfs
