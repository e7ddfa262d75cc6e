#include "backend/pack/index_reader.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/file_io.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

namespace gitfs {

namespace {

constexpr std::size_t window = 384; // names that are read at once: 8 KB

/// Where in [0, 1) an object id is among those that begin with the same byte.
double fraction(const oid& id) {
  std::uint64_t out = 0;
  for (std::size_t i = 1; i <= 8; ++i)
    out = out << 8U | id.bytes[i];
  return static_cast<double>(out >> 11U) * 0x1p-53;
}

} // namespace

id_prefix::id_prefix(const oid& of, std::size_t digits) : lowest_(of), digits_(std::min(digits, oid::hex_size)) {
  const std::size_t whole = digits_ / 2;
  if (whole < oid::raw_size && digits_ % 2 != 0)
    lowest_.bytes[whole] &= 0xf0U;
  std::fill(lowest_.bytes.begin() + static_cast<std::ptrdiff_t>(whole + digits_ % 2), lowest_.bytes.end(),
            std::uint8_t{0});
}

bool id_prefix::is_of(const oid& id) const {
  const std::size_t whole = digits_ / 2;
  return std::equal(lowest_.bytes.begin(), lowest_.bytes.begin() + static_cast<std::ptrdiff_t>(whole), id.bytes.begin())
         && (digits_ % 2 == 0 || ((lowest_.bytes[whole] ^ id.bytes[whole]) & 0xf0U) == 0);
}

result<std::unique_ptr<index_reader>> index_reader::open(const std::filesystem::path& file, open_files& pool,
                                                         budget& memory) {
  std::unique_ptr<index_reader> out{new index_reader{file, pool, memory}};
  GITFS_TRYV(out->begin());
  return out;
}

index_reader::~index_reader() {
  memory_.taken -= share_;
}

error index_reader::damaged(const char* how) const {
  return {EBADMSG, file_.path().string() + " is damaged: " + how};
}

result<void> index_reader::begin() {
  std::array<char, index_layout::head_size> head;
  GITFS_TRY(fd, file_.open());
  size_ = file_.size();
  GITFS_TRY(got, read_up_to(fd->get(), head.data(), head.size(), 0, "cannot read " + file_.path().string()));
  const auto layout = index_layout::of({head.data(), got});
  if (!layout)
    return damaged("it is no index of version 1 or 2");
  if (!layout->fits(size_))
    return damaged("it has another length than its objects take");
  layout_ = *layout;
  for (std::size_t i = 0; i < fanout_size; ++i)
    fanout_[i] = static_cast<std::uint32_t>(big_endian(std::string_view{head.data() + layout_.fanout_at + 4 * i, 4}));
  std::array<char, oid::raw_size> checksum;
  GITFS_TRYV(bytes(size_ - index_trailer_size, checksum.data(), checksum.size()));
  pack_checksum_ = oid::from_raw(checksum.data());
  const std::uint64_t share = size_ + id_filter::bytes_for(layout_.count);
  if (memory_.taken.fetch_add(share) + share > memory_.most) {
    memory_.taken -= share;
    return success();
  }
  share_ = share; // the destructor gives it back
  text_ = std::make_unique_for_overwrite<char[]>(size_);
  GITFS_TRY(all, read_up_to(fd->get(), text_.get(), size_, 0, "cannot read " + file_.path().string()));
  const std::string_view hashed{text_.get(), size_ - oid::raw_size};
  if (all != size_ || sha1{}.update(hashed).finish() != oid::from_raw(hashed.data() + hashed.size()))
    return damaged("its checksum is wrong");
  filter_.emplace(layout_.count);
  for (std::uint64_t i = 0; i < layout_.count; ++i)
    filter_->add(oid::from_raw(text_.get() + layout_.name_at(i)));
  file_.close();
  return success();
}

result<void> index_reader::bytes(std::uint64_t at, char* out, std::size_t size) {
  if (at > size_ || size > size_ - at)
    return damaged("an offset is none");
  if (text_) {
    std::memcpy(out, text_.get() + at, size);
    return success();
  }
  GITFS_TRY(fd, file_.open());
  if (file_.version() != 1) // what is known of it is of the one before
    return fail(ENOENT, file_.path().string() + " is another file now");
  GITFS_TRY(got, read_up_to(fd->get(), out, size, at, "cannot read " + file_.path().string()));
  if (got != size)
    return damaged("it ends too early");
  return success();
}

result<oid> index_reader::name(std::uint64_t i) {
  std::array<char, oid::raw_size> raw;
  GITFS_TRYV(bytes(layout_.name_at(i), raw.data(), raw.size()));
  return oid::from_raw(raw.data());
}

result<std::uint64_t> index_reader::offset(std::uint64_t i) {
  std::array<char, 8> raw;
  GITFS_TRYV(bytes(layout_.offset_at(i), raw.data(), 4));
  const std::uint64_t out = big_endian({raw.data(), 4});
  if (layout_.version == 1 || (out & long_offset) == 0)
    return out;
  GITFS_TRYV(bytes(layout_.long_offsets_at + (out & ~long_offset) * 8, raw.data(), 8));
  return big_endian({raw.data(), 8});
}

/// The first name that is not below `id`. Names are spread evenly, so the first place that is looked at is where `id`
/// would be; in a bucket of thousands it is nearly always in that window.
result<std::uint64_t> index_reader::lower_bound(const oid& id) {
  const std::size_t first_byte = id.bytes[0];
  std::uint64_t low = up_to(first_byte), high = fanout_[first_byte];
  const auto search = [&](const char* names, std::uint64_t from, std::uint64_t end) {
    while (from < end) {
      const std::uint64_t middle = from + (end - from) / 2;
      if (std::memcmp(names + (middle - low) * layout_.name_step, id.bytes.data(), oid::raw_size) < 0)
        from = middle + 1;
      else
        end = middle;
    }
    return from;
  };
  if (text_)
    return search(text_.get() + layout_.name_at(low), low, high);
  std::vector<char> names(window * layout_.name_step);
  for (bool first = true;; first = false) {
    std::uint64_t from = low;
    if (high - low > window) {
      const std::uint64_t middle =
          first ? low + static_cast<std::uint64_t>(fraction(id) * static_cast<double>(high - low))
                : low + (high - low) / 2;
      from = std::clamp(middle - std::min<std::uint64_t>(middle, window / 2), low, high - window);
    }
    const std::uint64_t end = std::min<std::uint64_t>(from + window, high);
    if (from == end)
      return from;
    const std::size_t length = static_cast<std::size_t>(end - from - 1) * layout_.name_step + oid::raw_size;
    GITFS_TRYV(bytes(layout_.name_at(from), names.data(), length));
    const auto at = [&](std::uint64_t i) { return names.data() + (i - from) * layout_.name_step; };
    if (from != low && std::memcmp(at(from), id.bytes.data(), oid::raw_size) >= 0) {
      high = from; // `from` itself may be it, and then so is the end of what is left
    } else if (end != high && std::memcmp(at(end - 1), id.bytes.data(), oid::raw_size) < 0) {
      low = end;
    } else {
      low = from;
      return search(names.data(), from, end);
    }
  }
}

result<std::optional<std::uint64_t>> index_reader::find(const oid& id) {
  if (filter_ && !filter_->may_have(id))
    return std::optional<std::uint64_t>{};
  GITFS_TRY(at, lower_bound(id));
  if (at >= fanout_[id.bytes[0]])
    return std::optional<std::uint64_t>{};
  GITFS_TRY(there, name(at));
  if (there != id)
    return std::optional<std::uint64_t>{};
  GITFS_TRY(out, offset(at));
  return std::optional{out};
}

result<void> index_reader::find(const id_prefix& prefix, prefix_found& out) {
  GITFS_TRY(at, lower_bound(prefix.lowest()));
  for (std::uint64_t i = at; i < layout_.count && i < at + 2; ++i) {
    GITFS_TRY(there, name(i));
    if (!prefix.is_of(there))
      break;
    out.add(there);
  }
  return success();
}

} // namespace gitfs
