#include "backend/pack_ingest.hpp"

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <openssl/evp.h>
#include <optional>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

constexpr std::uint32_t unpack_limit = 100; // as git's fetch.unpackLimit
constexpr const char* folder_prefix = "incoming-";
constexpr const char* loose_prefix = "tmp_object_"; // libgit2's name for a loose object that it is writing
constexpr std::size_t header_size = 12, empty_pack_size = header_size + oid::raw_size;
constexpr std::size_t page_size = 4096; // the smallest there is; more pieces than pages do no harm
constexpr std::uint64_t largest_page = std::uint64_t{1} << 16;
constexpr std::uint64_t reserve_from = std::uint64_t{1} << 20, reserve_step = std::uint64_t{1} << 22;
constexpr int fast_compression = 1; // what is exploded is read soon and often, and its sender had it deflated before

struct free_indexer {
  void operator()(git_indexer* indexer) const { git_indexer_free(indexer); }
};

struct free_odb {
  void operator()(git_odb* odb) const { git_odb_free(odb); }
};

struct free_backend {
  void operator()(git_odb_backend* backend) const { backend->free(backend); }
};

using backend_handle = std::unique_ptr<git_odb_backend, free_backend>;

error system_failure(int code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(code)};
}

result<void> rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return system_failure(errno, "cannot move a file to " + to.string());
  return success();
}

/// The objects of a pack that came without any: "PACK", version, 0, and the SHA-1 of that.
bool is_empty_pack(std::string_view pack) {
  if (pack.size() != empty_pack_size
      || (pack.substr(0, 8) != std::string_view{"PACK\0\0\0\2", 8}
          && pack.substr(0, 8) != std::string_view{"PACK\0\0\0\3", 8})
      || pack.substr(8, 4) != std::string_view{"\0\0\0\0", 4})
    return false;
  oid trailer;
  EVP_Digest(pack.data(), header_size, trailer.bytes.data(), nullptr, EVP_sha1(), nullptr);
  return trailer == oid::from_raw(pack.data() + header_size);
}

} // namespace

file_lock::file_lock(const fs::path& path, mode how, bool wait) {
  fd_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const int operation = (how == mode::shared ? LOCK_SH : LOCK_EX) | (wait ? 0 : LOCK_NB);
  if (fd_ >= 0 && ::flock(fd_, operation) != 0) {
    ::close(fd_);
    fd_ = -1;
  }
}

file_lock::~file_lock() {
  if (fd_ >= 0)
    ::close(fd_);
}

struct pack_ingest::impl {
  fs::path objects, lock_file, folder;
  std::function<void(const ingested&)> installed;
  file_lock folder_lock;
  std::unique_ptr<git_indexer, free_indexer> indexer;
  git_indexer_progress progress{};
  std::string head; // the first bytes, to know an empty pack by
  std::uint64_t received = 0, reserved = 0;
  int pack_fd = -1; // the indexer's file
  std::optional<error> failure;

  ~impl();
  void take(std::string_view bytes);
  result<void> reserve();
  result<std::uint32_t> finish();
  result<void> install(const std::string& name);
  result<void> explode(const std::string& name, ingested& done);
};

pack_ingest::impl::~impl() {
  indexer.reset();
  if (pack_fd >= 0)
    ::close(pack_fd);
  std::error_code ignored;
  if (!folder.empty())
    fs::remove_all(folder, ignored);
}

