// Where objects come from when they are not on this machine: an asynchronous remote.
#pragma once

#include "backend/git/oid.hpp"
#include "backend/pack/pack_sink.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace gitfs {

/// What a fetch must bring. The upstream decides how to ask for it, and may bring more.
enum class fetch_need : std::uint8_t {
  commit,    ///< wanted commits without their ancestors, and their root trees where that costs no other request
  all_trees, ///< wanted commits without their ancestors, and every tree of theirs
  snapshot,  ///< the same as all_trees, and all contents
  trees,     ///< the wanted trees
  blobs,     ///< the wanted blobs
};

struct fetch_request {
  std::vector<oid> wants;
  fetch_need need = fetch_need::blobs;
  /// With wanted commits: commits that were fetched in the same way before. The server does not send again what their
  /// trees have, even if it is not here any more; such objects must be fetched by themselves. A commit that the server
  /// does not know is ignored. If the answer has deltas against objects that are not here, everything is asked for once
  /// more, without haves.
  std::vector<oid> haves{};
  /// Give up with EFBIG once the pack is longer than this many bytes; 0: no limit.
  std::uint64_t byte_limit = 0;
  /// The same for a pack of one blob, as soon as the header says that the blob has more bytes than this. The outcome
  /// has the size of the blob. 0: no limit.
  std::uint64_t size_limit = 0;
  pack_use use = pack_use::keep;
  /// Called, if set, once the pack is longer than `long_from` bytes; on a thread of the upstream.
  std::function<void()> grew_long = nullptr;
  std::uint64_t long_from = 0;
  /// Called, if set, once a pack of at most `few` objects has begun to come; on a thread of the upstream.
  std::function<void()> came_few = nullptr;
  std::uint32_t few = 0;
  std::string traceparent{}; ///< header of the HTTP requests made for it (W3C Trace Context); empty: none
};

/// How an upstream request ended, after every retry inside its deadline.
struct transfer_outcome {
  /// None: every object that the server sent is in the store and verified; some wanted objects may be missing, but not
  /// all. Otherwise EIO, ETIMEDOUT or ECANCELED; EHOSTDOWN: the server has been away for longer than requests wait,
  /// which is logged; EFBIG: byte_limit; E2BIG: the server refuses a request with so many ids; ENOENT: the server does
  /// not have a wanted object; EACCES: credentials; ENOTSUP: the server cannot send just these objects, or has no
  /// `object-info`; EAGAIN: object_info got only `sizes`, and a later request may get more.
  std::optional<error> failure;
  /// Of object_info, and of a fetch that met its `size_limit`: the sizes that the server has told. They are also in the
  /// store's size table.
  std::vector<std::pair<oid, std::uint64_t>> sizes;
  /// Upstream HTTP requests made (with retries), and bytes received.
  std::uint32_t requests = 0;
  std::uint64_t bytes = 0;
};

/// Called exactly once per transfer, also after `cancel`, on a thread of the upstream: it only hands the outcome on.
using transfer_callback = std::function<void(transfer_outcome)>;

/// A running request. Destroying the handle cancels the request down to the HTTP transfer; the callback still comes.
class transfer {
public:
  virtual ~transfer() = default;
  /// Bytes that have come so far, of all attempts. Any thread.
  virtual std::uint64_t arrived() const { return 0; }
};

/// Told of sizes that the server gave; may block; called on a thread of the upstream.
using size_receiver = std::function<void(std::span<const std::pair<oid, std::uint64_t>>)>;

/// Thread-safe; no call blocks but `resolve`.
class upstream {
public:
  virtual ~upstream() = default;

  /// Brings the objects into the store.
  virtual std::unique_ptr<transfer> fetch(fetch_request request, transfer_callback done) = 0;

  /// Asks for the sizes of blobs without their contents (protocol v2 `object-info`). `traceparent`: as in
  /// fetch_request.
  virtual std::unique_ptr<transfer> object_info(std::vector<oid> ids, transfer_callback done,
                                                std::string traceparent = {}) = 0;

  /// A name to show in messages and logs: the URL without credentials.
  virtual const std::string& display_name() const = 0;
};

} // namespace gitfs
