// One directory inode: its dentries, who waits for what, and what is on its way.
//
// A plain class, driven by directory_actor's mailbox in production and directly in tests. Each request is *attempted*
// with what is on this machine. If something is missing, the request is parked, the missing thing wanted once however
// many wait for it, and all who waited are attempted again when it came. So there is one path per operation, and no
// thread ever blocks on the network.
#pragma once

#include "actors/inode/dentry_table.hpp"
#include "actors/inode/request_parking.hpp"
#include "actors/model/directory_location.hpp"
#include "actors/model/kernel_notifier.hpp"
#include "actors/model/kernel_op.hpp"
#include "actors/model/mount_nodes.hpp"
#include "actors/model/want.hpp"
#include "actors/mount/mount_context.hpp"

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

namespace gitfs {

/// What a directory says to the others. Its actor turns each into a message; every call returns at once.
class directory_port {
public:
  virtual ~directory_port() = default;

  /// To the fetcher; it answers each want with one `finished`, unless cancelled.
  virtual void ask(want w) = 0;
  virtual void promote(want_id id, urgency how) = 0; ///< somebody waits for it now, or more urgently
  virtual void cancel(want_id id) = 0;

  /// To the catalog, above the repositories: what is here, or what is `name` in it; answered by `node_answered`.
  virtual void ask_mount_node(want_id id, const std::string& name) = 0;
  virtual void cancel_mount_node(want_id id) = 0;

  /// Inflates a large blob into the blob cache on another thread; answered with `finished`.
  virtual void load(want_id id, const oid& blob) = 0;
  /// The same into a file, for one that is too large to be whole in memory.
  virtual void write_blob_file(want_id id, const oid& blob) = 0;

  /// To the supervisor: the kernel no longer refers to the child in `slot`; once that child is idle too, `child_idle`
  /// comes back.
  virtual void release_child(dir_slot slot, release_number number) = 0;
  /// To the supervisor: nobody can reach the child in `slot` any more.
  virtual void reap_child(dir_slot slot) = 0;
  /// To the supervisor, for the parent: released under that number, and nothing below is referenced.
  virtual void idle(release_number number) = 0;

  /// To the supervisor, which says it once: so many entries of this directory cannot be shown.
  virtual void hidden(std::size_t count, const std::string& reason) = 0;

  /// To the prefetcher: the directory was listed from its start; a request waits for the sizes of its entries; `child`
  /// (its place in the sorted listing) is being read from its start.
  virtual void listed() = 0;
  virtual void statted() = 0;
  virtual void read_started(child_index child, const std::string& name, const oid& id) = 0;
  /// After `read_started`: its contents must be fetched.
  virtual void read_missed(child_index child, const oid& id) = 0;
  /// To the fetcher: a file is read that was looked up by its path (want::target).
  virtual void probe_was_read() = 0;

  /// To the supervisor: listings take more memory than they may.
  virtual void over_budget() = 0;
  /// It stands at another link from now on.
  virtual void stands_at(const directory_location_ptr& link) = 0;
  /// To the kernel: see kernel_notifier.
  virtual void ask_kernel_to_forget(std::vector<std::uint64_t> nodeids) = 0;
  virtual void tell_kernel(directory_change what) = 0;

  /// To the supervisor: child directories are part of another snapshot.
  virtual void relink(std::vector<relinked> children) = 0;
  /// To the prefetcher: from here on the root directory of its snapshot is this one.
  virtual void snapshot_left(const directory_location_ptr& root) = 0;

  /// What to call when the caller of a parked request gives up: leads to `interrupted(request_id)`.
  virtual std::function<void()> interrupter(std::uint64_t request_id) = 0;
};

class directory_state {
public:
  directory_state(mount_context& context, dir_slot self, directory_location_ptr link, directory_port& port);
  ~directory_state();
  directory_state(const directory_state&) = delete;
  directory_state& operator=(const directory_state&) = delete;

  /// Answers the request now or parks it. One that is no request of the kernel's (request_id 0), but a question about
  /// the mount, is answered from what is here and changes nothing: a replay passes over it.
  void handle(kernel_op op);
  /// The kernel gives back `count` references to a child.
  void forget(child_index at, std::uint64_t count);
  /// The caller of a parked request gave up: EINTR, and if nobody else waits, what it waited for is cancelled.
  void interrupted(std::uint64_t request_id);
  /// A want or load ended. One that was cancelled or overtaken meanwhile is dropped.
  void finished(want_id id, const want_result& outcome);

  /// The catalog's answer to ask_mount_node.
  void node_answered(want_id id, const mount_node_answer& what);

  /// The parent: the kernel holds no reference to this directory. Answered by `idle`, now or when the last child goes.
  void release(release_number number);
  /// A child directory is idle, in answer to that release. Unless it was looked up meanwhile, its slot goes back.
  void child_idle(dir_slot slot, std::uint32_t generation, release_number number);

  /// Completes what a call that threw has left half done: nobody waits for what is not on its way, and every child that
  /// the kernel has given back is released, again if need be. Idempotent.
  void clean_up();

  /// The directory is part of another snapshot, with another tree or the same. It shows that as soon as the tree is
  /// here, in one step, and until then what it has shown. Whatever is on its way for the old tree is dropped; who waits
  /// for a listing waits for the new one.
  void moved(directory_location_ptr link, move_token move = {});

  /// Above the repositories: other names are in it now, and what stands at the `replaced` ones is something else.
  void entries_changed(const mount_node_answer& now, const std::vector<std::string>& replaced);

  /// Memory is short. Unless it was used since it was asked last, the directory forgets its listing, as far as the
  /// kernel does not refer to it, and asks the kernel to forget the rest. It is loaded again from the store when
  /// needed.
  void shed();

