// The one error type of every layer, and the result that carries it.
#pragma once

#include <boost/outcome/result.hpp>
#include <boost/outcome/try.hpp>

#include <string>
#include <system_error>
#include <utility>

namespace gitfs {

/// What failed. `code` is the errno that the operation ends with; `message` is a sentence for a person: what happened
/// and, where there is something to do about it, what. Never holds a credential.
struct error {
  int code = 0;
  std::string message;
};

/// A value or an error. Errors travel by value up to the one place that turns them into an errno or an exit status.
template <class T>
using result = BOOST_OUTCOME_V2_NAMESPACE::result<T, error, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

/// `return fail(ENOENT, "…");` from any function that returns a result.
inline auto fail(int code, std::string message) {
  return BOOST_OUTCOME_V2_NAMESPACE::failure(error{code, std::move(message)});
}

/// "WHAT: " and what the system calls this errno.
inline error system_failure(int code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(code)};
}

inline auto success() {
  return BOOST_OUTCOME_V2_NAMESPACE::success();
}

} // namespace gitfs
