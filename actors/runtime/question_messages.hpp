// Questions of other programs to a mount. Most of these messages go from actor to actor; each actor adds what it knows,
// and the last one answers. Questions change nothing.
#pragma once

#include "actors/model/activity.hpp"
#include "actors/model/kernel_op.hpp"
#include "actors/model/mount_status.hpp"
#include "actors/model/reply.hpp"
#include "actors/runtime/message.hpp"

#include <caf/actor.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace gitfs {

/// Bridge → supervisor → fetchers → prefetchers: what the mount is doing right now.
struct tell_activity {
  reply answer;
  activity so_far;
  std::vector<caf::actor> next{};
  trace::sent_by stamp = trace::sent_by::now();

  std::string text() const { return so_far.text(); }
};

/// Bridge → supervisor → catalog → repositories: what the mount shows and how it stands.
struct tell_status {
  reply answer;
  mount_status so_far;
  std::size_t from = 0;
  std::size_t room = 0;
  std::vector<caf::actor> next{};
  trace::sent_by stamp = trace::sent_by::now();

  std::string text() const { return so_far.text(from, room); }
};

/// Bridge → supervisor → the directory whose inode number is `inode`: a request that changes nothing. ESTALE: the
/// kernel holds no reference to such a directory.
struct ask_directory {
  std::uint64_t inode = 0;
  kernel_op request;
  trace::sent_by stamp = trace::sent_by::now();
};

/// Passes the question on to the next actor that has something to add, or sends the answer, as an extended attribute.
template <class Actor, class Question>
void pass_on(Actor& self, Question m) {
  if (m.next.empty()) {
    m.answer.xattr(m.text());
    return;
  }
  const caf::actor next = std::move(m.next.back());
  m.next.pop_back();
  self.anon_send(next, std::move(m));
}

} // namespace gitfs
