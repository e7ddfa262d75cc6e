// Writes the full blocks of a ring to a file, on a thread of its own.
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
  /// Begins the file `path`, readable by its owner alone. A trace that exists there is renamed to PATH.1, and replaces
  /// what had that name. The same happens with this trace when it has `most` bytes, and another one is begun. `ring`
  /// outlives this object. A full disk ends the writing, with a line in the log. EEXIST: `path` is something else than
  /// a trace; other errors say why it cannot be written.
  static result<std::unique_ptr<trace_file>> start(std::filesystem::path path, std::uint64_t most,
                                                   const file_header& header, block_ring& ring);
  ~trace_file();
  trace_file(const trace_file&) = delete;
  trace_file& operator=(const trace_file&) = delete;

  /// Writes what is left in the ring, from blocks that are not full too, and closes the file.
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
  unique_fd fd_; // closed when writing has failed or is finished
  std::uint64_t written_ = 0;
  std::atomic<bool> ending_{false};
  std::thread writer_;
};

} // namespace gitfs::trace
