// What an answer without success means.
#pragma once

#include "backend/http/http_attempt.hpp"

#include <cstdint>
#include <string>

namespace gitfs {

/// Whose answer it is, and so in which words a failure is told.
enum class answering : std::uint8_t {
  repository, ///< a git server
  api,        ///< a REST service
};

/// Of an answer with another status than success. `display`: what the message begins with. `explanation`: what the
/// answer says itself; may be empty.
attempt_failure refused_by_status(answering who, const http_head& head, const std::string& display,
                                  const std::string& explanation);

/// Of a probe: nothing if the host is there, whatever it says of this request.
attempt_result judge_probe(answering who, http_exchange& exchange);

} // namespace gitfs
