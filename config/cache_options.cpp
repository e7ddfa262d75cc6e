#include "config/cache_options.hpp"

#include "config/byte_size.hpp"
#include "config/nearest.hpp"
#include "config/paths.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <string>
#include <vector>

namespace gitfs {

namespace {

using std::string;
using std::string_view;
using action_type = cache_options::action_type;

struct action_row {
  string_view name;
  action_type action;
};
constexpr std::array actions{action_row{"info", action_type::info}, action_row{"gc", action_type::gc},
                             action_row{"verify", action_type::verify}};

struct row {
  string_view name;
  bool has_value;
  bool (*fits)(action_type action);
  result<void> (*set)(cache_options& out, const string& value);
};

constexpr std::array rows{
    row{"--cache-dir", true, [](action_type) { return true; },
        [](cache_options& o, const string& v) -> result<void> {
          BOOST_OUTCOME_TRY(path, absolute_path(v));
          o.cache_dir = std::move(path);
          return success();
        }},
    row{"--cache-size", true, [](action_type a) { return a != action_type::verify; },
        [](cache_options& o, const string& v) -> result<void> {
          BOOST_OUTCOME_TRY(bytes, parse_byte_size(v, least_cache_size));
          o.cache_size = bytes;
          return success();
        }},
    row{"--json", false, [](action_type a) { return a == action_type::info; },
        [](cache_options& o, const string&) -> result<void> { return o.json = true, success(); }},
};

auto wrong(const string& message) {
  return fail(EINVAL, message + " (see gitfs-actor cache --help)");
}

template <class Rows>
string nearest(const string& typed, const Rows& known) {
  std::vector<string_view> names;
  names.reserve(known.size());
  for (const auto& each : known)
    names.push_back(each.name);
  return did_you_mean(typed, names);
}

} // namespace

result<invocation> parse_cache(std::span<const char* const> arguments) {
  cache_options out;
  if (arguments.empty())
    return wrong("what to do is missing: info, gc or verify");
  const string action = arguments[0];
  const auto chosen = std::ranges::find(actions, string_view{action}, &action_row::name);
  if (chosen == actions.end())
    return wrong("'" + action + "' is not one of info, gc, verify" + nearest(action, actions));
  out.action = chosen->action;
  for (std::size_t i = 1; i < arguments.size(); ++i) {
    const string word = arguments[i];
    const std::size_t equals = word.find('=');
    const string name = word.substr(0, equals);
    if (!word.starts_with('-'))
      return wrong("one argument too many: '" + word + "'");
    const auto option = std::ranges::find(rows, string_view{name}, &row::name);
    if (option == rows.end())
      return wrong("unknown option '" + name + "'" + nearest(name, rows));
    if (!option->fits(out.action))
      return wrong(string{name}.append(" is not an option of 'cache ").append(action).append("'"));
    if (!option->has_value && equals != string::npos)
      return wrong(name + " takes no value");
    string value;
    if (option->has_value && equals != string::npos)
      value = word.substr(equals + 1);
    else if (option->has_value && ++i == arguments.size())
      return wrong(name + " needs a value");
    else if (option->has_value)
      value = arguments[i];
    if (auto done = option->set(out, value); !done)
      return wrong(name + ": " + done.error().message);
  }
  if (out.cache_dir.empty()) {
    BOOST_OUTCOME_TRY(path, default_cache_dir());
    out.cache_dir = std::move(path);
  }
  return invocation{std::move(out)};
}

} // namespace gitfs
