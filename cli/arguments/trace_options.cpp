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
using trace_action = trace_options::action_type;
using trace_table = subcommand<trace_options>;

constexpr std::array trace_actions{
    trace_table::action_row{"dump", trace_action::dump}, trace_table::action_row{"show", trace_action::show},
    trace_table::action_row{"stats", trace_action::stats}, trace_table::action_row{"diff", trace_action::diff},
    trace_table::action_row{"export", trace_action::perfetto}};

bool of_show(trace_action a) {
  return a == trace_action::show;
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

constexpr std::array trace_rows{
    trace_table::option_row{
        "--actor", true, [](trace_options& o, const string& v) { return put_some(o.actor, read_count(v)); }, of_show},
    trace_table::option_row{"--path", true,
                            [](trace_options& o, const string& v) -> result<void> { return o.path = v, success(); },
                            of_show},
    trace_table::option_row{"--message", true, [](trace_options& o, const string& v) { return put_name(o.message, v); },
                            of_show},
    trace_table::option_row{"--from", true,
                            [](trace_options& o, const string& v) { return put_some(o.from, read_time(v)); }, of_show},
    trace_table::option_row{"--until", true,
                            [](trace_options& o, const string& v) { return put_some(o.until, read_time(v)); }, of_show},
    trace_table::option_row{"--request", true,
                            [](trace_options& o, const string& v) { return put_some(o.request, read_count(v)); },
                            of_show},
    trace_table::option_row{"--redact", false, trace_table::turn_on<&trace_options::redact>,
                            [](trace_action a) { return a != trace_action::stats; }},
    trace_table::option_row{"--perfetto", false, trace_table::turn_on<&trace_options::perfetto>,
                            [](trace_action a) { return a == trace_action::perfetto; }},
};

constexpr trace_table trace_command{"trace", trace_rows, trace_actions};

} // namespace

result<invocation> parse_trace(std::span<const char* const> arguments) {
  const subcommand_reader reader{trace_command};
  trace_options out;
  GITFS_TRY(words, reader.read(arguments, out));
  const bool of_mount = out.action == trace_action::dump, compares = out.action == trace_action::diff;
  GITFS_TRYV(reader.check(words, of_mount || compares ? 2 : 1, of_mount ? "MOUNTPOINT" : "FILE"));
  if (compares && (words.size() < 2 || words[1].empty()))
    return reader.wrong("the FILE to compare with is missing");
  if (out.action == trace_action::perfetto && !out.perfetto)
    return reader.wrong("say in which format: --perfetto");
  GITFS_TRYV(put(out.input, absolute_path(words[0])));
  if (compares)
    GITFS_TRYV(put(out.other, absolute_path(words[1])));
  if (of_mount && words.size() > 1)
    out.output = words[1];
  return invocation{std::move(out)};
}

} // namespace gitfs
