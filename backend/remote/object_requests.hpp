// Objects and sizes from a git server, by whichever way it takes.
#pragma once

#include "backend/http/http_attempt.hpp"
#include "backend/pack/pack_sink.hpp"
#include "backend/remote/capability_discovery.hpp"
#include "backend/remote/server_ways.hpp"
#include "backend/remote/smart_http.hpp"
#include "backend/remote/upstream.hpp"
#include "config/error.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// Thread-safe; calls block for one operation, and end early with ECANCELED when it is stopped. What is given outlives
/// it. Errors as of transfer_outcome.
class object_requests {
public:
  /// `display`: the server in messages.
  object_requests(smart_http& http, capability_discovery& server, server_ways& ways, server_place place,
                  pack_receiver& store, std::string display)
    : http_(http),
      server_(server),
      ways_(ways),
      place_(std::move(place)),
      store_(store),
      display_(std::move(display)) {}

  /// Tries one way after the other in this operation until all that was wanted is in the store. What a way leaves out
  /// is asked for again, all of it at once, as long as anything comes. Success if any of it has come.
  result<void> fetch(operation& op, const fetch_request& request, transfer_outcome& out);

  /// ENOTSUP: the server has no `object-info`, or does not take what we ask of it. Sizes of objects that it does not
  /// have are left out, also where one of these fails a whole request.
  result<void> sizes(operation& op, const std::vector<oid>& ids, transfer_outcome& out);

private:
  struct answer;
  answer ask(operation& op, const fetch_request& request, way_form form, const capabilities& can, way_search& search,
             transfer_outcome& out);
  struct sizes_or_error;
  sizes_or_error ask_sizes(operation& op, const std::vector<oid>& ids);
  error not_offered(fetch_need need, const capabilities& can) const;

  smart_http& http_;
  capability_discovery& server_;
  server_ways& ways_;
  const server_place place_;
  pack_receiver& store_;
  const std::string display_;
};

} // namespace gitfs
