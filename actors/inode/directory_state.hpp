// One directory inode: what its actor does with each message.
//
// This is a plain class. The mailbox of directory_actor calls it in a mount, and tests call it directly. Each request
// is *attempted* with what is on this machine. If something is missing, the request is parked, and the missing thing is
// wanted once, however many requests wait for it. When the thing has come, all requests that waited for it are
// attempted again. So each operation has one code path, and no thread ever blocks on the network.
#pragma once

#include "actors/inode/directory_inode.hpp"
#include "actors/inode/directory_port.hpp"
#include "actors/model/directory_location.hpp"
#include "actors/model/kernel_op.hpp"
#include "actors/model/mount_nodes.hpp"
#include "actors/model/want.hpp"
#include "actors/mount/mount_context.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace gitfs {

class directory_state {
public:
  /// `context` and `port` outlive it.
  directory_state(mount_context& context, dir_slot self, directory_location_ptr link, directory_port& port);
  /// Cancels what is on its way. Requests that wait are answered with EIO.
  ~directory_state();
  directory_state(const directory_state&) = delete;
  directory_state& operator=(const directory_state&) = delete;

  /// Answers the request now, or parks it. A question about the mount (request_id 0) is no request of the kernel: it is
  /// answered from what is here and changes nothing, because a replay passes over it.
  void handle(kernel_op op);
  /// The kernel gives back `count` references to a child.
  void forget(child_index at, std::uint64_t count);
  /// The caller of a parked request gave up: the request is answered with EINTR. If no other request waits for the same
  /// thing, the want is cancelled.
  void interrupted(std::uint64_t request_id);
  /// A want or a load ended. The result is dropped if the want was cancelled or overtaken meanwhile.
  void finished(want_id id, const want_result& outcome);

  /// The catalog's answer to ask_mount_node.
  void node_answered(want_id id, const mount_node_answer& what);

  /// From the parent: the kernel holds no reference to this directory. Answered by `idle`, now or when the last child
  /// goes.
  void release(release_number number);
  /// A child directory is idle, in answer to that release. Its slot goes back, unless the child was looked up
  /// meanwhile.
  void child_idle(dir_slot slot, std::uint32_t generation, release_number number);

  /// Completes what a call that threw has left half done: requests that wait for nothing are dropped, every child that
  /// the kernel has given back is released, again if need be, and changes are announced. Idempotent.
  void clean_up();

  /// The directory is part of another snapshot, with another tree or the same. It shows that snapshot as soon as the
  /// tree is here, in one step, and until then what it has shown. Whatever is on its way for the old tree is dropped;
  /// requests that wait for a listing wait for the new one.
  void moved(directory_location_ptr link, move_token move = {});

  /// Above the repositories: other names are in the directory now, and what stands at the `replaced` ones is something
  /// else.
  void entries_changed(const mount_node_answer& now, const std::vector<std::string>& replaced);

  /// Memory is short. Unless the directory was used since the last call, it forgets the part of its listing to which
  /// the kernel does not refer, and asks the kernel to forget the rest. The listing is loaded again from the store when
  /// it is needed.
  void shed();

  /// What the directory holds and waits for, in lines for people.
  std::string describe() const;

  /// Where the directory is in the snapshot that it shows.
  const directory_location_ptr& link() const { return inode_.location(); }
  bool complete() const { return inode_.listing.complete(); }
  bool referenced() const { return inode_.listing.entries().referenced(); }
  std::size_t parked() const { return inode_.parking.waiting().size(); }
  std::size_t in_flight() const { return inode_.parking.on_their_way().size(); }

private:
  void park(kernel_op op, const missing& what);
  void attempt_waiters(want_id id, const want_result& outcome, missing::kind brought);
  void move_on();
  void drop_listing_if_shedding();

  directory_inode inode_;
};

} // namespace gitfs
