// The REST API of the mesa service: paths of requests, and parsers of answers.
//
//   {base}/{org}/repos?cursor&limit                  {repos: [{name, default_branch, head_sha}], next_cursor, has_more}
//   {base}/{org}/{repo}                              {default_branch, head_sha}
//   {base}/{org}/{repo}/content?ref&path&depth       a file or symlink: {type, name, path, sha, size, encoding:
//   "base64",
//     &cursor                                        content, executable, last_commit_at}; with the media type
//                                                    application/octet-stream its bytes; or a directory: {type: "dir",
//                                                    name, path, sha, child_count, entries, next_cursor, has_more},
//                                                    whose entries are the same without contents, and of directories
//                                                    have entries of their own down to `depth`
#pragma once

#include "backend/git/oid.hpp"
#include "backend/git/tree.hpp"
#include "backend/mesa/mesa_objects.hpp"
#include "config/error.hpp"

#include <rapidjson/document.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

/// Paths for rest_client. `cursor`: where a page begins; empty: at the begin.
std::string mesa_repositories_path(const std::string& org, const std::string& cursor);
std::string mesa_repository_path(const std::string& org, const std::string& repository);
/// `depth` 0: a file.
std::string mesa_content_path(const std::string& org, const std::string& repository, const std::string& ref,
                              const std::string& path, std::size_t depth, const std::string& cursor);

/// False for names that no organisation or repository there can have; they are not asked for.
bool mesa_name_possible(std::string_view name);

struct mesa_repository_facts {
  std::string name; ///< in a list only
  std::string default_branch;
  oid head; ///< zero: it has no commit yet
};

/// EIO: the answer is not as described above. Impossible names are left out.
result<mesa_repository_facts> parse_mesa_repository(const rapidjson::Value& in);
result<std::vector<mesa_repository_facts>> parse_mesa_repositories(const rapidjson::Value& in);

/// The cursor of a list's next page; empty: there is none. EIO: the service says that there is one, but not where.
result<std::string> parse_mesa_cursor(const rapidjson::Value& in);

/// One page of a directory's listing.
struct mesa_page {
  mesa_listing listed;
  std::string cursor;    ///< of the next page; empty: this is the last one
  std::size_t depth = 1; ///< the depth to which the directory was listed
};

/// The listings in the answer about a directory: the directory itself first, then the directories in it whose entries
/// are in the answer. `path`, `depth`: what was asked for; paths in the answer are ignored. ENOTDIR: it is a file. EIO:
/// the answer is not as described, or names objects by something that is no SHA-1.
result<std::vector<mesa_page>> parse_mesa_directory(const rapidjson::Value& in, const std::string& path,
                                                    std::size_t depth);

/// The contents in a file's or symlink's answer.
result<std::string> parse_mesa_contents(const rapidjson::Value& in);

/// Decodes "base64" of RFC 4648 with padding; line ends are skipped. None: the text is malformed.
std::optional<std::string> base64_decode(std::string_view text);

/// Seconds since 1970, from a number or from a time as in RFC 3339; 0: it is neither.
std::int64_t parse_mesa_time(const rapidjson::Value& in);

} // namespace gitfs
