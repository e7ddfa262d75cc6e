#include "actors/inode/directory_wants.hpp"

#include "actors/mount/mounted_ref.hpp"

#include <algorithm>
#include <bit>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

void ask_listing(directory_inode& of, want_id id, const missing& what, urgency how) {
  want w{id, want_kind::trees, how, {what.id.is_zero() ? of.location()->tree : what.id}};
  const directory_location_ptr& upcoming = of.move.upcoming();
  if (upcoming && what.id == upcoming->tree)
    w.commit = commit_of(*upcoming); // so all trees of that snapshot come with it
  of.port.ask(std::move(w));
}

void ask_sizes(directory_inode& of, want_id id, const missing& what, urgency how) {
  of.listing.fill_sizes_here(of.outside());
  const bool all = what.id.is_zero();
  of.port.ask({id, want_kind::sizes, how, of.listing.unknown_sizes(), all ? std::nullopt : std::optional{what.id}});
  if (!all)
    of.lookups.add(what.id);
}

void ask_blob(directory_inode& of, want_id id, const missing& what, urgency how) {
  of.port.ask({id, want_kind::blobs, how, {what.id}});
}

void ask_loading(directory_inode& of, want_id id, const missing& what, urgency) {
  of.port.load(id, what.id);
}

void ask_child_trees(directory_inode& of, want_id id, const missing&, urgency how) {
  of.port.ask({id, want_kind::trees, how, of.listing.missing_objects(entry_kind::directory, of.outside())});
}

void ask_link_targets(directory_inode& of, want_id id, const missing&, urgency how) {
  of.port.ask({id, want_kind::blobs, how, of.listing.missing_objects(entry_kind::symlink, of.outside())});
}

void ask_blob_file(directory_inode& of, want_id id, const missing& what, urgency) {
  of.port.write_blob_file(id, what.id);
}

void ask_mount_node(directory_inode& of, want_id id, const missing& what, urgency) {
  of.port.ask_mount_node(id, what.name);
}

constexpr missing_row rows[] = {
    {missing::listing, "listing", true, false, ask_listing},
    {missing::sizes, "sizes", false, false, ask_sizes},
    {missing::blob, "blob", true, true, ask_blob},
    {missing::loaded, "blob into memory", false, true, ask_loading},
    {missing::child_trees, "trees of children", false, false, ask_child_trees},
    {missing::link_targets, "link targets", false, false, ask_link_targets},
    {missing::blob_file, "blob to disk", false, true, ask_blob_file},
    {missing::mount_node, "mount node", false, false, ask_mount_node},
};
static_assert(std::ranges::all_of(rows,
                                  [](const missing_row& each) {
                                    return &each - std::begin(rows) == std::countr_zero(std::uint8_t{each.kind});
                                  }),
              "rows stand in the order of the bits");

} // namespace

const missing_row& row_of(missing::kind kind) {
  return rows[std::countr_zero(std::uint8_t{kind})];
}

directory_parking::wanted& want_for(directory_inode& of, const missing& what, urgency how) {
  if (auto* const known = of.parking.find(what)) {
    if (how > known->how) {
      known->how = how;
      of.port.promote(known->id, how);
    }
    return *known;
  }
  const want_id id = of.parking.next_id();
  row_of(what.what).ask(of, id, what, how);
  // Noted after it was asked for: if asking throws, no request must come to wait for it.
  of.parking.begin({id, what, how, how == urgency::speculation});
  return *of.parking.find(what);
}

void cancel(directory_inode& of, const directory_parking::wanted& what) {
  what.what.what == missing::mount_node ? of.port.cancel_mount_node(what.id) : of.port.cancel(what.id);
}

urgency urgency_of(const kernel_op& op, const missing& what) {
  const bool on_path = what.what == missing::listing ? std::holds_alternative<lookup_op>(op.what)
                                                     : what.what == missing::sizes && !what.id.is_zero();
  return on_path ? urgency::path : urgency::demand;
}

missing sizes_for(const directory_inode& of, const dentry& looked_up) {
  const missing all{missing::sizes, {}};
  if (of.listing.listed() || !of.lookups.still_few() || of.parking.is_wanted(all))
    return all;
  return {missing::sizes, looked_up.id};
}

void want_ahead(directory_inode& of) {
  if (!of.context.prefetch || !of.in_repository())
    return;
  of.port.listed(); // first, so that what is wanted for a whole window leaves in one request with what is wanted here
  if (!of.listing.unknown_sizes().empty())
    want_for(of, {missing::sizes, {}}, urgency::speculation);
  if (!of.listing.missing_objects(entry_kind::directory, of.outside()).empty())
    want_for(of, {missing::child_trees, {}}, urgency::speculation);
  // Where a link points is part of what `ls -l` shows, and a few bytes.
  if (!of.listing.missing_objects(entry_kind::symlink, of.outside()).empty())
    want_for(of, {missing::link_targets, {}}, urgency::speculation);
}

} // namespace gitfs
