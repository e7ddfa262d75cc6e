// A forge, a service with many repositories, as a tree of names: owners or groups, and repositories in them.
#pragma once

#include "backend/remote/repository.hpp"
#include "config/error.hpp"

#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

namespace gitfs {

struct forge_entry {
  std::string name; ///< as the forge spells it
  bool is_repository = false;
  std::string default_branch{}; ///< the default branch of a repository, if it is known
  /// True: it is no repository now, and nothing else is known, because the forge cannot tell a folder from nothing.
  /// It may be a repository when it is looked up again.
  bool assumed = false;
};

/// Calls block, within limits of their own; thread-safe. `path`: names from the forge's folder down; empty: that
/// folder. ECANCELED: stopped. EACCES: credentials are missing or wrong. EAGAIN: over a rate limit that is not worth
/// waiting for; the message says until when.
class forge_tree {
public:
  virtual ~forge_tree() = default;

  /// What `name` is in `path`. ENOENT: the forge does not know it. That is remembered for a while, and the forge is
  /// not asked for names that cannot exist there (".git"). A name that a listing lacks is asked for, since it may have
  /// been made after the listing.
  virtual result<forge_entry> lookup(std::span<const std::string> path, const std::string& name,
                                     std::stop_token stop) = 0;

  /// Everything in `path`, from all pages. ENOTSUP: the forge does not list that, so only names that were looked up
  /// are known.
  virtual result<std::vector<forge_entry>> list(std::span<const std::string> path, std::stop_token stop) = 0;

  /// The repository at `path`, which was looked up or listed. Makes no request.
  virtual result<std::shared_ptr<repository>> open(std::span<const std::string> path) = 0;

  /// A name of the forge for people, without credentials.
  virtual const std::string& display() const = 0;
};

} // namespace gitfs
