#include "backend/store/table/lmdb_file.hpp"

#include "backend/os/file_io.hpp"
#include "backend/store/table/lmdb_check.hpp"
#include "config/log.hpp"
#include "config/unique_fd.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sys/stat.h>
#include <unistd.h>

namespace gitfs {

namespace {

constexpr unsigned most_readers = 512;
constexpr int most_growths = 16; // of the map in one write; each doubles it

// Read once: without a descriptor to read it later, every file would look like one of an earlier boot.
const std::string& boot_id() {
  static const std::string id = [] {
    std::ifstream file{"/proc/sys/kernel/random/boot_id"};
    std::string out;
    std::getline(file, out);
    return out;
  }();
  return id;
}

/// True of what says nothing about the file: it may well be opened when there is more memory, or fewer files are open.
bool is_want_of_resources(int status) {
  constexpr int wants[] = {EMFILE, ENFILE, ENOMEM, EAGAIN, EINTR, ENOSPC, EDQUOT, MDB_READERS_FULL};
  return std::find(std::begin(wants), std::end(wants), status) != std::end(wants);
}

} // namespace

lmdb_file::lmdb_file(std::filesystem::path file, std::size_t map, std::vector<const char*> tables)
  : file_(std::move(file)),
    unsynced_(file_.string() + "-unsynced"),
    names_(std::move(tables)),
    boot_(boot_id()),
    tables_(names_.size()) {
  if (written_before_a_crash()) {
    log::info("{} was being written when the machine stopped; it begins anew", file_.string());
    set_aside();
  }
  int status = open_environment(map);
  if (status == 0)
    return;
  if (is_want_of_resources(status)) {
    log::warn("{} cannot be opened, and is done without: {}{}", file_.string(), mdb_strerror(status),
              limit_remedy(status));
    env_.reset();
    return;
  }
  log::warn("{} is damaged or unreadable ({}); it begins anew", file_.string(), mdb_strerror(status));
  was_damaged_ = true;
  env_.reset();
  set_aside();
  if ((status = open_environment(map)) != 0) {
    log::debug("{} cannot be made: {}", file_.string(), mdb_strerror(status));
    env_.reset();
  }
}

lmdb_file::~lmdb_file() {
  sync();
}

/// Reading a mapped page beyond the end of the file would be SIGBUS. A file may be shorter than its header says, since
/// LMDB does not write pages that it gave up; if it was cut, zeros are a page that LMDB refuses.
int lmdb_file::fill_to_length() {
  MDB_env* const env = env_.get();
  const auto missing = [env](std::size_t& length) -> int {
    MDB_envinfo info;
    MDB_stat stat;
    mdb_filehandle_t fd = -1;
    struct stat on_disk;
    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 || mdb_env_get_fd(env, &fd) != 0
        || ::fstat(fd, &on_disk) != 0)
      return -1;
    length = (info.me_last_pgno + 1) * stat.ms_psize;
    return length > info.me_mapsize ? -1 : length <= static_cast<std::size_t>(on_disk.st_size) ? 0 : fd;
  };
  std::size_t length = 0;
  if (const int fd = missing(length); fd <= 0)
    return fd == 0 ? 0 : MDB_CORRUPTED;
  MDB_txn* txn = nullptr; // keeps other processes from writing, so that the file is never made shorter
  if (const int status = mdb_txn_begin(env, nullptr, 0, &txn))
    return status;
  const transaction owner{txn};
  const int fd = missing(length);
  return fd > 0 && ::ftruncate(fd, static_cast<off_t>(length)) != 0 ? errno : 0;
}

int lmdb_file::open_environment(std::size_t map) {
  MDB_env* raw = nullptr;
  if (const int status = mdb_env_create(&raw))
    return status;
  env_.reset(raw);
  mdb_env_set_maxdbs(raw, static_cast<MDB_dbi>(names_.size()));
  mdb_env_set_maxreaders(raw, most_readers);
  mdb_env_set_mapsize(raw, map);
  if (::access(file_.c_str(), F_OK) != 0)
    if (const int status = mark_unsynced()) // making the file is a write, too
      return status;
  // NOTLS: a reader's slot belongs to its transaction, so threads that come and go leave none behind.
  if (const int status = mdb_env_open(raw, file_.c_str(), MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOTLS | MDB_NORDAHEAD, 0600))
    return status;
  if (const int status = fill_to_length())
    return status;
  if (const int status = check_pages(raw))
    return status;
  int dead = 0;
  mdb_reader_check(raw, &dead); // slots of killed processes would keep old pages from being used again
  return open_tables();
}

int lmdb_file::open_tables() {
  MDB_txn* txn = nullptr;
  if (const int status = mdb_txn_begin(env_.get(), nullptr, 0, &txn))
    return status;
  transaction owner{txn};
  tables_.assign(names_.size(), 0);
  for (std::size_t i = 0; i < names_.size(); ++i)
    if (const int status = mdb_dbi_open(txn, names_[i], MDB_CREATE, &tables_[i]))
      return status;
  return mdb_txn_commit(owner.release());
}

