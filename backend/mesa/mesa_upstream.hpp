// The upstream of one repository of the mesa service, which is asked for objects by their path.
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

/// The service answers with listings and not with packs. A wanted tree is fetched as the listing of a path at which the
/// tree was named. Listings have the sizes of files, so object_info mostly makes no request. Trees that are near each
/// other come in one answer; all trees of a snapshot come in as few answers as the service's pages allow. Contents take
/// one request for each file, upstream_limits::parallel at once, and are stored if their git hash is right. Each
/// request has upstream_limits::total for itself and its retries.
///
/// One object of many that fails (a wrong hash, a path that is gone) does not fail the transfer. It is missing then,
/// and asking for it alone tells why. A fetch of a whole snapshot is not offered (ENOTSUP). Thread-safe; destruction
/// cancels running transfers.
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

  /// Adds a snapshot. From now on `commit` can be fetched, and objects that `root` names are asked for under `ref`.
  void add_snapshot(const oid& commit, const oid& root, const std::string& ref);

  /// Brings the root of a ref into the store. Blocks, as one operation. ENOENT: there is no such ref.
  result<mesa_listing> list_root(operation& op, const std::string& ref);

private:
  struct state;
  std::unique_ptr<state> impl_;
  const std::string display_;
};

} // namespace gitfs
