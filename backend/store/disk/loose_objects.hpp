// Reads loose objects without trusting their files.
#pragma once

#include "backend/git/oid.hpp"

#include <git2/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

struct git_odb;
struct git_odb_backend;

namespace gitfs {

struct free_odb_backend {
  void operator()(git_odb_backend* backend) const;
};
/// A backend that is added to no git_odb.
using odb_backend = std::unique_ptr<git_odb_backend, free_odb_backend>;

inline constexpr std::size_t longest_loose_header = 32; ///< "commit ", 20 digits, NUL

struct loose_header {
  git_object_t type;
  std::uint64_t size;
  std::size_t length; ///< length of the header itself, including its NUL
};

/// Parses the first inflated bytes of a loose object. None: they are no header.
std::optional<loose_header> parse_loose_header(std::string_view head);

/// The path at which the loose object with this id would be.
std::filesystem::path loose_file(const std::filesystem::path& objects, const oid& id);

/// The `objects` folder itself, its alternates, and the alternates of these, as deep as git follows them.
std::vector<std::filesystem::path> object_folders(const std::filesystem::path& objects);

/// A backend for a git_odb over the loose objects of an `objects` folder, to be freed by the git_odb that it is added
/// to or by its own `free`; null if libgit2 fails. libgit2 finds the files, but does not read them: up to version 1.9
/// it never returns from a truncated file (libgit2 #7342), and writes out of bounds for a file that is longer than it
/// claims
/// (#7177).
/// `read` and `read_header` end with GIT_ENOTFOUND if there is no such file, else with -1 and an error of class
/// GIT_ERROR_OS (the disk) or GIT_ERROR_ODB (damaged).
git_odb_backend* make_loose_backend(const std::filesystem::path& objects);

/// A git_odb over the packs and loose objects of an `objects` folder and its alternates (gitrepository-layout), reading
/// loose objects as above; to be freed with git_odb_free. Null if libgit2 fails.
git_odb* open_odb(const std::filesystem::path& objects);

} // namespace gitfs
