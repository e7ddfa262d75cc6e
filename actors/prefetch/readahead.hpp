// Recognises readers whose way through the tree is predictable, and wants what they will need next.
//
// File readahead, applied to a tree. Every reader that goes through the snapshot in walk order has a stream: a start,
// and a horizon up to which everything has been asked for. A reader who steps into the newest part of its stream moves
// the horizon on, by a window that grows while the guess is right. A reader who turns up anywhere else starts a new
// stream with no window at all, so random access speculates on nothing.
#pragma once

#include "actors/model/want.hpp"
#include "actors/prefetch/tree_cursor.hpp"
#include "actors/prefetch/way_ahead.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <list>
#include <optional>
#include <vector>

namespace gitfs {

class readahead_port {
public:
  virtual ~readahead_port() = default;
  virtual void ask(want w) = 0; ///< answered with `finished`
  virtual void cancel(want_id id) = 0;
  /// Called before and after the wants of one window, whose trees may take a while to read.
  virtual void window_begins() = 0;
  virtual void window_ends() = 0;
  /// The share of `bytes`, the contents that a window may bring, where other mounted refs fetch contents ahead too.
  virtual std::uint64_t share_of(std::uint64_t bytes) { return bytes; }
  /// True: the window is put off. `readahead::due` is called soon, on another thread than the reader's if one is free.
  virtual bool later() { return false; }
};

class readahead : public way_ahead {
public:
  enum class kind : std::uint8_t {
    listings, ///< units are directories; wanted: sizes of the entries, targets of links, trees below
    stats,    ///< the same where sizes cost contents, for readers that are known to want sizes
    contents, ///< units are files; wanted: blobs
  };

  struct limits {
    std::size_t first = 4;           ///< units in the first window
    std::size_t growth = 4;          ///< factor from one window to the next
    std::size_t most = 4096;         ///< units in a window
    std::uint64_t bytes = 32U << 20; ///< contents in a window, in bytes, of known or assumed size
    /// So many windows are fetched beyond the one that the reader is in; 0: the next window leaves when the reader is
    /// halfway through the last.
    unsigned windows_ahead = 1;
    /// The first so many sizes of a window leave before the rest is put together, so that the server looks them up
    /// meanwhile.
    std::size_t first_sizes = std::numeric_limits<std::size_t>::max();
    /// So many streams with a window are remembered, and as many without; the least recently used one is forgotten.
    std::size_t streams = 8;
  };

  /// `ahead`: gets the listings that it reads ahead of its readers.
  readahead(kind what, walk_order order, object_db& db, readahead_port& port, const limits& l,
            listing_cache* ahead = nullptr)
    : kind_(what),
      order_(order),
      db_(db),
      port_(port),
      limits_(l),
      ahead_(ahead) {}

  /// A reader is at this directory or, of the kind `contents`, at this file in it. False: no stream explains that.
  bool follow(const directory_location_ptr& directory, child_index file = 0);
  /// Starts a stream at this place, without a window.
  void begin(const directory_location_ptr& directory, child_index file = 0);
  /// True if this directory is within the horizon of a stream.
  bool leads(const directory_location_ptr& directory);
  void forgotten(const directory_location& directory) override;
  void clear() override;
  /// The file that a reader reads there is not here. If everything that was wanted ahead of the reader has been
  /// fetched, the file has been evicted since, and perhaps the rest too; so the stream begins anew from here.
  void missed(const directory_location_ptr& directory, child_index file, const oid& id);
  void finished(want_id id, const want_result& outcome) override;
  /// Wants the windows that were put off.
  void due();

  std::vector<activity::walker> walkers() const override;

private:
  struct stream {
    tree_position start;
    tree_cursor horizon;
    std::optional<tree_cursor> next_unit{}; ///< the unit behind the horizon, once a reader was seen there
    tree_position trigger;                  ///< a reader who reaches this position moves the horizon on
    tree_position newest{};                 ///< where the window begins that was wanted last
    tree_position reader;                   ///< where the reader was last,
    directory_location_ptr at;              ///< and in which directory
    tree_position within;   ///< the directory that the stream's readers have not left: nothing outside it is wanted
    std::size_t window = 0; ///< the last window, in units; 0: the stream has no window yet
    /// Distances from the start, in units: to the horizon, to the trigger, to the newest window, and to the last
    /// trigger that a reader has passed.
    std::size_t horizon_at = 0, trigger_at = 0, newest_at = 0, judged_at = 0;
    std::size_t steps = 0;    ///< steps of readers since they passed that last trigger
    bool due = false;         ///< the next window was put off
    bool halfway = false;     ///< the trigger is in the middle of the last window
    std::size_t owed = 0;     ///< units of the last window that wait for trees
    want_id trees = 0;        ///< the want that brings these trees
    bool parted = false;      ///< the first sizes of the window have left, and the rest is still to be put together
    std::vector<oid> links{}; ///< targets of links in that first part; they leave together with those of the rest
    std::vector<want_id> in_flight{};
  };
  using streams = std::list<stream>;

  // The objects that a stretch of the walk needs and that are not here.
  struct needs {
    std::vector<oid> sizes, blobs;
    std::uint64_t bytes = 0;
    std::uint64_t limit = 0;
    bool full = false; // the next entry would have exceeded the limit of bytes
  };

  bool earlier(const tree_position& a, const tree_position& b) const { return before(order_, a, b); }
  tree_position position(const directory_location& directory, child_index file) const;
  streams::iterator stream_with(const tree_position& p);
  bool passes_over(const stream& s, const tree_position& p) const;
  bool reaches(stream& s, const tree_position& p) const;
  bool triggers(const stream& s, const tree_position& p) const;
  void make_room();
  bool unit(const tree_cursor::visit& v) const;
  void to_next_unit(tree_cursor& c) const;
  void widen(stream& s, const tree_position& p);
  bool leaves_out(const stream& s, std::size_t share) const;
  void set_trigger(stream& s, const tree_position& where, std::size_t at);
  void advance(stream& s);
  bool next_is_here(const stream& s) const;
  void want_window(stream& s, std::size_t most_sizes);
  void add(const stream& s, const tree_cursor::visit& v, needs& found);
  void add_contents(const tree_cursor::visit& v, needs& found);
  void add_attributes(const stream& s, const tree_cursor::visit& v, needs& found);
  bool room_for(std::uint64_t size, needs& found) const;
  void ask(stream& s, want_kind wanted, std::vector<oid> ids);
  void drop(streams::iterator s);

  const kind kind_;
  const walk_order order_;
  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  listing_cache* const ahead_;
  streams streams_; // front: most recently used
};

} // namespace gitfs
