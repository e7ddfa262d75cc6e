// The way back to a program that has asked the mount a question.
#pragma once

#include "fuse_bridge/control_protocol.hpp"

#include <cstddef>
#include <functional>

namespace gitfs {

/// The channel of one question. If it is destroyed without an answer, the asking program learns of that when the
/// connection ends.
class control_channel {
public:
  virtual ~control_channel() = default;

  /// Sends the answer. Called once, on any thread.
  virtual void send(control::answer what) = 0;
  /// `interrupted` is called, on any thread and at most once, if the asking program gives up; never after the answer.
  virtual void on_interrupt(std::function<void()> interrupted) = 0;
  /// The most bytes that the text of an answer may have.
  virtual std::size_t room() const = 0;
};

} // namespace gitfs
