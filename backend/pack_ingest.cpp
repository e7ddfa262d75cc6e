#include "backend/pack_ingest.hpp"

#include "backend/git_odb.hpp"
#include "backend/index_file.hpp"
#include "backend/loose_objects.hpp"
#include "backend/pack_indexer.hpp"

#include <git2.h>
#include <git2/sys/odb_backend.h>

#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace gitfs {

namespace fs = std::filesystem;

namespace {

// As git's fetch.unpackLimit; but to deflate much again, and to read it in a thousand pieces, is no gain.
constexpr std::size_t unpack_limit = 100;
constexpr std::uint64_t unpack_bytes = std::uint64_t{16} << 20;
constexpr int fast_compression = 1; // what is exploded is read soon and often, and its sender had it deflated before

constexpr const char* folder_prefix = "incoming-";
constexpr const char* pack_file = "pack";
constexpr const char* index_file = "idx";
constexpr const char* loose_prefix = "tmp_object_"; // libgit2's name for a loose object that it is writing

struct free_backend {
  void operator()(git_odb_backend* backend) const { backend->free(backend); }
};

error system_failure(int code, const std::string& what) {
  return {code, what + ": " + std::generic_category().message(code)};
}

result<void> rename_file(const fs::path& from, const fs::path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0)
    return system_failure(errno, "cannot move a file to " + to.string());
  return success();
}

result<void> write_all(int file, std::string_view bytes, const std::string& what) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR)
      continue;
    if (written <= 0)
      return system_failure(written < 0 ? errno : ENOSPC, "cannot write " + what);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return success();
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

result<incoming_folder> incoming_folder::make(const fs::path& objects, const fs::path& lock) {
  incoming_folder out;
  std::string folder = (objects / folder_prefix).string() + "XXXXXX";
  const file_lock birth{lock, file_lock::mode::shared, true}; // `clean` must not meet a folder not yet locked
  if (::mkdtemp(folder.data()) == nullptr)
    return system_failure(errno, "cannot make a folder in " + objects.string());
  out.path_ = folder;
  out.lock_ = file_lock{out.path_, file_lock::mode::exclusive, true};
  return out;
}

incoming_folder::~incoming_folder() {
  std::error_code ignored;
  if (!path_.empty())
    fs::remove_all(path_, ignored);
}

struct pack_ingest::impl {
  fs::path objects, lock_file;
  incoming_folder incoming;
  std::function<void(const ingested&)> installed;
  int file = -1;
  std::optional<pack_indexer> indexer;
  std::uint64_t received = 0;
  std::optional<error> failure;

  ~impl();
  result<void> take(std::string_view bytes);
  result<ingested> finish();
  result<void> install();
  result<void> explode();
};

pack_ingest::impl::~impl() {
  if (file >= 0)
    ::close(file);
}

pack_ingest::pack_ingest(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

pack_ingest::~pack_ingest() = default;

result<std::unique_ptr<pack_ingest>> pack_ingest::begin(const fs::path& objects, const fs::path& lock,
                                                        std::function<void(const ingested&)> installed,
                                                        fresh_blobs* fresh) {
  use_libgit2();
  auto state = std::make_unique<impl>();
  state->objects = objects;
  state->lock_file = lock;
  state->installed = std::move(installed);
  BOOST_OUTCOME_TRY(incoming, incoming_folder::make(objects, lock));
  state->incoming = std::move(incoming);
  state->file = ::open((state->incoming.path() / pack_file).c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (state->file < 0)
    return system_failure(errno, "cannot make a file in " + state->incoming.path().string());
  state->indexer.emplace(state->file, fresh);
  return std::unique_ptr<pack_ingest>{new pack_ingest{std::move(state)}};
}

result<void> pack_ingest::append(std::string_view bytes) {
  impl& self = *impl_;
  if (!self.failure)
    if (auto taken = self.take(bytes); !taken)
      self.failure = taken.error();
  if (self.failure)
    return *self.failure;
  return success();
}

result<void> pack_ingest::impl::take(std::string_view bytes) {
  received += bytes.size();
  BOOST_OUTCOME_TRYV(write_all(file, bytes, "an arriving pack"));
  return indexer->append(bytes);
}

result<std::uint32_t> pack_ingest::commit() {
  impl& self = *impl_;
  if (self.failure)
    return *self.failure;
  auto done = self.finish();
  self.failure = done ? error{EINVAL, "this pack was taken in before"} : done.error();
  self.indexer.reset(); // and what it keeps in memory
  if (!done)
    return done.error();
  self.installed(done.value());
  return done.value().objects;
}

result<ingested> pack_ingest::impl::finish() {
  BOOST_OUTCOME_TRYV(indexer->finish());
  ingested done;
  std::uint64_t total = 0;
  for (pack_position i = 0; i < indexer->objects().size(); ++i) {
    const packed_object& object = indexer->objects()[i];
    total += object.size;
    if (indexer->type_of(i) == object_type::blob)
      done.blobs.emplace_back(object.id, object.size);
  }
  done.bytes = received;
  const std::size_t count = indexer->objects().size();
  done.objects = static_cast<std::uint32_t>(count);
  done.new_pack = count >= unpack_limit || total > unpack_bytes;
  const file_lock moving{lock_file, file_lock::mode::shared, true};
  BOOST_OUTCOME_TRYV(done.new_pack ? install() : explode());
  return done;
}

result<void> pack_ingest::impl::install() {
  const std::string name = "pack-" + indexer->checksum().hex();
  const fs::path index = incoming.path() / index_file;
  const int made = ::open(index.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (made < 0)
    return system_failure(errno, "cannot make a file in " + incoming.path().string());
  const auto written = write_all(made, make_index(indexer->objects(), indexer->checksum()), "the index of a pack");
  ::close(made);
  BOOST_OUTCOME_TRYV(written);
  // The index last: whoever sees it finds its pack.
  BOOST_OUTCOME_TRYV(rename_file(incoming.path() / pack_file, objects / "pack" / (name + ".pack")));
  return rename_file(index, objects / "pack" / (name + ".idx"));
}

/// Writes the objects as loose ones.
result<void> pack_ingest::impl::explode() {
  git_odb_backend* raw = nullptr;
  if (git_odb_backend_loose(&raw, objects.c_str(), fast_compression, 0, 0777, 0444) != 0)
    return libgit2_error("cannot write objects", EIO);
  const std::unique_ptr<git_odb_backend, free_backend> loose{raw};
  for (pack_position i = 0; i < indexer->objects().size(); ++i) {
    const auto* name = reinterpret_cast<const git_oid*>(indexer->objects()[i].id.bytes.data());
    // Not over one that is there: ext4 waits for the disk when a file is replaced. If that one is damaged, whoever
    // reads it finds out, and then it is fetched again. As git does, it is made young again: it must not be evicted
    // before whoever asked has read it.
    if (loose->exists(loose.get(), name) != 0) {
      ::utimensat(AT_FDCWD, loose_file(objects, indexer->objects()[i].id).c_str(), nullptr, 0);
      continue;
    }
    BOOST_OUTCOME_TRY(contents, indexer->content(i));
    errno = 0;
    if (loose->write(loose.get(), name, contents.data().data(), contents.data().size(),
                     static_cast<git_object_t>(contents.type()))
        != 0)
      return libgit2_error("cannot write an object", EIO);
  }
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
