// The one error type of every layer, and the result that carries it.
#pragma once

#include <boost/outcome/basic_result.hpp>
#include <boost/outcome/policy/terminate.hpp>

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
using result = BOOST_OUTCOME_V2_NAMESPACE::basic_result<T, error, BOOST_OUTCOME_V2_NAMESPACE::policy::terminate>;

/// `return fail(ENOENT, "…");` from any function that returns a result.
inline auto fail(int code, std::string message) {
  return BOOST_OUTCOME_V2_NAMESPACE::failure(error{code, std::move(message)});
}

/// The same of an error that is there already.
inline auto fail(error what) {
  return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(what));
}

/// "WHAT: " and what the system calls this errno.
inline error system_failure(int code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(code)};
}

inline auto success() {
  return BOOST_OUTCOME_V2_NAMESPACE::success();
}

} // namespace gitfs

// Not BOOST_OUTCOME_TRY: up to Boost 1.80 it declares the name that it is given, and from 1.81 on it assigns to one
// that must exist, silently to an outer one of the same name.
#define GITFS_TRY_JOIN2(a, b) a##b
#define GITFS_TRY_JOIN(a, b) GITFS_TRY_JOIN2(a, b)
#define GITFS_TRY_AS(outcome, name, ...)                                                                               \
  auto&& outcome = (__VA_ARGS__);                                                                                      \
  if (!outcome)                                                                                                        \
    return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(outcome).assume_error());                                     \
  auto&& name = std::move(outcome).assume_value()
#define GITFS_TRYV_AS(outcome, ...)                                                                                    \
  if (auto&& outcome = (__VA_ARGS__); !outcome)                                                                        \
  return BOOST_OUTCOME_V2_NAMESPACE::failure(std::move(outcome).assume_error())

/// `GITFS_TRY(name, expression);` declares `name` as the value of the result `expression`, or returns its error from
/// the function around it.
#define GITFS_TRY(name, ...) GITFS_TRY_AS(GITFS_TRY_JOIN(gitfs_try_, __COUNTER__), name, __VA_ARGS__)

/// `GITFS_TRYV(expression);` the same without the value.
#define GITFS_TRYV(...) GITFS_TRYV_AS(GITFS_TRY_JOIN(gitfs_try_, __COUNTER__), __VA_ARGS__)
