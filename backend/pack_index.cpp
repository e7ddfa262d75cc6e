#include "backend/pack_index.hpp"

#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace gitfs {

namespace {

constexpr std::uint64_t fanout_at = 8, names_at = fanout_at + 256 * 4;

class index_file {
public:
  explicit index_file(const std::filesystem::path& path) : fd_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~index_file() {
    if (fd_ >= 0)
      ::close(fd_);
  }
  index_file(const index_file&) = delete;
  index_file& operator=(const index_file&) = delete;

  template <std::size_t Size>
  std::array<unsigned char, Size> bytes(std::uint64_t at) {
    std::array<unsigned char, Size> out{};
    good_ = good_ && ::pread(fd_, out.data(), Size, static_cast<off_t>(at)) == static_cast<ssize_t>(Size);
    return out;
  }
  std::uint64_t number(std::uint64_t at) {
    const auto b = bytes<4>(at);
    return std::uint64_t{b[0]} << 24 | std::uint64_t{b[1]} << 16 | std::uint64_t{b[2]} << 8 | b[3];
  }
  bool good() const { return good_; }

private:
  int fd_;
  bool good_ = true;
};

} // namespace

std::optional<std::uint64_t> offset_in_pack(const std::filesystem::path& index, const oid& id) {
  index_file file{index};
  if (file.number(0) != 0xff744f63 || file.number(4) != 2) // "\377tOc", version
    return std::nullopt;
  const std::uint64_t first_byte = static_cast<unsigned char>(id.bytes[0]);
  std::uint64_t low = first_byte == 0 ? 0 : file.number(fanout_at + 4 * (first_byte - 1));
  std::uint64_t high = file.number(fanout_at + 4 * first_byte);
  const std::uint64_t count = file.number(fanout_at + 4 * 255);
  while (file.good() && low < high) {
    const std::uint64_t middle = (low + high) / 2;
    const oid there = oid::from_raw(file.bytes<oid::raw_size>(names_at + middle * oid::raw_size).data());
    if (there == id) {
      const std::uint64_t offsets_at = names_at + count * (oid::raw_size + 4); // behind names and checksums
      const std::uint64_t small = file.number(offsets_at + middle * 4);
      std::uint64_t out = small;
      if ((small & 0x80000000U) != 0) { // the rest is a place in the table of large ones
        const std::uint64_t large_at = offsets_at + count * 4 + (small & 0x7fffffffU) * 8;
        out = file.number(large_at) << 32 | file.number(large_at + 4);
      }
      return file.good() ? std::optional{out} : std::nullopt;
    }
    const bool before = there.bytes < id.bytes;
    (before ? low : high) = before ? middle + 1 : middle;
  }
  return std::nullopt;
}

} // namespace gitfs
