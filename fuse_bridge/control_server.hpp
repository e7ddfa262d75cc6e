// The socket at which commands ask a running mount.
#pragma once

#include "config/error.hpp"
#include "fuse_bridge/control_commands.hpp"

#include <filesystem>
#include <memory>
#include <sys/types.h>

namespace gitfs {

/// One thread takes all questions and gives all answers; who answers may be on any thread. Everybody may connect, for
/// the rows of control_commands.hpp say who may ask what.
class control_server {
public:
  /// `of` outlives it. `device`: of the mount, which goes on without a socket if one cannot be made: the error says
  /// why.
  static result<std::unique_ptr<control_server>> start(const bridge& of, dev_t device);
  /// Removes the socket. After the last one who may still answer.
  ~control_server();
  control_server(const control_server&) = delete;
  control_server& operator=(const control_server&) = delete;

  /// No question is handed on from here on, and none is being handed on: what they are about may end.
  void end_questions();

  const std::filesystem::path& socket() const;

private:
  class listener;
  explicit control_server(std::unique_ptr<listener> of);

  std::unique_ptr<listener> listener_;
};

} // namespace gitfs
