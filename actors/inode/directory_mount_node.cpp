#include "actors/inode/directory_mount_node.hpp"

#include "actors/inode/directory_move.hpp"
#include "actors/mount/mounted_ref.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <utility>

namespace gitfs {

namespace {

// Followed by announce_changes.
void show_names(directory_inode& of, const mount_node_answer& now) {
  of.notices.directory_changed(nodeid_of(of.self));
  of.notices.entries_changed(of.listing.show_names(now, of.since(), of.outside()), of.listing.entries());
}

} // namespace

bool ensure_mount_node(const directory_inode& of, const kernel_op& op, lacking& instead) {
  if ((op.brought & missing::mount_node) != 0)
    return true;
  const auto* looked_up = std::get_if<lookup_op>(&op.what);
  const auto* listing = std::get_if<readdir_op>(&op.what);
  if (looked_up != nullptr && of.listing.entries().find(looked_up->name) != nullptr
      && !of.listing.is_assumed(looked_up->name))
    return true;
  if (listing != nullptr && listing->offset != 0 && !of.listing.dropped())
    return true; // goes on with what was listed
  instead = missing{missing::mount_node, {}, looked_up != nullptr ? looked_up->name : std::string{}};
  return false;
}

void show_answer(directory_inode& of, const mount_node_answer& answer) {
  if (of.in_repository())
    return; // an earlier answer has said so already
  if (answer.shown) {
    auto fresh = std::make_shared<directory_location>(*of.location());
    fresh->shown = answer.shown;
    fresh->tree = answer.shown->facts.root_tree;
    fresh->since.reset(); // was that of the mount
    of.stand_at(std::move(fresh));
    // It was taken for a folder, and nothing of what that had in it is here.
    if (of.listing.listed() || of.listing.entries().size() != 0) {
      show_names(of, {});
      announce_changes(of);
    }
    return;
  }
  // What the request asked about may have changed since the catalog said it last. The message about that change comes
  // later, when there is no difference left to tell the kernel.
  const table_changes changes = of.listing.show_names(answer, of.since(), of.outside());
  const bool negative_dentries = of.listing.complete() && of.notices.negative_dentries();
  if (!changes.gone.empty() || (negative_dentries && !changes.added.empty())) {
    of.notices.directory_changed(nodeid_of(of.self));
    of.notices.entries_changed(changes, of.listing.entries());
    announce_changes(of);
  }
}

void replace_entries(directory_inode& of, const mount_node_answer& now, const std::vector<std::string>& replaced) {
  if (of.in_repository())
    return;                // it is a repository's now, and stays that for whoever is in it
  if (!replaced.empty()) { // else a directory would be taken for the one that had its name
    std::vector<std::string> others;
    std::ranges::copy_if(now.names, std::back_inserter(others),
                         [&](const std::string& each) { return std::ranges::find(replaced, each) == replaced.end(); });
    show_names(of, {.names = std::move(others)});
  }
  show_names(of, now);
  announce_changes(of);
}

} // namespace gitfs
