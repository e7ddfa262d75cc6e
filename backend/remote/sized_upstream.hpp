// A git server that tells no sizes, together with a service that does.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/os/worker_pool.hpp"
#include "backend/remote/size_source.hpp"
#include "backend/remote/upstream.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace gitfs {

/// Passes everything on to the git server; sizes that it does not tell are asked for at `sizes`. Once that has said
/// that it cannot, object_info is ENOTSUP, as without it, and the log says why. Of files that it does not know, EAGAIN;
/// also when it says so itself, or a failure that may pass is not the first in a row: then it is left alone for
/// `pause`. Destruction as git_upstream's.
class sized_upstream final : public upstream {
public:
  sized_upstream(std::shared_ptr<upstream> server, std::shared_ptr<object_db> objects,
                 std::shared_ptr<size_source> sizes, size_receiver remember, std::chrono::milliseconds pause);
  ~sized_upstream() override;
  sized_upstream(const sized_upstream&) = delete;
  sized_upstream& operator=(const sized_upstream&) = delete;

  /// A snapshot whose blobs are going to be asked about.
  void look_in(const oid& commit, const oid& root_tree);

  std::unique_ptr<transfer> fetch(fetch_request request, transfer_callback done) override;
  std::unique_ptr<transfer> object_info(std::vector<oid> ids, transfer_callback done,
                                        std::string traceparent = {}) override;
  const std::string& display_name() const override { return server_->display_name(); }

private:
  struct question;
  struct core;

  const std::shared_ptr<upstream> server_;
  const std::shared_ptr<core> core_; // also of callbacks that come late
};

/// Null if there are no `sizes`: then the server is all there is.
std::shared_ptr<sized_upstream> with_sizes(std::shared_ptr<upstream> server, std::shared_ptr<object_db> objects,
                                           std::shared_ptr<size_source> sizes, size_receiver remember,
                                           std::chrono::milliseconds pause = std::chrono::minutes{1});

} // namespace gitfs
