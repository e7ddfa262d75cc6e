// Why the kernel, libfuse or fusermount3 did not mount or unmount, and what to do about it.
#pragma once

#include "config/unique_fd.hpp"

#include <span>
#include <string>
#include <string_view>

namespace gitfs {

struct mount_failure {
  std::string_view sign; ///< a part of what libfuse or fusermount3 says then
  std::string_view also; ///< another one; empty: there need be none
  std::string_view cause, cure;
};

/// The first row whose signs were said counts.
std::span<const mount_failure> mount_failures();

/// "CAUSE: CURE", and behind that what was said where it tells more. `said`: all words of libfuse and fusermount3,
/// which has none where fusermount3 could not be run.
std::string explain_mount_failure(const std::string& said);

/// What is written to standard error while it lives, by any thread and by children: fusermount3 has no other way to
/// say why. Its lines are those that begin with its name, or with libfuse's of the child that is to become it; all
/// others are passed on in the end.
class standard_error_of_fusermount {
public:
  standard_error_of_fusermount();
  ~standard_error_of_fusermount();
  standard_error_of_fusermount(const standard_error_of_fusermount&) = delete;
  standard_error_of_fusermount& operator=(const standard_error_of_fusermount&) = delete;

  /// Ends it. Gives what fusermount3 has said, in one line and without its name.
  std::string end();

private:
  unique_fd file_, before_; ///< none: it could not be taken, and goes where it went
};

} // namespace gitfs
