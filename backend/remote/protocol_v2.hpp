// The commands of git's protocol version 2: bodies of requests, and parsers of answers that fit in memory
// (gitprotocol-v2).
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

/// Bodies of `POST …/git-upload-pack`. If `server` is null, because its capabilities are not known yet, only what every
/// server of version 2 takes is asked for. `filter`: as in git's `--filter`; empty: none.
std::string compose_ls_refs(std::span<const std::string> prefixes, const capabilities* server);
std::string compose_fetch(const fetch_request& request, std::string_view filter, const capabilities& server);
/// The request has no capability lines, though git's protocol allows them, because JGit refuses them and git needs
/// none.
std::string compose_object_info(std::span<const oid> ids);

/// The parsers of all answers are fed with bytes as these arrive. `complete`: the flush packet that ends the answer has
/// arrived. Errors are EIO for a malformed answer, or that of an ERR packet (see server_error).
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
  /// True once the server has refused the request, or the rest of it, by an ERR packet.
  bool refused() const { return refused_; }
  /// The sizes of those objects that the server has.
  std::vector<std::pair<oid, std::uint64_t>>& sizes() { return sizes_; }

private:
  pkt_decoder packets_;
  std::vector<std::pair<oid, std::uint64_t>> sizes_;
  bool header_seen_ = false;
  bool refused_ = false;
  bool complete_ = false;
};

} // namespace gitfs
