// Recognises programs that want sizes in no order: that look files up by their names and do not read them, as git
// status and make do, or list directories backward or from several threads, as rg does.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/want.hpp"
#include "actors/prefetch/readahead.hpp"
#include "actors/prefetch/tree_cursor.hpp"
#include "backend/git/object_db.hpp"

#include <cstddef>
#include <deque>
#include <optional>

namespace gitfs {

/// Is told of look-ups that wait for the size of a file, in directories that nobody has listed, and of listings that no
/// stream explains. Several threads may make them at once, each in its own part of the tree, so the order says nothing.
/// When there were such look-ups of files that were not read, or listings, in several directories, the sizes of all
/// that is below these directories' common ancestor are wanted: from the first of them on, and then what lies before
/// it, in windows that grow. Not thread-safe.
class name_walks final : public way_ahead {
public:
  struct limits {
    std::size_t directories = 8;     ///< with a file that was looked up and not read; then the next window is wanted
    std::size_t for_listed = 2;      ///< a directory that was listed counts as so many of these
    std::size_t first = 4096;        ///< sizes in the first window
    std::size_t growth = 32;         ///< factor from one window to the next
    std::size_t most = 131'072;      ///< sizes in a window
    std::size_t remembered = 64;     ///< look-ups; the earliest one is forgotten
    std::size_t trees_at_once = 256; ///< of missing trees so many are wanted in one request
  };

  name_walks(object_db& db, readahead_port& port, const limits& l) : db_(db), port_(port), limits_(l) {}

  void looked_up(const directory_location_ptr& directory, const oid& file);
  /// In a directory that was listed before, too: walkers come from above.
  void listed(const directory_location_ptr& directory) { looked_up(directory, oid{}); }
  /// A file is read. Whoever looked it up is no walker.
  void read(const oid& file);
  void forgotten(const directory_location& directory) override;
  void clear() override;
  void finished(want_id id, const want_result& outcome) override;
  std::vector<activity::walker> walkers() const override;

private:
  struct look_up {
    oid file; // zero: the directory was listed
    directory_location_ptr directory;
  };

  bool covers(const directory_location& directory) const;
  void want_if_due();
  void begin();
  void want_window();
  bool next_entry();
  void ask(want_kind kind, std::vector<oid> ids);

  object_db& db_;
  readahead_port& port_;
  const limits limits_;
  std::deque<look_up> unread_; // in directories that no window has covered
  std::optional<tree_cursor> cursor_;
  directory_location_ptr from_;       // where the cursor began,
  bool again_ = false;                // and it has begun again at the first entry of the common ancestor,
  bool all_seen_ = false;             // and has come back to where it began
  tree_position within_;              // the common ancestor
  std::size_t window_ = 0, owed_ = 0; // the last window, and how much of it waits for trees
  want_id sizes_ = 0, trees_ = 0;
};

} // namespace gitfs
