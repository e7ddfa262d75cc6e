#include "backend/pack/loose_objects.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/file_io.hpp"
#include "backend/pack/inflate.hpp"
#include "config/unique_fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <iterator>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr struct {
  std::string_view name;
  object_type type;
} types[] = {{"commit", object_type::commit},
             {"tree", object_type::tree},
             {"blob", object_type::blob},
             {"tag", object_type::tag}};

std::string name_in(const fs::path& objects, const oid& id) {
  const std::string hex = id.hex();
  std::string out;
  out.reserve(objects.native().size() + 2 + hex.size());
  return out.append(objects.native()).append(1, '/').append(hex, 0, 2).append(1, '/').append(hex, 2);
}

error damaged_file(const std::string& file) {
  return {EBADMSG, file + " is damaged"};
}

struct opened_file {
  std::string path;
  unique_fd fd;
  std::uint64_t size = 0;
};

result<opened_file> open_loose(const fs::path& objects, const oid& id) {
  opened_file out{name_in(objects, id), {}};
  do
    out.fd.reset(::open(out.path.c_str(), O_RDONLY | O_CLOEXEC));
  while (!out.fd && errno == EINTR);
  struct stat info;
  if (!out.fd || ::fstat(out.fd.get(), &info) != 0) {
    const int code = errno == ENOTDIR ? ENOENT : errno;
    if (code == ENOENT)
      return fail(code, {}); // nearly always, and nobody shows it
    return fail(code, "cannot open " + out.path + ": " + std::generic_category().message(code) + limit_remedy(code));
  }
  out.size = static_cast<std::uint64_t>(info.st_size);
  return out;
}

} // namespace

std::optional<loose_header> parse_loose_header(std::string_view head) {
  const std::size_t space = head.find(' '), end = head.find('\0');
  if (space == std::string_view::npos || end == std::string_view::npos || space >= end)
    return std::nullopt;
  const std::string_view name = head.substr(0, space);
  const auto* const known =
      std::find_if(std::begin(types), std::end(types), [&](const auto& t) { return t.name == name; });
  if (known == std::end(types))
    return std::nullopt;
  loose_header out{known->type, 0, end + 1};
  const auto [stop, status] = std::from_chars(head.data() + space + 1, head.data() + end, out.size);
  if (status != std::errc{} || stop != head.data() + end)
    return std::nullopt;
  return out;
}

fs::path loose_file(const fs::path& objects, const oid& id) {
  return name_in(objects, id);
}

bool has_loose(const fs::path& objects, const oid& id) {
  return ::access(name_in(objects, id).c_str(), F_OK) == 0;
}

result<object> read_loose(const fs::path& objects, const oid& id) {
  GITFS_TRY(file, open_loose(objects, id));
  if (file.size > longest_deflated(largest_in_memory))
    return fail(EFBIG, file.path + " is too large to be read whole");
  const auto deflated_bytes = bytes_for(file.size);
  GITFS_TRY(got, read_up_to(file.fd.get(), deflated_bytes.get(), file.size, 0, "cannot read " + file.path));
  const std::string_view in{deflated_bytes.get(), got};
  // The length is known only from the beginning of what comes out; after that the whole is inflated at once, which is
  // several times as fast as in pieces.
  std::array<char, longest_loose_header> head;
  const auto header = parse_loose_header({head.data(), inflate_start(in, head.data(), head.size())});
  if (!header || header->size / highest_deflate_ratio > got)
    return damaged_file(file.path);
  if (header->size > largest_in_memory)
    return fail(EFBIG,
                file.path + ": an object of " + std::to_string(header->size) + " bytes is too large to be read whole");
  auto out = bytes_for(header->length + header->size);
  if (!inflate_whole(in, out.get(), header->length + header->size))
    return damaged_file(file.path);
  return as_object(header->type, std::move(out), header->size, header->length);
}

result<object_header> read_loose_header(const fs::path& objects, const oid& id) {
  GITFS_TRY(file, open_loose(objects, id));
  std::array<char, 4096> in;
  GITFS_TRY(got, read_up_to(file.fd.get(), in.data(), in.size(), 0, "cannot read " + file.path));
  std::array<char, longest_loose_header> head;
  const auto header = parse_loose_header({head.data(), inflate_start({in.data(), got}, head.data(), head.size())});
  if (!header)
    return damaged_file(file.path);
  return object_header{header->type, header->size};
}

void find_loose(const fs::path& objects, const id_prefix& prefix, prefix_found& out) {
  const std::string first = prefix.lowest().hex().substr(0, 2);
  std::error_code status;
  for (fs::directory_iterator files{objects / first, status}, end; !status && files != end; files.increment(status))
    if (const auto id = oid::from_hex(first + files->path().filename().string()); id && prefix.is_of(*id))
      out.add(*id);
}

result<void> write_loose(const fs::path& objects, const fs::path& fresh, const oid& id, const object& contents) {
  const std::string bytes = deflated(object_preamble(contents.type(), contents.data().size()), contents.data());
  {
    const unique_fd file{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0444)};
    if (!file)
      return system_failure(errno, "cannot write an object in " + objects.string());
    GITFS_TRYV(write_at(file.get(), bytes, 0, "cannot write an object in " + objects.string()));
  }
  const std::string to = name_in(objects, id);
  if (::rename(fresh.c_str(), to.c_str()) == 0)
    return success();
  const std::string folder = to.substr(0, to.rfind('/'));
  if (errno == ENOENT && (::mkdir(folder.c_str(), 0777) == 0 || errno == EEXIST)
      && ::rename(fresh.c_str(), to.c_str()) == 0)
    return success();
  const int code = errno;
  ::unlink(fresh.c_str());
  return system_failure(code, "cannot write " + to);
}

} // namespace gitfs
