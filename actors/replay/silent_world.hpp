// Repositories, hosts, servers and threads of a replay: nobody asks them anything, what they said is in the recording.
#pragma once

#include "backend/forge/repository_host.hpp"
#include "backend/git/object_db.hpp"
#include "backend/os/worker_pool.hpp"
#include "backend/remote/repository.hpp"
#include "backend/remote/upstream.hpp"

#include <functional>
#include <memory>
#include <string>

namespace gitfs {

/// Without objects: handlers ask their environment.
std::shared_ptr<object_db> no_objects();

/// Its transfers never end by themselves: the recording says when they do.
std::shared_ptr<upstream> silent_upstream();

/// `remote`: with a silent_upstream.
std::shared_ptr<repository> silent_repository(bool remote, std::string display);

std::shared_ptr<repository_host> silent_host();

/// Does nothing of what it is given.
class silent_workers final : public worker_pool {
public:
  void run(std::function<void()>, const std::string&) override {}
};

} // namespace gitfs
