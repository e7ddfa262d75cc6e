#include "actors/trace/record/trace_file.hpp"
#include "config/log.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <pthread.h>
#include <unistd.h>
#include <utility>

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
  GITFS_TRYV(out->put_aside());
  GITFS_TRYV(out->begin());
  out->writer_ = std::thread{[me = out.get()] { me->work(); }};
  return out;
}

trace_file::~trace_file() {
  finish();
}

result<void> trace_file::put_aside() {
  std::error_code ec;
  const auto status = std::filesystem::status(path_, ec);
  if (status.type() == std::filesystem::file_type::not_found)
    return success();
  if (!std::filesystem::is_regular_file(status))
    return fail(EEXIST, "--trace: " + path_.string() + " is not a file that can be written anew: name another");
  char head[file_header_size];
  std::ifstream in{path_, std::ios::binary};
  in.read(head, sizeof head);
  if (const auto got = static_cast<std::size_t>(in.gcount()); got != 0 && !version_of({head, got}))
    return fail(EEXIST, "--trace: " + path_.string() + " exists and is not a trace: name another file");
  std::filesystem::rename(path_, path_.string() + ".1", ec);
  if (ec)
    return fail(ec.value(), "cannot rename the trace " + path_.string() + ": " + ec.message());
  return success();
}

result<void> trace_file::begin() {
  fd_.reset(::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600));
  if (!fd_)
    return system_failure(errno, "cannot write the trace " + path_.string());
  char head[file_header_size];
  put_file_header(head, header_);
  written_ = sizeof head;
  if (const int code = write_all(fd_.get(), {head, sizeof head}); code != 0)
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
  if (!fd_)
    return;
  if (written_ + block.size() > most_ && written_ > file_header_size) {
    fd_.reset();
    auto begun = put_aside();
    if (begun)
      begun = begin();
    if (!begun) {
      log::error("{}; nothing is written to it any more", begun.error().message);
      return;
    }
  }
  if (const int code = write_all(fd_.get(), block); code != 0) {
    log::error("the trace {} ends here: {}", path_.string(), std::strerror(code));
    fd_.reset();
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
  fd_.reset();
}

} // namespace gitfs::trace
