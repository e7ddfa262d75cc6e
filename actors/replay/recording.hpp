// What a trace holds for a replay, found again.
#pragma once

#include "actors/trace/read/trace_reader.hpp"
#include "backend/forge/repository_host.hpp"
#include "backend/git/oid.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace gitfs {

class recording {
public:
  /// EINVAL: not all that a replay needs is in the trace, or there is what this version does not know; the message says
  /// what to do. `in` outlives it.
  static result<recording> of(const trace::contents& in);

  struct mount {
    oid commit, tree;
    bool prefetch = false, remote = false;
    std::uint64_t trees_ahead = 0, memory = 0; ///< bytes
    /// Of many repositories: their tree, whose sources say only which of them are the same. Null: of one.
    std::shared_ptr<const deployment> shown{};
  };
  const mount& mounted() const { return mounted_; }

  /// Every message that an actor took and handled to the end, by order; up to `ends_before`.
  const std::vector<const trace::record*>& messages() const { return messages_; }
  /// Where directories got actors, by order.
  const std::vector<const trace::record*>& spawned() const { return spawned_; }
  /// The first order number that is not recorded, or whose handler is not to its end, if records come after it: the
  /// rest of a torn trace, or of a mount that was killed, has gaps and cannot be replayed.
  const std::optional<std::uint64_t>& ends_before() const { return ends_before_; }
  /// True: the mount's end is in it, so nothing is missing that another thread recorded late.
  bool ends() const { return ends_; }
  /// Null if there is none.
  const trace::record* record_of(std::uint64_t order) const;
  /// What came of a handler at the edges: replies, actors, transfers; by order.
  const std::vector<const trace::record*>& edges_of(std::uint64_t order) const;
  /// The first message of that kind because of `order`; null if there is none.
  const trace::record* message_by(std::uint64_t order, trace::kind what) const;
  /// What the handler learned from its environment (trace/learned.hpp).
  std::string_view learned_by(std::uint64_t order) const;
  /// The contents of a tree object; null if no record has them whole.
  const std::string* tree(const oid& id) const;
  /// All whose contents are known.
  std::vector<oid> trees() const;
  /// `started`: order of the transfer's begin.
  std::vector<std::pair<oid, std::uint64_t>> sizes_of(std::uint64_t started) const;
  /// The tree that was shown from that order on. `mounted` has the first.
  const deployment* shown_from(std::uint64_t order) const;
  /// What a host has told, by the number of the call.
  const std::vector<host_entry>& told_by_host(std::uint64_t call) const;
  /// What other programs have asked of the mount (top, status, why): it changes nothing, so it is not replayed.
  bool is_question(const trace::record& r) const;
  /// True if the kernel no longer wanted the reply.
  bool was_refused(std::uint64_t request) const { return refused_.contains(request); }

private:
  recording() = default;
  void take(const trace::record& r);
  void end_at_the_first_gap(const trace::contents& in);
  bool is_end_of_actor(const trace::record& r) const;

  mount mounted_;
  trace::exactness exact_ = trace::exactness::partial;
  std::optional<std::uint64_t> ends_before_;
  bool ends_ = false;
  std::vector<const trace::record*> messages_, spawned_;
  std::unordered_map<std::uint64_t, const trace::record*> by_order_;
  std::unordered_map<std::uint64_t, std::vector<const trace::record*>> edges_;
  std::multimap<std::uint64_t, const trace::record*> messages_by_;
  std::unordered_map<std::uint64_t, std::string> learned_;
  std::unordered_map<oid, std::pair<std::string, std::size_t>> trees_; ///< contents, and how much of them is here
  std::unordered_map<std::uint64_t, std::string> sizes_;               ///< by order of the transfer's begin
  std::map<std::uint64_t, deployment> shown_;                          ///< by order
  std::unordered_map<std::uint64_t, std::vector<host_entry>> told_;
  std::unordered_map<std::uint64_t, bool> refused_;
  std::map<trace::actor_key, std::uint64_t> last_taken_; ///< order of the last message that the actor took
};

} // namespace gitfs
