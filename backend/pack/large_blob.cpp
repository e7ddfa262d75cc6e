#include "backend/pack/large_blob.hpp"

#include "backend/git/sha1.hpp"
#include "backend/pack/inflated_file.hpp"
#include "backend/pack/loose_objects.hpp"
#include "backend/pack/pack_delta.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t copied_at_once = 128 * 1024;

error damaged_blob(const fs::path& file) {
  return {EBADMSG, file.string() + " is damaged"};
}

/// The error of a stream that ended too early: the disk's failure, if there was one, or damage.
error unreadable(const inflated_file& file, const fs::path& path) {
  return file.read_error() != 0 ? system_failure(file.read_error(), "cannot read " + path.string())
                                : damaged_blob(path);
}

/// Writes a file piece by piece, and can compute the object id of the blob in it.
class growing {
public:
  growing(unlinked_file& file, const std::atomic<bool>& stop) : file_(file), stop_(stop) {
    buffer_.reserve(copied_at_once);
  }

  /// Has the object id computed. Called before the first byte.
  void hash_as_blob(std::uint64_t size) {
    hash_.emplace();
    hash_->update(object_preamble(object_type::blob, size));
  }

  /// Appends at most `copied_at_once` bytes.
  result<void> append(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > copied_at_once) {
      GITFS_TRYV(flush());
    }
    buffer_ += bytes;
    return success();
  }

  result<void> flush() {
    if (stop_.load(std::memory_order_relaxed))
      return fail(ECANCELED, "the mount is ending");
    if (hash_)
      hash_->update(buffer_);
    GITFS_TRYV(file_.write(buffer_, written_));
    written_ += buffer_.size();
    buffer_.clear();
    return success();
  }

  std::uint64_t size() const { return written_ + buffer_.size(); }

  /// The object id. Called after `flush`.
  oid name() { return hash_->finish(); }

private:
  unlinked_file& file_;
  const std::atomic<bool>& stop_;
  std::string buffer_;
  std::uint64_t written_ = 0;
  std::optional<sha1> hash_;
};

/// Inflates `size` bytes. The stream must end behind them.
result<void> inflate_rest(inflated_file& from, const fs::path& path, std::uint64_t size, growing& to) {
  std::string buffer(copied_at_once, '\0');
  for (std::uint64_t left = size; left != 0;) {
    const std::size_t got = from.take(buffer.data(), std::min<std::uint64_t>(left, copied_at_once));
    if (got == 0)
      return unreadable(from, path);
    GITFS_TRYV(to.append({buffer.data(), got}));
    left -= got;
  }
  if (!from.at_end())
    return unreadable(from, path);
  return to.flush();
}

/// Reads a delta byte by byte, because it may be too large for memory.
class delta_bytes {
public:
  explicit delta_bytes(inflated_file& from) : from_(from) {}

  /// False: the delta has ended, or the file is damaged.
  bool next(std::uint8_t& out) {
    if (at_ == size_ && !refill())
      return false;
    out = static_cast<std::uint8_t>(buffer_[at_++]);
    return true;
  }
  /// Takes some of the next bytes, up to `most`. Empty: the delta has ended, or the file is damaged.
  std::string_view some(std::size_t most) {
    if (at_ == size_ && !refill())
      return {};
    const std::size_t count = std::min(most, size_ - at_);
    at_ += count;
    return {buffer_.data() + at_ - count, count};
  }

private:
  bool refill() {
    at_ = 0;
    size_ = from_.take(buffer_.data(), buffer_.size());
    return size_ != 0;
  }

  inflated_file& from_;
  std::array<char, 16384> buffer_;
  std::size_t at_ = 0, size_ = 0;
};

/// A pack whose file is kept open, because the pack may be merged into another one while a blob is copied from it.
struct held_pack {
  const fs::path& path;
  int fd;
};

