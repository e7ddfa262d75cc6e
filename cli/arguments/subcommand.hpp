// Reads the command lines of all commands but mount, "COMMAND [ACTION] [options] [words]", by a table of actions and
// one of options.
#pragma once

#include "cli/arguments/read_arguments.hpp"
#include "config/error.hpp"
#include "config/nearest.hpp"
#include "config/url.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// The type of a command's actions: Options::action_type, or an empty enum for a command that does only one thing.
template <class Options>
struct action_of {
  enum class type : std::uint8_t {};
};
template <class Options>
requires requires {
  typename Options::action_type;
}
struct action_of<Options> {
  using type = typename Options::action_type;
};

template <class Options>
struct subcommand {
  using action_type = typename action_of<Options>::type;

  struct action_row {
    std::string_view name;
    action_type action;
  };
  struct option_row {
    std::string_view name;
    bool has_value;
    result<void> (*set)(Options& out, const std::string& value);
    bool (*fits)(action_type action) = nullptr; ///< whether the action takes this option; null: every action does
  };

  std::string_view name;
  std::span<const option_row> options{};
  std::span<const action_row> actions{}; ///< empty for a command that does only one thing

  /// The function `set` of an option without a value.
  template <bool Options::*Switch>
  static result<void> turn_on(Options& out, const std::string&) {
    out.*Switch = true;
    return success();
  }
};

template <class Options>
class subcommand_reader {
public:
  explicit subcommand_reader(const subcommand<Options>& command) : command_(command) {}

  /// Reads the arguments behind the command's name into `out`, and returns the words among them. EINVAL: an argument is
  /// wrong; the message says what would be right.
  result<std::vector<std::string>> read(std::span<const char* const> arguments, Options& out) const {
    std::string action;
    if constexpr (requires { out.action; }) {
      GITFS_TRYV(take_action(arguments, out));
      action = arguments[0];
      arguments = arguments.subspan(1);
    }
    std::vector<option_form> known;
    for (const auto& each : command_.options)
      known.push_back({each.name, each.has_value});
    auto given = read_arguments({arguments.begin(), arguments.end()}, known);
    if (!given)
      return wrong(given.error().message);
    if (!given.value().unknown.empty())
      return wrong(about_unknown(given.value().unknown, known));
    for (const auto& [which, value] : given.value().options) {
      const auto& option = command_.options[which];
      const std::string name{option.name};
      if constexpr (requires { out.action; })
        if (option.fits != nullptr && !option.fits(out.action))
          return wrong(name + " is not an option of '" + std::string{command_.name} + " " + action + "'");
      if (auto done = option.set(out, value); !done)
        return wrong(name + ": " + done.error().message);
    }
    return std::move(given.value().words);
  }

  /// Refuses more than `most` words. `first` is the name of the first word, which must be there and not be empty; if
  /// `first` is empty, there need not be any word.
  result<void> check(std::span<const std::string> words, std::size_t most, std::string_view first) const {
    if (words.size() > most)
      return wrong("one argument too many: '" + words[most] + "'");
    if (!first.empty() && (words.empty() || words.front().empty()))
      return wrong(std::string{first} + " is missing");
    return success();
  }

  auto wrong(const std::string& message) const {
    return fail(EINVAL, redacted(message) + " (see gitfs-actor " + std::string{command_.name} + " --help)");
  }

private:
  result<void> take_action(std::span<const char* const> arguments, Options& out) const {
    if (arguments.empty())
      return wrong("what to do is missing: " + actions(" or "));
    const std::string_view action = arguments[0];
    const auto chosen = std::ranges::find_if(command_.actions, [&](const auto& each) { return each.name == action; });
    if (chosen == command_.actions.end()) {
      std::vector<std::string_view> names;
      for (const auto& each : command_.actions)
        names.push_back(each.name);
      return wrong("'" + std::string{action} + "' is not one of " + actions(", ") + did_you_mean(action, names));
    }
    out.action = chosen->action;
    return success();
  }

  std::string actions(std::string_view before_last) const {
    std::string out;
    for (std::size_t i = 0; i < command_.actions.size(); ++i) {
      if (i != 0)
        out += i + 1 == command_.actions.size() ? before_last : ", ";
      out += command_.actions[i].name;
    }
    return out;
  }

  const subcommand<Options>& command_;
};

} // namespace gitfs
