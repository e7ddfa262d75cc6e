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

/// The place where a pack is stored, and the parts that are told of it. All of them outlive the sink.
struct pack_destination {
  std::filesystem::path objects; ///< the repository's objects folder
  std::filesystem::path lock;    ///< a file; while its lock is held, `incoming_pack::clean` removes nothing
  std::function<void(const ingested&)> installed; ///< called by a successful commit
  prefetched_blobs* fresh = nullptr;              ///< gets the inflated blobs; null: they are not kept
  outside_objects outside;                        ///< finds the bases of thin packs
  held_packs* held = nullptr;                     ///< gets a pack that the disk refuses; null: a refusal is an error
  cache_disk* disk = nullptr;                     ///< is told of failures and successes of the disk; may be null
  std::function<bool()> mend;                     ///< called if the folder is gone; true: it is there again
};

/// Writes the bytes to an incoming_pack, and passes them through pack_indexer, which checks everything. At the end the
/// whole pack, or each of its objects, is renamed to where readers look. If the disk refuses a write at any point, the
/// pack goes on outside of the cache folder (pack_bytes), and at its end held_packs gets it.
class pack_ingest final : public pack_sink {
public:
  /// Fails only without `held`, with the disk's error.
  static result<std::unique_ptr<pack_ingest>> begin(pack_destination to);
  ~pack_ingest() override;

  result<void> append(std::string_view bytes) override;
  result<std::uint32_t> commit() override;

private:
  struct impl;
  explicit pack_ingest(std::unique_ptr<impl> state);

  std::unique_ptr<impl> impl_;
};

/// Stores a held pack, now that the disk may take it. `to.held` is null. `go_on` is called between pieces. ECANCELED:
/// it has returned false. EBADMSG: the pack cannot be read any more. Otherwise the errors of pack_ingest.
result<void> take_in_again(const pack_bytes& pack, pack_destination to, const std::function<bool()>& go_on);

} // namespace gitfs
