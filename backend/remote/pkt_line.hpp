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
  std::string_view payload; ///< without the length
};

/// Longest packet, its four digits included.
inline constexpr std::size_t pkt_max = 65520;

/// Appends to a request; `payload` has at most pkt_max - 4 bytes.
void append_pkt(std::string& out, std::string_view payload);
void append_flush(std::string& out);
void append_delim(std::string& out);

/// The payload as text: without its last newline.
std::string_view pkt_text(std::string_view payload);

/// Makes packets of bytes as they arrive. A packet that is whole in what was fed is not copied; of others no more than
/// one is held.
class pkt_decoder {
public:
  /// Takes the next bytes, which stay where they are until `next` has given no packet. That, or an error, has happened
  /// to what was fed before.
  void feed(std::string_view bytes) { rest_ = bytes; }

  /// The next packet; its payload is valid until the next call. None: more bytes are needed. EILSEQ: these bytes are no
  /// pkt-line, and further bytes will not help.
  result<std::optional<pkt>> next();

  /// True if what was fed ends inside a packet (or packets were not taken).
  bool has_rest() const { return !rest_.empty() || !begun_.empty(); }

private:
  result<std::optional<pkt>> broken();
  bool complete(std::size_t size);

  std::string_view rest_; // fed and not taken
  std::string begun_;     // of a packet whose rest was not fed yet
  std::string taken_;     // the packet that was made of that
  bool broken_ = false;
};

} // namespace gitfs
