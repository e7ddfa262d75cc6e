#include "backend/store/disk/git_odb.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/free_memory.hpp"
#include "backend/store/disk/large_blob.hpp"
#include "backend/store/disk/loose_objects.hpp"

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <sys/stat.h>
#include <thread>

namespace gitfs {

namespace {

static_assert(sizeof(git_oid) == oid::raw_size);

const git_oid* as_git(const oid& id) {
  return reinterpret_cast<const git_oid*>(id.bytes.data());
}

/// git knows this object without having it, so a repository may lack it.
constexpr oid empty_tree{{0x4b, 0x82, 0x5d, 0xc6, 0x42, 0xcb, 0x6e, 0xb9, 0xa0, 0x60,
                          0xe5, 0x4b, 0xf8, 0xd6, 0x92, 0x88, 0xfb, 0xee, 0x49, 0x04}};

bool is_plain_type(git_object_t type) {
  return type >= GIT_OBJECT_COMMIT && type <= GIT_OBJECT_TAG;
}

struct initialised {
  initialised() {
    git_libgit2_init();
    git_libgit2_opts(GIT_OPT_ENABLE_STRICT_HASH_VERIFICATION, 0); // sha1.hpp does it, several times as fast
    git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0);                  // callers keep what they need
    git_libgit2_opts(GIT_OPT_DISABLE_PACK_KEEP_FILE_CHECKS, 1);   // a stat per pack
    // Mapped windows of packs count as this process's memory, and the page cache keeps them anyway.
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_SIZE, std::size_t{16} << 20);
    git_libgit2_opts(GIT_OPT_SET_MWINDOW_MAPPED_LIMIT, std::size_t{64} << 20);
    // Formats that change nothing for who only reads; objectformat is looked at where a repository is opened.
    std::array<const char*, 4> formats{"objectformat", "partialclone", "worktreeconfig", "preciousobjects"};
    git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, formats.data(), formats.size());
  }
};

/// When the folder of the packs last changed, in ns; 0 if it does not exist; -1 if that is too fresh to tell a later
/// change from it (file systems stamp with the time of the last timer tick).
std::int64_t change_time(const std::filesystem::path& objects) {
  constexpr std::int64_t second = 1'000'000'000, settled = 20'000'000;
  struct stat info;
  if (::stat((objects / "pack").c_str(), &info) != 0)
    return 0;
  timespec now;
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::int64_t changed = info.st_mtim.tv_sec * second + info.st_mtim.tv_nsec;
  return now.tv_sec * second + now.tv_nsec - changed < settled ? -1 : changed;
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
  // libgit2 keeps no errno but puts its text at the end of the message.
  for (int code : {ENOSPC, EDQUOT, EMFILE, ENFILE})
    if (detail.ends_with(std::generic_category().message(code)))
      return {code, what + detail};
  if (kind == GIT_ERROR_OS)
    return {system_error != 0 ? system_error : EIO, what + detail};
  return {otherwise, what + detail};
}

/// One git_odb and the right to use it.
struct odb_reader::lane {
  std::mutex mutex;
  std::unique_ptr<git_odb, void (*)(git_odb*)> odb{nullptr, git_odb_free};
  std::uint64_t generation = 0;

  void update(const std::filesystem::path& objects, std::uint64_t newest) {
    if (odb != nullptr && generation == newest)
      return;
    // A pack that cannot be opened makes this fail, and the others are there all the same.
    if (odb != nullptr)
      git_odb_refresh(odb.get());
    else
      odb.reset(open_odb(objects));
    generation = newest;
  }
};

odb_reader::odb_reader(std::filesystem::path objects) : objects_(std::move(objects)) {
  lanes_.resize(std::clamp(std::thread::hardware_concurrency(), 2u, 16u));
  for (auto& one : lanes_)
    one = std::make_unique<lane>();
}

odb_reader::~odb_reader() = default;

result<std::unique_ptr<odb_reader>> odb_reader::open(const std::filesystem::path& objects) {
  use_libgit2();
  std::unique_ptr<odb_reader> out{new odb_reader{objects}};
  out->packs_changed_ = change_time(objects);
  lane& first = *out->lanes_.front();
  first.update(objects, out->generation_);
  if (first.odb == nullptr)
    return libgit2_error("cannot open " + objects.string(), EIO);
  return out;
}

template <class Use>
auto odb_reader::with_odb(const Use& use) {
  thread_local const std::size_t favourite = std::hash<std::thread::id>{}(std::this_thread::get_id());
  std::unique_lock<std::mutex> lock;
  lane* chosen = nullptr;
  for (std::size_t i = 0; i < lanes_.size() && !lock.owns_lock(); ++i) {
    chosen = lanes_[(favourite + i) % lanes_.size()].get();
    lock = std::unique_lock{chosen->mutex, std::try_to_lock};
  }
  if (!lock.owns_lock())
    lock = std::unique_lock{chosen->mutex};
  chosen->update(objects_, generation_);
  return use(chosen->odb.get());
}

