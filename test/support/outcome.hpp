// What a failed result says, for the message of a check (which is composed even when the check holds).
#pragma once

#include "config/error.hpp"

#include <string>

namespace gitfs::test {

template <class T>
std::string reason_of(const result<T>& outcome) {
  return outcome ? std::string{} : std::to_string(outcome.error().code) + ": " + outcome.error().message;
}

} // namespace gitfs::test
