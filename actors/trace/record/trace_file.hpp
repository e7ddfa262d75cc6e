// Full blocks of a ring → a file, by a thread of its own.
#pragma once

#include "actors/trace/record/block_ring.hpp"
#include "config/error.hpp"
#include "config/unique_fd.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <thread>

namespace gitfs::trace {

class trace_file {
public:
  /// Begins `path`, readable by its owner alone. A trace that is there is renamed to PATH.1, in place of what has that
  /// name; so is this one from `most` bytes on, and another is begun. `ring` outlives it. A disk that is full ends the
  /// writing, with a line in the log. EEXIST: there is something else than a trace; otherwise why it cannot be written.
  static result<std::unique_ptr<trace_file>> start(std::filesystem::path path, std::uint64_t most,
                                                   const file_header& header, block_ring& ring);
  ~trace_file();
  trace_file(const trace_file&) = delete;
  trace_file& operator=(const trace_file&) = delete;

  /// Writes what is left, also of blocks that are not full, and closes the file.
  void finish();

private:
  trace_file(std::filesystem::path path, std::uint64_t most, const file_header& header, block_ring& ring)
    : path_(std::move(path)),
      most_(most),
      header_(header),
      ring_(ring) {}

  result<void> put_aside();
  result<void> begin();
  void work();
  void write_queued();
  void append(const std::string& block);

  const std::filesystem::path path_;
  const std::uint64_t most_;
  const file_header header_;
  block_ring& ring_;
  unique_fd fd_; // none: writing failed, or it is finished
  std::uint64_t written_ = 0;
  std::atomic<bool> ending_{false};
  std::thread writer_;
};

} // namespace gitfs::trace
