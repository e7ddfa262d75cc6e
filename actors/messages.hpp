// Every message between actors, in one place. Each says at its end when and because of what it was made. (CAF 0.17
// calls each "unsafe": none of them leaves the process.)
#pragma once

#include "actors/activity.hpp"
#include "actors/dir_link.hpp"
#include "actors/kernel_op.hpp"
#include "actors/places.hpp"
#include "actors/trace/stamp.hpp"
#include "actors/want.hpp"
#include "backend/repository.hpp"
#include "backend/repository_host.hpp"
#include "backend/upstream.hpp"
#include "config/deployment.hpp"
#include "config/error.hpp"

#include <caf/actor.hpp>
#include <caf/actor_control_block.hpp>
#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/message.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace gitfs {

// --- bridge → directory ---------------------------------------------------------------------------------------------

// kernel_op (kernel_op.hpp): a request that is answered.

/// FORGET: the kernel gives back references to a child. Never answered.
struct forget_op {
  child_index at = self_child;
  std::uint64_t count = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- bridge → supervisor --------------------------------------------------------------------------------------------

/// A message for a directory that has no actor yet: spawn it and hand the message on.
struct enter_directory {
  dir_slot slot = no_slot;
  caf::message first;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- directory ↔ itself, later --------------------------------------------------------------------------------------

/// The caller of a parked request gave up.
struct interrupt_op {
  std::uint64_t request_id = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

/// A large blob is in the blob cache or the spool now (or why not).
struct blob_loaded {
  want_id id = 0;
  int code = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- directory ↔ supervisor -----------------------------------------------------------------------------------------

/// From the parent: the kernel holds no reference to the directory in `slot`.
struct release_directory {
  dir_slot slot = no_slot;
  release_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// From the directory itself: released, and nothing below it is referenced. The supervisor tells the parent. With its
/// generation, because a second one may come when the slot already belongs to another directory.
struct directory_idle {
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  release_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// From the parent, the last word: nobody looked it up again, end it.
struct reap_directory {
  dir_slot slot = no_slot;
  trace::sent_by stamp = trace::sent_by::now();
};
/// From a directory: so many of its entries cannot be shown.
struct entries_hidden {
  dir_link_ptr link;
  std::size_t count = 0;
  std::string reason;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → itself, every few seconds: is the mount in use?
struct look_if_idle {
  trace::sent_by stamp = trace::sent_by::now();
};
/// From a directory: listings take more memory than they may.
struct over_budget {
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → directory: see directory_state::shed. Answered by `listing_shed`, always.
struct shed_listing {
  trace::sent_by stamp = trace::sent_by::now();
};
struct listing_shed {
  trace::sent_by stamp = trace::sent_by::now();
};
/// From a directory, of its children; from who follows a ref, of the root of its snapshot: these are part of another
/// snapshot. The supervisor notes that for those that nobody has entered, and tells the others.
struct relink_directories {
  std::vector<relinked> of;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → directory: see directory_state::moved.
struct snapshot_moved {
  dir_link_ptr link;
  move_token move{};
  trace::sent_by stamp = trace::sent_by::now();
};
/// Catalog → supervisor → directory: see directory_state::entries_changed.
struct entries_changed {
  place_answer now;
  std::vector<std::string> replaced;
  trace::sent_by stamp = trace::sent_by::now();
};
struct change_entries {
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  entries_changed what;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → directory: the kernel no longer refers to you.
struct released {
  release_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Supervisor → parent: the child in `slot` is idle.
struct child_is_idle {
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  release_number number = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- directory ↔ catalog, above the repositories --------------------------------------------------------------------

/// What is at this place? `name`: about that in it; empty: all. Answered by `place_told`, unless cancelled.
struct ask_place {
  caf::weak_actor_ptr from;
  caf::actor_id from_id = 0;
  want_id id = 0;
  dir_link_ptr place;
  std::string name;
  dir_slot slot = no_slot;
  std::uint32_t generation = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_place {
  caf::actor_id from_id = 0;
  want_id id = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct place_told {
  want_id id = 0;
  place_answer what;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- catalog ↔ repository -------------------------------------------------------------------------------------------

/// Take a snapshot and make a volume of that number show it. Answered by `ref_shown`, unless cancelled.
struct show_ref {
  call_number call = 0;
  place_number place = 0;
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
  place_number place = 0;
  int code = 0;
  shown_ptr shown; ///< if `code` is 0
  std::string why{};
  trace::sent_by stamp = trace::sent_by::now();
};
/// Catalog → itself: a ref that is polled is to be looked at.
struct look_due {
  place_number place = 0;
  std::uint64_t timer = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Of the end of place_move, on any thread → catalog: what these waited for is shown.
struct moves_settled {
  std::vector<refresh_number> who;
  trace::sent_by stamp = trace::sent_by::now();
};
/// Catalog → itself: what has failed a moment ago may be tried again.
struct retry_allowed {
  place_number place = 0;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- bridge → catalog -----------------------------------------------------------------------------------------------

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

// --- worker threads → catalog, repository ---------------------------------------------------------------------------

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

// --- directory, prefetcher ↔ fetcher --------------------------------------------------------------------------------

struct ask_want {
  caf::weak_actor_ptr from; ///< weak: what nobody owns any more needs no answer
  caf::actor_id from_id = 0;
  want what;
  dir_link_ptr place; ///< of the directory that wants; none: the prefetcher
  trace::sent_by stamp = trace::sent_by::now();
};
struct promote_want {
  caf::actor_id from_id = 0;
  want_id id = 0;
  urgency how = urgency::demand;
  trace::sent_by stamp = trace::sent_by::now();
};
struct cancel_want {
  caf::actor_id from_id = 0;
  want_id id = 0;
  trace::sent_by stamp = trace::sent_by::now();
};
struct want_finished {
  want_id id = 0;
  want_result outcome;
  trace::sent_by stamp = trace::sent_by::now();
};

/// Prefetcher → fetcher, around the wants of one window: what somebody waits for is probably among them.
struct window_begins {
  trace::sent_by stamp = trace::sent_by::now();
};
struct window_ends {
  trace::sent_by stamp = trace::sent_by::now();
};
/// Prefetcher → itself: the windows that were put off.
struct windows_due {
  trace::sent_by stamp = trace::sent_by::now();
};
/// A file that was looked up by its path, and not listed, is being read.
struct look_was_read {
  trace::sent_by stamp = trace::sent_by::now();
};
/// Bridge → supervisor → fetchers → prefetchers, as far as there are these: each adds what it is doing, and the last
/// one answers with the text (as an extended attribute). It changes nothing.
struct tell_activity {
  reply answer;
  activity so_far;
  std::vector<caf::actor> next{};
  trace::sent_by stamp = trace::sent_by::now();
};
/// Fetcher → itself, a moment after it asked for all trees.
struct trees_delayed {
  trace::sent_by stamp = trace::sent_by::now();
};
/// Fetcher → itself: everything that had come was entered.
struct start_transfers {
  trace::sent_by stamp = trace::sent_by::now();
};

// --- upstream's edge thread → fetcher -------------------------------------------------------------------------------

/// The transfer of all trees turns out to be long.
struct transfer_grew {
  trace::sent_by stamp = trace::sent_by::now();
};
struct transfer_finished {
  std::uint64_t transfer = 0;
  transfer_outcome outcome;
  trace::sent_by stamp = trace::sent_by::now();
};

// --- directory → prefetcher -----------------------------------------------------------------------------------------

/// A directory was listed from its start.
struct directory_listed {
  dir_link_ptr link;
  trace::sent_by stamp = trace::sent_by::now();
};
/// A file is being read from its start.
struct file_read {
  dir_link_ptr link;
  child_index index = 0; ///< its place in the sorted listing
  std::string name;
  oid id;
  bool missed = false; ///< said after the first word of it: its contents are not here
  trace::sent_by stamp = trace::sent_by::now();
};
/// A request waits for the sizes of its entries.
struct directory_statted {
  dir_link_ptr link;
  trace::sent_by stamp = trace::sent_by::now();
};
/// The kernel refers neither to it nor to anything below.
struct directory_forgotten {
  dir_link_ptr link;
  trace::sent_by stamp = trace::sent_by::now();
};
/// The root directory is that of another snapshot now.
struct snapshot_left {
  dir_link_ptr root;
  trace::sent_by stamp = trace::sent_by::now();
};

} // namespace gitfs

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::kernel_op)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::forget_op)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::enter_directory)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::interrupt_op)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::blob_loaded)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::release_directory)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::directory_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::reap_directory)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::look_if_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::over_budget)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::shed_listing)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::listing_shed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::released)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::child_is_idle)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::ask_want)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::promote_want)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::cancel_want)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::want_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::entries_hidden)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::window_begins)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::window_ends)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::windows_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::look_was_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::tell_activity)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::start_transfers)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::trees_delayed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::transfer_grew)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::transfer_finished)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::directory_listed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::file_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::directory_statted)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::directory_forgotten)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::relink_directories)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::snapshot_moved)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::snapshot_left)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::entries_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::change_entries)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::look_due)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::moves_settled)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::refresh_refs)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::cancel_refresh)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::reload_tree)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::ask_place)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::cancel_place)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::place_told)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::show_ref)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::cancel_show)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::ref_shown)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::retry_allowed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::host_told)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(gitfs::snapshot_taken)

namespace gitfs {

/// To the next one who has something to add.
template <class Actor>
void pass_on(Actor& self, tell_activity m) {
  if (m.next.empty()) {
    m.answer.xattr(m.so_far.text());
    return;
  }
  const caf::actor next = std::move(m.next.back());
  m.next.pop_back();
  self.anon_send(next, std::move(m));
}

} // namespace gitfs
