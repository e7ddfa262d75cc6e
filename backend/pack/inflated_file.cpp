#include "backend/pack/inflated_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace gitfs {

inflated_file::inflated_file(const std::filesystem::path& path, std::uint64_t offset)
  : inflated_file(::open(path.c_str(), O_RDONLY | O_CLOEXEC), offset) {
  ours_.reset(fd_);
}

inflated_file::inflated_file(int file, std::uint64_t offset) : fd_(file), offset_(offset) {
  if (fd_ < 0)
    return;
  ready_ = inflateInit(&stream_) == Z_OK;
  if (!ready_)
    errno = ENOMEM;
}

inflated_file::~inflated_file() {
  if (ready_)
    inflateEnd(&stream_);
}

std::uint64_t inflated_file::compressed_size() const {
  struct stat info;
  return ::fstat(fd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

std::size_t inflated_file::take(char* out, std::size_t size) {
  std::size_t done = 0;
  while (done < size && !ended_ && !failed_) {
    if (stream_.avail_in == 0 && !refill())
      break;
    const auto room = static_cast<uInt>(std::min<std::size_t>(size - done, 1u << 30));
    stream_.next_out = reinterpret_cast<Bytef*>(out + done);
    stream_.avail_out = room;
    const int status = inflate(&stream_, Z_NO_FLUSH);
    done += room - stream_.avail_out;
    ended_ = status == Z_STREAM_END;
    failed_ = status != Z_STREAM_END && status != Z_OK && status != Z_BUF_ERROR;
  }
  return done;
}

bool inflated_file::refill() {
  const ssize_t got = ::pread(fd_, buffer_.data(), buffer_.size(), static_cast<off_t>(offset_));
  if (got < 0)
    read_error_ = errno;
  stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
  stream_.avail_in = got > 0 ? static_cast<uInt>(got) : 0;
  offset_ += stream_.avail_in;
  return got > 0;
}

} // namespace gitfs
