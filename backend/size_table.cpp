#include "backend/size_table.hpp"

#include "backend/lmdb_check.hpp"

#include <lmdb.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace {

constexpr unsigned most_readers = 512;
constexpr int most_growths = 16; // of the map in one write; each doubles it

/// What is stored of an object's size.
struct stored_size {
  std::uint64_t size;
  std::uint64_t check;
};

/// A damaged page must not become somebody's wrong size. Not against forgers: they could as well write the check.
std::uint64_t check_of(const oid& id, std::uint64_t size) {
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), id.bytes.data(), sizeof words);
  std::uint64_t x = words[0] ^ (words[1] * 0x9e3779b97f4a7c15) ^ (size + 0xd1b54a32d192ed03);
  for (int i = 0; i < 3; ++i)
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9;
  return x ^ (x >> 32);
}

MDB_val value_of(const void* data, std::size_t size) {
  return {size, const_cast<void*>(data)};
}

MDB_val key_of(const oid& id) {
  return value_of(id.bytes.data(), oid::raw_size);
}

std::string boot_id() {
  std::ifstream file{"/proc/sys/kernel/random/boot_id"};
  std::string id;
  std::getline(file, id);
  return id;
}

/// The end of a transaction that was not committed.
struct abort_transaction {
  void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};

using transaction = std::unique_ptr<MDB_txn, abort_transaction>;

struct close_environment {
  void operator()(MDB_env* env) const { mdb_env_close(env); }
};

using environment = std::unique_ptr<MDB_env, close_environment>;

/// Reading a mapped page beyond the end of the file would be SIGBUS. A file may be shorter than its header says, since
/// LMDB does not write pages that it gave up; if it was cut, zeros are a page that LMDB refuses.
int fill_to_length(MDB_env* env) {
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

} // namespace

struct size_table::impl {
  std::filesystem::path file;
  std::filesystem::path unsynced; // marker: its contents are the boot in which there were writes
  environment env;
  MDB_dbi sizes = 0;
  MDB_dbi uses = 0;
  std::shared_mutex resizing; // shared: a transaction of this process runs; unique: the map is changed
  std::string boot = boot_id();
  std::atomic<bool> damaged = false; // met while in use: all is a miss from then on
  bool was_damaged = false;          // when it was opened

  int open_environment(std::size_t map);
  bool written_before_a_crash() const;
  void set_aside() const;
  int mark_unsynced();
  int adopt_resize(int status);
  int grow();
  transaction begin_read(std::shared_lock<std::shared_mutex>& lock);
  /// Calls `use` with the place and the value of each that is there.
  template <class Value, class Use>
  void look_up(MDB_dbi table, std::span<const oid> ids, const Use& use);
  bool write(const std::function<int(MDB_txn*)>& change);
  void note(int status);
  void sync();
};

int size_table::impl::open_environment(std::size_t map) {
  MDB_env* raw = nullptr;
  if (const int status = mdb_env_create(&raw))
    return status;
  env.reset(raw);
  mdb_env_set_maxdbs(raw, 2);
  mdb_env_set_maxreaders(raw, most_readers);
  mdb_env_set_mapsize(raw, map);
  if (::access(file.c_str(), F_OK) != 0)
    if (const int status = mark_unsynced()) // making the file is a write, too
      return status;
  // NOTLS: a reader's slot belongs to its transaction, so threads that come and go leave none behind.
  if (const int status = mdb_env_open(raw, file.c_str(), MDB_NOSUBDIR | MDB_NOSYNC | MDB_NOTLS | MDB_NORDAHEAD, 0600))
    return status;
  if (const int status = fill_to_length(raw))
    return status;
  if (const int status = check_pages(raw))
    return status;
  int dead = 0;
  mdb_reader_check(raw, &dead); // slots of killed processes would keep old pages from being used again
  MDB_txn* txn = nullptr;
  if (const int status = mdb_txn_begin(raw, nullptr, 0, &txn))
    return status;
  transaction owner{txn};
  if (const int status = mdb_dbi_open(txn, "sizes", MDB_CREATE, &sizes))
    return status;
  if (const int status = mdb_dbi_open(txn, "uses", MDB_CREATE, &uses))
    return status;
  return mdb_txn_commit(owner.release());
}

bool size_table::impl::written_before_a_crash() const {
  std::ifstream marker{unsynced};
  std::string in;
  return marker && !(std::getline(marker, in) && in == boot);
}

void size_table::impl::set_aside() const {
  std::error_code ignored;
  std::filesystem::rename(file, file.string() + ".damaged", ignored);
  std::filesystem::remove(file.string() + "-lock", ignored);
  std::filesystem::remove(unsynced, ignored);
}

