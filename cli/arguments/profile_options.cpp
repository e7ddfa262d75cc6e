#include "cli/arguments/profile_options.hpp"

#include "cli/arguments/subcommand.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"

#include <array>
#include <string>

namespace gitfs {

namespace {

using std::string;
using profile_action = profile_options::action_type;
using profile_table = subcommand<profile_options>;

constexpr std::array profile_actions{profile_table::action_row{"record", profile_action::record},
                                     profile_table::action_row{"show", profile_action::show},
                                     profile_table::action_row{"merge", profile_action::merge}};

constexpr std::array profile_rows{
    profile_table::option_row{"--output", true,
                              [](profile_options& o, const string& v) { return put(o.output, absolute_path(v)); },
                              [](profile_action a) { return a != profile_action::show; }},
};

constexpr profile_table profile_command{"profile", profile_rows, profile_actions};

} // namespace

result<invocation> parse_profile_command(std::span<const char* const> arguments) {
  const subcommand_reader reader{profile_command};
  profile_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  const bool records = out.action == profile_action::record, merges = out.action == profile_action::merge;
  GITFS_TRYV(reader.check(words, merges ? words.size() : 1, records ? "FOLDER" : "FILE"));
  for (const string& each : words) {
    GITFS_TRY(path, absolute_path(each));
    out.inputs.push_back(std::move(path));
  }
  if (records)
    out.folder = std::move(out.inputs.front());
  return invocation{std::move(out)};
}

} // namespace gitfs
