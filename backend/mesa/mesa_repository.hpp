// A repository of the mesa service.
#pragma once

#include "backend/mesa/mesa_client.hpp"
#include "backend/mesa/mesa_objects.hpp"
#include "backend/mesa/mesa_upstream.hpp"
#include "backend/remote/repository.hpp"

#include <memory>
#include <string>

namespace gitfs {

/// The service tells the commit of the default branch only; that snapshot is asked for by its commit, so that its
/// listings cannot move. Of another branch or tag the root directory's id stands for the commit, and it is asked for by
/// the ref: if that moves, what was not listed yet fails until `take` is called again. A full commit id is one. The
/// time of a snapshot is that of the last change below its root.
class mesa_repository final : public repository {
public:
  mesa_repository(std::shared_ptr<mesa_client> client, std::string org, std::string name,
                  std::shared_ptr<mesa_objects> objects);

  const std::shared_ptr<object_db>& objects() const override { return db_; }
  const std::shared_ptr<upstream>& remote() const override { return remote_; }
  const std::string& display() const override { return mesa_->display_name(); }

  /// One request, and another one (or more, of a root with many pages) if the snapshot is not here.
  result<snapshot_facts> take(const std::string& ref, const std::optional<oid>& have, std::stop_token stop) override;

private:
  const std::shared_ptr<mesa_client> client_;
  const std::string org_, name_;
  const std::shared_ptr<mesa_objects> objects_;
  const std::shared_ptr<mesa_upstream> mesa_;
  const std::shared_ptr<object_db> db_;
  const std::shared_ptr<upstream> remote_;
};

} // namespace gitfs