pack_ingest::pack_ingest(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

pack_ingest::~pack_ingest() = default;

result<std::unique_ptr<pack_ingest>> pack_ingest::begin(const fs::path& objects, const fs::path& lock,
                                                        std::function<void(const ingested&)> installed) {
  use_libgit2();
  auto state = std::make_unique<impl>();
  state->objects = objects;
  state->lock_file = lock;
  state->installed = std::move(installed);
  std::string folder = (objects / folder_prefix).string() + "XXXXXX";
  {
    const file_lock birth{lock, file_lock::mode::shared, true}; // `clean` must not meet a folder not yet locked
    if (::mkdtemp(folder.data()) == nullptr)
      return system_failure(errno, "cannot make a folder in " + objects.string());
    state->folder = folder;
    state->folder_lock = file_lock{state->folder, file_lock::mode::exclusive, true};
  }
  git_indexer* indexer = nullptr;
  if (git_indexer_new(&indexer, state->folder.c_str(), 0444, nullptr, nullptr) != 0)
    return libgit2_error("cannot take in a pack", EIO);
  state->indexer.reset(indexer);
  return std::unique_ptr<pack_ingest>{new pack_ingest{std::move(state)}};
}

/// The indexer writes through a mapping, where a full disk is SIGBUS. It asks for the last page of what it appends, so
/// a small pack goes in page by page. For a large one the space is taken ahead; not for a small one, since to free
/// blocks again takes longer (up to a discard on the disk) than all else.
result<void> pack_ingest::impl::reserve() {
  if (received < reserve_from)
    return success();
  if (pack_fd < 0) {
    std::error_code status;
    for (const auto& file : fs::directory_iterator{folder, status})
      pack_fd = ::open(file.path().c_str(), O_RDWR | O_CLOEXEC);
    if (pack_fd < 0)
      return system_failure(EIO, "the file of an arriving pack is gone from " + folder.string());
  }
  const std::uint64_t needed = received + largest_page; // the indexer rounds the end of its file up to a page
  if (needed <= reserved)
    return success();
  const std::uint64_t next = needed + reserve_step;
  if (::fallocate(pack_fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(reserved), static_cast<off_t>(next - reserved)) != 0
      && errno != EOPNOTSUPP && errno != ENOSYS)
    return system_failure(errno, "no space for an arriving pack in " + objects.string());
  reserved = next;
  return success();
}

result<void> pack_ingest::append(std::string_view bytes) {
  impl& self = *impl_;
  while (!bytes.empty() && !self.failure) {
    const std::string_view part = bytes.substr(0, self.received < reserve_from ? page_size : bytes.size());
    bytes.remove_prefix(part.size());
    self.take(part);
  }
  if (self.failure)
    return *self.failure;
  return success();
}

void pack_ingest::impl::take(std::string_view bytes) {
  head.append(bytes.substr(0, empty_pack_size - std::min(empty_pack_size, head.size())));
  received += bytes.size();
  if (auto space = reserve(); !space) {
    failure = space.error();
    return;
  }
  errno = 0;
  if (git_indexer_append(indexer.get(), bytes.data(), bytes.size(), &progress) != 0)
    failure = libgit2_error("a pack cannot be taken in", EIO);
}

result<std::uint32_t> pack_ingest::commit() {
  impl& self = *impl_;
  if (self.failure)
    return *self.failure;
  auto out = self.finish();
  self.failure = out ? error{EINVAL, "this pack was taken in before"} : out.error();
  return out;
}

result<std::uint32_t> pack_ingest::impl::finish() {
  if (received == empty_pack_size && is_empty_pack(head))
    return 0u;
  errno = 0;
  if (received < empty_pack_size)
    return fail(EIO, "a pack is truncated after " + std::to_string(received) + " bytes");
  if (git_indexer_commit(indexer.get(), &progress) != 0)
    return libgit2_error("a pack cannot be taken in", EIO);
  // What was reserved beyond the end.
  if (pack_fd >= 0 && ::ftruncate(pack_fd, static_cast<off_t>(received)) != 0)
    return system_failure(errno, "cannot end the file of a pack");
  const std::string name = std::string{"pack-"} + git_indexer_name(indexer.get());
  indexer.reset();
  ingested done;
  done.objects = progress.total_objects;
  done.new_pack = done.objects >= unpack_limit;
  {
    const file_lock moving{lock_file, file_lock::mode::shared, true};
    BOOST_OUTCOME_TRYV(done.new_pack ? install(name) : explode(name, done));
  }
  installed(done);
  return done.objects;
}

result<void> pack_ingest::impl::install(const std::string& name) {
  // The index last: whoever sees it finds its pack.
  for (const char* suffix : {".pack", ".idx"}) {
    BOOST_OUTCOME_TRYV(rename_file(folder / (name + suffix), objects / "pack" / (name + suffix)));
  }
  return success();
}

namespace {

/// Writes the objects of one pack as loose ones.
struct exploder {
  git_odb* pack;
  git_odb_backend* loose;
  ingested& done;
  std::optional<error> failure;

  static int each(const git_oid* id, void* self) { return static_cast<exploder*>(self)->copy(*id) ? 0 : -1; }

  bool copy(const git_oid& id) {
    git_odb_object* raw = nullptr;
    if (git_odb_read(&raw, pack, &id) != 0)
      return give_up(libgit2_error("cannot read an arriving object", EIO));
    const std::unique_ptr<git_odb_object, void (*)(git_odb_object*)> owner{raw, git_odb_object_free};
    const std::size_t size = git_odb_object_size(raw);
    if (git_odb_object_type(raw) == GIT_OBJECT_BLOB)
      done.blobs.emplace_back(oid::from_raw(id.id), size);
    // Not over one that is there: ext4 waits for the disk when a file is replaced. If that one is damaged, whoever
    // reads it finds out, and then it is fetched again.
    errno = 0;
    if (loose->exists(loose, &id) == 0
        && loose->write(loose, &id, git_odb_object_data(raw), size, git_odb_object_type(raw)) != 0)
      return give_up(libgit2_error("cannot write an object", EIO));
    return true;
  }

  bool give_up(error why) {
    failure = std::move(why);
    return false;
  }
};

} // namespace

result<void> pack_ingest::impl::explode(const std::string& name, ingested& done) {
  git_odb* raw = nullptr;
  git_odb_backend* pack_backend = nullptr;
  if (git_odb_new(&raw) != 0)
    return libgit2_error("cannot open an arriving pack", EIO);
  const std::unique_ptr<git_odb, free_odb> pack{raw};
  if (git_odb_backend_one_pack(&pack_backend, (folder / (name + ".idx")).c_str()) != 0)
    return libgit2_error("cannot open an arriving pack", EIO);
  if (git_odb_add_backend(raw, pack_backend, 1) != 0) {
    pack_backend->free(pack_backend);
    return libgit2_error("cannot open an arriving pack", EIO);
  }
  git_odb_backend* loose = nullptr;
  if (git_odb_backend_loose(&loose, objects.c_str(), fast_compression, 0, 0777, 0444) != 0)
    return libgit2_error("cannot write objects", EIO);
  const backend_handle loose_owner{loose};
  exploder work{raw, loose, done, {}};
  if (git_odb_foreach(raw, exploder::each, &work) != 0)
    return work.failure ? *work.failure : libgit2_error("cannot list an arriving pack", EIO);
  return success();
}

void pack_ingest::clean(const fs::path& objects, const fs::path& lock) {
  // Who makes a folder, installs a pack or writes loose objects holds the lock meanwhile; if it stays busy, a later
  // opening cleans.
  file_lock alone;
  for (int attempt = 0; attempt < 20 && !alone.held(); ++attempt) {
    if (attempt > 0)
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    alone = file_lock{lock, file_lock::mode::exclusive, false};
  }
  if (!alone.held())
    return;
  std::error_code status;
  std::vector<fs::path> left;
  for (const auto& entry : fs::directory_iterator{objects, status}) {
    const std::string name = entry.path().filename().string();
    const bool abandoned =
        name.starts_with(folder_prefix) && file_lock{entry.path(), file_lock::mode::exclusive, false}.held();
    if (abandoned || name.starts_with(loose_prefix))
      left.push_back(entry.path());
  }
  for (const auto& entry : fs::directory_iterator{objects / "pack", status})
    if (entry.path().extension() == ".pack" && !fs::exists(fs::path{entry.path()}.replace_extension(".idx"), status))
      left.push_back(entry.path()); // killed between the two renames
  for (const auto& path : left)
    fs::remove_all(path, status);
}

} // namespace gitfs
