// The way back to who has asked a question about the mount.
#pragma once

#include "fuse_bridge/control_protocol.hpp"

#include <cstddef>
#include <functional>

namespace gitfs {

/// One question's. Destroyed without an answer it leaves who asks to the end of the connection.
class control_channel {
public:
  virtual ~control_channel() = default;

  /// Once, on any thread.
  virtual void send(control::answer what) = 0;
  /// `interrupted` is called, on any thread and at most once, if who asks gives up; never after the answer.
  virtual void on_interrupt(std::function<void()> interrupted) = 0;
  /// Bytes that the text of an answer may have.
  virtual std::size_t room() const = 0;
};

} // namespace gitfs