  /// What it holds and waits for, in lines for people.
  std::string describe() const;

  /// Its place in the snapshot that it shows.
  const directory_location_ptr& link() const { return location_; }
  bool complete() const { return complete_; }
  bool referenced() const { return dentries_.referenced(); }
  std::size_t parked() const { return parking_.waiting().size(); }
  std::size_t in_flight() const { return parking_.on_their_way().size(); }

private:
  // The kinds are bits of kernel_op::brought.
  struct missing {
    enum kind : std::uint8_t {
      listing = 1,
      sizes = 2,
      blob = 4,
      loaded = 8,
      child_trees = 16,
      link_targets = 32,
      blob_file = 64,
      mount_node = 128 ///< what is here, above the repositories
    };
    kind what = listing;
    // blob, loaded, blob_file; sizes, if set: somebody looked up this one, and has not listed the directory; listing,
    // if set: of another tree than that which is shown
    oid id;
    std::string name{}; // mount_node: the one that is looked up in it; empty: all
    bool operator==(const missing&) const = default;
  };
  using parking = request_parking<kernel_op, missing>;
  using wanted = parking::wanted;
  using lacking = std::optional<missing>;

  // Each answers the request and gives none, or says what it lacks.
  lacking attempt(kernel_op& op);
  lacking attempt_self(kernel_op& op);
  lacking attempt_child(kernel_op& op, const dentry& child);
  lacking lookup(kernel_op& op, const lookup_op& what);
  lacking readdir(kernel_op& op, const readdir_op& what);
  lacking readdir_past(kernel_op& op, const readdir_op& what);
  bool dots(kernel_op& op, std::uint32_t number, std::uint64_t& next) const;
  lacking readlink(kernel_op& op, const dentry& child);
  lacking read(kernel_op& op, const dentry& child, const read_op& what);
  lacking read_blob_file(kernel_op& op, const dentry& child, const read_op& what);
  lacking entry_object(kernel_op& op, const std::string& name);
  void tell(kernel_op& op) const;
  void xattr(kernel_op& op, const oid& id);

  void park(kernel_op op, const missing& what);
  wanted& want_for(const missing& what, urgency how);
  void ask_for_listing(want_id id, const oid& tree, urgency how);
  static urgency urgency_of(const kernel_op& op, const missing& what);
  missing sizes_for(const dentry& looked_up) const;
  void answer_waiters(want_id id, const want_result& outcome, missing::kind brought);
  // Ends the request with that errno and one line in the log. `why` empty: it is what the last attempt has said.
  void refuse(kernel_op& op, int code, const std::string& why);
  // Whether the listing is here. If not, `instead` is what the attempt gives: it lacks it, or an error was answered.
  bool ensure_listing(kernel_op& op, lacking& instead);
  bool ensure_mount_node(const kernel_op& op, lacking& instead) const;
  void show_names(const mount_node_answer& now);
  bool is_assumed(const std::string& name) const;
  void cancel(const wanted& each);
  void fill_sizes(const std::vector<std::pair<oid, std::uint64_t>>& known);
  std::vector<oid> unknown_sizes() const;
  std::vector<oid> missing_objects(entry_kind of) const;
  void after_listing();
  void drop_listing_if_idle();
  table_changes take_listing(const parsed_tree& found);
  void go_on_moving();
  void take_link(directory_location_ptr link);
  void note_changes(const table_changes& changes);
  void say_what_moved();
  void overtake();
  directory_location_ptr child_link(child_index index, const dentry& entry) const;
  file_time since() const;
  std::span<const shown_run> past() const;
  void account();
  void drop_reference(dentry& entry, std::uint64_t count);
  void idle_if_released();
  bool reveal(dentry& entry, node_entry& out);
  void stand_at(directory_location_ptr link);
  node_attr attr_of(const dentry& entry) const;
  node_attr own_attr() const;

  mount_context& context_;
  const dir_slot self_;
  directory_location_ptr location_;
  environment* outside_; // of the repository that it is in
  directory_port& port_;
  dentry_table dentries_;
  bool complete_ = false;
  std::vector<std::string> assumed_; // above the repositories: mount_node_answer::assumed
  bool used_ = false;                // since `shed` asked last
  bool dropped_ = false;             // the names of a mount node, since they were told
  bool shedding_ = false;            // asked the kernel to forget the children, and not used since
  std::uint64_t accounted_ = 0;
  release_number released_ = 0; // 0: the kernel may refer to this directory
  release_number last_release_ = 0;
  std::unordered_map<dir_slot, release_number> releasing_; // the latest release of each child that is not reaped yet
  parking parking_;
  bool listed_ = false;          // by somebody, from its start
  std::vector<oid> probed_;      // files that were wanted alone, and not read since
  std::size_t lone_probes_ = 0;  // so many were
  bool answered_absent_ = false; // the kernel may know names that are not there
  // Taking over another snapshot: see directory_move.cpp.
  directory_location_ptr upcoming_;     // its tree is not here yet
  move_token move_;                     // for which all that is done
  bool late_ = false;                   // it had to be waited for
  std::optional<file_time> changed_at_; // when it was taken over, if that was late; else: with the snapshot
  std::uint32_t number_ = 0;            // of the listing that is shown
  std::vector<oid> past_;               // trees of the listings before, the latest last
  directory_change change_;             // what the kernel must be told, and the supervisor;
  std::vector<relinked> relinks_;       // empty but while that is done
  /// What child directories showed before, as far as that differs; of the listing that was taken last.
  std::map<std::string, shown_runs_ptr, std::less<>> pasts_;
};

} // namespace gitfs
