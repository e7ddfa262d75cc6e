// Arguments taken apart: options, their values, and the words that are none.
#pragma once

#include "config/error.hpp"

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// How an option is given. The spellings are those of POSIX and GNU: -abc, -oVALUE, --name VALUE, --name=VALUE; behind
/// "--" there are only words.
struct option_form {
  std::string_view names; ///< "-f,--foreground": all spellings, the one that messages name last
  bool has_value;
};

struct given_arguments {
  struct option {
    std::size_t which; ///< of the known ones
    std::string value; ///< of a switch empty
  };
  std::vector<option> options; ///< by the order of the known ones; of one option as they were given
  std::vector<std::string> words;
  std::string unknown; ///< the first option that is none of the known ones, without its value; empty: there is none
};

/// EINVAL: an option has no value and needs one, or the other way round. The message names it.
result<given_arguments> read_arguments(std::vector<std::string> arguments, std::span<const option_form> known);

/// "unknown option '--tiemout', did you mean '--timeout'?"
std::string about_unknown(std::string_view option, std::span<const option_form> known);

} // namespace gitfs
