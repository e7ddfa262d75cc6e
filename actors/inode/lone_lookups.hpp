// Files that were looked up one by one in a directory that nobody has listed.
#pragma once

#include "backend/git/oid.hpp"

#include <cstddef>
#include <vector>

namespace gitfs {

/// Whoever looks up one file without having listed the directory is probably about to read it, and needs the size of no
/// other file. Whoever goes on like that needs all sizes.
class lone_lookups {
public:
  static constexpr std::size_t few = 2;

  /// False: so many files were looked up alone that the sizes of all are wanted from now on.
  bool still_few() const { return count_ < few; }
  /// The size of this file was wanted alone.
  void add(const oid& file) {
    ++count_;
    unread_.push_back(file);
  }
  /// A file is read. True if it was looked up alone, and not read since.
  bool was_read(const oid& file) { return !unread_.empty() && std::erase(unread_, file) != 0; }

private:
  std::vector<oid> unread_;
  std::size_t count_ = 0;
};

} // namespace gitfs
