// Repositories, forges, servers and threads of a replay. They are never asked anything, because the recording has their
// answers.
#pragma once

#include "backend/forge/forge_tree.hpp"
#include "backend/git/object_db.hpp"
#include "backend/os/worker_pool.hpp"
#include "backend/remote/repository.hpp"
#include "backend/remote/upstream.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gitfs {

/// An object database without objects, because handlers ask their environment.
std::shared_ptr<object_db> no_objects();

/// Its transfers never end by themselves, because the recording says when they end.
std::shared_ptr<upstream> silent_upstream();

/// `remote`: the repository has a silent_upstream.
std::shared_ptr<repository> silent_repository(bool remote, std::string display);

std::shared_ptr<forge_tree> silent_forge();

/// Runs none of its jobs.
class silent_workers final : public worker_pool {
public:
  void run(std::function<void()>, const std::string&) override {}
};

} // namespace gitfs
