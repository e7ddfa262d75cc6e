// Command lines of the form "COMMAND ACTION [options] [words]", or without an action, read by two tables.
#pragma once

#include "config/error.hpp"
#include "config/nearest.hpp"

#include <algorithm>
#include <cerrno>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

template <class Options>
struct subcommand {
  using action_type = typename Options::action_type;

  struct action_row {
    std::string_view name;
    action_type action;
  };
  struct option_row {
    std::string_view name;
    bool has_value;
    bool (*fits)(action_type action);
    result<void> (*set)(Options& out, const std::string& value);
  };

  std::string_view name;
  std::span<const action_row> actions; ///< none: the command has but one
  std::span<const option_row> options;
  /// Takes the next word that is no option; false: it is one too many.
  bool (*take_word)(Options& out, const std::string& word);
};

template <class Options>
class subcommand_reader {
public:
  explicit subcommand_reader(const subcommand<Options>& command) : command_(command) {}

  /// Takes what stands behind the command's name. EINVAL, with what would be right.
  result<void> read(std::span<const char* const> arguments, Options& out) const {
    std::string action;
    if (!command_.actions.empty()) {
      GITFS_TRYV(take_action(arguments, out));
      action = std::string{arguments[0]};
    }
    bool options_end = false;
    for (std::size_t i = command_.actions.empty() ? 0 : 1; i < arguments.size(); ++i) {
      const std::string word = arguments[i];
      if (!options_end && word == "--") {
        options_end = true;
      } else if (options_end || !word.starts_with('-')) {
        if (!command_.take_word(out, word))
          return wrong("one argument too many: '" + word + "'");
      } else {
        GITFS_TRYV(take_option(arguments, i, out, action));
      }
    }
    return success();
  }

  auto wrong(const std::string& message) const {
    return fail(EINVAL, message + " (see gitfs-actor " + std::string{command_.name} + " --help)");
  }

private:
  result<void> take_action(std::span<const char* const> arguments, Options& out) const {
    if (arguments.empty())
      return wrong("what to do is missing: " + actions(" or "));
    const std::string action = arguments[0];
    const auto chosen = find(command_.actions, action);
    if (chosen == command_.actions.end())
      return wrong("'" + action + "' is not one of " + actions(", ") + nearest(action, command_.actions));
    out.action = chosen->action;
    return success();
  }

  template <class Rows>
  static auto find(const Rows& rows, std::string_view name) {
    return std::ranges::find_if(rows, [name](const auto& each) { return each.name == name; });
  }

  template <class Rows>
  static std::string nearest(const std::string& typed, const Rows& known) {
    std::vector<std::string_view> names;
    for (const auto& each : known)
      names.push_back(each.name);
    return did_you_mean(typed, names);
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

  // Of the option that stands at `i`; leaves `i` at the last argument that belongs to it.
  result<void> take_option(std::span<const char* const> arguments, std::size_t& i, Options& out,
                           const std::string& action) const {
    const std::string word = arguments[i];
    const std::size_t equals = word.find('=');
    const std::string name = word.substr(0, equals);
    const auto option = find(command_.options, name);
    if (option == command_.options.end())
      return wrong("unknown option '" + name + "'" + nearest(name, command_.options));
    if (!option->fits(out.action))
      return wrong(name + " is not an option of '" + std::string{command_.name} + " " + action + "'");
    if (!option->has_value && equals != std::string::npos)
      return wrong(name + " takes no value");
    std::string value;
    if (option->has_value && equals != std::string::npos)
      value = word.substr(equals + 1);
    else if (option->has_value && ++i == arguments.size())
      return wrong(name + " needs a value");
    else if (option->has_value)
      value = arguments[i];
    if (auto done = option->set(out, value); !done)
      return wrong(name + ": " + done.error().message);
    return success();
  }

  const subcommand<Options>& command_;
};

} // namespace gitfs
