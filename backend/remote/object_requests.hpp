// Asks a git server for objects and sizes, by whichever server way it accepts.
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

/// Thread-safe. A call blocks for one operation, and ends early with ECANCELED when the operation is stopped. The
/// arguments of the constructor outlive this object. Errors are those of transfer_outcome.
class object_requests {
public:
  /// `display`: the name of the server in messages.
  object_requests(smart_http& http, capability_discovery& server, server_ways& ways, server_place place,
                  pack_receiver& store, std::string display)
    : http_(http),
      server_(server),
      ways_(ways),
      place_(std::move(place)),
      store_(store),
      display_(std::move(display)) {}

  /// Tries one server way after the other until all wanted objects are in the store. Objects that an answer leaves out
  /// are asked for again, all at once, as long as each answer brings some. Success if any wanted object has come.
  result<void> fetch(operation& op, const fetch_request& request, transfer_outcome& out);

  /// ENOTSUP: the server has no `object-info`, or refuses our requests for it. Objects that the server does not have
  /// are left out, also where one such object makes a whole request fail.
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
