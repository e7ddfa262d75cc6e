#include "cli/arguments/mount_arguments.hpp"

#include "cli/arguments/own_paths.hpp"
#include "cli/arguments/read_arguments.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"
#include "config/secret.hpp"
#include "config/telemetry_options.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <cerrno>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

auto wrong(const string& message) {
  return fail(EINVAL, redacted(message) + " (see gitfs-actor mount --help)");
}

// The log is not in the cache folder, because whoever empties the cache wants to keep the log.
result<std::filesystem::path> default_log_file(const mount_options& options) {
  GITFS_TRY(state, default_state_dir());
  string name = options.mountpoint.relative_path().string();
  std::ranges::replace(name, '/', '-');
  constexpr std::size_t longest = 200; // a file name may have 255 bytes, and ".log" and ".crash-trace" are added
  if (name.size() > longest)
    name.erase(0, name.size() - longest);
  return state / (name + ".log");
}

struct flags {
  std::vector<setting> settings;
  string config, source, mountpoint;
  string not_with_config; ///< the first option that is about SOURCE alone; empty: there is none
};

// Options about SOURCE. In a config file each repository has these settings of its own.
constexpr string_view of_source[] = {"--ref", "--follow", "--token-file", "--token-env", "--username", "--profile"};

result<flags> read_flags(std::vector<string> arguments) {
  const auto rows = mount_option_table();
  std::vector<option_form> known;
  for (const option_row& row : rows)
    known.push_back({row.names, !row.value.empty()});
  auto given = read_arguments(std::move(arguments), known);
  if (!given)
    return wrong(given.error().message);
  auto& [options, words, unknown] = given.value();
  // An unknown option is the likelier mistake, so it is named before an argument too many.
  if (!unknown.empty())
    return wrong(about_unknown(unknown, known));
  if (words.size() > 2)
    return wrong("one argument too many: '" + words[2] + "'");
  words.resize(2);
  flags out;
  out.source = std::move(words[0]);
  out.mountpoint = std::move(words[1]);
  for (const auto& [which, value] : options) {
    const string name{long_name(rows[which])};
    if (name == "--config")
      out.config = value;
    if (out.not_with_config.empty() && std::ranges::find(of_source, name) != std::end(of_source))
      out.not_with_config = name;
    out.settings.push_back({long_name(rows[which]), value, {setting_origin::kind_type::flag, name}});
  }
  return out;
}

// Decides which words are SOURCE and MOUNTPOINT. With a config file there is no SOURCE.
result<void> place_arguments(flags& given, mount_needs needs) {
  if (given.config.empty()) {
    if (needs == mount_needs::all && given.source.empty())
      return wrong("SOURCE is missing");
    if (needs == mount_needs::all && given.mountpoint.empty())
      return wrong("MOUNTPOINT is missing");
  } else if (!given.mountpoint.empty()) {
    return wrong("SOURCE '" + given.source
                 + "' does not go with --config, whose file says what is shown: give MOUNTPOINT only");
  } else if (!given.not_with_config.empty()) {
    return wrong(given.not_with_config + " does not go with --config, whose file says what is shown");
  } else {
    given.mountpoint = std::exchange(given.source, {});
  }
  if (!given.mountpoint.empty())
    given.settings.push_back({"MOUNTPOINT", given.mountpoint, {setting_origin::kind_type::flag, "MOUNTPOINT"}});
  return success();
}

result<void> check_credentials(const mount_options& options) {
  if (!options.token.file.empty() && !options.token.environment.empty())
    return wrong("--token-file and --token-env exclude each other");
  const bool some = options.token != secret_place{} || !options.username.empty();
  if (some && !options.source.empty() && !options.source.starts_with("http://")
      && !options.source.starts_with("https://"))
    return wrong(string{options.username.empty() ? "a token" : "--username"}
                 + ": only a SOURCE with https:// or http:// takes one");
  return success();
}

result<void> read_headers(telemetry_flags& flags) {
  for (const auto& [name, place] : flags.header_places) {
    auto value = read_secret(place);
    if (!value)
      return fail(value.error().code, "the header " + name + ": " + value.error().message);
    GITFS_TRYV(add_header(flags, name + "=" + value.value()));
  }
  return success();
}

result<mount_arguments> put_together(flags given, mount_needs needs) {
  mount_arguments out;
  mount_options& options = out.options;
  if (!given.config.empty()) {
    GITFS_TRY(file, absolute_path(given.config));
    GITFS_TRY(config, read_config_file(file, given.config));
    options.tree = config.tree;
    out.config = std::move(config);
  }
  auto environment = environment_settings();
  if (!environment)
    return wrong(environment.error().message);
  const std::vector<setting> none;
  auto origins = settle(options, out.config ? out.config->settings : none, environment.value(), given.settings);
  if (!origins)
    return wrong(origins.error().message);
  out.origins = std::move(origins.value());
  if (needs == mount_needs::all && options.mountpoint.empty())
    return wrong("MOUNTPOINT is missing: neither " + given.config + " nor the command line has it");
  if (options.kernel.allow_other && options.kernel.allow_root)
    return wrong("allow_other and allow_root exclude each other");
  if (options.follow != follow_mode{} && is_commit_id(options.ref))
    return wrong("--follow: --ref is a commit id, which never changes: give a branch or tag");
  options.source = given.source;
  if (!given.source.empty() && is_local_path(given.source)) {
    GITFS_TRY(path, absolute_path(given.source));
    options.source = path.string();
  }
  GITFS_TRYV(check_credentials(options));
  if (options.cache_dir.empty()) {
    GITFS_TRYV(put(options.cache_dir, default_cache_dir()));
  }
  if (options.log_file.empty() && !options.foreground && !options.mountpoint.empty()) {
    GITFS_TRYV(put(options.log_file, default_log_file(options)));
    options.own_log = true;
  }
  GITFS_TRYV(refuse_own_paths_below_mountpoint(options));
  if (needs == mount_needs::all) {
    GITFS_TRYV(read_headers(options.telemetry));
  }
  return out;
}

} // namespace

result<mount_arguments> read_mount_arguments(std::vector<string> arguments, mount_needs needs) {
  GITFS_TRY(given, read_flags(std::move(arguments)));
  GITFS_TRYV(place_arguments(given, needs));
  return put_together(std::move(given), needs);
}

result<mount_options> read_config(const std::filesystem::path& file) {
  flags given;
  given.config = file.string();
  // The mountpoint need not be in the file, because the command line may have named it; headers of collectors are not
  // read again while the mount runs.
  GITFS_TRY(read, put_together(std::move(given), mount_needs::nothing));
  read.options.config_file = file;
  return std::move(read.options);
}

} // namespace gitfs
