// A repository of the mesa service.
#pragma once

#include "backend/mesa/mesa_client.hpp"
#include "backend/mesa/mesa_objects.hpp"
#include "backend/mesa/mesa_upstream.hpp"
#include "backend/remote/repository.hpp"

#include <memory>
#include <string>

namespace gitfs {

/// The service tells the commit of the default branch only. That snapshot is asked for by its commit, so that its
/// listings cannot change. For another branch or tag the id of the root directory stands for the commit, and the
/// snapshot is asked for by the ref: if the ref moves, listings that were not fetched yet fail until `take` is called
/// again. A full commit id is used as it is. The time of a snapshot is that of the last change below its root.
class mesa_repository final : public repository {
public:
  mesa_repository(std::shared_ptr<mesa_client> client, std::string org, std::string name,
                  std::shared_ptr<mesa_objects> objects);

  const std::shared_ptr<object_db>& objects() const override { return db_; }
  const std::shared_ptr<upstream>& remote() const override { return remote_; }
  const std::string& display() const override { return mesa_->display_name(); }

  /// Makes one request, and one more if the snapshot is not here; a root with many pages takes more.
  result<snapshot_facts> resolve(const std::string& ref, const std::optional<oid>& have, std::stop_token stop) override;

private:
  const std::shared_ptr<mesa_client> client_;
  const std::string org_, name_;
  const std::shared_ptr<mesa_objects> objects_;
  const std::shared_ptr<mesa_upstream> mesa_;
  const std::shared_ptr<object_db> db_;
  const std::shared_ptr<upstream> remote_;
};

} // namespace gitfs
