#include "actors/prefetch/readahead.hpp"

#include "actors/mount/mounted_ref.hpp"

#include <algorithm>
#include <utility>

namespace gitfs {

namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();
constexpr std::size_t doubtful = 2,
                      wrong = 4; // the `share` of leaves_out at which a window stops growing, or a stream ends

// So many directories are searched for missing trees, also beyond the window: trees are small next to a request, and
// each level of missing trees costs a request.
constexpr std::size_t trees_at_once = 256;

} // namespace

tree_position readahead::position(const directory_location& directory, child_index file) const {
  return kind_ == kind::contents ? position_of(directory, file) : position_of(directory);
}

bool readahead::unit(const tree_cursor::visit& v) const {
  return kind_ == kind::contents ? has_contents(v.entry->kind) : v.entry->kind == entry_kind::directory;
}

void readahead::to_next_unit(tree_cursor& c) const {
  for (auto v = c.peek(); v && !unit(*v); v = c.peek())
    c.step();
}

readahead::streams::iterator readahead::stream_with(const tree_position& p) {
  return std::find_if(streams_.begin(), streams_.end(), [&](stream& s) {
    if (earlier(p, s.start))
      return false;
    if (s.window == 0 && passes_over(s, p))
      return false;
    return reaches(s, p);
  });
}

// True if the reader is at most at the next unit behind the horizon. The horizon stays: what lies before that unit may
// still have to be asked for, where a window ended at its limit or at a missing tree.
bool readahead::reaches(stream& s, const tree_position& p) const {
  if (!earlier(s.horizon.position(), p))
    return true;
  if (!s.next_unit)
    s.next_unit = s.horizon;
  to_next_unit(*s.next_unit); // the tree at which it stopped may have come meanwhile
  return !earlier(s.next_unit->position(), p);
}

// True if a reader at `p` has reached the trigger. Whoever stats a directory waits for all files in it, so he has also
// passed a trigger at one of these files.
bool readahead::triggers(const stream& s, const tree_position& p) const {
  return !earlier(p, s.trigger)
         || (kind_ == kind::stats && s.trigger.size() == p.size() + 1 && is_within(s.trigger, p));
}

// True if a reader who began at the start has certainly left files out. The tree is not read for that: when a thousand
// files of one directory are read at random, reading it each time would be most of the work.
bool readahead::passes_over(const stream& s, const tree_position& p) const {
  return kind_ == kind::contents && p.size() == s.start.size() && p.back() > s.start.back() + 1
         && std::equal(p.begin(), p.end() - 1, s.start.begin());
}

bool readahead::follow(const directory_location_ptr& directory, child_index file) {
  const tree_position p = position(*directory, file);
  const auto it = stream_with(p);
  if (it == streams_.end())
    return false;
  streams_.splice(streams_.begin(), streams_, it);
  it->reader = p;
  it->at = directory;
  ++it->steps;
  if (it->window != 0 && triggers(*it, p) && leaves_out(*it, wrong)) {
    drop(it);
    return false; // the guess was wrong: its wants are cancelled, and a new stream begins here
  }
  if (it->due && !earlier(p, it->horizon.position())) {
    it->due = false; // the reader was quicker than the other thread, so the window is wanted now
    advance(*it);
  } else if (!it->due && triggers(*it, p)) {
    widen(*it, p);
  }
  return true;
}

bool readahead::leads(const directory_location_ptr& directory) {
  const auto it = stream_with(position(*directory, 0));
  return it != streams_.end() && it->window != 0;
}

void readahead::begin(const directory_location_ptr& directory, child_index file) {
  make_room();
  const bool contents = kind_ == kind::contents;
  const tree_position p = position(*directory, file);
  // In walk order the next entry after a listed directory is the first one in it; after a file it is the next file.
  tree_cursor horizon{db_, directory, contents ? file + 1 : 0, order_, ahead_};
  for (const stream& s : streams_)
    horizon.share_trees_of(s.horizon);
  if (!contents)
    to_next_unit(horizon);
  if (order_ == walk_order::breadth_first && horizon.peek()) {
    // Every walk enters the first directory below next, so only the second one tells a breadth-first walk.
    horizon.step();
    to_next_unit(horizon);
  }
  tree_position trigger = horizon.position();
  streams_.push_front({.start = p,
                       .horizon = std::move(horizon),
                       .trigger = std::move(trigger),
                       .reader = p,
                       .at = directory,
                       .within = position_of(*directory)});
}

