// Of the catalog: to repositories and back, of the bridge, and of the worker threads that both have.
#pragma once

#include "actors/model/mount_nodes.hpp"
#include "actors/runtime/message.hpp"
#include "backend/forge/repository_host.hpp"
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

/// Take a snapshot and make a mounted ref of that number show it. Answered by `ref_shown`, unless cancelled.
struct show_ref {
  call_number call = 0;
  mount_node_number node = 0;
  std::string ref;
  caf::actor answer_to;
  std::optional<oid> have{}; ///< what it shows
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

/// Catalog → itself: a ref that is polled is to be looked at.
struct look_due {
  mount_node_number node = 0;
  std::uint64_t timer = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Catalog → itself: what has failed a moment ago may be tried again.
struct retry_allowed {
  mount_node_number node = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- any thread → catalog --------------------------------------------------------------------------------------------

/// Of the end of mount_node_move, on any thread → catalog: what these waited for is shown.
struct moves_settled {
  std::vector<refresh_number> who;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- bridge → catalog ------------------------------------------------------------------------------------------------

/// Look at refs now. `done`, on the catalog's thread: an errno and nothing, or 0 and a line for each, as
/// refresh_report.
struct refresh_refs {
  refresh_number number = 0; ///< who asks gives it; never used again
  refresh_what what{};       // braces: g++ 12 warns without
  std::function<void(int code, const std::string& text)> done;
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_refresh {
  refresh_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Show another deployment. `done`: false if the mountpoint itself cannot become that.
struct reload_tree {
  std::shared_ptr<const deployment> tree;
  std::vector<std::shared_ptr<repository_host>> hosts; ///< by their order in it
  std::function<void(bool)> done;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- worker threads → catalog, repository ----------------------------------------------------------------------------

/// What a host said. Shared: results cannot be copied into a message cheaply.
struct host_told {
  call_number call = 0;
  std::shared_ptr<const result<host_entry>> found;
  std::shared_ptr<const result<std::vector<host_entry>>> listed; ///< one of the two
  trace::sent_by stamp = trace::sent_by::now();
};
struct snapshot_taken {
  call_number call = 0;
  std::shared_ptr<repository> opened; ///< if it was not open yet
  std::optional<error> failure;
  snapshot_facts facts;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs
