// Parses the answer to a `fetch` command while it arrives (gitprotocol-v2, "fetch"; gitprotocol-pack, side-band-64k).
#pragma once

#include "backend/remote/pkt_line.hpp"
#include "config/error.hpp"

#include <functional>
#include <string_view>

namespace gitfs {

/// Takes the body in pieces of any size, and passes on the bytes of the pack. One thread at a time.
class fetch_response {
public:
  /// Called with the next bytes of the pack; its error ends the parse and is passed on.
  using pack_receiver_fn = std::function<result<void>(std::string_view)>;

  explicit fetch_response(pack_receiver_fn pack) : pack_(std::move(pack)) {}

  /// EIO: malformed. ENOENT or EIO: the server's own error, from an ERR packet or sideband 3.
  result<void> feed(std::string_view bytes);

  /// True once the flush packet behind the pack has arrived. Without it the answer is truncated.
  bool complete() const { return state_ == state::done; }

  /// True once the server has refused the request by an ERR packet, before any byte of a pack.
  bool refused() const { return refused_; }

private:
  enum class state { section_header, section_lines, packfile, done };

  result<void> take(const pkt& packet);
  result<void> take_sideband(std::string_view payload);

  pack_receiver_fn pack_;
  pkt_decoder packets_;
  state state_ = state::section_header;
  bool refused_ = false;
};

} // namespace gitfs
