// The upstream of a git server behind a smart-HTTP URL (gitprotocol-http, gitprotocol-v2).
#pragma once

#include "backend/git/oid.hpp"
#include "backend/git/resolved_ref.hpp"
#include "backend/http/upstream_limits.hpp"
#include "backend/pack/pack_sink.hpp"
#include "backend/remote/capabilities.hpp"
#include "backend/remote/source.hpp"
#include "backend/remote/upstream.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace gitfs {

class http_client;
class server_ways;
class worker_pool;

/// Not to be used across a fork. Destruction cancels running transfers, and waits until their callbacks were called. So
/// a callback must not destroy the upstream.
class git_upstream : public upstream {
public:
  /// Makes no request. `from` must be remote; `store` must outlive the upstream. `assumed`: capabilities that the
  /// server is known to have; the server is asked only when it refuses something. `http`, `workers`: null: the upstream
  /// has its own. `ways`: what was learned about servers; null: nothing is known, and what is learned is forgotten with
  /// the upstream.
  static result<std::shared_ptr<git_upstream>>
  create(source from, pack_receiver& store, size_receiver remember_sizes, upstream_limits limits = {},
         std::optional<capabilities> assumed = {}, std::shared_ptr<http_client> http = nullptr,
         std::shared_ptr<worker_pool> workers = nullptr, std::shared_ptr<server_ways> ways = nullptr);
  ~git_upstream() override;
  git_upstream(const git_upstream&) = delete;
  git_upstream& operator=(const git_upstream&) = delete;

  /// Blocks for one round trip, at most for the total limit. `ref`: "" or "HEAD", a branch, a tag (peeled), a full ref
  /// name, in the order of gitrevisions; or a full commit id, which is returned without a request. ENOENT: there is no
  /// such ref, or no commit at all. ECANCELED: stopped. Other errors are those of transfer_outcome.
  result<resolved_ref> resolve(const std::string& ref, const std::stop_token& stop = {});

  /// Wants go to the server in the given order, and the order matters. If a tree and one of its direct entries are
  /// wanted, git sends both only if the entry comes before the tree; an entry behind its tree is filtered out without
  /// an error, and takes another request. So name blobs first, then trees from the bottom up.
  std::unique_ptr<transfer> fetch(fetch_request request, transfer_callback done) override;
  std::unique_ptr<transfer> object_info(std::vector<oid> ids, transfer_callback done,
                                        std::string traceparent = {}) override;
  const std::string& display_name() const override;

  upstream_counters counters() const;

private:
  struct state;
  explicit git_upstream(std::unique_ptr<state> impl);

  std::unique_ptr<state> impl_;
};

} // namespace gitfs