// Drops the oldest of the streams without a window, or of those with one, where there are too many. Both have limits of
// their own, so that random access, which makes streams without a window, does not drive out readers who walk.
void readahead::make_room() {
  for (const bool walked : {false, true}) {
    const auto is = [walked](const stream& s) { return (s.window != 0) == walked; };
    if (static_cast<std::size_t>(std::count_if(streams_.begin(), streams_.end(), is)) < limits_.streams)
      continue;
    const auto oldest = std::find_if(streams_.rbegin(), streams_.rend(), is);
    drop(std::prev(oldest.base()));
  }
}

void readahead::forgotten(const directory_location& directory) {
  const tree_position p = position_of(directory);
  for (auto it = streams_.begin(); it != streams_.end();) {
    const auto each = it++;
    if (is_within(each->reader, p))
      drop(each);
  }
}

void readahead::clear() {
  while (!streams_.empty())
    drop(streams_.begin());
}

void readahead::missed(const directory_location_ptr& directory, child_index file, const oid& id) {
  const tree_position p = position(*directory, file);
  const auto it = stream_with(p);
  if (it == streams_.end() || !it->in_flight.empty() || !earlier(p, it->horizon.position()))
    return;
  if (it->window == 0 || db_.contains(id))
    return; // nothing was asked for, or it has come just now
  streams_.erase(it);
  begin(directory, file);
}

void readahead::widen(stream& s, const tree_position& p) {
  if (s.trees != 0)
    return; // the last window still waits for trees
  // Nothing is wanted outside the deepest directory that contains all positions of the stream's readers so far: whoever
  // reads a directory of 500 files does not always go on to the next directory.
  s.within.resize(static_cast<std::size_t>(std::ranges::mismatch(s.within, p).in1 - s.within.begin()));
  if (s.window == 0)
    s.window = limits_.first;
  else if (!leaves_out(s, doubtful))
    s.window = std::min(s.window * limits_.growth, limits_.most);
  s.judged_at = std::max(s.judged_at, s.trigger_at);
  s.steps = 0;
  // If the reader has caught up with the horizon, the next trigger is in the middle of the new window, which is set
  // when the window is known. Otherwise the trigger is at the window's start, so that the window after it is fetched
  // while this one is read.
  s.halfway = limits_.windows_ahead == 0 || !earlier(p, s.horizon.position());
  if (limits_.windows_ahead > 1 && !s.newest.empty() && !s.halfway)
    set_trigger(s, s.newest, s.newest_at);
  else
    set_trigger(s, s.horizon.position(), s.horizon_at);
  if (triggers(s, p))
    s.judged_at = std::max(
        s.judged_at, s.trigger_at); // the reader has passed the new trigger already, so no steps are counted up to it
  s.newest = s.horizon.position();
  s.newest_at = s.horizon_at;
  s.owed = s.window;
  // A window whose objects are on this machine is put together on another thread, so that the reader need not wait. A
  // window that must be asked for is put together now, so that it leaves in one request with the directory's wants.
  s.due = kind_ == kind::listings && earlier(p, s.horizon.position()) && next_is_here(s) && port_.later();
  if (!s.due)
    advance(s);
}

void readahead::set_trigger(stream& s, const tree_position& where, std::size_t at) {
  s.trigger = where;
  s.trigger_at = at;
}

// True if less than one in `share` of the units between the last two triggers was read, where units cost contents. The
// window then stops growing, or the stream ends. (A compiler reads one file here and one there, in order: 93 % of what
// had come ahead of it was never read.)
bool readahead::leaves_out(const stream& s, std::size_t share) const {
  return kind_ != kind::listings && s.trigger_at > s.judged_at && s.steps * share < s.trigger_at - s.judged_at;
}

bool readahead::next_is_here(const stream& s) const {
  tree_cursor next = s.horizon;
  if (const auto at = next.peek(); at && unit(*at))
    next.step();
  const auto v = next.peek();
  return v && (!has_contents(v->entry->kind) || v->entry->size != unknown_size);
}

void readahead::due() {
  for (stream& s : streams_)
    if (std::exchange(s.due, false))
      advance(s);
}

void readahead::advance(stream& s) {
  if (std::exchange(s.parted, false)) {
    want_window(s, unlimited); // without window_begins, which would hold back the first part, too
    return;
  }
  port_.window_begins();
  want_window(s, limits_.first_sizes);
  port_.window_ends();
  if (!s.parted)
    return;
  s.due = port_.later();
  if (!s.due)
    advance(s);
}

