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
using action_type = cache_options::action_type;
using table = subcommand<cache_options>;

constexpr std::array actions{table::action_row{"info", action_type::info}, table::action_row{"gc", action_type::gc},
                             table::action_row{"verify", action_type::verify},
                             table::action_row{"rm", action_type::rm}};

constexpr std::array options{
    table::option_row{"--cache-dir", true,
                      [](cache_options& o, const string& v) { return put(o.cache_dir, absolute_path(v)); }},
    table::option_row{"--cache-size", true,
                      [](cache_options& o, const string& v) -> result<void> {
                        GITFS_TRY(bytes, parse_byte_size(v, least_cache_size));
                        o.cache_size = bytes;
                        return success();
                      },
                      [](action_type a) { return a == action_type::info || a == action_type::gc; }},
    table::option_row{"--cache-min-free", true,
                      [](cache_options& o, const string& v) -> result<void> {
                        GITFS_TRY(bytes, parse_byte_size(v, 0));
                        o.cache_min_free = bytes;
                        return success();
                      },
                      [](action_type a) { return a == action_type::gc; }},
    table::option_row{"--force", false, table::turn_on<&cache_options::force>,
                      [](action_type a) { return a == action_type::rm; }},
    table::option_row{"--json", false, table::turn_on<&cache_options::json>,
                      [](action_type a) { return a == action_type::info; }},
};

constexpr table command{"cache", options, actions};

} // namespace

result<invocation> parse_cache(std::span<const char* const> arguments) {
  const subcommand_reader reader{command};
  cache_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  const bool names_some = out.action == action_type::rm;
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
