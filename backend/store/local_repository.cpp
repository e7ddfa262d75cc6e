#include "backend/store/local_repository.hpp"

#include "backend/pack/object_reader.hpp"
#include "backend/store/disk/git_odb.hpp"
#include "backend/store/local_refs.hpp"
#include "backend/store/ownership.hpp"
#include "config/log.hpp"
#include "config/log_limit.hpp"

#include <git2.h>
#include <git2/sys/repository.h>

#include <cerrno>
#include <chrono>
#include <fstream>
#include <mutex>
#include <string>
#include <utility>

namespace gitfs {

namespace {

template <class T, void (*release)(T*)>
struct released {
  void operator()(T* what) const { release(what); }
};

template <class T, void (*release)(T*)>
using handle = std::unique_ptr<T, released<T, release>>;

using repository_handle = handle<git_repository, git_repository_free>;
using config_handle = handle<git_config, git_config_free>;

error open_error(int status, const std::filesystem::path& path) {
  if (status == GIT_ENOTFOUND)
    return {EINVAL, path.string() + " is not a git repository"};
  error detail = libgit2_error("cannot open the repository " + path.string(), EINVAL);
  if (detail.message.find("extension") != std::string::npos)
    return {ENOTSUP, detail.message};
  return detail;
}

/// The configuration that says what the format of the repository is. `opened` is null where libgit2 does not open it:
/// then the file is looked for, which is in the git folder, and of a linked work tree in the folder that its
/// `commondir` names. Null: there is none.
config_handle configuration_of(git_repository* opened, const std::filesystem::path& path) {
  git_config* out = nullptr;
  if (opened != nullptr)
    return config_handle{git_repository_config_snapshot(&out, opened) == 0 ? out : nullptr};
  git_buf found{};
  if (git_repository_discover(&found, path.c_str(), 0, nullptr) != 0)
    return nullptr;
  std::filesystem::path folder = found.ptr;
  git_buf_dispose(&found);
  std::string common;
  if (std::getline(std::ifstream{folder / "commondir"}, common))
    folder /= common; // an absolute one replaces it
  git_config* file = nullptr;
  if (git_config_open_ondisk(&file, (folder / "config").c_str()) != 0)
    return nullptr;
  const config_handle owner{file};
  return config_handle{git_config_snapshot(&out, file) == 0 ? out : nullptr};
}

/// ENOTSUP: git reads repositories of this format, and we do not. libgit2 itself opens some of them and refuses others,
/// in words that differ from one version to the next.
result<void> check_format(git_repository* opened, const std::filesystem::path& path) {
  const config_handle config = configuration_of(opened, path);
  const auto format = [&](const char* key, const char* otherwise) -> std::string {
    const char* value = nullptr;
    return config && git_config_get_string(&value, config.get(), key) == 0 ? value : otherwise;
  };
  if (const std::string names = format("extensions.objectformat", "sha1"); names != "sha1")
    return fail(ENOTSUP, path.string() + " names its objects by " + names
                             + "; only SHA-1 repositories can be shown, as git makes them unless told otherwise");
  if (const std::string storage = format("extensions.refstorage", "files"); storage != "files")
    return fail(ENOTSUP,
                path.string() + " keeps its refs as '" + storage
                    + "'; only repositories that keep them in files can be shown, as git makes them unless told "
                      "otherwise");
  return success();
}

constexpr std::chrono::seconds rescan_pause{1};

} // namespace

struct local_repository::impl {
  std::filesystem::path path;
  std::unique_ptr<object_reader> objects;
  repository_handle repository; // used under `refs_mutex`, because only one thread may use a repository of libgit2
  std::mutex refs_mutex;        // taken before `mutex`, because resolving a ref reads objects
  std::mutex mutex;
  std::chrono::steady_clock::time_point last_rescan{};

  /// Looks for packs that have come or were replaced, as by `git gc`, here or in an alternate. True if another search
  /// may find more.
  bool rescan() {
    const auto now = std::chrono::steady_clock::now();
    std::lock_guard lock{mutex};
    if (objects->refresh_if_changed())
      return true;
    if (now - last_rescan < rescan_pause)
      return false;
    last_rescan = now;
    objects->refresh();
    return true;
  }