/// Applies one delta to the base. The delta itself says how long the result is.
result<void> apply_delta_to_file(const held_pack& pack, const pack_reader::stored& delta, const unlinked_file& base,
                                 std::uint64_t base_size, bool hash, growing& to) {
  inflated_file file{pack.fd, delta.data};
  if (!file.is_open())
    return system_failure(errno, "cannot inflate " + pack.path.string());
  delta_bytes in{file};
  const auto bad = [&]() -> error { return unreadable(file, pack.path); };
  const auto sizes = read_delta_sizes(in);
  if (!sizes || sizes->base != base_size)
    return bad();
  const std::uint64_t to_size = sizes->result;
  if (hash)
    to.hash_as_blob(to_size);
  std::string buffer(copied_at_once, '\0');
  while (to.size() < to_size) {
    const auto instruction = read_delta_instruction(in);
    if (!instruction)
      return bad();
    auto [copy, offset, length] = *instruction;
    if (copy && (offset > base_size || length > base_size - offset))
      return damaged_blob(pack.path);
    if (length > to_size - to.size())
      return damaged_blob(pack.path);
    while (length != 0) {
      std::string_view part;
      if (copy) {
        const std::size_t count = std::min<std::uint64_t>(length, copied_at_once);
        GITFS_TRYV(base.read(buffer.data(), count, offset));
        part = {buffer.data(), count};
        offset += count;
      } else if (part = in.some(length); part.empty()) {
        return bad();
      }
      GITFS_TRYV(to.append(part));
      length -= part.size();
    }
  }
  return to.flush();
}

result<void> check(growing& made, const oid& id) {
  if (made.name() != id)
    return fail(EBADMSG, "object " + id.hex() + " is damaged: its hash is another");
  return success();
}

result<void> copy_loose(const fs::path& path, inflated_file& file, const oid& id, const blob_target& to) {
  std::array<char, longest_loose_header> head;
  const std::size_t got = file.take(head.data(), head.size());
  const auto header = parse_loose_header({head.data(), got});
  if (!header || got - header->length > header->size)
    return unreadable(file, path);
  if (header->type != object_type::blob)
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  growing out{to.file, to.stop};
  out.hash_as_blob(header->size);
  const std::string_view first{head.data() + header->length, got - header->length};
  GITFS_TRYV(out.append(first));
  GITFS_TRYV(inflate_rest(file, path, header->size - first.size(), out));
  return check(out, id);
}

} // namespace

// Each object of the chain of deltas is written to a file of its own, from the first base up to the blob itself. Only
// two of these files exist at a time.
result<void> copy_packed_blob(pack_reader& from, std::uint64_t at, const oid& id, const blob_target& to) {
  GITFS_TRY(fd, from.file());
  const held_pack pack{from.path(), fd->get()};
  std::vector<pack_reader::stored> chain; // begins with the blob, and ends with the base that is no delta
  do {
    GITFS_TRY(one, from.entry_at(at));
    if (chain.size() == pack_reader::longest_chain)
      return damaged_blob(pack.path);
    chain.push_back(one);
    at = one.base;
  } while (chain.back().header.is_delta());
  if (chain.back().header.type != static_cast<unsigned>(object_type::blob))
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  std::optional<unlinked_file> base;
  std::uint64_t base_size = 0;
  for (std::size_t i = chain.size(); i-- > 0;) {
    const bool last = i == 0;
    std::optional<unlinked_file> between;
    if (!last) {
      GITFS_TRY(made, unlinked_file::make(to.folder));
      between.emplace(std::move(made));
    }
    growing out{last ? to.file : *between, to.stop};
    if (!base) {
      if (last)
        out.hash_as_blob(chain[i].header.size);
      inflated_file data{pack.fd, chain[i].data};
      if (!data.is_open())
        return system_failure(errno, "cannot inflate " + pack.path.string());
      GITFS_TRYV(inflate_rest(data, pack.path, chain[i].header.size, out));
    } else {
      GITFS_TRYV(apply_delta_to_file(pack, chain[i], *base, base_size, last, out));
    }
    if (last)
      return check(out, id);
    base_size = out.size();
    base = std::move(between);
  }
  return success();
}

result<void> copy_loose_blob(const fs::path& objects, const oid& id, const blob_target& to) {
  const fs::path path = loose_file(objects, id);
  inflated_file file{path};
  if (file.is_open())
    return copy_loose(path, file, id, to);
  const int code = errno == ENOTDIR ? ENOENT : errno;
  return system_failure(code, "cannot open " + path.string());
}

} // namespace gitfs
