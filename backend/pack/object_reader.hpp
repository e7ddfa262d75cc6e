// Reads the objects of a repository's files.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "backend/pack/index_reader.hpp"
#include "backend/pack/pack_reader.hpp"
#include "config/error.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

/// Reads packs and loose objects of an `objects` folder and of its alternates, and checks what it reads. Nothing in
/// these files and nothing that the disk does costs more than what is in the pack or file concerned. Thread-safe, and
/// reads run in parallel.
class object_reader {
public:
  struct options {
    /// What cannot be read is fetched again: a pack that the disk does not give is put aside as a damaged one is.
    bool disk_errors_are_misses = false;
    /// Whoever in this process writes loose objects calls `look_for_loose` after that. Then `contains` and `header` do
    /// not ask the system for each object that is not here; what others write they see after the next look or refresh.
    bool loose_are_told = false;
    /// A pack as a whole, or its index, cannot be used, and is left alone from now on. Called once for each, by the
    /// thread that has met it.
    std::function<void(const std::filesystem::path& index, const error& why)> put_aside{};
    std::shared_ptr<pack_resources> shared = shared_pack_resources();
  };

  /// Opens the `objects` folder of a repository. The errors are the disk's.
  static result<std::unique_ptr<object_reader>> open(const std::filesystem::path& objects, options how);
  static result<std::unique_ptr<object_reader>> open(const std::filesystem::path& objects) {
    return open(objects, options{});
  }

  object_reader(const object_reader&) = delete;
  object_reader& operator=(const object_reader&) = delete;

  /// Reads an object and checks its hash. ENOENT: it is neither in the packs known since the last `refresh`, nor loose.
  /// EBADMSG: it is here, but no copy of it is sound. EFBIG: it is too large for memory. Other errors: the disk failed.
  result<object> read(const oid& id);

  /// Writes a blob to a file, in pieces (see copy_packed_blob). Errors as `read`, and ECANCELED; EIO: it is no blob.
  result<void> copy(const oid& id, const blob_target& to);

  /// True if the object is here. No directory is scanned.
  bool contains(const oid& id);

  /// Type and size of an object, whose hash is not checked. Errors as `read`.
  result<object_header> header(const oid& id);

  /// Loose objects came.
  void look_for_loose();

  /// The object whose id begins so. ENOENT: there is none; EEXIST: there are several.
  result<oid> find(const id_prefix& prefix);

  /// Looks which packs there are now. Packs that are gone are closed, also those whose name another one has taken.
  void refresh();

  /// The same if a folder of packs has changed, else costs one stat for each. True if one had changed.
  bool refresh_if_changed();

  /// Grows with every refresh.
  std::uint64_t generation() const { return generation_; }

  /// Gives back the memory that is held only to make the next call faster.
  void trim();

  /// Alternates that were not there at the last refresh.
  std::vector<std::filesystem::path> lost() const;
  /// How many packs there were.
  std::size_t packs() const { return now()->packs.size(); }

private:
  struct known_pack {
    file_identity index, packed; ///< of both files when it was found
    std::shared_ptr<pack_reader> pack;
  };
  struct listing {
    std::vector<std::filesystem::path> folders, lost;
    std::vector<known_pack> packs;
    std::int64_t changed = 0;             ///< when the folders of packs last did; see change_time
    std::atomic<std::size_t> last_hit{0}; ///< number of a pack: the next object is probably in it, too
  };
  using listing_ptr = std::shared_ptr<listing>;

  object_reader(std::filesystem::path objects, options how) : objects_(std::move(objects)), how_(std::move(how)) {}

  listing_ptr now() const;
  void scan();
  bool may_have_loose(const std::filesystem::path& folder, const oid& id) const;
  void set_aside(pack_reader& pack, const error& why);
  bool take_failure(pack_reader& pack, const error& why);

  /// `packed(pack, offset)` or `loose(folder)` until one has a value; a pack that goes or comes meanwhile is a reason
  /// to look again.
  template <class Value, class Packed, class Loose>
  result<Value> first_good(const oid& id, const Packed& packed, const Loose& loose);
  template <class Value, class Packed, class Loose>
  result<Value> search_once(const listing_ptr& in, const oid& id, const Packed& packed, const Loose& loose,
                            bool& moved);

  const std::filesystem::path objects_;
  const options how_;
  mutable std::mutex listing_mutex_;
  listing_ptr listing_ = std::make_shared<listing>();
  std::mutex scan_mutex_;
  std::atomic<std::uint64_t> generation_{1};
  std::array<std::atomic<bool>, 256> loose_begin_{}; // by first byte: objects_ has a folder of loose objects
};

} // namespace gitfs
