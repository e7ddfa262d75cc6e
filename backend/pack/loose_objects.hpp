// Objects that have a file each (gitrepository-layout), which is not trusted.
#pragma once

#include "backend/git/object.hpp"
#include "backend/git/oid.hpp"
#include "backend/pack/index_reader.hpp"
#include "backend/pack/pack_reader.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

inline constexpr std::size_t longest_loose_header = 32; ///< "commit ", 20 digits, NUL

struct loose_header {
  object_type type;
  std::uint64_t size;
  std::size_t length; ///< length of the header itself, including its NUL
};

/// Parses the first inflated bytes of a loose object. None: they are no header.
std::optional<loose_header> parse_loose_header(std::string_view head);

/// The path at which the loose object with this id would be.
std::filesystem::path loose_file(const std::filesystem::path& objects, const oid& id);

/// Whether there is such a file.
bool has_loose(const std::filesystem::path& objects, const oid& id);

/// Reads the whole object; its hash is not checked. ENOENT: there is no such file. EBADMSG: it is damaged. EFBIG: it is
/// too large to be read whole. Otherwise the disk's error.
result<object> read_loose(const std::filesystem::path& objects, const oid& id);
/// Type and size. Errors as `read_loose`.
result<object_header> read_loose_header(const std::filesystem::path& objects, const oid& id);

/// Adds those that have the prefix. Folders that cannot be listed have none.
void find_loose(const std::filesystem::path& objects, const id_prefix& prefix, prefix_found& out);

/// Writes the object to `fresh`, a new file in the same file system, and renames that to where readers look. The
/// disk's error.
result<void> write_loose(const std::filesystem::path& objects, const std::filesystem::path& fresh, const oid& id,
                         const object& contents);

} // namespace gitfs
