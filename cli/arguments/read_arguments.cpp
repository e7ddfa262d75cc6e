#include "cli/arguments/read_arguments.hpp"

#include "config/nearest.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace gitfs {

using std::string;
using std::string_view;

namespace {

string_view shown_name(const option_form& form) {
  return form.names.substr(form.names.rfind(',') + 1); // npos + 1 is 0: without a comma this is the whole text
}

bool looks_like_option(string_view argument) {
  return argument.size() > 1 && argument.front() == '-';
}

// An empty value mostly comes from a variable of the shell that is not set.
constexpr const char* empty_value = ": the value is empty: give one, or leave the option out";

// CLI11 takes an empty value for a missing one, and would read "--ref= URL" as the ref URL.
result<void> refuse_empty_values(std::span<const string> arguments, std::span<const option_form> known) {
  for (const string& each : arguments) {
    if (each == "--")
      break;
    if (!each.starts_with("--") || each.find('=') != each.size() - 1)
      continue;
    const string_view name = string_view{each}.substr(0, each.size() - 1);
    const auto form = std::ranges::find(known, name, shown_name);
    if (form != known.end())
      return fail(EINVAL, string{name} + (form->has_value ? empty_value : " takes no value"));
  }
  return success();
}

// CLI11 leaves over unknown options, words, and the "--" between them, in the order of the arguments.
void take_rest(given_arguments& out, std::vector<string> rest) {
  const auto mark = std::ranges::find(rest, "--");
  for (auto each = rest.begin(); each != rest.end(); ++each) {
    if (each == mark)
      continue;
    if (each > mark || !looks_like_option(*each))
      out.words.push_back(std::move(*each));
    else if (out.unknown.empty())
      out.unknown = each->substr(0, each->find('='));
  }
}

} // namespace

result<given_arguments> read_arguments(std::vector<string> arguments, std::span<const option_form> known) {
  GITFS_TRYV(refuse_empty_values(arguments, known));
  CLI::App app;
  app.set_help_flag("");
  app.allow_extras();
  std::vector<CLI::Option*> options;
  for (const option_form& each : known) {
    options.push_back(each.has_value ? app.add_option(string{each.names}) : app.add_flag(string{each.names}));
    if (each.has_value)
      options.back()->expected(1)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  }
  try {
    std::ranges::reverse(arguments); // CLI11 reads this vector from its end
    app.parse(std::move(arguments));
  } catch (const CLI::ArgumentMismatch& e) {
    const string what = e.what();
    return fail(EINVAL, what.substr(0, what.find(':')) + " needs a value");
  } catch (const CLI::Error& e) {
    return fail(EINVAL, e.what());
  }
  given_arguments out;
  for (std::size_t i = 0; i < known.size(); ++i)
    for (const string& value : options[i]->results()) {
      if (!known[i].has_value && value != "true")
        return fail(EINVAL, string{shown_name(known[i])} + " takes no value");
      out.options.push_back({i, known[i].has_value ? value : string{}});
    }
  take_rest(out, app.remaining());
  return out;
}

string about_unknown(string_view option, std::span<const option_form> known) {
  std::vector<string_view> names;
  for (const option_form& each : known)
    names.push_back(shown_name(each));
  return "unknown option '" + string{option} + "'" + did_you_mean(option, names);
}

} // namespace gitfs
