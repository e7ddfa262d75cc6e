#include "backend/cache/listing_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

namespace gitfs {

namespace {

bool lacks_size(const tree_entry& e) {
  return e.size == unknown_size && has_contents(e.kind);
}

void fill_sizes(object_db& db, const oid& tree, std::vector<tree_entry>& entries) {
  std::vector<oid> ids;
  ids.reserve(entries.size());
  for (const tree_entry& e : entries)
    if (has_contents(e.kind))
      ids.push_back(e.id);
  if (ids.empty())
    return;
  std::vector<std::uint64_t> sizes(ids.size(), unknown_size);
  db.sizes_in(tree, ids, sizes);
  auto at = sizes.begin();
  for (tree_entry& e : entries)
    if (has_contents(e.kind))
      e.size = *at++;
}

/// What it takes, about.
std::uint64_t bytes_of(const parsed_tree& listing) {
  constexpr std::uint64_t around = 300; // the object, its place in the index and in the order
  const std::size_t inside = std::string{}.capacity();
  std::uint64_t out = around + listing.entries.capacity() * sizeof(tree_entry);
  for (const tree_entry& e : listing.entries)
    out += e.name.capacity() > inside ? e.name.capacity() + 17 : 0;
  return out;
}

} // namespace

result<listing_ptr> read_listing(object_db& db, const oid& tree) {
  GITFS_TRY(parsed, db.read_tree(tree));
  fill_sizes(db, tree, parsed.entries);
  return listing_ptr{std::make_shared<parsed_tree>(std::move(parsed))};
}

listing_ptr with_sizes(object_db& db, const oid& tree, listing_ptr listing) {
  if (std::ranges::none_of(listing->entries, lacks_size))
    return listing;
  // Every listing was made without const: one that nobody else has need not be copied.
  auto out = listing.use_count() == 1 ? std::const_pointer_cast<parsed_tree>(std::move(listing))
                                      : std::make_shared<parsed_tree>(*listing);
  fill_sizes(db, tree, out->entries);
  return out;
}

void listing_cache::put(const oid& tree, listing_ptr listing) {
  const std::uint64_t bytes = bytes_of(*listing);
  listings_.put(tree, std::move(listing), bytes);
}

result<listing_ptr> listing_cache::take(const oid& tree) {
  if (auto kept = listings_.take(tree))
    return with_sizes(db_, tree, std::move(*kept));
  return read_listing(db_, tree);
}

} // namespace gitfs
