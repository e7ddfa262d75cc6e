// Git tree objects, read so that nothing a hostile repository writes into one can reach the kernel.
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

/// False for what is a directory to the kernel.
inline bool has_contents(entry_kind kind) {
  return kind != entry_kind::directory && kind != entry_kind::gitlink;
}

struct tree_entry {
  std::string name; ///< bytes as git has them, not necessarily UTF-8; 1 to 255 of them, no '/', not "." or ".."
  entry_kind kind;
  oid id;
  std::uint64_t size = unknown_size; ///< of a blob, if somebody has filled it in: a tree does not hold it
  /// When it was last changed, seconds since 1970, if somebody knows: a tree does not hold that either. 0: nobody does.
  std::int64_t time = 0;

  bool operator==(const tree_entry&) const = default;
};

struct parsed_tree {
  std::vector<tree_entry> entries; ///< sorted bytewise by name (not in git's tree order), each name once
  std::size_t hidden = 0;          ///< how many entries a directory cannot show
  std::string hidden_reason;       ///< why the first hidden entry was hidden, printable ASCII; empty if none was
};

/// Takes the contents of a tree object: `<octal mode> SP <name> NUL <20 bytes>` over and over, in any order.
/// Modes are read as git reads them: the type bits decide, and of a file the owner's x bit; anything that is neither a
/// file, a symlink nor a directory is a gitlink.
/// Hidden: names that are empty, `.`, `..`, `.git` in any case, hold '/', are longer than 255 bytes, or came before.
/// EIO: truncated or malformed.
result<parsed_tree> parse_tree(std::string_view raw);

/// The contents of the tree object that names these entries, in git's order. No name holds a NUL.
std::string compose_tree(std::span<const tree_entry> entries);

} // namespace gitfs
