// The state that the source files of mesa_upstream share; no other file includes it.
#pragma once

#include "backend/mesa/mesa_upstream.hpp"
#include "backend/os/text.hpp"
#include "backend/pack/composed_pack.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace gitfs {

/// Appends the place of the object to the message of the error.
inline error described(error what, const std::string& object) {
  what.message += " (" + printable(object) + ")";
  return what;
}

struct mesa_upstream::state {
  /// The work of one transfer; its units share it.
  struct job {
    fetch_request request;
    bool whole = false;    ///< everything below is listed, too
    bool together = false; ///< several directories were asked for in one request
    std::mutex mutex;
    std::optional<error> miss; ///< why an object is missing
    unsigned misses = 0;
    bool logged_long = false;
    std::unordered_set<std::string> listed; ///< with `whole`: paths that are asked for, or were listed
    std::unordered_set<std::string> again;  ///< with `whole`: paths that are asked for again to list what is below them
    composed_pack pack;
  };
  using job_ptr = std::shared_ptr<job>;

  state(std::shared_ptr<mesa_client> c, std::string o, std::string r, std::shared_ptr<mesa_objects> db)
    : client(std::move(c)),
      org(std::move(o)),
      repository(std::move(r)),
      objects(std::move(db)),
      transfers(client->limits().parallel) {}

  /// A directory of which some pages have arrived.
  struct listing_so_far {
    mesa_listing listed;
    std::set<std::string> cursors;
    std::unordered_set<std::string> names;
  };

  /// The depth for a whole snapshot. Deeper directories are asked for again.
  static constexpr std::size_t all_levels = 64;

  operation begin(const job& j, mesa_transfer& t) const;
  mesa_progress progress_of(const job_ptr& j, mesa_transfer& t) const;
  void missed(job& j, mesa_transfer& t, error what) const;
  void end(job& j, transfer_outcome& out) const;

  // mesa_listings.cpp
  void learn_stored(std::span<const oid> wanted);
  bool knows(const oid& id) const { return index.find_tree(id) || index.find_parent(id); }

  void ask_for_trees(const job_ptr& j, mesa_transfer& t, std::span<const oid> trees, bool together);
  void list(const job_ptr& j, mesa_transfer& t, const mesa_question& what);
  void list_more(const job_ptr& j, mesa_transfer& t, const mesa_question& what, const std::string& cursor,
                 const std::shared_ptr<listing_so_far>& before);
  void take_pages(const job_ptr& j, mesa_transfer& t, const std::string& ref, std::vector<mesa_page> pages);
  void list_below(const job_ptr& j, mesa_transfer& t, const std::string& ref, const mesa_listing& listed, bool nested);
  result<void> keep(std::span<const mesa_listing> listings);

  // mesa_blobs.cpp
  void ask_for_blobs(const job_ptr& j, mesa_transfer& t, std::span<const oid> blobs);
  void bring(const job_ptr& j, mesa_transfer& t, const oid& id, entry_kind kind, const mesa_client::directory& where);
  result<void> bring_small(const job_ptr& j, mesa_transfer& t, operation& op, const oid& id, entry_kind kind,
                           std::uint64_t size, const mesa_client::directory& where);
  result<void> bring_large(const job_ptr& j, mesa_transfer& t, operation& op, const oid& id, std::uint64_t size,
                           const mesa_client::directory& where);
  result<void> flush(job& j, std::size_t from_bytes);

  void begin_fetch(const job_ptr& j, mesa_transfer& t);
  void begin_sizes(const job_ptr& j, mesa_transfer& t);

  const std::shared_ptr<mesa_client> client;
  const std::string org, repository;
  const std::shared_ptr<mesa_objects> objects;
  mesa_index index;
  std::mutex mutex;
  std::unordered_map<oid, std::pair<oid, std::string>> snapshots; ///< the root and ref of each commit
  mesa_transfers transfers;                                       ///< last: its threads use everything above
};

} // namespace gitfs
