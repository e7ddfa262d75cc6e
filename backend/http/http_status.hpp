// Makes failures of answers whose status is not success.
#pragma once

#include "backend/http/http_attempt.hpp"

#include <cstdint>
#include <string>

namespace gitfs {

/// The kind of server that answers, which decides the words of messages.
enum class answering : std::uint8_t {
  repository, ///< a git server
  api,        ///< a REST service
};

/// The failure for an answer whose status is not success. `display`: begins the message. `explanation`: the text of the
/// answer; may be empty.
attempt_failure refused_by_status(answering who, const http_head& head, const std::string& display,
                                  const std::string& explanation);

/// The result of a probe. It is a success whenever the host is there, even if it refuses the request.
attempt_result judge_probe(answering who, http_exchange& exchange);

} // namespace gitfs
