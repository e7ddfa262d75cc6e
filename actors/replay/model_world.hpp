// Where actors of a replay in another order find their objects: a store that begins empty, and a server.
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

/// Has every object that the recording names; a tree whose contents are not in it is empty. One thread.
class model_world {
public:
  /// `fails`: one in twenty transfers fails, whatever the recorded ones did.
  model_world(const recording& from, bool fails);
  ~model_world();
  model_world(const model_world&) = delete;
  model_world& operator=(const model_world&) = delete;

  std::shared_ptr<environment> around(mount_context& context);
  std::shared_ptr<upstream> server();

  /// Transfers that run, and loads of large blobs.
  std::size_t transfers() const;
  std::size_t loads() const { return loads_.size(); }
  /// Ends one. `random`: none, and it succeeds; else it may fail as one of the recorded ones did.
  void end_transfer(std::size_t which, std::mt19937_64* random);
  void end_load(std::size_t which);
  /// One has failed so far.
  bool failed() const { return failed_; }

  std::uint64_t requests = 0; ///< of the kernel, so far

private:
  class view;
  class model_server;
  struct running;

  std::uint64_t size_of(const oid& id) const;
  bool here(const oid& id) const { return all_here_ || here_.contains(id); }

  const recording& from_;
  bool all_here_; // a local repository, or a server that sends everything
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
