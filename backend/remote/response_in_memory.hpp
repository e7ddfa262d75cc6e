// Reads answers of a git server that fit in memory.
#pragma once

#include "backend/http/http_attempt.hpp"

#include <cerrno>
#include <cstdint>
#include <string>

namespace gitfs {

/// Reads an answer, at most `limit` bytes of it. `Response` is one of protocol_v2.hpp.
template <class Response>
attempt_result read_into(Response& response, http_exchange& exchange, std::uint64_t limit) {
  std::string piece;
  while (exchange.read(piece)) {
    if (exchange.received() > limit)
      return attempt_failure{{EIO, "the server's answer is longer than it can rightly be"}};
    if (auto fed = response.feed(piece); !fed)
      return attempt_failure{std::move(fed.error())};
  }
  return response.complete() ? attempt_result{} : cut_off(exchange);
}

} // namespace gitfs
