#include "actors/prefetch/prefetch_plan.hpp"

#include "actors/mount/mounted_ref.hpp"

#include <utility>

namespace gitfs {

namespace {

// Sizes are a few bytes each, so their windows grow fast: two cover the whole Linux tree. The trees of 4,096
// directories are read in about 0.1 s. A server looks up some 100,000 sizes a second, and answers two requests at once
// on two processors; so it has answered the second about when the walker has been through the first.
constexpr readahead::limits listing_limits{
    .first = 64, .growth = 128, .most = 8192, .bytes = 0, .windows_ahead = 0, .first_sizes = 32'000, .streams = 8};

// Contents cost most. Two windows are fetched at once, so that two cores check and index what arrives while it is read.
readahead::limits content_limits(std::size_t first, std::uint64_t bytes) {
  return {.first = first, .growth = 4, .most = 4096, .bytes = bytes, .windows_ahead = 2, .streams = 8};
}

// Whoever reads all files of a name has an order of his own, such as that in which Kconfig files name each other. So a
// file that no window has brought yet says only that the windows are too small.
constexpr namesakes::limits of_any_order{.growth_missed = 2, .bytes = 8U << 20, .misses_per_file = 256};

constexpr std::size_t few = 8;              // so many directories are remembered until it is known what sizes cost
constexpr std::size_t few_looked_up = 1024; // so many look-ups of files that were not read yet are remembered
constexpr std::size_t remembered = 100'000; // so many unread blobs are counted; further ones are not

} // namespace

prefetch_plan::prefetch_plan(object_db& db, readahead_port& port, counters& counts, std::uint64_t window_bytes,
                             listing_cache* ahead, bool sets)
  : db_(db),
    port_(port),
    counts_(counts),
    depth_(readahead::kind::listings, walk_order::depth_first, db, *this, listing_limits, ahead),
    breadth_(readahead::kind::listings, walk_order::breadth_first, db, *this, listing_limits, ahead),
    stats_(readahead::kind::stats, walk_order::depth_first, db, *this, content_limits(8, window_bytes)),
    contents_(readahead::kind::contents, walk_order::depth_first, db, *this, content_limits(16, window_bytes)),
    busy_(db, *this, {}),
    names_(db, *this, sets ? of_any_order : namesakes::limits{}),
    sets_(db, *this, {.bytes = window_bytes}),
    profile_(db, *this, {.bytes = window_bytes}),
    lookups_(db, *this, {}),
    knows_sets_(sets) {
  for (std::size_t way = 0; way < ways_.size(); ++way)
    ways_[way]->number_wants_from(first_want_of(static_cast<reader_way>(way)));
}

void prefetch_plan::listed(const directory_location_ptr& directory) {
  if (is_left(*directory))
    return;
  sets_.listed(*directory);
  if (profile_.foresaw(*directory))
    return;
  // Most programs walk depth first, so only steps that this does not explain may be another way.
  if (!depth_.follow(directory)) {
    if (!breadth_.follow(directory)) {
      breadth_.begin(directory);
      if (knows_sets_ && !sizes_cost_contents_ && !is_root(*directory) && sets_.was_listed(*directory->parent))
        lookups_.listed(directory);
    }
    depth_.begin(directory);
  }
  if (sizes_cost_contents_ && stats_.leads(directory))
    stats_.follow(directory);
}

void prefetch_plan::statted(const directory_location_ptr& directory) {
  if (is_left(*directory))
    return;
  if (!sizes_cost_contents_) {
    statted_before_.push_back(directory);
    if (statted_before_.size() > few)
      statted_before_.pop_front();
  } else if (!stats_.follow(directory)) {
    stats_.begin(directory);
  }
}

void prefetch_plan::looked_up(const directory_location_ptr& directory, const oid& id) {
  if (is_left(*directory))
    return;
  if (looked_up_.size() == few_looked_up)
    looked_up_.take_oldest();
  looked_up_.add(id, true);
  if (!sizes_cost_contents_ && !sets_.was_listed(*directory))
    lookups_.looked_up(directory, id);
}

void prefetch_plan::read(const directory_location_ptr& directory, child_index file, std::string_view name,
                         const oid& id) {
  was_read(id);
  if (is_left(*directory))
    return;
  lookups_.read(id);
  const bool was_looked_up = !looked_up_.take(id).empty();
  if (profile_.was_wanted(id))
    return;
  const bool of_a_set = sets_.was_wanted(directory, id);
  const bool of_a_stream = contents_.follow(directory, file);
  if (of_a_stream && !of_a_set && knows_sets_)
    sets_.followed(directory);
  if (of_a_stream || of_a_set)
    return;
  contents_.begin(directory, file);
  if (!knows_sets_)
    busy_.read(directory);
  if (!names_.read(directory, file, name, id) && knows_sets_)
    sets_.read(directory, file, id, was_looked_up);
}

void prefetch_plan::use_profile(const oid& commit, const oid& root, std::vector<profile_entry> entries) {
  if (!shown_ || shown_->facts.commit == commit)
    profile_.begin(commit, root, std::move(entries));
}

void prefetch_plan::forgotten(const directory_location& directory) {
  if (is_left(directory))
    return;
  std::erase_if(statted_before_, [&](const directory_location_ptr& each) { return each->key == directory.key; });
  for (way_ahead* each : ways_)
    each->forgotten(directory);
}

void prefetch_plan::moved(const directory_location& root) {
  shown_ = root.shown;
  statted_before_.clear();
  looked_up_.take_all();
  for (way_ahead* each : ways_)
    each->clear();
}

void prefetch_plan::finished(want_id id, const want_result& outcome) {
  if (const auto requested = requested_blobs_.extract(id))
    outcome.code == 0 ? came(requested.mapped()) : forget_requested(requested.mapped());
  const reader_way way = reader_way_of(id);
  if ((way == reader_way::depth || way == reader_way::lookups) && outcome.code == ENOTSUP
      && !std::exchange(sizes_cost_contents_, true))
    for (const directory_location_ptr& each : std::exchange(statted_before_, {}))
      statted(each);
  ways_.at(static_cast<std::size_t>(way))->finished(id, outcome);
}

std::vector<activity::walker> prefetch_plan::walkers() const {
  std::vector<activity::walker> out;
  for (std::size_t way = 0; way < ways_.size(); ++way)
    for (activity::walker& each : ways_[way]->walkers()) {
      each.way = name_of(static_cast<reader_way>(way));
      out.push_back(std::move(each));
    }
  return out;
}

void prefetch_plan::came(const std::vector<oid>& blobs) {
  std::vector<std::uint64_t> sizes(blobs.size(), unknown_size);
  db_.sizes(blobs, sizes);
  for (std::size_t i = 0; i < blobs.size(); ++i) {
    const auto it = unread_.find(blobs[i]);
    if (it == unread_.end() || it->second.here || sizes[i] == unknown_size)
      continue;
    it->second.size = sizes[i];
    it->second.here = true;
    counts_.add(counter::prefetch_blobs);
    counts_.add(counter::prefetch_blob_bytes, sizes[i]);
    if (it->second.read)
      was_read(blobs[i]);
  }
}

void prefetch_plan::was_read(const oid& blob) {
  const auto it = unread_.find(blob);
  if (it == unread_.end())
    return;
  it->second.read = true;
  if (!it->second.here)
    return;
  counts_.add(counter::prefetch_used_bytes, it->second.size);
  unread_.erase(it);
}

// Stops counting blobs that this want is not going to bring, even if another want brings them.
void prefetch_plan::forget_requested(const std::vector<oid>& blobs) {
  for (const oid& id : blobs)
    if (const auto it = unread_.find(id); it != unread_.end() && !it->second.here)
      unread_.erase(it);
}

void prefetch_plan::ask(want w) {
  const bool of_readers = reader_way_of(w.id) >= reader_way::contents; // of contents, not of listings
  if (w.kind == want_kind::blobs && of_readers && unread_.size() < remembered) {
    for (const oid& id : w.ids)
      unread_.try_emplace(id);
    requested_blobs_.emplace(w.id, w.ids);
  }
  port_.ask(std::move(w));
}

void prefetch_plan::cancel(want_id id) {
  if (const auto requested = requested_blobs_.extract(id))
    forget_requested(requested.mapped());
  counts_.add(counter::prefetch_cancelled);
  port_.cancel(id);
}

} // namespace gitfs
