#include "backend/pack_writer.hpp"

#include "backend/sha1.hpp"
#include "backend/store_folder.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <zlib.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t buffered = 1 << 20;
constexpr std::size_t count_at = 8; // in the header
constexpr std::uint32_t far_offset = 0x80000000;
constexpr int fast_compression = 1;

error disk_failure(const fs::path& where) {
  const int code = errno != 0 ? errno : EIO;
  return {code, "cannot write a pack in " + where.string() + ": " + std::generic_category().message(code)};
}

void append_big_endian(std::string& out, std::uint64_t value, int bytes) {
  for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
    out += static_cast<char>(value >> shift & 0xff);
}

result<void> write_all(int fd, std::string_view bytes, std::uint64_t at, const fs::path& where) {
  while (!bytes.empty()) {
    errno = 0;
    const ssize_t done = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (done <= 0)
      return disk_failure(where);
    bytes.remove_prefix(static_cast<std::size_t>(done));
    at += static_cast<std::uint64_t>(done);
  }
  return success();
}

} // namespace

result<std::unique_ptr<pack_writer>> pack_writer::begin(const fs::path& store) {
  std::unique_ptr<pack_writer> out{new pack_writer};
  out->objects_ = store / "objects";
  out->lock_file_ = store_lock(store);
  BOOST_OUTCOME_TRY(incoming, incoming_folder::make(out->objects_, out->lock_file_));
  out->incoming_ = std::move(incoming);
  out->fd_ = ::open((out->incoming_.path() / "pack").c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (out->fd_ < 0)
    return disk_failure(out->objects_);
  out->buffer_ = std::string{"PACK\0\0\0\2\0\0\0\0", 12};
  return out;
}

pack_writer::~pack_writer() {
  if (fd_ >= 0)
    ::close(fd_);
}

result<void> pack_writer::flush() {
  BOOST_OUTCOME_TRYV(write_all(fd_, buffer_, flushed_, objects_));
  flushed_ += buffer_.size();
  buffer_.clear();
  return success();
}

result<void> pack_writer::put(std::string_view bytes) {
  crc_ = crc32_z(crc_, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
  buffer_ += bytes;
  return buffer_.size() < buffered ? success() : flush();
}

void pack_writer::begin_item(unsigned type, std::uint64_t size) {
  item_begin_ = flushed_ + buffer_.size();
  crc_ = crc32_z(0, nullptr, 0);
  std::string head;
  auto byte = static_cast<unsigned char>(type << 4 | (size & 15));
  for (size >>= 4; size != 0; size >>= 7) {
    head += static_cast<char>(byte | 0x80);
    byte = size & 0x7f;
  }
  head += static_cast<char>(byte);
  crc_ = crc32_z(crc_, reinterpret_cast<const Bytef*>(head.data()), head.size());
  buffer_ += head;
}

result<void> pack_writer::end_item(const oid& id) {
  items_.push_back({id, item_begin_, static_cast<std::uint32_t>(crc_)});
  offsets_.emplace(id, item_begin_);
  return success();
}

// A base goes before what needs it, so an offset always points back and no circle can come about, whichever packs the
// two are from.
result<void> pack_writer::copy(const pack_file& from, std::uint32_t number) {
  std::vector<std::pair<std::uint32_t, pack_file::head>> chain;
  while (!has(from.entries()[number].id)) {
    BOOST_OUTCOME_TRY(head, from.read_head(number));
    chain.emplace_back(number, head);
    if (!head.base)
      break;
    if (chain.size() > from.entries().size())
      return fail(EBADMSG, "deltas in a circle in the pack of " + from.index().string());
    number = *head.base;
  }
  for (; !chain.empty(); chain.pop_back()) {
    BOOST_OUTCOME_TRYV(copy_one(from, chain.back().first, chain.back().second));
  }
  return success();
}

result<void> pack_writer::copy_one(const pack_file& from, std::uint32_t number, const pack_file::head& head) {
  const pack_file::entry& e = from.entries()[number];
  BOOST_OUTCOME_TRY(sound, from.is_sound(number)); // damage must not get a new checksum that makes it look right
  if (!sound || left_out_.contains(e.id))
    return fail(EBADMSG, "object " + e.id.hex() + " in the pack of " + from.index().string() + " is damaged");
  begin_item(head.base ? 6 : head.type, head.size);
  if (head.base) {
    std::uint64_t distance = item_begin_ - offsets_.at(from.entries()[*head.base].id);
    std::string bytes{static_cast<char>(distance & 0x7f)};
    while ((distance >>= 7) != 0)
      bytes.insert(bytes.begin(), static_cast<char>(0x80 | (--distance & 0x7f)));
    BOOST_OUTCOME_TRYV(put(bytes));
  }
  BOOST_OUTCOME_TRYV(from.read(e.begin + head.length, e.end, [this](std::string_view bytes) { return put(bytes); }));
  return end_item(e.id);
}

result<void> pack_writer::add(const oid& id, object_type type, std::string_view data) {
  if (has(id))
    return success();
  uLongf size = compressBound(data.size());
  std::string deflated(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(deflated.data()), &size, reinterpret_cast<const Bytef*>(data.data()),
                data.size(), fast_compression)
      != Z_OK)
    return fail(ENOMEM, "cannot deflate object " + id.hex());
  begin_item(static_cast<unsigned>(type), data.size());
  BOOST_OUTCOME_TRYV(put(std::string_view{deflated}.substr(0, size)));
  return end_item(id);
}

/// The number of objects is known only now, so the checksum is of a second reading: it is in memory, and hashing is a
/// tenth of a second for 100 MB.
result<oid> pack_writer::finish_pack() {
  BOOST_OUTCOME_TRYV(flush());
  std::string count;
  append_big_endian(count, items_.size(), 4);
  BOOST_OUTCOME_TRYV(write_all(fd_, count, count_at, objects_));
  sha1 sum;
  std::string piece(buffered, '\0');
  for (std::uint64_t at = 0; at < flushed_;) {
    errno = 0;
    const ssize_t got = ::pread(fd_, piece.data(), piece.size(), static_cast<off_t>(at));
    if (got <= 0)
      return disk_failure(objects_);
    sum.update({piece.data(), static_cast<std::size_t>(got)});
    at += static_cast<std::uint64_t>(got);
  }
  const oid checksum = sum.finish();
  BOOST_OUTCOME_TRYV(
      write_all(fd_, {reinterpret_cast<const char*>(checksum.bytes.data()), oid::raw_size}, flushed_, objects_));
  return checksum;
}

result<void> pack_writer::write_index(const fs::path& file, const oid& checksum) {
  std::ranges::sort(items_, {}, &item::id);
  std::array<std::uint32_t, 256> fanout{};
  for (const item& each : items_)
    ++fanout[each.id.bytes[0]];
  std::string text{"\377tOc\0\0\0\2", 8}, crcs, offsets, far;
  std::uint32_t sum = 0;
  for (const std::uint32_t count : fanout)
    append_big_endian(text, sum += count, 4);
  std::uint64_t far_count = 0;
  for (const item& each : items_) {
    text.append(reinterpret_cast<const char*>(each.id.bytes.data()), oid::raw_size);
    append_big_endian(crcs, each.crc, 4);
    if (each.offset < far_offset) {
      append_big_endian(offsets, each.offset, 4);
    } else {
      append_big_endian(offsets, far_offset + far_count++, 4);
      append_big_endian(far, each.offset, 8);
    }
  }
  text += crcs;
  text += offsets;
  text += far;
  text.append(reinterpret_cast<const char*>(checksum.bytes.data()), oid::raw_size);
  sha1 own;
  own.update(text);
  const oid end = own.finish();
  text.append(reinterpret_cast<const char*>(end.bytes.data()), oid::raw_size);
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (fd < 0)
    return disk_failure(objects_);
  auto done = write_all(fd, text, 0, objects_);
  if (done && ::fdatasync(fd) != 0)
    done = disk_failure(objects_);
  ::close(fd);
  return done;
}

result<fs::path> pack_writer::install(std::time_t arrived) {
  if (items_.empty())
    return fs::path{};
  BOOST_OUTCOME_TRY(checksum, finish_pack());
  const fs::path folder = incoming_.path();
  BOOST_OUTCOME_TRYV(write_index(folder / "idx", checksum));
  // What it was copied from is removed next: unlike what arrives, this must have reached the disk.
  if (::fdatasync(fd_) != 0)
    return disk_failure(objects_);
  const std::array<timespec, 2> times{{{arrived, 0}, {arrived, 0}}};
  const fs::path stem = objects_ / "pack" / ("pack-" + checksum.hex());
  const file_lock moving{lock_file_, file_lock::mode::shared, true};
  for (const char* suffix : {"pack", "idx"}) { // the index last: whoever sees it finds its pack
    ::utimensat(AT_FDCWD, (folder / suffix).c_str(), times.data(), 0);
    if (::rename((folder / suffix).c_str(), (stem.string() + "." + suffix).c_str()) != 0)
      return disk_failure(objects_);
  }
  return fs::path{stem.string() + ".idx"};
}

} // namespace gitfs
