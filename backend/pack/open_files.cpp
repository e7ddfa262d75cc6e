#include "backend/pack/open_files.hpp"

#include "backend/os/file_io.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/resource.h>

namespace gitfs {

file_identity file_identity::of(const struct stat& info) {
  return {static_cast<std::uint64_t>(info.st_dev), static_cast<std::uint64_t>(info.st_ino),
          static_cast<std::uint64_t>(info.st_size),
          std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec};
}

std::size_t open_files::open_now() {
  const std::lock_guard lock{mutex_};
  return open_.size();
}

std::size_t open_files::most() const {
  if (most_ != 0)
    return most_;
  // Beyond a thousand a file is rarely used again before it is the oldest.
  constexpr rlim_t fewest = 4, enough = 1024;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0)
    return fewest;
  return static_cast<std::size_t>(std::clamp<rlim_t>(limit.rlim_cur / 4, fewest, enough));
}

open_files::descriptor open_files::known(const reopened_file& of) {
  const std::lock_guard lock{mutex_};
  const descriptor* const found = open_.use(&of);
  return found != nullptr ? *found : nullptr;
}

void open_files::keep(const reopened_file& of, const descriptor& opened) {
  decltype(open_)::items closed; // behind the lock: closing a file that was removed takes time
  const std::lock_guard lock{mutex_};
  open_.add(&of, opened);
  for (const std::size_t limit = most(); open_.size() > limit;)
    closed.splice(closed.end(), open_.take_oldest());
}

void open_files::forget(const reopened_file& of) {
  decltype(open_)::items closed;
  const std::lock_guard lock{mutex_};
  closed = open_.take(&of);
}

bool open_files::close_oldest() {
  decltype(open_)::items closed;
  const std::lock_guard lock{mutex_};
  closed = open_.take_oldest();
  return !closed.empty();
}

result<std::shared_ptr<const unique_fd>> reopened_file::open() {
  if (auto known = pool_.known(*this))
    return known;
  unique_fd fd;
  do
    fd.reset(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
  while (!fd && (errno == EINTR || ((errno == EMFILE || errno == ENFILE) && pool_.close_oldest())));
  struct stat info;
  if (!fd || ::fstat(fd.get(), &info) != 0) {
    const int code = errno;
    error failed = system_failure(code, "cannot open " + path_.string());
    failed.message += limit_remedy(code);
    return failed;
  }
  {
    const std::lock_guard lock{mutex_};
    const file_identity now = file_identity::of(info);
    if (!is_ || !is_->is_same_file(now))
      version_.fetch_add(1, std::memory_order_release);
    is_ = now;
  }
  auto out = std::make_shared<const unique_fd>(std::move(fd));
  pool_.keep(*this, out);
  return out;
}

std::uint64_t reopened_file::size() const {
  const std::lock_guard lock{mutex_};
  return is_ ? is_->size : 0;
}

} // namespace gitfs
