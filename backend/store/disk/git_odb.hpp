// Reads objects with libgit2, on many threads at once, and checks what it reads.
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

/// The last failure of libgit2 in this thread as an error. `what` begins the message and says what was being done. The
/// code is the errno if the operating system failed, ENOMEM, or else `otherwise`.
error libgit2_error(const std::string& what, int otherwise);

struct object_header {
  object_type type;
  std::uint64_t size; ///< size of the contents, in bytes
};

/// Reads the objects of an `objects` folder and of its alternates. Thread-safe, and reads run in parallel: a git_odb
/// holds one lock while it inflates, so there is one git_odb for each processor. They share the open packs.
class odb_reader {
public:
  /// Opens the `objects` folder of a repository. The errors are the disk's.
  static result<std::unique_ptr<odb_reader>> open(const std::filesystem::path& objects);

  ~odb_reader();
  odb_reader(const odb_reader&) = delete;
  odb_reader& operator=(const odb_reader&) = delete;

  /// Reads an object and checks its hash. ENOENT: it is neither in the packs known since the last `refresh`, nor loose.
  /// EBADMSG: it is here, but damaged. Other errors: the disk failed.
  result<object> read(const oid& id);

  /// Writes a blob to a file, in pieces (see copy_large_blob). Errors as `read`, and ECANCELED.
  result<void> copy(const oid& id, const blob_target& to);

  /// True if the object is here. No directory is scanned.
  bool contains(const oid& id);

  /// Type and size of an object, whose hash is not checked. None: it is not here, or cannot be read.
  std::optional<object_header> header(const oid& id);

  /// Makes packs that have been added since visible to every later call.
  void refresh();

  /// Refreshes if the folder of the packs has changed, else costs one stat. True if it had changed.
  bool refresh_if_changed();

  /// Grows with every refresh.
  std::uint64_t generation() const { return generation_; }

  /// Closes every pack, and opens none before all are closed, because libgit2 would take an open pack for a new one
  /// that has the same name. Called after packs were removed.
  void reopen();

  /// Gives back the memory that open packs hold; they are opened again when needed.
  void trim();

  /// The ids of all objects, including those of alternates. Some may occur twice.
  result<std::vector<oid>> list();

private:
  struct lane;

  explicit odb_reader(std::filesystem::path objects);

  /// Runs `use` with a git_odb that nobody else uses, brought up to date.
  template <class Use>
  auto with_odb(const Use& use);

  /// After a certain number of bytes read, makes libgit2 free what it keeps in memory of the packs.
  void bound_memory(std::size_t just_read);

  std::filesystem::path objects_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::atomic<std::uint64_t> read_since_reopen_{0};
  std::atomic<std::uint64_t> generation_{1}; // of the list of packs; a lane with an older one scans the folder again
  std::mutex refresh_mutex_;
  std::int64_t packs_changed_ = -1; // mtime of the packs' folder at the last scan, in ns; -1: scan anyway
};

} // namespace gitfs