void readahead::want_window(stream& s, std::size_t most_sizes) {
  if (order_ == walk_order::depth_first && !is_within(s.horizon.position(), s.within)) {
    s.owed = 0;
    return;
  }
  needs found;
  found.blobs = std::exchange(s.links, {});
  found.limit = kind_ == kind::listings ? 0 : port_.share_of(limits_.bytes);
  if (s.next_unit)
    s.horizon.share_trees_of(*s.next_unit);
  s.next_unit.reset();
  s.horizon.refresh_sizes();
  // The window ends before the unit that follows it, because the entries before that unit belong to the window's last
  // one.
  while (!found.full) {
    auto v = s.horizon.peek();
    if (!v || (unit(*v) && s.owed == 0) || s.horizon.has_left(s.within.size()))
      break;
    if (unit(*v) && found.sizes.size() >= most_sizes) {
      s.parted = true;
      s.links = std::move(found.blobs);
      ask(s, want_kind::sizes, std::move(found.sizes));
      return;
    }
    if (unit(*v) && --s.owed == s.window / 2 && s.halfway)
      set_trigger(s, s.horizon.position(), s.horizon_at);
    add(s, *v, found);
    if (found.full)
      break;
    s.horizon_at += unit(*v) ? 1 : 0;
    s.horizon.step();
  }
  if (found.full)
    s.owed = 0;
  ask(s, want_kind::sizes, std::move(found.sizes));
  ask(s, want_kind::blobs, std::move(found.blobs));
  if (found.full || s.trees != 0)
    return;
  std::vector<oid> trees = s.horizon.missing(std::max(s.owed, trees_at_once), s.within.size());
  if (trees.empty()) {
    s.owed = 0; // the window is full, or the snapshot ends in it
    return;
  }
  ask(s, want_kind::trees, std::move(trees));
  s.trees = next_want_ - 1;
}

void readahead::add(const stream& s, const tree_cursor::visit& v, needs& found) {
  if (!has_contents(v.entry->kind))
    return;
  kind_ == kind::contents ? add_contents(v, found) : add_attributes(s, v, found);
}

// True if an object of that size still fits into the window. The first one always does.
bool readahead::room_for(std::uint64_t size, needs& found) const {
  const std::uint64_t more = size == unknown_size ? assumed_blob_size : size;
  found.full = found.bytes != 0 && found.bytes + more > found.limit;
  if (!found.full)
    found.bytes += std::max<std::uint64_t>(more, 1);
  return !found.full;
}

void readahead::add_contents(const tree_cursor::visit& v, needs& found) {
  // Objects that are here count, too, since the window also limits what the reader is going to hold in memory.
  if (room_for(v.entry->size, found) && !db_.contains(v.entry->id))
    found.blobs.push_back(v.entry->id);
}

void readahead::add_attributes(const stream& s, const tree_cursor::visit& v, needs& found) {
  const oid& id = v.entry->id;
  const bool unknown = v.entry->size == unknown_size;
  if (kind_ == kind::stats) {
    // The limit does not hold for the directory where the reader is, because he waits for all its sizes. So directories
    // behind one with thousands of entries are fetched while the reader waits for that one.
    const bool waits = v.directory->key == s.at->key;
    if (unknown && (waits || room_for(unknown_size, found)))
      found.sizes.push_back(id);
    return;
  }
  if (unknown)
    found.sizes.push_back(id);
  if (v.entry->kind == entry_kind::symlink && !db_.contains(id))
    found.blobs.push_back(id); // `ls -l` shows the target of a link
}

void readahead::ask(stream& s, want_kind wanted, std::vector<oid> ids) {
  if (ids.empty())
    return;
  want w{next_want_++, wanted, urgency::speculation, std::move(ids)};
  w.worth_contents = kind_ == kind::stats;
  w.commit = commit_of(*s.at);
  s.in_flight.push_back(w.id);
  port_.ask(std::move(w));
}

void readahead::finished(want_id id, const want_result& outcome) {
  for (stream& s : streams_) {
    if (std::erase(s.in_flight, id) == 0)
      continue;
    if (s.trees == id) {
      s.trees = 0;
      if (outcome.code != 0 || !s.horizon.missing(1).empty()) {
        s.owed = 0; // the trees cannot be fetched: the reader will get the error himself, and the window ends here
        return;
      }
      advance(s);
    }
    return;
  }
}

std::vector<activity::walker> readahead::walkers() const {
  std::vector<activity::walker> out;
  for (const stream& s : streams_)
    if (s.window != 0)
      out.push_back({{}, s.window, s.in_flight.size(), shown_path("/" + path_of(*s.at))});
  return out;
}

void readahead::drop(streams::iterator s) {
  for (want_id id : s->in_flight)
    port_.cancel(id);
  streams_.erase(s);
}

} // namespace gitfs
