#include "cli/arguments/cache_options.hpp"

#include "cli/arguments/subcommand.hpp"
#include "config/byte_size.hpp"
#include "config/config_keys.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"

#include <array>
#include <cstdlib>
#include <string>

namespace gitfs {

namespace {

using std::string;
using cache_action = cache_options::action_type;
using cache_table = subcommand<cache_options>;

constexpr std::array cache_actions{
    cache_table::action_row{"info", cache_action::info}, cache_table::action_row{"gc", cache_action::gc},
    cache_table::action_row{"verify", cache_action::verify}, cache_table::action_row{"rm", cache_action::rm}};

constexpr std::array cache_rows{
    cache_table::option_row{"--cache-dir", true,
                            [](cache_options& o, const string& v) { return put(o.cache_dir, absolute_path(v)); }},
    cache_table::option_row{"--cache-size", true,
                            [](cache_options& o, const string& v) -> result<void> {
                              GITFS_TRY(bytes, parse_byte_size(v, least_cache_size));
                              o.cache_size = bytes;
                              return success();
                            },
                            [](cache_action a) { return a == cache_action::info || a == cache_action::gc; }},
    cache_table::option_row{"--cache-min-free", true,
                            [](cache_options& o, const string& v) -> result<void> {
                              GITFS_TRY(bytes, parse_byte_size(v, 0));
                              o.cache_min_free = bytes;
                              return success();
                            },
                            [](cache_action a) { return a == cache_action::gc; }},
    cache_table::option_row{"--force", false, cache_table::turn_on<&cache_options::force>,
                            [](cache_action a) { return a == cache_action::rm; }},
    cache_table::option_row{"--json", false, cache_table::turn_on<&cache_options::json>,
                            [](cache_action a) { return a == cache_action::info; }},
};

constexpr cache_table cache_command{"cache", cache_rows, cache_actions};

} // namespace

result<invocation> parse_cache(std::span<const char* const> arguments) {
  const subcommand_reader reader{cache_command};
  cache_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  const bool names_some = out.action == cache_action::rm;
  GITFS_TRYV(reader.check(words, names_some ? words.size() : 0, names_some ? "URL" : ""));
  out.sources = std::move(words);
  if (const char* folder = std::getenv(variable_for("--cache-dir").c_str());
      out.cache_dir.empty() && folder != nullptr && *folder != '\0') {
    GITFS_TRYV(put(out.cache_dir, absolute_path(folder)));
  }
  if (out.cache_dir.empty()) {
    GITFS_TRYV(put(out.cache_dir, default_cache_dir()));
  }
  return invocation{std::move(out)};
}

} // namespace gitfs
