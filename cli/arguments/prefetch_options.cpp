#include "cli/arguments/prefetch_options.hpp"

#include "cli/arguments/subcommand.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"

#include <array>
#include <string>

namespace gitfs {

namespace {

using std::string;
using table = subcommand<prefetch_options>;

bool always(prefetch_options::action_type) {
  return true;
}

constexpr std::array options{
    table::option_row{"--dry-run", false, always,
                      [](prefetch_options& o, const string&) -> result<void> { return o.dry_run = true, success(); }},
    table::option_row{
        "--readers", true, always,
        [](prefetch_options& o, const string& v) { return put(o.readers, read_number<unsigned>(v, 1, 16)); }},
};

constexpr table command{"prefetch", {}, options, [](prefetch_options& out, const string& word) {
                          out.patterns.push_back(word);
                          return true;
                        }};

} // namespace

result<invocation> parse_prefetch(std::span<const char* const> arguments) {
  const subcommand_reader reader{command};
  prefetch_options out;
  GITFS_TRYV(reader.read(arguments, out));
  if (out.patterns.empty())
    return reader.wrong("PATH is missing");
  for (const string& each : out.patterns)
    if (const auto path = expect_path(each); !path)
      return reader.wrong(path.error().message);
  return invocation{std::move(out)};
}

} // namespace gitfs
