// Whose way through the tree is predictable, and what they will need next.
//
// File readahead, applied to a tree. Every reader that goes through the snapshot in walk order has a stream: a start,
// and a horizon up to which everything has been asked for. A reader who steps into the newest part of its stream moves
// the horizon on, by a window that grows while the guess is right. A reader who turns up anywhere else starts a new
// stream with no window at all, so random access speculates on nothing.
//
// Two kinds of readers: listers (units are directories, what they need is the sizes of the entries and the trees
// below) and readers of contents (units are files, what they need is blobs).
#pragma once

#include "actors/tree_cursor.hpp"
#include "actors/want.hpp"

#include <cstddef>
#include <cstdint>
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
};

class readahead {
public:
  enum class kind : std::uint8_t { listings, contents };

  struct limits {
    std::size_t first = 4;           ///< units in the first window
    std::size_t growth = 4;          ///< factor from one window to the next
    std::size_t most = 4096;         ///< units in a window
    std::uint64_t bytes = 32U << 20; ///< contents: known or assumed bytes in a window
    unsigned windows_ahead = 1;      ///< full windows on their way beyond the one that the reader is in: 1 or 2
    std::size_t streams = 8;         ///< readers told apart; the one unused for longest is dropped
  };

  readahead(kind what, object_db& db, readahead_port& port, const limits& l)
    : kind_(what),
      db_(db),
      port_(port),
      limits_(l) {}

  /// A reader is at this directory (listings), or at this file of it (contents).
  void at(const dir_link_ptr& directory, child_index file = 0);
  void finished(want_id id, const want_result& outcome);

  /// Moves want ids apart when two readaheads share one port.
  void number_wants_from(want_id first) { next_want_ = first; }

private:
  struct stream {
    tree_position start;
    tree_cursor horizon;
    tree_position trigger;  ///< whoever reaches it moves the horizon on
    tree_position newest;   ///< start of the window that was asked for last
    std::size_t window = 0; ///< of the last move, in units
    std::size_t owed = 0;   ///< units of the last move that wait for trees
    want_id trees = 0;      ///< the want that brings them
    std::vector<want_id> in_flight;
  };

  // What a stretch of the walk needs and is not here.
  struct needs {
    std::vector<oid> sizes, blobs;
    std::uint64_t bytes = 0;
    bool full = false; // the byte limit was reached before the entry that set it
  };

  bool in_stream(stream& s, const tree_position& p);
  void widen(stream& s, const tree_position& p);
  void advance(stream& s);
  void want_window(stream& s);
  bool unit(const tree_cursor::visit& v) const;
  void to_next_unit(tree_cursor& c) const;
  void add_contents(const tree_cursor::visit& v, needs& found);
  void add_attributes(const tree_cursor::visit& v, needs& found) const;
  void keep_unknown(std::vector<oid>& ids) const;
  void ask(stream& s, want_kind wanted, std::vector<oid> ids);
  void drop(stream& s);

  const kind kind_;
  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  std::list<stream> streams_; // front: most recently used
  want_id next_want_ = 1;
};

} // namespace gitfs
