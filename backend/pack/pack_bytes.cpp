#include "backend/pack/pack_bytes.hpp"

#include "backend/os/disk_room.hpp"
#include "backend/os/file_io.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace gitfs {

namespace {

constexpr std::uint64_t held_at_most = std::uint64_t{1} << 20;
constexpr std::string_view doing = "cannot write an arriving pack";

} // namespace

result<void> pack_bytes::hold(std::string_view bytes, std::uint64_t offset) {
  const std::uint64_t end = offset + bytes.size();
  if (!elsewhere_ && end > held_at_most) {
    GITFS_TRY(made, unlinked_file::make({}));
    GITFS_TRYV(made.write(held_, 0));
    elsewhere_ = std::move(made);
    held_ = {};
  }
  if (elsewhere_)
    return elsewhere_->write(bytes, offset);
  if (held_.size() < end)
    held_.resize(end);
  std::memcpy(held_.data() + offset, bytes.data(), bytes.size());
  return success();
}

result<void> pack_bytes::leave() {
  if (file_ < 0)
    return success();
  const int from = std::exchange(file_, -1);
  std::vector<char> piece(held_at_most);
  for (std::uint64_t at = 0; at < size_; at += piece.size()) {
    const std::size_t count = std::min<std::uint64_t>(piece.size(), size_ - at);
    GITFS_TRYV(read_at(from, piece.data(), count, at, "cannot read an arriving pack"));
    GITFS_TRYV(hold({piece.data(), count}, at));
  }
  return success();
}

result<void> pack_bytes::write(std::string_view bytes, std::uint64_t offset) {
  const std::uint64_t end = offset + bytes.size();
  if (file_ >= 0) {
    auto done = write_at(file_, bytes, offset, doing);
    if (done) {
      size_ = std::max(size_, end);
      return done;
    }
    if (!is_failure_of_disk(done.error().code))
      return done;
    failure_ = done.error();
    GITFS_TRYV(leave());
  }
  GITFS_TRYV(hold(bytes, offset));
  size_ = std::max(size_, end);
  return success();
}

result<void> pack_bytes::read(char* out, std::size_t size, std::uint64_t offset) const {
  constexpr std::string_view reading = "cannot read an arriving pack";
  if (file_ >= 0)
    return read_at(file_, out, size, offset, reading);
  if (elsewhere_)
    return elsewhere_->read(out, size, offset);
  if (offset > held_.size() || size > held_.size() - offset)
    return fail(EIO, std::string{reading} + ": it ends before");
  std::memcpy(out, held_.data() + offset, size);
  return success();
}

} // namespace gitfs
