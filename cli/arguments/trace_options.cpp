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
    table::option_row{"--actor", true, of_show,
                      [](trace_options& o, const string& v) { return put_some(o.actor, read_count(v)); }},
    table::option_row{"--path", true, of_show,
                      [](trace_options& o, const string& v) -> result<void> { return o.path = v, success(); }},
    table::option_row{"--message", true, of_show,
                      [](trace_options& o, const string& v) { return put_name(o.message, v); }},
    table::option_row{"--from", true, of_show,
                      [](trace_options& o, const string& v) { return put_some(o.from, read_time(v)); }},
    table::option_row{"--until", true, of_show,
                      [](trace_options& o, const string& v) { return put_some(o.until, read_time(v)); }},
    table::option_row{"--request", true, of_show,
                      [](trace_options& o, const string& v) { return put_some(o.request, read_count(v)); }},
    table::option_row{"--redact", false, [](action_type a) { return a != action_type::stats; },
                      [](trace_options& o, const string&) -> result<void> { return o.redact = true, success(); }},
    table::option_row{"--perfetto", false, [](action_type a) { return a == action_type::perfetto; },
                      [](trace_options& o, const string&) -> result<void> { return o.perfetto = true, success(); }},
};

bool take_word(trace_options& out, const string& word) {
  if (out.input.empty())
    out.input = word;
  else if (out.action == action_type::dump && out.output.empty())
    out.output = word;
  else if (out.action == action_type::diff && out.other.empty())
    out.other = word;
  else
    return false;
  return true;
}

constexpr table command{"trace", actions, options, take_word};

} // namespace

result<invocation> parse_trace(std::span<const char* const> arguments) {
  const subcommand_reader reader{command};
  trace_options out;
  GITFS_TRYV(reader.read(arguments, out));
  if (out.input.empty())
    return reader.wrong(out.action == action_type::dump ? "MOUNTPOINT is missing" : "FILE is missing");
  if (out.action == action_type::diff) {
    if (out.other.empty())
      return reader.wrong("the FILE to compare with is missing");
    GITFS_TRYV(put(out.other, absolute_path(out.other.string())));
  }
  if (out.action == action_type::perfetto && !out.perfetto)
    return reader.wrong("say in which format: --perfetto");
  GITFS_TRYV(put(out.input, absolute_path(out.input.string())));
  return invocation{std::move(out)};
}

} // namespace gitfs
