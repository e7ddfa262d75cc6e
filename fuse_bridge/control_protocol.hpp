// What commands and a running mount say to each other: docs/control-protocol.md.
//
// A question or an answer is a frame: two lengths, a JSON object, and a text. The lengths and the members "protocol",
// "program", "code" and "error" are the same in every version, so that two that do not fit can say so to each other.
#pragma once

#include "config/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <sys/ioctl.h>

namespace gitfs::control {

/// A question that means something else than before makes another version; a question or an argument that is new does
/// not.
inline constexpr unsigned protocol_version = 1;

struct question {
  unsigned protocol = protocol_version;
  std::string program; ///< version of who asks
  std::string command; ///< a row of control_commands.hpp
  std::map<std::string, std::string, std::less<>> arguments{};

  /// Empty if it is not there.
  std::string_view argument(std::string_view name) const;
  /// 0 if it is not there, or no number.
  std::uint64_t number(std::string_view name) const;
};

struct answer {
  unsigned protocol = protocol_version;
  std::string program{};  ///< version of the mount
  int code = 0;           ///< an errno; 0: all is well
  std::string error{};    ///< a sentence for people, where there is more to say than the code does
  std::uint64_t next = 0; ///< what is left to ask for; 0: this is all
  std::string text{};
};

/// Of the two parts of a frame that follow.
struct lengths {
  std::uint32_t object = 0;
  std::uint32_t text = 0;
};
inline constexpr std::size_t lengths_size = 8;
inline constexpr std::uint32_t longest_object = 64 * 1024;
inline constexpr std::uint32_t longest_text = 64 * 1024 * 1024;

std::string frame_of(const question& what);
std::string frame_of(const answer& what);

/// None: no frame begins so. `bytes`: lengths_size.
std::optional<lengths> lengths_of(const char* bytes);
/// EPROTO: it is none. `object`: that part of the frame.
result<question> question_of(std::string_view object);
/// The same; `text` is the rest of the frame.
result<answer> answer_of(std::string_view object, std::string text);

/// How a process that sees the mount and not its socket asks: an ioctl on any folder in the mount, that takes a frame
/// and gives one. (A restricted FUSE ioctl: the kernel copies the buffer whose size the command number states.)
struct gate_buffer {
  std::array<char, 16'376> frame;
};
inline constexpr unsigned long gate_command = _IOWR('g', 0x50, gate_buffer);
static_assert(sizeof(gate_buffer) < 1U << _IOC_SIZEBITS);
/// Of the text in an answer that goes that way.
inline constexpr std::size_t gate_room = 15 * 1024;

} // namespace gitfs::control