  template <class Ask>
  auto ask(const Ask& ask);
};

local_repository::local_repository(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

local_repository::~local_repository() = default;

result<std::shared_ptr<local_repository>> local_repository::open(const std::filesystem::path& path) {
  use_libgit2();
  std::error_code status;
  if (!std::filesystem::exists(path, status))
    return fail(status && status != std::errc::no_such_file_or_directory ? status.value() : ENOENT,
                path.string() + (status ? ": " + status.message() : " does not exist"));
  without_ownership_check(); // libgit2's rules differ from git's, which are checked below
  git_repository* opened = nullptr;
  if (const int failed = git_repository_open_ext(&opened, path.c_str(), GIT_REPOSITORY_OPEN_NO_SEARCH, nullptr)) {
    const error reason = open_error(failed, path); // first: it reads what libgit2 said last
    if (failed != GIT_ENOTFOUND)                   // else a folder above would be looked into
      GITFS_TRYV(check_format(nullptr, path));
    return reason;
  }
  auto state = std::make_unique<impl>();
  state->path = path;
  state->repository.reset(opened);
  GITFS_TRYV(check_ownership(opened, path));
  GITFS_TRYV(check_format(opened, path));
  git_buf folder{};
  if (git_repository_item_path(&folder, opened, GIT_REPOSITORY_ITEM_OBJECTS) != 0)
    return libgit2_error("cannot find the objects of " + path.string(), EIO);
  const std::filesystem::path objects = folder.ptr;
  git_buf_dispose(&folder);
  GITFS_TRY(reader, object_reader::open(objects));
  state->objects = std::move(reader);
  git_odb* odb = open_odb(*state->objects); // libgit2 reads commits and tags through it when it resolves a revision
  if (odb == nullptr || git_repository_set_odb(opened, odb) != 0)
    return libgit2_error("cannot open the objects of " + path.string(), EIO);
  git_odb_free(odb); // the repository has its own hold on it
  return std::shared_ptr<local_repository>{new local_repository{std::move(state)}};
}

result<resolved_ref> local_repository::resolve(const std::string& ref) {
  const std::lock_guard lock{impl_->refs_mutex};
  auto out = resolve_local_ref(impl_->repository.get(), *this, ref, impl_->path.string());
  if (out || out.error().code != ENOENT)
    return out;
  error failure = out.error();
  for (const std::filesystem::path& each : impl_->objects->lost()) // the missing object may have been in one of these
    failure.message += "; its alternate " + each.string() + " is not there";
  return failure;
}

/// Calls `ask` once, and once more if the object may have come meanwhile, or may have been moved to another pack.
template <class Ask>
auto local_repository::impl::ask(const Ask& ask) {
  auto out = ask();
  if (!out && out.error().code == ENOENT && rescan())
    out = ask();
  // Nothing can fetch an object that a local repository has lost, so damage is reported as a loss, too.
  if (!out && (out.error().code == ENOENT || out.error().code == EBADMSG))
    out = decltype(out){error{ENOENT, path.string() + ": " + out.error().message}};
  return out;
}

result<object> local_repository::read(const oid& id) {
  return impl_->ask([&] { return impl_->objects->read(id); });
}

result<void> local_repository::copy(const oid& id, const blob_target& to) {
  return impl_->ask([&] { return impl_->objects->copy(id, to); });
}

bool local_repository::contains(const oid& id) {
  return impl_->objects->contains(id) || (impl_->rescan() && impl_->objects->contains(id));
}

void local_repository::sizes(std::span<const oid> ids, std::span<std::uint64_t> out) {
  static log_limit limit{20};
  bool rescanned = false;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    auto header = impl_->objects->header(ids[i]);
    if (!header && header.error().code == ENOENT && !std::exchange(rescanned, true) && impl_->rescan())
      header = impl_->objects->header(ids[i]);
    // A damaged tree may name another tree as a file, and a tree has no size.
    out[i] = header && header.value().type == object_type::blob ? header.value().size : unknown_size;
    // The caller only learns that the size is unknown, so the reason goes to the log.
    if (!header && limit.admit(ids[i].hex()))
      log::warn("{}: a size cannot be read: {}", impl_->path.string(), header.error().message);
  }
}

void local_repository::trim() {
  impl_->objects->trim();
}

} // namespace gitfs
