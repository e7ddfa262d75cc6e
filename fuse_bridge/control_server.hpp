// The socket at which commands ask a running mount questions.
#pragma once

#include "config/error.hpp"
#include "fuse_bridge/control_commands.hpp"

#include <filesystem>
#include <memory>
#include <sys/types.h>

namespace gitfs {

/// One thread reads all questions and writes all answers; an answer may be made on any thread. Everybody may connect,
/// because the rows of control_commands.cpp say who may ask what.
class control_server {
public:
  /// `of` outlives the server. `device`: the device number of the mount. If the socket cannot be made, the error says
  /// why, and the mount goes on without it.
  static result<std::unique_ptr<control_server>> start(const bridge& of, dev_t device);
  /// Removes the socket. Called when nobody is left who may still answer a question.
  ~control_server();
  control_server(const control_server&) = delete;
  control_server& operator=(const control_server&) = delete;

  /// When this returns, no question is handed on any more, so everything that questions use may end.
  void end_questions();

  const std::filesystem::path& socket() const;

private:
  class listener;
  explicit control_server(std::unique_ptr<listener> of);

  std::unique_ptr<listener> listener_;
};

} // namespace gitfs
