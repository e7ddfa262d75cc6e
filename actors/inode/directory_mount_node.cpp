// Directories above the repositories: what is in them the catalog knows.
#include "actors/inode/directory_state.hpp"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <utility>

namespace gitfs {

namespace {

// Everything above the repositories is a directory.
std::vector<tree_entry> as_listing(const std::vector<std::string>& names) {
  std::vector<tree_entry> out;
  out.reserve(names.size());
  for (const std::string& each : names)
    out.push_back({each, entry_kind::directory, {}});
  return out;
}

} // namespace

// As ensure_listing. A directory of a host is never complete: what was said for this request is all that it gets.
bool directory_state::ensure_mount_node(const kernel_op& op, lacking& instead) const {
  if ((op.brought & missing::mount_node) != 0)
    return true;
  const auto* looked_up = std::get_if<lookup_op>(&op.what);
  const auto* listing = std::get_if<readdir_op>(&op.what);
  if ((looked_up != nullptr && dentries_.find(looked_up->name) != nullptr && !is_assumed(looked_up->name))
      || (listing != nullptr && listing->offset != 0 && !dropped_)) // goes on with what was listed
    return true;
  instead = missing{missing::mount_node, {}, looked_up != nullptr ? looked_up->name : std::string{}};
  return false;
}

void directory_state::node_answered(want_id id, const mount_node_answer& what) {
  if (!parking_.end(id))
    return; // cancelled
  if (what.code != 0) {
    // C libraries take ENOENT of a listing for its end, so `ls` of what cannot be opened would look empty.
    for (kernel_op& waiter : parking_.take(id))
      waiter.answer.error(what.code == ENOENT && std::holds_alternative<readdir_op>(waiter.what) ? EIO : what.code);
    return;
  }
  if (what.shown && !location_->shown) {
    auto fresh = std::make_shared<directory_location>(*location_);
    fresh->shown = what.shown;
    fresh->tree = what.shown->facts.root_tree;
    fresh->since.reset(); // was that of the mount
    stand_at(std::move(fresh));
    if (listed_ || dentries_.size() != 0) { // it was taken for a folder, and nothing of what that had in it is here
      show_names({});
      say_what_moved();
    }
  } else if (!location_->shown) {
    assumed_ = what.assumed;
    // What it asked about may have changed since it was told last, and the word of that comes later, when there is no
    // difference left to tell the kernel.
    const table_changes changes = dentries_.refresh(as_listing(what.names), since());
    complete_ = what.complete;
    dropped_ = false;
    account();
    if (!changes.gone.empty() || (complete_ && answered_absent_ && !changes.added.empty())) {
      change_.nodeid = nodeid_of(self_);
      note_changes(changes);
      say_what_moved();
    }
  }
  answer_waiters(id, {}, missing::mount_node);
}

void directory_state::entries_changed(const mount_node_answer& now, const std::vector<std::string>& replaced) {
  if (location_->shown)
    return;                // it is a repository's now, and stays that for who is in it
  if (!replaced.empty()) { // else a directory would be taken for the one that had its name
    std::vector<std::string> others;
    std::ranges::copy_if(now.names, std::back_inserter(others),
                         [&](const std::string& each) { return std::ranges::find(replaced, each) == replaced.end(); });
    show_names({.names = std::move(others)});
  }
  show_names(now);
  say_what_moved();
}

// Followed by say_what_moved.
void directory_state::show_names(const mount_node_answer& now) {
  change_.nodeid = nodeid_of(self_);
  note_changes(dentries_.refresh(as_listing(now.names), since()));
  assumed_ = now.assumed;
  complete_ = now.complete;
  dropped_ = false;
  account();
}

bool directory_state::is_assumed(const std::string& name) const {
  return !location_->shown && std::ranges::binary_search(assumed_, name);
}

void directory_state::cancel(const wanted& each) {
  each.what.what == missing::mount_node ? port_.cancel_mount_node(each.id) : port_.cancel(each.id);
}

} // namespace gitfs
