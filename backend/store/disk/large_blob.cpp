#include "backend/store/disk/large_blob.hpp"

#include "backend/git/sha1.hpp"
#include "backend/pack/inflated_file.hpp"
#include "backend/pack/pack_delta.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/pack/pack_index.hpp"
#include "backend/store/disk/loose_objects.hpp"
#include "config/unique_fd.hpp"

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

constexpr std::size_t piece = 128 * 1024;
constexpr std::size_t longest_header = 48;  // of an entry
constexpr std::size_t longest_chain = 4096; // git's own limit of delta depth is 4095

bool is_there(const fs::path& file) {
  return ::access(file.c_str(), F_OK) == 0;
}

error damaged(const fs::path& file) {
  return {EBADMSG, file.string() + " is damaged"};
}

/// A file that grows, in pieces, and perhaps the name of the blob that it will be.
class growing {
public:
  growing(unlinked_file& file, const std::atomic<bool>& stop) : file_(file), stop_(stop) { buffer_.reserve(piece); }

  /// Before the first byte, if the hash matters.
  void hash_as_blob(std::uint64_t size) {
    hash_.emplace();
    hash_->update(object_preamble(object_type::blob, size));
  }

  /// At most `piece` bytes at once.
  result<void> append(std::string_view bytes) {
    if (buffer_.size() + bytes.size() > piece) {
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

  /// After `flush`.
  oid name() { return hash_->finish(); }

private:
  unlinked_file& file_;
  const std::atomic<bool>& stop_;
  std::string buffer_;
  std::uint64_t written_ = 0;
  std::optional<sha1> hash_;
};

/// `size` bytes, and these must be all there are.
result<void> inflate_rest(inflated_file& from, const fs::path& path, std::uint64_t size, growing& to) {
  std::string buffer(piece, '\0');
  for (std::uint64_t left = size; left != 0;) {
    const std::size_t got = from.take(buffer.data(), std::min<std::uint64_t>(left, piece));
    if (got == 0)
      return from.read_error() != 0 ? error{from.read_error(), "cannot read " + path.string()} : damaged(path);
    GITFS_TRYV(to.append({buffer.data(), got}));
    left -= got;
  }
  if (!from.at_end())
    return damaged(path);
  return to.flush();
}

/// The bytes of a delta, one after another.
class delta_bytes {
public:
  explicit delta_bytes(inflated_file& from) : from_(from) {}

  /// False at the end, or where the file is damaged.
  bool next(std::uint8_t& out) {
    if (at_ == size_ && !refill())
      return false;
    out = static_cast<std::uint8_t>(buffer_[at_++]);
    return true;
  }
  /// Some of the next bytes, up to `most`; empty at the end.
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

/// Of a pack: one object as it is stored.
struct stored {
  entry_header header;
  std::uint64_t data_at = 0;
  std::uint64_t base_at = 0; // of a delta
};

/// A pack that stays open: it may be merged into another while a blob is copied from it.
class open_pack {
public:
  explicit open_pack(const fs::path& its_index)
    : path(fs::path{its_index}.replace_extension(".pack")),
      index(its_index),
      fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

  const fs::path path, index;
  const unique_fd fd; ///< less than 0: errno says why
};

std::optional<stored> read_stored(const open_pack& pack, std::uint64_t at) {
  std::array<char, longest_header> head;
  const ssize_t got = ::pread(pack.fd.get(), head.data(), head.size(), static_cast<off_t>(at));
  if (got <= 0)
    return std::nullopt;
  const auto parsed = entry_header::parse({head.data(), static_cast<std::size_t>(got)});
  if (!parsed || !parsed.value())
    return std::nullopt;
  const entry_header& header = *parsed.value();
  stored out{header, at + header.length};
  if (header.type == ofs_delta) {
    if (header.back == 0 || header.back > at)
      return std::nullopt;
    out.base_at = at - header.back;
  } else if (header.type == ref_delta) {
    const auto base = offset_in_pack(pack.index, header.base);
    if (!base)
      return std::nullopt;
    out.base_at = *base;
  }
  return out;
}

/// Applies one delta; the size of what comes out is in it.
result<void> apply_delta_to_file(const open_pack& pack, const stored& delta, const unlinked_file& base,
                                 std::uint64_t base_size, bool hash, growing& to) {
  inflated_file file{pack.fd.get(), delta.data_at};
  if (!file.is_open())
    return system_failure(errno, "cannot inflate " + pack.path.string());
  delta_bytes in{file};
  const auto sizes = read_delta_sizes(in);
  if (!sizes || sizes->base != base_size)
    return damaged(pack.path);
  const std::uint64_t to_size = sizes->result;
  if (hash)
    to.hash_as_blob(to_size);
  std::string buffer(piece, '\0');
  while (to.size() < to_size) {
    const auto instruction = read_delta_instruction(in);
    if (!instruction)
      return damaged(pack.path);
    auto [copy, offset, length] = *instruction;
    if (copy && (offset > base_size || length > base_size - offset))
      return damaged(pack.path);
    if (length > to_size - to.size())
      return damaged(pack.path);
    while (length != 0) {
      std::string_view part;
      if (copy) {
        const std::size_t count = std::min<std::uint64_t>(length, piece);
        GITFS_TRYV(base.read(buffer.data(), count, offset));
        part = {buffer.data(), count};
        offset += count;
      } else if (part = in.some(length); part.empty()) {
        return damaged(pack.path);
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

/// From the base of all up to the blob itself, each in a file of its own; two of these at a time. ENOENT: the pack is
/// gone.
result<void> copy_packed(const fs::path& index, std::uint64_t at, const oid& id, const blob_target& to) {
  const open_pack pack{index};
  if (!pack.fd)
    return system_failure(errno, "cannot open " + pack.path.string());
  std::vector<stored> chain; // the blob first, the base of all last
  do {
    const auto one = read_stored(pack, at);
    if (!one && !is_there(index)) // it says where a base is that is only named
      return fail(ENOENT, index.string() + " is gone");
    if (!one || chain.size() == longest_chain)
      return damaged(pack.path);
    chain.push_back(*one);
    at = one->base_at;
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
      inflated_file data{pack.fd.get(), chain[i].data_at};
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

result<void> copy_loose(const fs::path& path, inflated_file& file, const oid& id, const blob_target& to) {
  std::array<char, longest_loose_header> head;
  const std::size_t got = file.take(head.data(), head.size());
  const auto header = parse_loose_header({head.data(), got});
  if (!header || got - header->length > header->size)
    return damaged(path);
  if (header->type != GIT_OBJECT_BLOB)
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  growing out{to.file, to.stop};
  out.hash_as_blob(header->size);
  const std::string_view first{head.data() + header->length, got - header->length};
  GITFS_TRYV(out.append(first));
  GITFS_TRYV(inflate_rest(file, path, header->size - first.size(), out));
  return check(out, id);
}

error not_here(const oid& id) {
  return {ENOENT, "object " + id.hex() + " is not on this machine"};
}

/// Looks once. `moved`: a pack went meanwhile, and what was in it may be in one that came before that.
result<void> copy_from(const fs::path& folder, const oid& id, const blob_target& to, bool& moved) {
  // Loose objects first: they go only after the pack that they went into can be seen.
  const fs::path path = loose_file(folder, id);
  if (inflated_file file{path}; file.is_open())
    return copy_loose(path, file, id, to);
  else if (errno != ENOENT && errno != ENOTDIR)
    return system_failure(errno, "cannot open " + path.string());
  std::error_code status;
  for (const auto& entry : fs::directory_iterator{folder / "pack", status}) {
    const fs::path& index = entry.path();
    if (index.extension() != ".idx")
      continue;
    const auto at = offset_in_pack(index, id);
    if (at)
      if (auto copied = copy_packed(index, *at, id, to); copied || copied.error().code != ENOENT)
        return copied;
    moved = moved || at || !is_there(index);
  }
  return not_here(id);
}

} // namespace

result<void> copy_large_blob(const fs::path& objects, const oid& id, const blob_target& to) {
  constexpr int most_looks = 4;
  bool moved = true;
  for (int look = 0; moved && look < most_looks; ++look) {
    moved = false;
    for (const fs::path& folder : object_folders(objects))
      if (auto copied = copy_from(folder, id, to, moved); copied || copied.error().code != ENOENT)
        return copied;
  }
  return not_here(id);
}

} // namespace gitfs
