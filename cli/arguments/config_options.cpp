#include "cli/arguments/config_options.hpp"

#include "cli/arguments/config_report.hpp"
#include "cli/arguments/mount_arguments.hpp"
#include "cli/arguments/subcommand.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"
#include "config/settings.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace gitfs {

namespace {

using std::string;
using config_action = config_options::action_type;
using config_table = subcommand<config_options>;

// `show` is in this table only for the messages. It takes the options of mount, so its arguments are read by mount's
// tables, below.
constexpr std::array config_actions{config_table::action_row{"check", config_action::check},
                                    config_table::action_row{"show", config_action::check}};

constexpr config_table::option_row config_rows[] = {
    {"--servers", false, config_table::turn_on<&config_options::servers>}};

constexpr config_table config_command{"config", config_rows, config_actions};

result<invocation> parse_show(std::vector<string> arguments) {
  const auto options_end = std::ranges::find(arguments, "--");
  const auto json = std::find(arguments.begin(), options_end, "--json");
  const bool as_json = json != options_end;
  if (as_json)
    arguments.erase(json);
  GITFS_TRY(read, read_mount_arguments(std::move(arguments), mount_needs::nothing));
  return invocation{print{as_json ? config_report_json(read) : config_report(read)}, unknown_variables()};
}

} // namespace

result<invocation> parse_config(std::span<const char* const> arguments) {
  if (!arguments.empty() && string{arguments[0]} == "show")
    return parse_show({arguments.begin() + 1, arguments.end()});
  const subcommand_reader reader{config_command};
  config_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  GITFS_TRYV(reader.check(words, 1, "FILE"));
  out.name = std::move(words.front());
  GITFS_TRYV(put(out.file, absolute_path(out.name)));
  return invocation{std::move(out)};
}

} // namespace gitfs
