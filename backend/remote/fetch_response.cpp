#include "backend/remote/fetch_response.hpp"

#include "backend/os/text.hpp"
#include "backend/remote/capabilities.hpp"

#include <algorithm>
#include <cerrno>
#include <string>

namespace gitfs {

namespace {

/// Sections before the pack. What they say is of no use here: shallow borders and refs follow from what was asked.
constexpr std::string_view skipped_sections[] = {"acknowledgments", "shallow-info", "wanted-refs", "packfile-uris"};

enum band : char { pack_band = 1, progress_band = 2, error_band = 3 };

auto server_failure(std::string_view text) {
  return BOOST_OUTCOME_V2_NAMESPACE::failure(server_error(text));
}

auto malformed(const std::string& what) {
  return fail(EIO, "the server's answer to a fetch is malformed: " + what);
}

} // namespace

result<void> fetch_response::feed(std::string_view bytes) {
  packets_.feed(bytes);
  for (;;) {
    GITFS_TRY(packet, packets_.next());
    if (!packet)
      return success();
    GITFS_TRYV(take(*packet));
  }
}

result<void> fetch_response::take(const pkt& packet) {
  const std::string_view text = pkt_text(packet.payload);
  switch (state_) {
  case state::section_header:
    if (packet.type != pkt_type::data)
      return malformed("it ends without a pack");
    if (text.starts_with("ERR ")) {
      refused_ = true;
      return server_failure(text.substr(4));
    }
    if (text == "packfile")
      state_ = state::packfile;
    else if (std::find(std::begin(skipped_sections), std::end(skipped_sections), text) != std::end(skipped_sections))
      state_ = state::section_lines;
    else
      return malformed("unknown section " + printable(text));
    return success();
  case state::section_lines:
    if (packet.type == pkt_type::delim)
      state_ = state::section_header;
    else if (packet.type != pkt_type::data)
      return malformed("it ends without a pack");
    else if (text.starts_with("ERR ")) {
      refused_ = true;
      return server_failure(text.substr(4));
    }
    return success();
  case state::packfile:
    if (packet.type == pkt_type::data)
      return take_sideband(packet.payload);
    if (packet.type != pkt_type::flush)
      return malformed("unexpected delimiter in the pack");
    state_ = state::done;
    return success();
  case state::done:
    break;
  }
  return packet.type == pkt_type::response_end ? result<void>{success()} : malformed("data after its end");
}

result<void> fetch_response::take_sideband(std::string_view payload) {
  if (payload.empty())
    return malformed("a packet without a band");
  const std::string_view bytes = payload.substr(1);
  switch (payload.front()) {
  case pack_band:
    return bytes.empty() ? result<void>{success()} : pack_(bytes); // an empty one keeps the connection alive
  case progress_band:
    return success();
  case error_band:
    return server_failure(pkt_text(bytes));
  default:
    // an ERR packet may come where a band should: git dies so when the pack was not begun yet
    return payload.starts_with("ERR ") ? result<void>{server_failure(pkt_text(payload.substr(4)))}
                                       : malformed("unknown band");
  }
}

} // namespace gitfs
