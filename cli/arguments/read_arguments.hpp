// Separates arguments into options, their values, and words.
#pragma once

#include "config/error.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// The names of an option, and whether it has a value. Arguments are written as POSIX and GNU have them: -abc, -oVALUE,
/// --name VALUE, --name=VALUE; behind "--" there are only words.
struct option_form {
  std::string_view names; ///< all names, such as "-f,--foreground"; messages use the last one
  bool has_value;
};

struct given_arguments {
  struct option {
    std::size_t which; ///< index of the known option
    std::string value; ///< empty if the option has none
  };
  std::vector<option> options; ///< sorted by `which`; the values of one option are in the order of the arguments
  std::vector<std::string> words;
  std::string unknown; ///< the first option that is not known, without its value; empty: there is none
};

/// EINVAL: an option lacks its value, or has one that it does not take. The message names the option.
result<given_arguments> read_arguments(std::vector<std::string> arguments, std::span<const option_form> known);

/// A message such as "unknown option '--tiemout', did you mean '--timeout'?"
std::string about_unknown(std::string_view option, std::span<const option_form> known);

} // namespace gitfs
