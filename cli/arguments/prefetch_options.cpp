#include "cli/arguments/prefetch_options.hpp"

#include "cli/arguments/subcommand.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"

#include <array>
#include <string>

namespace gitfs {

namespace {

using std::string;
using prefetch_table = subcommand<prefetch_options>;

constexpr std::array prefetch_rows{
    prefetch_table::option_row{"-z,--null", false, prefetch_table::turn_on<&prefetch_options::null>},
    prefetch_table::option_row{"--below", true,
                               [](prefetch_options& o, const string& v) { return put(o.below, expect_path(v)); }},
    prefetch_table::option_row{"--dry-run", false, prefetch_table::turn_on<&prefetch_options::dry_run>},
    prefetch_table::option_row{
        "--readers", true,
        [](prefetch_options& o, const string& v) { return put(o.readers, read_number<unsigned>(v, 1, 16)); }},
};

constexpr prefetch_table prefetch_command{"prefetch", prefetch_rows};

} // namespace

result<invocation> parse_prefetch(std::span<const char* const> arguments) {
  const subcommand_reader reader{prefetch_command};
  prefetch_options out;
  GITFS_TRYV(put(out.patterns, reader.read(arguments, out)));
  GITFS_TRYV(reader.check(out.patterns, out.patterns.size(), "PATH"));
  for (const string& each : out.patterns)
    if (const auto path = expect_path(each); !path)
      return reader.wrong(path.error().message);
  return invocation{std::move(out)};
}

} // namespace gitfs