/// Called in a write transaction, so that no other process removes the marker until the writes are in the file. Costs
/// an fsync the first time and a stat from then on.
int size_table::impl::mark_unsynced() {
  if (::access(unsynced.c_str(), F_OK) == 0)
    return 0;
  // By renaming: one without its contents would look like one of an earlier boot.
  const std::string fresh = unsynced.string() + ".new";
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (fd < 0)
    return errno;
  const bool written = ::write(fd, boot.data(), boot.size()) == static_cast<ssize_t>(boot.size()) && ::fsync(fd) == 0;
  ::close(fd);
  if (!written || ::rename(fresh.c_str(), unsynced.c_str()) != 0)
    return EIO;
  const int folder = ::open(unsynced.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder >= 0) {
    ::fsync(folder);
    ::close(folder);
  }
  return 0;
}

/// Another process made the map larger than this one has it.
int size_table::impl::adopt_resize(int status) {
  if (status != MDB_MAP_RESIZED)
    return status;
  std::unique_lock lock{resizing};
  return mdb_env_set_mapsize(env.get(), 0);
}

int size_table::impl::grow() {
  std::unique_lock lock{resizing};
  MDB_envinfo info;
  if (const int status = mdb_env_info(env.get(), &info))
    return status;
  return mdb_env_set_mapsize(env.get(), info.me_mapsize * 2);
}

transaction size_table::impl::begin_read(std::shared_lock<std::shared_mutex>& lock) {
  for (int attempt = 0; attempt < 2 && env && !damaged; ++attempt) {
    lock = std::shared_lock{resizing};
    MDB_txn* txn = nullptr;
    const int status = mdb_txn_begin(env.get(), nullptr, MDB_RDONLY, &txn);
    if (status == 0)
      return transaction{txn};
    lock.unlock();
    int dead = 0;
    if (status == MDB_READERS_FULL)
      mdb_reader_check(env.get(), &dead);
    else if (adopt_resize(status) != 0)
      break;
  }
  return nullptr;
}

template <class Value, class Use>
void size_table::impl::look_up(MDB_dbi table, std::span<const oid> ids, const Use& use) {
  std::shared_lock<std::shared_mutex> lock;
  const transaction txn = begin_read(lock);
  if (!txn)
    return;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    MDB_val key = key_of(ids[i]), value;
    Value found;
    const int status = mdb_get(txn.get(), table, &key, &value);
    note(status);
    if (status != 0 || value.mv_size != sizeof found)
      continue;
    std::memcpy(&found, value.mv_data, sizeof found); // LMDB aligns values to two bytes
    use(i, found);
  }
}

