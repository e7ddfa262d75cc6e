// Reads git tree objects in such a way that nothing which a hostile repository writes into a tree can reach the kernel.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

enum class entry_kind : std::uint8_t { file, executable, symlink, directory, gitlink };

/// False for entries that the kernel sees as directories.
inline bool has_contents(entry_kind kind) {
  return kind != entry_kind::directory && kind != entry_kind::gitlink;
}

struct tree_entry {
  std::string name; ///< bytes as git has them, not necessarily UTF-8; 1 to 255 of them, no '/', not "." or ".."
  entry_kind kind;
  oid id;
  std::uint64_t size = unknown_size; ///< size of a blob; a tree does not have it, so the caller fills it in
  /// When the entry was last changed, in seconds since 1970; 0: unknown. A tree does not have that either.
  std::int64_t time = 0;

  bool operator==(const tree_entry&) const = default;
};

struct parsed_tree {
  std::vector<tree_entry> entries; ///< sorted bytewise by name (not in git's tree order), each name once
  std::size_t hidden = 0;          ///< how many entries a directory cannot show
  std::string hidden_reason;       ///< why the first hidden entry was hidden, printable ASCII; empty if none was
};

/// Parses the contents of a tree object: `<octal mode> SP <name> NUL <20 bytes>`, repeated, in any order.
/// Modes are read as git reads them: the type bits decide, and for a file the owner's x bit; an entry that is neither a
/// file, a symlink nor a directory is a gitlink.
/// Hidden are names that are empty, `.`, `..`, `.git` in any case, contain '/', or are longer than 255 bytes. Of
/// several entries of one name the last one is shown, which is what a checkout ends with; an empty folder after another
/// entry leaves nothing in a checkout, and is hidden itself. Of two folders a checkout merges the contents, and here
/// the first one is hidden. EIO: truncated or malformed.
result<parsed_tree> parse_tree(std::string_view raw);

/// The contents of the tree object that names these entries, in git's order. No name holds a NUL.
std::string compose_tree(std::span<const tree_entry> entries);

} // namespace gitfs
