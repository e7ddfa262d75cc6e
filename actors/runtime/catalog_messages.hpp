// Messages of the catalog: to and from repositories, from the bridge, and from the worker threads of catalog and
// repositories.
#pragma once

#include "actors/model/mount_nodes.hpp"
#include "actors/runtime/message.hpp"
#include "backend/forge/forge_tree.hpp"
#include "backend/git/oid.hpp"
#include "backend/remote/repository.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

// --- catalog ↔ repository --------------------------------------------------------------------------------------------

/// Resolve `ref`, and show its snapshot at the node with that number. Answered by `ref_shown`, unless cancelled.
struct show_ref {
  call_number call = 0;
  mount_node_number node = 0;
  std::string ref;
  caf::actor answer_to;
  std::optional<oid> have{}; ///< the commit that the node shows now
  std::string place{};       ///< of the node, below the mountpoint
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_show {
  call_number call = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct ref_shown {
  call_number call = 0;
  mount_node_number node = 0;
  int code = 0;
  shown_ptr shown; ///< if `code` is 0
  std::string why{};
  trace::sent_by stamp = trace::sent_by::now();
};

// --- catalog → itself ------------------------------------------------------------------------------------------------

/// Catalog → itself: it is time to poll the ref of this node. `timer`: a later timer has made an earlier one void.
struct poll_due {
  mount_node_number node = 0;
  std::uint64_t timer = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Catalog → itself: the failure of a moment ago is not given to others any more; the next who asks tries again.
struct retry_allowed {
  mount_node_number node = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- any thread → catalog --------------------------------------------------------------------------------------------

/// The end of a mount_node_move, on any thread → catalog: the moves that these refreshes waited for have ended.
struct moves_settled {
  std::vector<refresh_number> who;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- bridge → catalog ------------------------------------------------------------------------------------------------

/// Poll refs now. `done` is called on the catalog's thread, with an errno and no text, or with 0 and the text of a
/// refresh_report.
struct refresh_refs {
  refresh_number number = 0; ///< chosen by the asker, and never used again
  refresh_what what{};       // braces: g++ 12 warns without
  std::function<void(int code, const std::string& text)> done;
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_refresh {
  refresh_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Show another deployment. `done` gets false if the mountpoint itself cannot become what it is in that deployment.
struct reload_tree {
  std::shared_ptr<const deployment> tree;
  std::vector<std::shared_ptr<forge_tree>> forges; ///< in the order of `tree->forges`
  std::function<void(bool)> done;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- worker threads → catalog, repository ----------------------------------------------------------------------------

/// The answer of a forge. Shared, because results cannot be copied into a message cheaply.
struct forge_answered {
  call_number call = 0;
  std::shared_ptr<const result<forge_entry>> found;
  std::shared_ptr<const result<std::vector<forge_entry>>> listed; ///< exactly one of `found` and `listed` is set
  trace::sent_by stamp = trace::sent_by::now();
};
struct snapshot_resolved {
  call_number call = 0;
  std::shared_ptr<repository> opened; ///< set if the repository was not open before
  std::optional<error> failure;
  snapshot_facts facts;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
