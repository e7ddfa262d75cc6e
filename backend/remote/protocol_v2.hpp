// The commands of git's protocol version 2: how they are asked, and the answers that fit in memory (gitprotocol-v2).
#pragma once

#include "backend/git/oid.hpp"
#include "backend/remote/capabilities.hpp"
#include "backend/remote/pkt_line.hpp"
#include "backend/remote/upstream.hpp"
#include "config/error.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gitfs {

/// One line of an ls-refs answer.
struct advertised_ref {
  std::string name;
  oid id;                    ///< zero if unborn
  std::optional<oid> peeled; ///< what an annotated tag points to in the end
  std::string symref_target; ///< "" if not symbolic
  bool unborn = false;       ///< HEAD of a repository whose branch has no commit yet
};

/// Bodies of `POST …/git-upload-pack`. Without `server` (not known yet) only what every v2 server takes is asked.
/// `filter`: as git's `--filter`; empty: none.
std::string compose_ls_refs(std::span<const std::string> prefixes, const capabilities* server);
std::string compose_fetch(const fetch_request& request, std::string_view filter, const capabilities& server);
/// Without capabilities, though git's protocol allows them: JGit takes none there, and git needs none.
std::string compose_object_info(std::span<const oid> ids);

/// Common to all answers: fed as bytes arrive; `complete` once the flush packet that ends the answer is in. Errors are
/// EIO (malformed), or what an ERR packet becomes (see server_error).
class ls_refs_response {
public:
  result<void> feed(std::string_view bytes);
  bool complete() const { return complete_; }
  std::vector<advertised_ref>& refs() { return refs_; }

private:
  pkt_decoder packets_;
  std::vector<advertised_ref> refs_;
  bool complete_ = false;
};

class object_info_response {
public:
  result<void> feed(std::string_view bytes);
  bool complete() const { return complete_; }
  /// True once the server has said that it will not do this, or no more of it: an ERR packet.
  bool refused() const { return refused_; }
  /// Only of objects that the server has.
  std::vector<std::pair<oid, std::uint64_t>>& sizes() { return sizes_; }

private:
  pkt_decoder packets_;
  std::vector<std::pair<oid, std::uint64_t>> sizes_;
  bool header_seen_ = false;
  bool refused_ = false;
  bool complete_ = false;
};

} // namespace gitfs
