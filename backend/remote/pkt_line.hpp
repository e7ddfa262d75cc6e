// pkt-line framing (gitprotocol-common): four hexadecimal digits of length, then the payload.
#pragma once

#include "config/error.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace gitfs {

enum class pkt_type { data, flush, delim, response_end };

struct pkt {
  pkt_type type = pkt_type::data;
  std::string_view payload; ///< without the length; valid until the decoder's next `feed`
};

/// Longest packet, its four digits included.
inline constexpr std::size_t pkt_max = 65520;

/// Appends to a request; `payload` has at most pkt_max - 4 bytes.
void append_pkt(std::string& out, std::string_view payload);
void append_flush(std::string& out);
void append_delim(std::string& out);

/// The payload as text: without its last newline.
std::string_view pkt_text(std::string_view payload);

/// Makes packets of bytes as they arrive. Never holds more than what was fed and one packet.
class pkt_decoder {
public:
  void feed(std::string_view bytes);

  /// The next packet. None: more bytes are needed. EILSEQ: these bytes are no pkt-line, and further bytes will not
  /// help.
  result<std::optional<pkt>> next();

  /// True if what was fed ends inside a packet (or packets were not taken).
  bool has_rest() const { return used_ < buffer_.size(); }

private:
  std::string buffer_;
  std::size_t used_ = 0;
};

} // namespace gitfs