bool lmdb_file::written_before_a_crash() const {
  std::ifstream marker{unsynced_};
  std::string in;
  return marker && !boot_.empty() && !(std::getline(marker, in) && in == boot_);
}

void lmdb_file::set_aside() const {
  std::error_code ignored;
  std::filesystem::rename(file_, file_.string() + ".damaged", ignored);
  std::filesystem::remove(file_.string() + "-lock", ignored);
  std::filesystem::remove(unsynced_, ignored);
}

/// Called in a write transaction, so that no other process removes the marker until the writes are in the file. Costs
/// an fsync the first time and a stat from then on.
int lmdb_file::mark_unsynced() {
  if (::access(unsynced_.c_str(), F_OK) == 0)
    return 0;
  // By renaming: one without its contents would look like one of an earlier boot.
  const std::string fresh = unsynced_.string() + ".new";
  unique_fd fd{::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600)};
  if (!fd)
    return errno;
  const bool written =
      ::write(fd.get(), boot_.data(), boot_.size()) == static_cast<ssize_t>(boot_.size()) && ::fsync(fd.get()) == 0;
  fd.reset();
  if (!written || ::rename(fresh.c_str(), unsynced_.c_str()) != 0)
    return EIO;
  if (const unique_fd folder{::open(unsynced_.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)})
    ::fsync(folder.get());
  return 0;
}

/// Another process made the map larger than this one has it.
int lmdb_file::adopt_resize(int status) {
  if (status != MDB_MAP_RESIZED)
    return status;
  std::unique_lock lock{resizing_};
  return mdb_env_set_mapsize(env_.get(), 0);
}

int lmdb_file::grow() {
  std::unique_lock lock{resizing_};
  MDB_envinfo info;
  if (const int status = mdb_env_info(env_.get(), &info))
    return status;
  return mdb_env_set_mapsize(env_.get(), info.me_mapsize * 2);
}

lmdb_file::transaction lmdb_file::begin_read(std::shared_lock<std::shared_mutex>& lock) {
  for (int attempt = 0; attempt < 2 && env_ && !damaged_; ++attempt) {
    lock = std::shared_lock{resizing_};
    MDB_txn* txn = nullptr;
    const int status = mdb_txn_begin(env_.get(), nullptr, MDB_RDONLY, &txn);
    if (status == 0)
      return transaction{txn};
    lock.unlock();
    int dead = 0;
    if (status == MDB_READERS_FULL)
      mdb_reader_check(env_.get(), &dead);
    else if (adopt_resize(status) != 0)
      break;
  }
  return nullptr;
}

void lmdb_file::look_up(std::size_t table, std::span<const MDB_val> keys,
                        const std::function<void(std::size_t, const MDB_val&)>& use) {
  std::shared_lock<std::shared_mutex> lock;
  const transaction txn = begin_read(lock);
  if (!txn)
    return;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    MDB_val key = keys[i], value;
    const int status = mdb_get(txn.get(), tables_[table], &key, &value);
    note(status);
    if (status == 0)
      use(i, value);
  }
}

bool lmdb_file::write(const std::function<int(MDB_txn*)>& change) {
  for (int attempt = 0; attempt < most_growths && env_ && !damaged_; ++attempt) {
    std::shared_lock lock{resizing_};
    MDB_txn* txn = nullptr;
    int status = mdb_txn_begin(env_.get(), nullptr, 0, &txn);
    if (status == 0) {
      transaction owner{txn};
      if ((status = mark_unsynced()) == 0 && (status = change(txn)) == 0)
        status = mdb_txn_commit(owner.release());
    }
    lock.unlock();
    if (status == 0)
      return true;
    if (status == MDB_MAP_FULL)
      status = grow();
    else
      status = adopt_resize(status);
    if (status != 0) {
      note(status);
      return false;
    }
  }
  return false;
}

/// Looks at how an operation ended. Who opens the table after damage begins anew.
void lmdb_file::note(int status) {
  if (status == 0 || status == MDB_NOTFOUND)
    return;
  if (status != MDB_CORRUPTED && status != MDB_PAGE_NOTFOUND && status != MDB_INVALID) {
    log::debug("{}: {}", file_.string(), mdb_strerror(status));
    return;
  }
  if (damaged_.exchange(true))
    return;
  log::warn("{} is damaged ({}) and set aside", file_.string(), mdb_strerror(status));
  set_aside();
}

/// Takes the marker away once everything is on the disk. Under the writers' lock: no process can be writing between.
void lmdb_file::sync() {
  MDB_txn* txn = nullptr;
  if (!env_ || damaged_ || ::access(unsynced_.c_str(), F_OK) != 0 || mdb_txn_begin(env_.get(), nullptr, 0, &txn) != 0)
    return;
  const transaction owner{txn};
  if (mdb_env_sync(env_.get(), 1) == 0)
    ::unlink(unsynced_.c_str());
}

void lmdb_file::trim() {
  std::unique_lock lock{resizing_};
  MDB_envinfo info;
  if (env_ && mdb_env_info(env_.get(), &info) == 0)
    mdb_env_set_mapsize(env_.get(), info.me_mapsize); // maps it anew
}

} // namespace gitfs
