#include "actors/trace/trace_file.hpp"

#include <spdlog/spdlog.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <pthread.h>
#include <unistd.h>

namespace gitfs::trace {

namespace {

// 0 or an errno.
int write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n == 0 ? EIO : errno;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return 0;
}

} // namespace

result<std::unique_ptr<trace_file>> trace_file::start(std::filesystem::path path, std::uint64_t most,
                                                      const file_header& header, block_ring& ring) {
  std::unique_ptr<trace_file> out{new trace_file{std::move(path), most, header, ring}};
  BOOST_OUTCOME_TRYV(out->begin());
  out->writer_ = std::thread{[me = out.get()] { me->work(); }};
  return out;
}

trace_file::~trace_file() {
  finish();
}

result<void> trace_file::begin() {
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
  if (fd_ < 0)
    return system_failure(errno, "cannot write the trace " + path_.string());
  char head[file_header_size];
  put_file_header(head, header_);
  written_ = sizeof head;
  if (const int code = write_all(fd_, {head, sizeof head}); code != 0)
    return system_failure(code, "cannot write the trace " + path_.string());
  return success();
}

void trace_file::work() {
  pthread_setname_np(pthread_self(), "trace_file");
  for (std::uint32_t seen = ring_.full_count(); !ending_; seen = ring_.wait_for_full(seen))
    write_queued();
}

void trace_file::write_queued() {
  for (std::string block = ring_.next_for_file(); !block.empty(); block = ring_.next_for_file())
    append(block);
}

void trace_file::append(const std::string& block) {
  if (fd_ < 0)
    return;
  if (written_ + block.size() > most_ && written_ > file_header_size) {
    ::close(fd_);
    std::error_code ec;
    std::filesystem::rename(path_, path_.string() + ".1", ec);
    if (auto begun = begin(); !begun) {
      spdlog::error("{}: from here on nothing is written to it", begun.error().message);
      return;
    }
  }
  if (const int code = write_all(fd_, block); code != 0) {
    spdlog::error("the trace {} ends here: {}", path_.string(), std::strerror(code));
    ::close(fd_);
    fd_ = -1;
  }
  written_ += block.size();
}

void trace_file::finish() {
  if (!writer_.joinable())
    return;
  ending_ = true;
  ring_.wake();
  writer_.join();
  write_queued();
  for (std::size_t i = 0; i < ring_.size(); ++i)
    if (const std::string block = ring_.read_unfinished(i); !block.empty())
      append(block);
  if (fd_ >= 0)
    ::close(fd_);
  fd_ = -1;
}

} // namespace gitfs::trace
