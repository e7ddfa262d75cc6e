// Stores an arriving pack in a repository's objects folder.
#pragma once

#include "backend/cache/prefetched_blobs.hpp"
#include "backend/pack/pack_indexer.hpp"
#include "backend/pack/pack_sink.hpp"
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
  std::vector<std::pair<oid, std::uint64_t>> blobs; ///< the blobs with their sizes
};

/// The bytes are written to an incoming_pack and go through pack_indexer, which checks everything. Then the whole pack,
/// or each of its objects, is renamed to where readers look.
class pack_ingest final : public pack_sink {
public:
  /// `objects`: the repository's objects folder. `lock`: a file; while its lock is held, `incoming_pack::clean` removes
  /// nothing. `installed` is called by a successful commit. `fresh`, if not null, outlives the sink and gets the blobs,
  /// inflated. `outside`: finds the bases of thin packs.
  static result<std::unique_ptr<pack_ingest>> begin(const std::filesystem::path& objects,
                                                    const std::filesystem::path& lock,
                                                    std::function<void(const ingested&)> installed,
                                                    prefetched_blobs* fresh = nullptr,
                                                    outside_objects outside = nullptr);
  ~pack_ingest() override;

  result<void> append(std::string_view bytes) override;
  result<std::uint32_t> commit() override;

private:
  struct impl;
  explicit pack_ingest(std::unique_ptr<impl> state);

  std::unique_ptr<impl> impl_;
};

} // namespace gitfs
