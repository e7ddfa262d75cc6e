// What a git server says it can do (gitprotocol-v2, "Capability Advertisement").
#pragma once

#include "config/error.hpp"

#include <string>
#include <string_view>

namespace gitfs {

struct capabilities {
  std::string agent;         ///< "" if not told
  std::string object_format; ///< "" if not told, which means sha1
  bool ls_refs = false;
  bool ls_refs_unborn = false;
  bool fetch = false;
  bool fetch_shallow = false;
  bool fetch_filter = false;
  bool deep_tree_filter = true; ///< `filter tree:1`, which no server tells: false of GitHub's, which refuse it
  bool fetch_wait_for_done = false;
  bool object_info = false; ///< with sizes
  bool server_option = false;

  bool operator==(const capabilities&) const = default;
};

/// Takes the whole body of `GET …/info/refs?service=git-upload-pack`, with or without the "# service=" preamble. EIO:
/// no such thing (EPROTO: but it begins like one and is cut off). ENOTSUP: an older protocol, a "dumb" server, a
/// repository with SHA-256 ids. ENOENT or EIO: the server's own ERR packet.
result<capabilities> parse_capabilities(std::string_view body);

/// The `error` for what a server says in an ERR packet or on sideband 3. A wanted object that it does not have is
/// ENOENT, anything else EIO. The text is shortened and stripped of control characters.
error server_error(std::string_view text);

} // namespace gitfs
