// An LMDB file whose contents can be lost at any time.
#pragma once

#include <lmdb.h>

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

namespace gitfs {

/// Named tables in one file (`file`, `file`-lock, `file`-unsynced) that any number of processes and threads may use at
/// once. Everything is best effort: a failure is a miss or a loss, and a damaged file is set aside and made anew, with
/// one warning in the log. The caller has to check what the values hold.
///
/// Nothing waits for the disk (MDB_NOSYNC). SIGKILL loses nothing, because the kernel has what was written. A power
/// failure could damage LMDB's file, so a marker, which is itself synced, says in which boot there were writes that may
/// not have reached the disk. If that was an earlier boot, the file begins anew.
///
/// A process may have only one of these for each file, as LMDB demands. Not to be used across a fork.
class lmdb_file {
public:
  /// Opens or makes the file. Never fails: without a usable file everything is a miss. `map`: bytes of address space,
  /// which grows by itself. `tables`: the names of the tables; `table` takes an index into them.
  lmdb_file(std::filesystem::path file, std::size_t map, std::vector<const char*> tables);
  ~lmdb_file();
  lmdb_file(const lmdb_file&) = delete;
  lmdb_file& operator=(const lmdb_file&) = delete;

  MDB_dbi table(std::size_t place) const { return tables_[place]; }

  /// Looks up `keys` in one transaction. Calls `use` with the index and the value of each key that is there. A value is
  /// valid during that call, and aligned to two bytes only.
  void look_up(std::size_t table, std::span<const MDB_val> keys,
               const std::function<void(std::size_t, const MDB_val&)>& use);

  /// Runs `change` in one transaction, again if the map had to grow, and commits if `change` returns 0. False: nothing
  /// was written.
  bool write(const std::function<int(MDB_txn*)>& change);

  /// Unmaps the file's pages, so that they no longer count as this process's memory. The page cache still has them.
  void trim();

  /// True if the file was found to be damaged, when it was opened or later, and was set aside.
  bool was_damaged() const { return was_damaged_ || damaged_; }

private:
  struct abort_transaction {
    void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
  };
  struct close_environment {
    void operator()(MDB_env* env) const { mdb_env_close(env); }
  };
  /// Aborted at its end if it was not committed.
  using transaction = std::unique_ptr<MDB_txn, abort_transaction>;

  int open_environment(std::size_t map);
  int open_tables();
  int fill_to_length();
  bool written_before_a_crash() const;
  void set_aside() const;
  int mark_unsynced();
  int adopt_resize(int status);
  int grow();
  transaction begin_read(std::shared_lock<std::shared_mutex>& lock);
  void note(int status);
  void sync();

  const std::filesystem::path file_;
  const std::filesystem::path unsynced_; // the marker; it holds the id of the boot in which there were writes
  const std::vector<const char*> names_;
  const std::string boot_;
  std::unique_ptr<MDB_env, close_environment> env_;
  std::vector<MDB_dbi> tables_;
  std::shared_mutex resizing_; // held shared by each transaction of this process, unique while the map is changed
  std::atomic<bool> damaged_ = false; // damage was met while in use; everything is a miss from then on
  bool was_damaged_ = false;          // the file was damaged when it was opened
};

} // namespace gitfs
