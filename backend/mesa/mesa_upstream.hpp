// Objects of one repository of the mesa service, which is asked for them by path.
#pragma once

#include "backend/mesa/mesa_client.hpp"
#include "backend/mesa/mesa_index.hpp"
#include "backend/mesa/mesa_objects.hpp"
#include "backend/mesa/mesa_transfers.hpp"
#include "backend/remote/upstream.hpp"
#include "config/error.hpp"

#include <memory>
#include <string>

namespace gitfs {

/// Listings, not packs: a wanted tree is a listing at a path where the tree was named, and with listings come the sizes
/// of files, so object_info mostly makes no request. Trees that are near each other come in one answer, all of a
/// snapshot (`blob_none` of a commit that was added) in as few as the service's pages allow. Contents are one request
/// for each file, upstream_limits::parallel at once, and go into the store when their git name is right. Each request
/// has upstream_limits::total for itself and its retries.
///
/// What one object of many lacks (a wrong hash, a path that is gone) does not fail the transfer: it is missing then,
/// and asking for it alone tells why. `none` is not offered (ENOTSUP). Thread-safe; destruction cancels what runs.
class mesa_upstream final : public upstream {
public:
  mesa_upstream(std::shared_ptr<mesa_client> client, std::string org, std::string repository,
                std::shared_ptr<mesa_objects> objects);
  ~mesa_upstream() override;
  mesa_upstream(const mesa_upstream&) = delete;
  mesa_upstream& operator=(const mesa_upstream&) = delete;

  std::unique_ptr<transfer> fetch(fetch_request request, transfer_callback done) override;
  std::unique_ptr<transfer> object_info(std::vector<oid> ids, transfer_callback done,
                                        std::string traceparent = {}) override;
  const std::string& display_name() const override { return display_; }

  /// From now on `commit` can be fetched, and what `root` names is looked for under `ref`.
  void add_snapshot(const oid& commit, const oid& root, const std::string& ref);

  /// Brings the root of a ref into the store. Blocks, as one operation. ENOENT: there is no such ref.
  result<mesa_listing> list_root(operation& op, const std::string& ref);

private:
  struct state;
  std::unique_ptr<state> impl_;
  const std::string display_;
};

} // namespace gitfs
