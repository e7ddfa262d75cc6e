// The capabilities of a git server (gitprotocol-v2, "Capability Advertisement").
#pragma once

#include "config/error.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

struct capabilities {
  std::string agent;         ///< "": not stated
  std::string object_format; ///< "": not stated, which means sha1
  bool ls_refs = false;
  bool ls_refs_unborn = false;
  bool fetch = false;
  bool fetch_shallow = false;
  bool fetch_filter = false;
  bool deep_tree_filter = true; ///< `filter tree:1`, which no server advertises; false for GitHub's, which refuse it
  bool fetch_wait_for_done = false;
  bool object_info = false; ///< object-info, with sizes
  bool server_option = false;

  bool operator==(const capabilities&) const = default;
};

/// Parses the whole body of `GET …/info/refs?service=git-upload-pack`, with or without the "# service=" preamble. EIO:
/// it is no such body. EPROTO: it begins like one and is cut off. ENOTSUP: an older protocol, a "dumb" server, or a
/// repository with SHA-256 ids. ENOENT or EIO: the server's own ERR packet.
result<capabilities> parse_capabilities(std::string_view body);

/// The lines of an advertisement that says this, without its version; and what such lines say.
std::vector<std::string> lines_of(const capabilities& can);
capabilities capabilities_in(std::span<const std::string> lines);

/// The error for a text that a server has sent in an ERR packet or on sideband 3. ENOENT: the server does not have a
/// wanted object; anything else is EIO. The text is shortened and stripped of control characters.
error server_error(std::string_view text);

} // namespace gitfs
