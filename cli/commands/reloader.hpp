// What a running mount does on SIGHUP.
#pragma once

#include "actors/filesystem.hpp"
#include "cli/system/service_manager.hpp"
#include "config/options.hpp"

#include <optional>

namespace gitfs {

/// One thread.
class reloader {
public:
  /// All outlive it. `options`: what the mount was made with.
  reloader(filesystem& files, const mount_options& options, const service_manager& service);

  /// Reads the config file again, if the mount has one, and has it shown; then has the refs looked at that are followed
  /// on request. Returns at once: what it comes to is logged, and told to the service manager. A file that is wrong
  /// changes nothing.
  void reload();

private:
  void take_file();

  filesystem& files_;
  const mount_options& options_;
  const service_manager& service_;
  std::optional<mount_options> read_; // the file's, when it was read last
};

} // namespace gitfs