bool size_table::impl::write(const std::function<int(MDB_txn*)>& change) {
  for (int attempt = 0; attempt < most_growths && env && !damaged; ++attempt) {
    std::shared_lock lock{resizing};
    MDB_txn* txn = nullptr;
    int status = mdb_txn_begin(env.get(), nullptr, 0, &txn);
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
void size_table::impl::note(int status) {
  if (status == 0 || status == MDB_NOTFOUND)
    return;
  if (status != MDB_CORRUPTED && status != MDB_PAGE_NOTFOUND && status != MDB_INVALID) {
    spdlog::debug("{}: {}", file.string(), mdb_strerror(status));
    return;
  }
  if (damaged.exchange(true))
    return;
  spdlog::warn("{} is damaged ({}) and set aside", file.string(), mdb_strerror(status));
  set_aside();
}

/// Takes the marker away once everything is on the disk. Under the writers' lock: no process can be writing between.
void size_table::impl::sync() {
  MDB_txn* txn = nullptr;
  if (!env || damaged || ::access(unsynced.c_str(), F_OK) != 0 || mdb_txn_begin(env.get(), nullptr, 0, &txn) != 0)
    return;
  const transaction owner{txn};
  if (mdb_env_sync(env.get(), 1) == 0)
    ::unlink(unsynced.c_str());
}

size_table::size_table(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

size_table::~size_table() {
  impl_->sync();
}

std::shared_ptr<size_table> size_table::open(const std::filesystem::path& file, options how) {
  static std::mutex mutex;
  static std::map<std::string, std::weak_ptr<size_table>> open_tables;
  std::error_code ignored;
  const std::string name = std::filesystem::weakly_canonical(file, ignored).string();
  std::lock_guard lock{mutex};
  std::weak_ptr<size_table>& known = open_tables[name];
  if (auto table = known.lock())
    return table;

  auto state = std::make_unique<impl>();
  state->file = file;
  state->unsynced = file.string() + "-unsynced";
  if (state->written_before_a_crash()) {
    spdlog::info("{} was being written when the machine stopped; it begins anew", file.string());
    state->set_aside();
  }
  if (int status = state->open_environment(how.initial_map)) {
    spdlog::warn("{} is damaged or unreadable ({}); it begins anew", file.string(), mdb_strerror(status));
    state->was_damaged = true;
    state->env.reset();
    state->set_aside();
    if ((status = state->open_environment(how.initial_map)) != 0) {
      spdlog::debug("{} cannot be made: {}", file.string(), mdb_strerror(status));
      state->env.reset();
    }
  }
  std::shared_ptr<size_table> table{new size_table{std::move(state)}};
  known = table;
  return table;
}

void size_table::get(std::span<const oid> ids, std::span<std::uint64_t> out) {
  std::fill(out.begin(), out.end(), unknown_size);
  impl_->look_up<stored_size>(impl_->sizes, ids, [&](std::size_t i, const stored_size& found) {
    if (found.check == check_of(ids[i], found.size))
      out[i] = found.size;
  });
}

void size_table::put(std::span<const std::pair<oid, std::uint64_t>> sizes) {
  if (sizes.empty())
    return;
  // In the order of the keys, neighbours go into the same page.
  std::vector<std::pair<oid, std::uint64_t>> sorted{sizes.begin(), sizes.end()};
  std::sort(sorted.begin(), sorted.end());
  impl_->write([&](MDB_txn* txn) {
    for (const auto& [id, size] : sorted) {
      const stored_size stored{size, check_of(id, size)};
      MDB_val key = key_of(id), value = value_of(&stored, sizeof stored);
      if (const int status = mdb_put(txn, impl_->sizes, &key, &value, 0))
        return status;
    }
    return 0;
  });
}

void size_table::touch(std::span<const oid> ids, std::uint32_t seconds) {
  if (ids.empty())
    return;
  std::vector<oid> sorted{ids.begin(), ids.end()};
  std::sort(sorted.begin(), sorted.end());
  impl_->write([&](MDB_txn* txn) {
    for (const oid& id : sorted) {
      MDB_val key = key_of(id), value = value_of(&seconds, sizeof seconds);
      if (const int status = mdb_put(txn, impl_->uses, &key, &value, 0))
        return status;
    }
    return 0;
  });
}

std::uint32_t size_table::last_use(const oid& id) {
  std::uint32_t seconds = 0;
  last_uses({&id, 1}, {&seconds, 1});
  return seconds;
}

void size_table::trim() {
  std::unique_lock lock{impl_->resizing};
  MDB_envinfo info;
  if (impl_->env && mdb_env_info(impl_->env.get(), &info) == 0)
    mdb_env_set_mapsize(impl_->env.get(), info.me_mapsize); // maps it anew
}

void size_table::last_uses(std::span<const oid> ids, std::span<std::uint32_t> out) {
  std::fill(out.begin(), out.end(), 0);
  impl_->look_up<std::uint32_t>(impl_->uses, ids, [&](std::size_t i, std::uint32_t seconds) { out[i] = seconds; });
}

void size_table::forget_uses(std::span<const oid> ids) {
  if (ids.empty())
    return;
  std::vector<oid> sorted{ids.begin(), ids.end()};
  std::sort(sorted.begin(), sorted.end());
  impl_->write([&](MDB_txn* txn) {
    for (const oid& id : sorted) {
      MDB_val key = key_of(id);
      if (const int status = mdb_del(txn, impl_->uses, &key, nullptr); status != 0 && status != MDB_NOTFOUND)
        return status;
    }
    return 0;
  });
}

size_table::check_report size_table::check() {
  check_report out;
  impl_->write([&](MDB_txn* txn) {
    out = {};
    MDB_cursor* cursor = nullptr;
    if (const int status = mdb_cursor_open(txn, impl_->sizes, &cursor))
      return status;
    const std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)> owner{cursor, mdb_cursor_close};
    MDB_val key, value;
    int status = 0;
    while ((status = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
      stored_size found{};
      const bool fits = key.mv_size == oid::raw_size && value.mv_size == sizeof found;
      if (fits)
        std::memcpy(&found, value.mv_data, sizeof found);
      ++out.sizes;
      if (fits && found.check == check_of(oid::from_raw(key.mv_data), found.size))
        continue;
      ++out.damaged;
      if ((status = mdb_cursor_del(cursor, 0)) != 0)
        return status;
    }
    return status == MDB_NOTFOUND ? 0 : status;
  });
  return out;
}

bool size_table::was_damaged() const {
  return impl_->was_damaged || impl_->damaged;
}

} // namespace gitfs
