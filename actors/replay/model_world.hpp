// A model of store and server, from which the actors get their objects when a recording runs in another order. The
// store is empty at the begin.
#pragma once

#include "actors/mount/environment.hpp"
#include "actors/mount/mount_context.hpp"
#include "actors/replay/recording.hpp"
#include "backend/remote/upstream.hpp"

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace gitfs {

/// Has every object that the recording names. A tree whose contents are not in the recording is an empty tree. One
/// thread.
class model_world {
public:
  /// `fails`: one in twenty transfers fails, whether or not transfers of the recording failed.
  model_world(const recording& from, bool fails);
  ~model_world();
  model_world(const model_world&) = delete;
  model_world& operator=(const model_world&) = delete;

  std::shared_ptr<environment> around(mount_context& context);
  std::shared_ptr<upstream> server();

  /// The number of running transfers, and of running loads of large blobs.
  std::size_t transfers() const;
  std::size_t loads() const { return loads_.size(); }
  /// Ends a transfer. If `random` is null it succeeds; else it may fail as one of the recorded transfers did.
  void end_transfer(std::size_t which, std::mt19937_64* random);
  void end_load(std::size_t which);
  /// True once a transfer has failed.
  bool failed() const { return failed_; }

  std::uint64_t requests = 0; ///< how many requests the kernel has sent so far

private:
  class view;
  class model_server;
  struct running;

  std::uint64_t size_of(const oid& id) const;
  bool here(const oid& id) const { return all_here_ || here_.contains(id); }

  const recording& from_;
  bool all_here_; // the recording is of a local repository, or of a server that sends everything
  std::vector<int> failures_;
  std::size_t recorded_transfers_ = 0;
  bool tells_sizes_ = true;
  bool failed_ = false;
  std::unordered_set<oid> here_, loaded_;
  std::unordered_set<oid> known_sizes_;
  std::vector<std::shared_ptr<running>> running_;
  std::vector<blob_load> loads_;
};

} // namespace gitfs
