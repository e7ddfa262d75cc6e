#include "backend/store/disk/loose_objects.hpp"

#include "backend/git/oid.hpp"
#include "backend/pack/inflated_file.hpp"

#include <git2.h>
#if __has_include(<git2/sys/errors.h>)
#include <git2/sys/errors.h> // git_error_set_str, from libgit2 1.8 on
#endif
#include <git2/sys/odb_backend.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::uint64_t highest_deflate_ratio = 1032; // of the format itself
constexpr int deepest_alternates = 5;                 // as git

int os_error(const fs::path& file) {
  const int code = errno;
  if (code == ENOENT || code == ENOTDIR)
    return GIT_ENOTFOUND;
  git_error_set_str(GIT_ERROR_OS, (file.string() + ": " + std::generic_category().message(code)).c_str());
  errno = code;
  return -1;
}

int damaged(const fs::path& file) {
  git_error_set_str(GIT_ERROR_ODB, (file.string() + " is damaged").c_str());
  return -1;
}

/// It was opened, and is not what it should be: for the disk's sake, or by itself.
int unreadable(const inflated_file& file, const fs::path& path) {
  errno = file.read_error();
  return errno != 0 ? os_error(path) : damaged(path);
}

struct loose_backend : git_odb_backend {
  fs::path objects;
  std::string folder;               // the same, with "/" behind it
  git_odb_backend* names = nullptr; // libgit2's own

  /// As `file_of`, for who only looks whether it is there: of each object that is not here, tens of thousands in a
  /// walk.
  std::string name_of(const git_oid* id) const {
    std::string out = folder;
    out.reserve(folder.size() + 1 + oid::hex_size);
    const std::string hex = oid::from_raw(id->id).hex();
    return out.append(hex, 0, 2).append(1, '/').append(hex, 2);
  }
  fs::path file_of(const git_oid* id) const { return loose_file(objects, oid::from_raw(id->id)); }
};

loose_backend& self_of(git_odb_backend* backend) {
  return *static_cast<loose_backend*>(backend);
}

int read_whole(void** out, std::size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* id) {
  const fs::path path = self_of(backend).file_of(id);
  inflated_file file{path};
  if (!file.is_open())
    return os_error(path);
  std::array<char, longest_loose_header> head;
  const std::size_t got = file.take(head.data(), head.size());
  const auto parsed = parse_loose_header({head.data(), got});
  if (!parsed || parsed->size / highest_deflate_ratio > file.compressed_size())
    return unreadable(file, path);
  const std::size_t in_head = got - parsed->length;
  if (in_head > parsed->size)
    return unreadable(file, path);
  // One byte more, since libgit2 hands out contents that end in NUL.
  auto* data = static_cast<char*>(git_odb_backend_data_alloc(backend, parsed->size + 1));
  if (data == nullptr)
    return -1;
  std::memcpy(data, head.data() + parsed->length, in_head);
  data[parsed->size] = '\0';
  if (file.take(data + in_head, parsed->size - in_head) != parsed->size - in_head || !file.at_end()) {
    git_odb_backend_data_free(backend, data);
    return unreadable(file, path);
  }
  *out = data;
  *size = parsed->size;
  *type = parsed->type;
  return 0;
}

int read_header(std::size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* id) {
  const fs::path path = self_of(backend).file_of(id);
  inflated_file file{path};
  if (!file.is_open())
    return os_error(path);
  std::array<char, longest_loose_header> head;
  const auto parsed = parse_loose_header({head.data(), file.take(head.data(), head.size())});
  if (!parsed)
    return unreadable(file, path);
  *size = parsed->size;
  *type = parsed->type;
  return 0;
}

int find_prefix(git_oid* full, git_odb_backend* backend, const git_oid* part, std::size_t length) {
  git_odb_backend* names = self_of(backend).names;
  return names->exists_prefix(full, names, part, length);
}

int read_prefix(git_oid* full, void** out, std::size_t* size, git_object_t* type, git_odb_backend* backend,
                const git_oid* part, std::size_t length) {
  const int status = find_prefix(full, backend, part, length);
  return status != 0 ? status : read_whole(out, size, type, backend, full);
}

