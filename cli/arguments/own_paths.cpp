#include "cli/arguments/own_paths.hpp"

#include "config/paths.hpp"

#include <cerrno>

namespace gitfs {

namespace {

struct own_path {
  const char* what;
  const char* option;
  std::filesystem::path (*path)(const mount_options& options);
};

constexpr own_path rows[] = {
    {"the cache folder", "--cache-dir", [](const mount_options& o) { return o.cache_dir; }},
    {"the log file", "--log-file", [](const mount_options& o) { return o.log_file; }},
    {"the trace file", "--trace", [](const mount_options& o) { return o.trace_file; }},
    {"the pid file", "--pid-file", [](const mount_options& o) { return o.pid_file; }},
    {"the profile", "--profile", [](const mount_options& o) { return o.profile; }},
    {"the socket for metrics", "--metrics-listen",
     [](const mount_options& o) { return o.telemetry.listen ? o.telemetry.listen->socket : std::filesystem::path{}; }},
};

} // namespace

result<void> refuse_below_mountpoint(const std::filesystem::path& mountpoint, const std::filesystem::path& path,
                                     const std::string& what, const std::string& remedy) {
  if (mountpoint.empty() || path.empty())
    return success();
  const std::filesystem::path at = resolved_path(mountpoint), leads_to = resolved_path(path, at);
  if (!is_at_or_below(leads_to, at))
    return success();
  const std::string through = leads_to == path ? "" : ", which is " + leads_to.string() + ",";
  return fail(EINVAL, what + " " + path.string() + through + " is below the mountpoint " + mountpoint.string()
                          + ": the mount would wait for itself there; " + remedy);
}

result<void> refuse_own_paths_below_mountpoint(const mount_options& options) {
  for (const own_path& each : rows) {
    GITFS_TRYV(refuse_below_mountpoint(options.mountpoint, each.path(options), each.what,
                                       std::string{"name another by "} + each.option));
  }
  return success();
}

} // namespace gitfs
