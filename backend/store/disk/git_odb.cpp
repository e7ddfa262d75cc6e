#include "backend/store/disk/git_odb.hpp"

#include <git2.h>
#if __has_include(<git2/sys/errors.h>)
#include <git2/sys/errors.h> // git_error_set_str, from libgit2 1.8 on
#endif
#include <git2/sys/odb_backend.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>

namespace gitfs {

namespace {

static_assert(sizeof(git_oid) == oid::raw_size);

struct initialised {
  initialised() {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0); // sha1.hpp does it, several times as fast
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);                  // callers keep what they need
    // Formats that make no difference to a reader. The values of objectformat and refstorage are checked when a
    // repository is opened.
    std::array<const char*, 7> formats{"objectformat", "partialclone", "worktreeconfig",   "preciousobjects",
                                       "refstorage",   "noop-v1",      "relativeworktrees"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, formats.data(), formats.size());
  }
};

struct reading_backend : git_odb_backend {
  object_reader* objects = nullptr;
};

object_reader& reader_of(git_odb_backend* backend) {
  return *static_cast<reading_backend*>(backend)->objects;
}

oid id_of(const git_oid* id) {
  return oid::from_raw(id->id);
}

int failed_with(const error& why) {
  if (why.code == ENOENT)
    return GIT_ENOTFOUND;
  git_error_set_str(why.code == EBADMSG ? GIT_ERROR_ODB : GIT_ERROR_OS, why.message.c_str());
  errno = why.code;
  return why.code == EEXIST ? GIT_EAMBIGUOUS : -1;
}

int read_whole(void** out, std::size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* id) {
  const auto found = reader_of(backend).read(id_of(id));
  if (!found)
    return failed_with(found.error());
  const std::string_view data = found.value().data();
  // One byte more, because libgit2 promises its callers that contents end in NUL.
  auto* copy = static_cast<char*>(git_odb_backend_data_alloc(backend, data.size() + 1));
  if (copy == nullptr)
    return -1;
  std::memcpy(copy, data.data(), data.size());
  copy[data.size()] = '\0';
  *out = copy;
  *size = data.size();
  *type = static_cast<git_object_t>(found.value().type());
  return 0;
}

int read_header(std::size_t* size, git_object_t* type, git_odb_backend* backend, const git_oid* id) {
  const auto found = reader_of(backend).header(id_of(id));
  if (!found)
    return failed_with(found.error());
  *size = found.value().size;
  *type = static_cast<git_object_t>(found.value().type);
  return 0;
}

int exists(git_odb_backend* backend, const git_oid* id) {
  return reader_of(backend).contains(id_of(id)) ? 1 : 0;
}

int exists_prefix(git_oid* full, git_odb_backend* backend, const git_oid* part, std::size_t digits) {
  const auto found = reader_of(backend).find(id_prefix{id_of(part), digits});
  if (!found)
    return failed_with(found.error());
  std::memcpy(full->id, found.value().bytes.data(), oid::raw_size);
  return 0;
}

int read_prefix(git_oid* full, void** out, std::size_t* size, git_object_t* type, git_odb_backend* backend,
                const git_oid* part, std::size_t digits) {
  const int status = exists_prefix(full, backend, part, digits);
  return status != 0 ? status : read_whole(out, size, type, backend, full);
}

int refresh_packs(git_odb_backend* backend) {
  reader_of(backend).refresh_if_changed();
  return 0;
}

void free_backend(git_odb_backend* backend) {
  delete static_cast<reading_backend*>(backend);
}

} // namespace

void use_libgit2() {
  static const initialised once;
}

error libgit2_error(const std::string& what, int otherwise) {
  const int system_error = errno;
  const git_error* last = git_error_last();
  const std::string detail = last != nullptr && last->message != nullptr ? std::string{": "} + last->message : "";
  const int kind = last != nullptr ? last->klass : GIT_ERROR_NONE;
  if (kind == GIT_ERROR_NOMEMORY)
    return {ENOMEM, what + detail};
  // libgit2 does not keep the errno, but it puts the errno's text at the end of its message.
  for (int code : {ENOSPC, EDQUOT, EMFILE, ENFILE})
    if (detail.ends_with(std::generic_category().message(code)))
      return {code, what + detail};
  if (kind == GIT_ERROR_OS)
    return {system_error != 0 ? system_error : EIO, what + detail};
  return {otherwise, what + detail};
}

git_odb* open_odb(object_reader& objects) {
  git_odb* out = nullptr;
  if (git_odb_new(&out) != 0)
    return nullptr;
  auto backend = std::make_unique<reading_backend>();
  git_odb_init_backend(backend.get(), GIT_ODB_BACKEND_VERSION);
  backend->objects = &objects;
  backend->read = read_whole;
  backend->read_header = read_header;
  backend->read_prefix = read_prefix;
  backend->exists = exists;
  backend->exists_prefix = exists_prefix;
  backend->refresh = refresh_packs;
  backend->free = free_backend;
  if (git_odb_add_backend(out, backend.get(), 1) != 0) {
    git_odb_free(out);
    return nullptr;
  }
  backend.release(); // the git_odb owns the backend now
  return out;
}

} // namespace gitfs
