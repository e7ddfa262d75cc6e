// What a directory says to the others.
#pragma once

#include "actors/model/directory_location.hpp"
#include "actors/model/kernel_notifier.hpp"
#include "actors/model/node_id.hpp"
#include "actors/model/want.hpp"
#include "backend/git/oid.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace gitfs {

/// What a directory says to other actors and to the kernel. Its actor turns each call into a message; every call
/// returns at once, and may throw when memory is short.
class directory_port {
public:
  virtual ~directory_port() = default;

  /// To the fetcher, which answers each want with one `finished`, unless the want is cancelled.
  virtual void ask(want w) = 0;
  virtual void promote(want_id id, urgency how) = 0; ///< a request waits for it now, or more urgently
  virtual void cancel(want_id id) = 0;

  /// To the catalog, from a directory above the repositories: what is in it, or what `name` in it is. Answered by
  /// `node_answered`.
  virtual void ask_mount_node(want_id id, const std::string& name) = 0;
  virtual void cancel_mount_node(want_id id) = 0;

  /// Inflates a large blob into the blob cache on another thread. Answered with `finished`.
  virtual void load(want_id id, const oid& blob) = 0;
  /// The same into a file, for a blob that is too large to be whole in memory.
  virtual void write_blob_file(want_id id, const oid& blob) = 0;

  /// To the supervisor: the kernel no longer refers to the child in `slot`; once that child is idle too, `child_idle`
  /// comes back.
  virtual void release_child(dir_slot slot, release_number number) = 0;
  /// To the supervisor: nobody can reach the child in `slot` any more.
  virtual void reap_child(dir_slot slot) = 0;
  /// To the supervisor, for the parent: the directory was released under that number, and the kernel refers to nothing
  /// below it.
  virtual void idle(release_number number) = 0;

  /// To the supervisor, which logs it once: so many entries of this directory cannot be shown.
  virtual void hidden(std::size_t count, const std::string& reason) = 0;

  /// To the prefetcher: the directory was listed from its start.
  virtual void listed() = 0;
  /// To the prefetcher: a request waits for the sizes of all entries.
  virtual void statted() = 0;
  /// To the prefetcher: a look-up of this file by its name waits for the file's size.
  virtual void looked_up(const oid& id) = 0;
  /// To the prefetcher: a file is being read from its start. `child` is its position in the sorted listing, `caller`
  /// the process that reads.
  virtual void read_started(child_index child, const std::string& name, const oid& id, pid_t caller) = 0;
  /// To the prefetcher, after `read_started`: the contents of that file must be fetched.
  virtual void read_missed(child_index child, const oid& id) = 0;
  /// To the fetcher: a file is read that was looked up by its path (want::target).
  virtual void probe_was_read() = 0;

  /// To the supervisor: listings take more memory than they may.
  virtual void over_budget() = 0;
  /// The directory has another location from now on.
  virtual void stands_at(const directory_location_ptr& link) = 0;
  /// To the kernel: see kernel_notifier.
  virtual void ask_kernel_to_forget(std::vector<std::uint64_t> nodeids) = 0;
  virtual void tell_kernel(directory_change what) = 0;

  /// To the supervisor: child directories are part of another snapshot.
  virtual void relink(std::vector<relinked> children) = 0;
  /// To the prefetcher: the mounted ref shows another snapshot from now on, whose root directory has this location.
  virtual void snapshot_left(const directory_location_ptr& root) = 0;

  /// Makes the function that is called when the caller of a parked request gives up. It leads to
  /// `interrupted(request_id)`.
  virtual std::function<void()> interrupter(std::uint64_t request_id) = 0;
};

} // namespace gitfs
