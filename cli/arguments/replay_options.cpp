#include "cli/arguments/replay_options.hpp"

#include "cli/arguments/subcommand.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"

#include <array>
#include <cerrno>
#include <limits>
#include <string>

namespace gitfs {

namespace {

using std::string;
using replay_table = subcommand<replay_options>;

result<void> put_count(std::optional<std::uint64_t>& out, const string& value) {
  GITFS_TRY(count, read_number<std::uint64_t>(value, 0, std::numeric_limits<std::uint64_t>::max()));
  out = count;
  return success();
}

constexpr std::array replay_rows{
    replay_table::option_row{"--until", true, [](replay_options& o, const string& v) { return put_count(o.until, v); }},
    replay_table::option_row{"--actor", true, [](replay_options& o, const string& v) { return put_count(o.actor, v); }},
    replay_table::option_row{"--step", false, replay_table::turn_on<&replay_options::step>},
    replay_table::option_row{"--shuffle", true,
                             [](replay_options& o, const string& v) -> result<void> {
                               const std::size_t to = v.find("..");
                               GITFS_TRYV(put_count(o.shuffle, v.substr(0, to)));
                               o.shuffle_to = o.shuffle;
                               if (to == string::npos)
                                 return success();
                               GITFS_TRYV(put_count(o.shuffle_to, v.substr(to + 2)));
                               if (*o.shuffle_to < *o.shuffle)
                                 return fail(EINVAL, "'" + v + "' ends before it begins");
                               return success();
                             }},
    replay_table::option_row{"--json", false, replay_table::turn_on<&replay_options::json>},
};

constexpr replay_table replay_command{"replay", replay_rows};

} // namespace

result<invocation> parse_replay(std::span<const char* const> arguments) {
  const subcommand_reader reader{replay_command};
  replay_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  GITFS_TRYV(reader.check(words, 1, "FILE"));
  if (out.shuffle && (out.step || out.actor))
    return reader.wrong("--shuffle goes with --until and --json only");
  if (out.step && out.json)
    return reader.wrong("--step and --json exclude each other");
  GITFS_TRYV(put(out.input, absolute_path(words.front())));
  return invocation{std::move(out)};
}

} // namespace gitfs
