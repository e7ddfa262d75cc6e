#include "cli/arguments/trace_options.hpp"

#include "cli/arguments/subcommand.hpp"
#include "config/option_values.hpp"
#include "config/paths.hpp"

#include <array>
#include <limits>
#include <string>

namespace gitfs {

namespace {

using std::string;
using action_type = trace_options::action_type;
using table = subcommand<trace_options>;

constexpr std::array actions{table::action_row{"dump", action_type::dump}, table::action_row{"show", action_type::show},
                             table::action_row{"stats", action_type::stats},
                             table::action_row{"diff", action_type::diff},
                             table::action_row{"export", action_type::perfetto}};

bool of_show(action_type a) {
  return a == action_type::show;
}

template <class T>
result<void> put_some(std::optional<T>& out, result<T> value) {
  GITFS_TRY(taken, std::move(value));
  out = taken;
  return success();
}

result<std::uint64_t> read_count(const string& value) {
  return read_number<std::uint64_t>(value, 0, std::numeric_limits<std::uint64_t>::max());
}

result<double> read_time(const string& value) {
  double out = 0;
  const auto [end, ec] = std::from_chars(value.data(), value.data() + value.size(), out);
  if (ec != std::errc{} || end != value.data() + value.size() || !(out >= 0 && out <= 1e9))
    return fail(EINVAL, "'" + value + "' is not a number of seconds");
  return out;
}

constexpr std::array options{
    table::option_row{"--actor", true,
                      [](trace_options& o, const string& v) { return put_some(o.actor, read_count(v)); }, of_show},
    table::option_row{"--path", true,
                      [](trace_options& o, const string& v) -> result<void> { return o.path = v, success(); }, of_show},
    table::option_row{"--message", true, [](trace_options& o, const string& v) { return put_name(o.message, v); },
                      of_show},
    table::option_row{"--from", true, [](trace_options& o, const string& v) { return put_some(o.from, read_time(v)); },
                      of_show},
    table::option_row{"--until", true,
                      [](trace_options& o, const string& v) { return put_some(o.until, read_time(v)); }, of_show},
    table::option_row{"--request", true,
                      [](trace_options& o, const string& v) { return put_some(o.request, read_count(v)); }, of_show},
    table::option_row{"--redact", false, table::turn_on<&trace_options::redact>,
                      [](action_type a) { return a != action_type::stats; }},
    table::option_row{"--perfetto", false, table::turn_on<&trace_options::perfetto>,
                      [](action_type a) { return a == action_type::perfetto; }},
};

constexpr table command{"trace", options, actions};

} // namespace

result<invocation> parse_trace(std::span<const char* const> arguments) {
  const subcommand_reader reader{command};
  trace_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  const bool of_mount = out.action == action_type::dump, compares = out.action == action_type::diff;
  GITFS_TRYV(reader.check(words, of_mount || compares ? 2 : 1, of_mount ? "MOUNTPOINT" : "FILE"));
  if (compares && (words.size() < 2 || words[1].empty()))
    return reader.wrong("the FILE to compare with is missing");
  if (out.action == action_type::perfetto && !out.perfetto)
    return reader.wrong("say in which format: --perfetto");
  GITFS_TRYV(put(out.input, absolute_path(words[0])));
  if (compares)
    GITFS_TRYV(put(out.other, absolute_path(words[1])));
  if (of_mount && words.size() > 1)
    out.output = words[1];
  return invocation{std::move(out)};
}

} // namespace gitfs
