// An upstream that gets objects from a git server, and sizes that the git server does not tell from a REST service.
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

/// Passes everything on to the git server, and asks `sizes` for sizes that the git server does not tell. Once `sizes`
/// has said that it cannot tell any, object_info ends with ENOTSUP, and the log says why. object_info ends with EAGAIN
/// for files that `sizes` does not know, if `sizes` says EAGAIN itself, and if `sizes` fails for the second time in a
/// row; in the last two cases it is not asked again for `pause`. Destruction as in git_upstream.
class sized_upstream final : public upstream {
public:
  sized_upstream(std::shared_ptr<upstream> server, std::shared_ptr<object_db> objects,
                 std::shared_ptr<size_source> sizes, size_receiver remember, std::chrono::milliseconds pause);
  ~sized_upstream() override;
  sized_upstream(const sized_upstream&) = delete;
  sized_upstream& operator=(const sized_upstream&) = delete;

  /// Adds a snapshot in which the paths of blobs are looked up.
  void search_in(const oid& commit, const oid& root_tree);

  std::unique_ptr<transfer> fetch(fetch_request request, transfer_callback done) override;
  std::unique_ptr<transfer> object_info(std::vector<oid> ids, transfer_callback done,
                                        std::string traceparent = {}) override;
  const std::string& display_name() const override { return server_->display_name(); }

private:
  struct question;
  struct core;

  const std::shared_ptr<upstream> server_;
  const std::shared_ptr<core> core_; // callbacks that come late hold it, too
};

/// Null if `sizes` is null; then the git server is used alone.
std::shared_ptr<sized_upstream> with_sizes(std::shared_ptr<upstream> server, std::shared_ptr<object_db> objects,
                                           std::shared_ptr<size_source> sizes, size_receiver remember,
                                           std::chrono::milliseconds pause = std::chrono::minutes{1});

} // namespace gitfs