int exists(git_odb_backend* backend, const git_oid* id) {
  return ::access(self_of(backend).name_of(id).c_str(), F_OK) == 0 ? 1 : 0;
}

int each(git_odb_backend* backend, git_odb_foreach_cb use, void* payload) {
  git_odb_backend* names = self_of(backend).names;
  return names->foreach (names, use, payload);
}

void free_backend(git_odb_backend* backend) {
  loose_backend* self = &self_of(backend);
  self->names->free(self->names);
  delete self;
}

/// The objects folders that `objects` names as its alternates.
std::vector<fs::path> alternates_of(const fs::path& objects) {
  std::vector<fs::path> out;
  std::ifstream list{objects / "info" / "alternates"};
  for (std::string line; std::getline(list, line);)
    if (!line.empty() && line.front() != '#')
      out.push_back((objects / line).lexically_normal()); // an absolute path replaces `objects`
  return out;
}

void add_folders(const fs::path& objects, int depth, std::vector<fs::path>& out) {
  if (depth > deepest_alternates || std::ranges::find(out, objects) != out.end())
    return;
  out.push_back(objects);
  for (const fs::path& alternate : alternates_of(objects))
    add_folders(alternate, depth + 1, out);
}

bool add_folder(git_odb* odb, const fs::path& objects, bool alternate) {
  const auto add = alternate ? git_odb_add_alternate : git_odb_add_backend;
  git_odb_backend* packs = nullptr;
  if (git_odb_backend_pack(&packs, objects.c_str()) != 0)
    return false;
  if (add(odb, packs, 2) != 0) {
    packs->free(packs);
    return false;
  }
  git_odb_backend* loose = make_loose_backend(objects);
  if (loose == nullptr)
    return false;
  if (add(odb, loose, 1) == 0)
    return true;
  loose->free(loose);
  return false;
}

} // namespace

std::optional<loose_header> parse_loose_header(std::string_view head) {
  const std::size_t space = head.find(' '), end = head.find('\0');
  if (space == std::string_view::npos || end == std::string_view::npos || space >= end)
    return std::nullopt;
  loose_header out{git_object_string2type(std::string{head.substr(0, space)}.c_str()), 0, end + 1};
  const auto [stop, status] = std::from_chars(head.data() + space + 1, head.data() + end, out.size);
  if (status != std::errc{} || stop != head.data() + end || out.type < GIT_OBJECT_COMMIT || out.type > GIT_OBJECT_TAG)
    return std::nullopt;
  return out;
}

std::vector<fs::path> object_folders(const fs::path& objects) {
  std::vector<fs::path> out;
  add_folders(objects.lexically_normal(), 0, out);
  return out;
}

fs::path loose_file(const fs::path& objects, const oid& id) {
  const std::string hex = id.hex();
  return objects / hex.substr(0, 2) / hex.substr(2);
}

void free_odb_backend::operator()(git_odb_backend* backend) const {
  backend->free(backend);
}

git_odb_backend* make_loose_backend(const fs::path& objects) {
  git_odb_backend* names = nullptr;
  if (git_odb_backend_loose(&names, objects.c_str(), -1, 0, 0, 0) != 0)
    return nullptr;
  auto* out = new loose_backend;
  git_odb_init_backend(out, GIT_ODB_BACKEND_VERSION);
  out->objects = objects;
  out->folder = objects.string() + '/';
  out->names = names;
  out->read = read_whole;
  out->read_header = read_header;
  out->read_prefix = read_prefix;
  out->exists = exists;
  out->exists_prefix = find_prefix;
  out->foreach = each;
  out->free = free_backend;
  return out;
}

git_odb* open_odb(const fs::path& objects) {
  git_odb* out = nullptr;
  if (git_odb_new(&out) != 0)
    return nullptr;
  bool alternate = false;
  for (const fs::path& folder : object_folders(objects))
    if (!add_folder(out, folder, std::exchange(alternate, true))) {
      git_odb_free(out);
      return nullptr;
    }
  return out;
}

} // namespace gitfs
