// Stores an arriving pack in a repository's objects folder.
#pragma once

#include "backend/cache/prefetched_blobs.hpp"
#include "backend/pack/pack_bytes.hpp"
#include "backend/pack/pack_indexer.hpp"
#include "backend/pack/pack_sink.hpp"
#include "backend/store/disk/cache_disk.hpp"
#include "backend/store/disk/held_packs.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// What an ingestion has stored. The store gets it before readers may ask for the objects.
struct ingested {
  std::uint32_t objects = 0;
  std::uint64_t bytes = 0;                          ///< length of the pack as it arrived
  std::uint64_t contents = 0;                       ///< bytes of the contents of all objects
  bool new_pack = false;                            ///< the folder `pack` has changed
  bool held = false;                                ///< the disk did not take it: held_packs has it
  std::vector<std::pair<oid, std::uint64_t>> blobs; ///< the blobs with their sizes
};

/// Where a pack is stored, and what is told of it. What is named here outlives the sink.
struct pack_destination {
  std::filesystem::path objects; ///< the repository's objects folder
  std::filesystem::path lock;    ///< a file; while its lock is held, `incoming_pack::clean` removes nothing
  std::function<void(const ingested&)> installed; ///< called by a successful commit
  prefetched_blobs* fresh = nullptr;              ///< gets the blobs, inflated; null: nobody does
  outside_objects outside;                        ///< finds the bases of thin packs
  held_packs* held = nullptr;                     ///< gets what the disk does not take; null: that is an error
  cache_disk* disk = nullptr;                     ///< is told how the disk does; null: nobody is
  std::function<bool()> mend;                     ///< called if the folder is gone; true: it is there again
};

/// The bytes are written to an incoming_pack and go through pack_indexer, which checks everything. Then the whole pack,
/// or each of its objects, is renamed to where readers look. If the disk does not take it, at any point, the pack goes
/// on outside of the cache folder (pack_bytes), and is given to held_packs at its end.
class pack_ingest final : public pack_sink {
public:
  /// Without `held`: the errors are the disk's.
  static result<std::unique_ptr<pack_ingest>> begin(pack_destination to);
  ~pack_ingest() override;

  result<void> append(std::string_view bytes) override;
  result<std::uint32_t> commit() override;

private:
  struct impl;
  explicit pack_ingest(std::unique_ptr<impl> state);

  std::unique_ptr<impl> impl_;
};

/// Takes in a whole pack once more, now that its disk may take it; `to.held` is null. `go_on` is asked between pieces.
/// ECANCELED: it said no. EBADMSG: the pack cannot be read any more. Else as pack_ingest.
result<void> take_in_again(const pack_bytes& pack, pack_destination to, const std::function<bool()>& go_on);

} // namespace gitfs
