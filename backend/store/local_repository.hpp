// A repository that is on this machine already. Its objects and refs are read where they are.
#pragma once

#include "backend/git/object_db.hpp"
#include "backend/git/resolved_ref.hpp"
#include "config/error.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace gitfs {

/// Thread-safe. Objects that other processes add to the repository are seen, too.
class local_repository final : public object_db {
public:
  /// Opens a bare repository, a work tree or a linked work tree (whose .git is a file), or a .git folder itself;
  /// alternates are followed. Parent folders are not searched.
  /// ENOENT: there is nothing. EINVAL: it is no repository. EACCES: someone else owns it and `safe.directory` does not
  /// list it (git refuses such a repository, too). ENOTSUP: its format cannot be read by this program (SHA-256,
  /// reftable).
  static result<std::shared_ptr<local_repository>> open(const std::filesystem::path& path);

  ~local_repository() override;
  local_repository(const local_repository&) = delete;
  local_repository& operator=(const local_repository&) = delete;

  /// Returns the commit that `ref` names, through annotated tags. An empty `ref` is HEAD; otherwise it may be anything
  /// that gitrevisions(7) allows and libgit2 knows, including abbreviated ids.
  /// ENOENT: no such ref, or (HEAD) a repository without commits. EINVAL: ambiguous, malformed, or not a commit.
  result<resolved_ref> resolve(const std::string& ref);

  /// ENOENT also means that the repository lacks the object (a partial or shallow clone, or damage), and that nothing
  /// can fetch it.
  result<object> read(const oid& id) override;
  result<void> copy(const oid& id, const blob_target& to) override;
  bool contains(const oid& id) override;
  void sizes(std::span<const oid> ids, std::span<std::uint64_t> out) override;
  void trim() override;

private:
  struct impl;
  explicit local_repository(std::unique_ptr<impl> state);

  std::unique_ptr<impl> impl_;
};

} // namespace gitfs
