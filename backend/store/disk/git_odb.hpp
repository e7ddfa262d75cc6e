// libgit2's object database, made parallel and suspicious.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct git_odb;
struct git_odb_backend;

namespace gitfs {

/// Initialises libgit2 and sets its process-wide options, once. Everything here that uses libgit2 calls it first.
void use_libgit2();

/// What libgit2 said of its last failure in this thread, as an error: `what` says what was being done. The code is the
/// errno if the operating system failed (ENOSPC as such), ENOMEM, or else `otherwise`.
error libgit2_error(const std::string& what, int otherwise);

struct object_header {
  object_type type;
  std::uint64_t size; ///< bytes of contents
};

/// Reads the objects of an `objects` folder and of its alternates. Thread-safe, and reads run in parallel: a git_odb
/// holds one lock while it inflates, so there are as many as processors, sharing the open packs.
class odb_reader {
public:
  /// Takes the `objects` folder of a repository. Errors as the disk gives them.
  static result<std::unique_ptr<odb_reader>> open(const std::filesystem::path& objects);

  ~odb_reader();
  odb_reader(const odb_reader&) = delete;
  odb_reader& operator=(const odb_reader&) = delete;

  /// Its hash checked. ENOENT: not among the packs known since the last `refresh`, nor loose. EBADMSG: here, but
  /// damaged. Other: the disk failed.
  result<object> read(const oid& id);

  /// Writes a blob to a file, in pieces (see copy_large_blob). Errors as `read`, and ECANCELED.
  result<void> copy(const oid& id, const blob_target& to);

  /// No directory is scanned.
  bool contains(const oid& id);

  /// The same without contents: their hash is not checked. None if it is not here or cannot be read.
  std::optional<object_header> header(const oid& id);

  /// Makes packs that have been added since visible to every later call.
  void refresh();

  /// The same, but costs one stat unless the folder of the packs has changed. True if it had.
  bool refresh_if_changed();

  /// Grows with every refresh.
  std::uint64_t generation() const { return generation_; }

  /// Closes every pack, all before any is opened again: libgit2 would share what is open with a pack that comes under
  /// the same name. After packs were removed.
  void reopen();

  /// Gives back the memory that open packs hold; they are opened again when needed.
  void trim();

  /// Every object's name, alternates' too, some perhaps twice.
  result<std::vector<oid>> list();

private:
  struct lane;

  explicit odb_reader(std::filesystem::path objects);

  /// Runs `use` with a git_odb that nobody else uses, brought up to date.
  template <class Use>
  auto with_odb(const Use& use);

  /// Every so many bytes that were read, lets libgit2 forget what it keeps of the packs.
  void bound_memory(std::size_t just_read);

  std::filesystem::path objects_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::atomic<std::uint64_t> read_since_reopen_{0};
  std::atomic<std::uint64_t> generation_{1}; // of the list of packs; a lane behind it rescans
  std::mutex refresh_mutex_;
  std::int64_t packs_changed_ = -1; // mtime of the packs' folder at the last scan, in ns; -1: scan anyway
};

} // namespace gitfs
