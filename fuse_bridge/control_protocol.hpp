// The protocol between commands and a running mount: docs/control-protocol.md.
//
// A question or an answer is a frame: two lengths, a JSON object, and a text. The lengths and the members "protocol",
// "program", "code" and "error" are the same in every version, so that two versions that do not fit can say so.
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

/// The version changes when a question comes to mean something else. A new question or argument does not change it.
inline constexpr unsigned protocol_version = 1;

struct question {
  unsigned protocol = protocol_version;
  std::string program; ///< version of the asking program
  std::string command; ///< a row of control_commands.hpp
  std::map<std::string, std::string, std::less<>> arguments{};
  std::string text{}; ///< whatever is too long for an argument

  /// The value of an argument; empty if the question does not have it.
  std::string_view argument(std::string_view name) const;
  /// The value of an argument as a number; 0 if the question does not have it, or if it is no number.
  std::uint64_t number(std::string_view name) const;
};

struct answer {
  unsigned protocol = protocol_version;
  std::string program{};  ///< version of the mount's program
  int code = 0;           ///< an errno; 0: success
  std::string error{};    ///< a sentence for people, if the code does not say enough
  std::uint64_t next = 0; ///< the number to ask for next, because not everything fitted; 0: this was all
  std::string text{};
};

/// The lengths of the two parts of a frame, which follow the lengths.
struct lengths {
  std::uint32_t object = 0;
  std::uint32_t text = 0;
};
inline constexpr std::size_t lengths_size = 8;
inline constexpr std::uint32_t longest_object = 64 * 1024;
inline constexpr std::uint32_t longest_text = 64 * 1024 * 1024;
inline constexpr std::uint32_t longest_question_text = 1024 * 1024; ///< of one at the socket

std::string frame_of(const question& what);
std::string frame_of(const answer& what);

/// Reads the first lengths_size bytes of a frame. None: no frame begins with these bytes.
std::optional<lengths> lengths_of(const char* bytes);
/// Reads the object of a frame. EPROTO: it is no question.
result<question> question_of(std::string_view object, std::string text = {});
/// Reads the object of a frame; `text` is the rest of the frame. EPROTO: it is no answer.
result<answer> answer_of(std::string_view object, std::string text);

/// In one `prefetch`: its answer has room for a line of each.
inline constexpr std::size_t most_paths = 32'768, most_paths_at_gate = 500;

/// The buffer of the ioctl by which a process asks that sees the mount but not its socket. The ioctl works on any
/// folder of the mount; the buffer holds the frame of the question, and then that of the answer. It is a restricted
/// FUSE ioctl: the kernel copies a buffer of the size that the command number states.
struct gate_buffer {
  std::array<char, 16'376> frame;
};
inline constexpr unsigned long gate_command = _IOWR('g', 0x50, gate_buffer);
static_assert(sizeof(gate_buffer) < 1U << _IOC_SIZEBITS);
/// The most bytes of text in an answer to that ioctl.
inline constexpr std::size_t gate_room = 15 * 1024;
/// The most bytes of text in a question by that ioctl.
inline constexpr std::size_t gate_question_room = 15 * 1024;

} // namespace gitfs::control