result<object> odb_reader::read(const oid& id) {
  if (id == empty_tree)
    return object{object_type::tree, nullptr, {}};
  git_odb_object* raw = nullptr;
  error failure;
  with_odb([&](git_odb* odb) {
    // git_odb_read scans directories on a miss, so it is asked only for what is there.
    if (odb == nullptr || git_odb_exists_ext(odb, as_git(id), GIT_ODB_LOOKUP_NO_REFRESH) == 0)
      failure = {ENOENT, "object " + id.hex() + " is not on this machine"};
    else if (git_odb_read(&raw, odb, as_git(id)) != 0)
      failure = libgit2_error("cannot read object " + id.hex(), EBADMSG);
  });
  if (raw == nullptr)
    return failure;
  std::shared_ptr<git_odb_object> owner{raw, git_odb_object_free};
  const std::string_view data{static_cast<const char*>(git_odb_object_data(raw)), git_odb_object_size(raw)};
  const git_object_t type = git_odb_object_type(raw);
  if (!is_plain_type(type) || name_of(static_cast<object_type>(type), data) != id)
    return fail(EBADMSG, "object " + id.hex() + " is damaged: its hash is another");
  bound_memory(data.size());
  return object{static_cast<object_type>(type), std::move(owner), data};
}

result<void> odb_reader::copy(const oid& id, const blob_target& to) {
  auto copied = copy_large_blob(objects_, id, to);
  if (copied || copied.error().code != ENOENT || !contains(id))
    return copied;
  // Where only libgit2 finds it (an index of version 1): whole in memory, once.
  GITFS_TRY(whole, read(id));
  if (whole.type() != object_type::blob)
    return fail(EIO, id.hex() + " is shown as a file, but is none");
  return to.file.write(whole.data(), 0);
}

// libgit2 keeps up to 16 MB of delta bases for each pack and has no option for that: reading the Linux tree, which came
// in 46 packs, held 600 MB. Closing the packs frees them, and opening them again costs milliseconds.
void odb_reader::bound_memory(std::size_t just_read) {
  constexpr std::uint64_t limit = 64U << 20;
  const std::uint64_t before = read_since_reopen_.fetch_add(just_read, std::memory_order_relaxed);
  if (before > limit || before + just_read <= limit)
    return; // whoever crosses the limit does it
  trim();
}

void odb_reader::trim() {
  reopen();
  read_since_reopen_ = 0;
  return_free_memory();
}

bool odb_reader::contains(const oid& id) {
  if (id == empty_tree)
    return true;
  return with_odb([&](git_odb* odb) {
    return odb != nullptr && git_odb_exists_ext(odb, as_git(id), GIT_ODB_LOOKUP_NO_REFRESH) == 1;
  });
}

std::optional<object_header> odb_reader::header(const oid& id) {
  if (id == empty_tree)
    return object_header{object_type::tree, 0};
  return with_odb([&](git_odb* odb) -> std::optional<object_header> {
    std::size_t size = 0;
    git_object_t type = GIT_OBJECT_INVALID;
    if (odb == nullptr || git_odb_exists_ext(odb, as_git(id), GIT_ODB_LOOKUP_NO_REFRESH) == 0
        || git_odb_read_header(&size, &type, odb, as_git(id)) != 0 || !is_plain_type(type))
      return std::nullopt;
    return object_header{static_cast<object_type>(type), size};
  });
}

void odb_reader::refresh() {
  std::lock_guard lock{refresh_mutex_};
  packs_changed_ = change_time(objects_); // before the scan: what comes during it is news
  ++generation_;
}

bool odb_reader::refresh_if_changed() {
  std::lock_guard lock{refresh_mutex_};
  const std::int64_t changed = change_time(objects_);
  if (changed == packs_changed_ && changed != -1)
    return false;
  packs_changed_ = changed;
  ++generation_;
  return true;
}

void odb_reader::reopen() {
  std::vector<std::unique_lock<std::mutex>> locks;
  for (auto& one : lanes_)
    locks.emplace_back(one->mutex);
  for (auto& one : lanes_)
    one->odb.reset();
}

result<std::vector<oid>> odb_reader::list() {
  std::vector<oid> out;
  const auto add = [](const git_oid* id, void* list) {
    static_cast<std::vector<oid>*>(list)->push_back(oid::from_raw(id->id));
    return 0;
  };
  const int status = with_odb([&](git_odb* odb) { return odb == nullptr ? -1 : git_odb_foreach(odb, add, &out); });
  if (status != 0)
    return libgit2_error("cannot list the objects of " + objects_.string(), EIO);
  return out;
}

} // namespace gitfs
