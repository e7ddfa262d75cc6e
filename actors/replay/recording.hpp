// Finds in a trace what a replay needs.
#pragma once

#include "actors/trace/read/trace_reader.hpp"
#include "backend/forge/forge_tree.hpp"
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
  /// `in` outlives the recording. EINVAL: the trace does not have all that a replay needs, or has something that this
  /// version does not know; the message says what to do.
  static result<recording> of(const trace::contents& in);

  struct mount {
    oid commit, tree;
    bool prefetch = false, remote = false;
    bool knows_sets = false;                   ///< mount_context::knows_sets
    std::uint64_t trees_ahead = 0, memory = 0; ///< bytes
    /// The tree of a mount of many repositories; its sources tell only which of them are equal. Null: a plain mount.
    std::shared_ptr<const deployment> shown{};
  };
  const mount& mounted() const { return mounted_; }

  /// Every message that an actor took and handled to the end, by order number, up to `ends_before`.
  const std::vector<const trace::record*>& messages() const { return messages_; }
  /// The records of directories that got actors, by order number.
  const std::vector<const trace::record*>& spawned() const { return spawned_; }
  /// The first order number that is not recorded, or whose handler did not end, if later records exist. The rest of a
  /// torn trace, or of a mount that was killed, has gaps and cannot be replayed.
  const std::optional<std::uint64_t>& ends_before() const { return ends_before_; }
  /// True if the recording has the mount's end, so that no record is missing which another thread made late.
  bool ends() const { return ends_; }
  /// Null if there is none.
  const trace::record* record_of(std::uint64_t order) const;
  /// The edges that the handler of that message has led to (replies, new actors, transfers), by order number.
  const std::vector<const trace::record*>& edges_of(std::uint64_t order) const;
  /// The first message of that kind whose cause is `order`; null if there is none.
  const trace::record* message_by(std::uint64_t order, trace::kind what) const;
  /// The answers that the handler of that message got from its environment (actors/mount/learned.hpp).
  std::string_view learned_by(std::uint64_t order) const;
  /// The contents of a tree object; null if no record has them whole.
  const std::string* tree(const oid& id) const;
  /// All trees whose contents are in the recording.
  std::vector<oid> trees() const;
  /// The sizes that a transfer has brought. `started`: order number of the transfer's start.
  std::vector<std::pair<oid, std::uint64_t>> sizes_of(std::uint64_t started) const;
  /// The tree that was shown from that order number on. `mounted` has the first tree.
  const deployment* shown_from(std::uint64_t order) const;
  /// The names in the answer of a forge to that call.
  const std::vector<forge_entry>& forge_entries(std::uint64_t call) const;
  /// True for a question of another program (top, status, why). Questions change nothing, so they are not replayed.
  bool is_question(const trace::record& r) const;
  /// True if the kernel no longer wanted the reply to that request.
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
  std::unordered_map<oid, std::pair<std::string, std::size_t>>
      trees_;                                            ///< contents, and how many bytes of them are here
  std::unordered_map<std::uint64_t, std::string> sizes_; ///< by the order number of the transfer's start
  std::map<std::uint64_t, deployment> shown_;            ///< by order number
  std::unordered_map<std::uint64_t, std::vector<forge_entry>> forge_entries_;
  std::unordered_map<std::uint64_t, bool> refused_;
  std::map<trace::actor_key, std::uint64_t> last_taken_; ///< order number of the last message that the actor took
};

} // namespace gitfs
