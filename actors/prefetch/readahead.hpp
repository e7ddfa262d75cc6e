// Whose way through the tree is predictable, and what they will need next.
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
  /// Around the wants of one window, whose trees may take a while to read.
  virtual void window_begins() = 0;
  virtual void window_ends() = 0;
  /// Of the contents that a window may bring, the share of who is not alone.
  virtual std::uint64_t share_of(std::uint64_t bytes) { return bytes; }
  /// True: `readahead::due` will be called, on another thread than the reader's if one is free.
  virtual bool later() { return false; }
};

class readahead : public way_ahead {
public:
  enum class kind : std::uint8_t {
    listings, ///< units are directories; needed: sizes of the entries, targets of links, trees below
    stats,    ///< the same where a size costs contents, for who is known to want sizes
    contents, ///< units are files; needed: blobs
  };

  struct limits {
    std::size_t first = 4;           ///< units in the first window
    std::size_t growth = 4;          ///< factor from one window to the next
    std::size_t most = 4096;         ///< units in a window
    std::uint64_t bytes = 32U << 20; ///< of contents, known or assumed, in a window
    /// Windows on their way beyond the one that the reader is in; 0: the next one leaves when the reader is halfway
    /// through the last.
    unsigned windows_ahead = 1;
    /// Beyond so many sizes in one window these leave, and the rest is put together while the server looks them up.
    std::size_t first_sizes = std::numeric_limits<std::size_t>::max();
    std::size_t streams = 8; ///< readers told apart, those with a window and those without; the one unused longest goes
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

  /// A reader is at this directory, or at this file of it (contents). False: on no known way.
  bool follow(const directory_location_ptr& directory, child_index file = 0);
  /// A way that may begin here.
  void begin(const directory_location_ptr& directory, child_index file = 0);
  /// True if something has been asked for that far already.
  bool leads(const directory_location_ptr& directory);
  void forgotten(const directory_location& directory) override;
  void clear() override;
  /// What it reads there is not here. If all that was asked for ahead of it has been answered, it has been evicted
  /// since, and so perhaps all the rest: guessing begins anew from here.
  void missed(const directory_location_ptr& directory, child_index file, const oid& id);
  void finished(want_id id, const want_result& outcome) override;
  /// The windows that were put off are asked for.
  void due();

  std::vector<activity::walker> walkers() const override;

private:
  struct stream {
    tree_position start;
    tree_cursor horizon;
    std::optional<tree_cursor> next_unit{}; ///< from there on, once somebody was seen behind the horizon
    tree_position trigger;                  ///< whoever reaches it moves the horizon on
    tree_position newest{};                 ///< start of the window that was asked for last
    tree_position reader;                   ///< was here last
    directory_location_ptr at;              ///< in this directory
    tree_position within;   ///< the directory that readers have not left: nothing is wanted outside of it
    std::size_t window = 0; ///< of the last move, in units; 0: only one step was seen
    /// Units from the start on: to the horizon, the trigger, the newest window, and the last trigger that was passed.
    std::size_t horizon_at = 0, trigger_at = 0, newest_at = 0, judged_at = 0;
    std::size_t steps = 0;    ///< of readers, since they passed that one
    bool due = false;         ///< put off
    bool halfway = false;     ///< the trigger is in the middle of the last window
    std::size_t owed = 0;     ///< units of the last move that wait for trees
    want_id trees = 0;        ///< the want that brings them
    bool parted = false;      ///< the first sizes of the window have left, the rest is to be put together
    std::vector<oid> links{}; ///< blobs of that first part: they leave with those of the rest
    std::vector<want_id> in_flight{};
  };
  using streams = std::list<stream>;

  // What a stretch of the walk needs and is not here.
  struct needs {
    std::vector<oid> sizes, blobs;
    std::uint64_t bytes = 0;
    std::uint64_t limit = 0;
    bool full = false; // the byte limit was reached before the entry that set it
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
