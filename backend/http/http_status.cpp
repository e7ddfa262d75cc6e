#include "backend/http/http_status.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace gitfs {

namespace {

/// Statuses that deserve better words than their number.
struct status_row {
  long status;
  int failure;
  std::array<const char*, 2> text; ///< by `answering`
};

constexpr status_row statuses[] = {
    {401, EACCES, {"the server asks for credentials", "the service asks for a token, or refuses the one in use"}},
    {403,
     EACCES,
     {"access denied; check that the credentials in use may read this repository",
      "access denied; check that the token in use may do this"}},
    {404,
     ENOENT,
     {"repository not found; check the URL (a private repository may be hidden in this way: then give credentials)",
      "not found (what is private may be hidden in this way: then give a token)"}},
    {407, EACCES, {"the proxy asks for credentials", "the proxy asks for credentials"}},
    {410, ENOENT, {"the repository is gone", "it is gone"}},
    {413,
     E2BIG,
     {"the server refuses a request of this size (HTTP 413)", "the service refuses a request of this size (HTTP 413)"}},
    {429,
     EIO,
     {"the server asks to make fewer requests (HTTP 429)", "the service asks to make fewer requests (HTTP 429)"}},
    {451, EACCES, {"the repository is not available for legal reasons (HTTP 451)", "not available for legal reasons"}},
};

std::string unlisted(answering who, long status) {
  return std::string{who == answering::repository ? "the server" : "the service"} + " answers with HTTP status "
         + std::to_string(status);
}

} // namespace

attempt_failure refused_by_status(answering who, const http_head& head, const std::string& display,
                                  const std::string& explanation) {
  const auto* const row = std::ranges::find(statuses, head.status, &status_row::status);
  const bool listed = row != std::end(statuses);
  std::string text =
      display + ": " + (listed ? row->text.at(static_cast<std::size_t>(who)) : unlisted(who, head.status));
  if (!explanation.empty())
    text += " (\"" + explanation + "\")";
  return {{listed ? row->failure : EIO, std::move(text)},
          transient_status(head.status),
          head.retry_after,
          failure_kind_of(head),
          head.status == 401,
          head.challenge,
          head.effective_url};
}

attempt_result judge_probe(answering who, http_exchange& exchange) {
  const http_head head = exchange.head();
  if (head.status == 0)
    return cut_off(exchange);
  const failure_kind of = failure_kind_of(head);
  if (of == failure_kind::request)
    return {};
  return attempt_failure{{EIO, unlisted(who, head.status)}, true, head.retry_after, of};
}

} // namespace gitfs
