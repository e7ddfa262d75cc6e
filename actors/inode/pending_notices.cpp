#include "actors/inode/pending_notices.hpp"

#include "actors/inode/directory_port.hpp"

namespace gitfs {

void pending_notices::entries_changed(const table_changes& changes, const dentry_table& entries) {
  change_.names.insert(change_.names.end(), changes.gone.begin(), changes.gone.end());
  if (negative_dentries_)
    for (child_index i : changes.added)
      change_.names.push_back(entries.at(i)->name);
  for (child_index i : changes.moved)
    if (const dentry& child = *entries.at(i); child.nlookup != 0)
      change_.attributes.push_back(nodeid_of(child.slot));
}

void pending_notices::send(directory_port& to, const move_token& token) {
  if (change_.nodeid != 0) {
    change_.move = token;
    to.tell_kernel(change_);
    change_ = {};
  }
  if (!relinks_.empty()) {
    to.relink(relinks_);
    relinks_.clear();
  }
}

} // namespace gitfs
