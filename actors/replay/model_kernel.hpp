// A model of the kernel. It sends the requests of the recorded kernel in another order, and gives back references at
// any moment.
#pragma once

#include "actors/model/kernel_op.hpp"
#include "actors/mount/mount_context.hpp"
#include "actors/replay/recording.hpp"

#include <caf/actor.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <unordered_map>
#include <vector>

namespace gitfs {

/// The model keeps to the rules of a real kernel: it asks only about nodes that it refers to, each request holds a
/// reference to its node, and a directory is not forgotten before what is in it. One thread.
class model_kernel {
public:
  explicit model_kernel(const recording& from);
  ~model_kernel();
  model_kernel(const model_kernel&) = delete;
  model_kernel& operator=(const model_kernel&) = delete;

  /// Requests go to this mount from here on.
  void mount(mount_context& context, caf::actor supervisor);

  void unmount() { supervisor_ = nullptr; }

  /// The number of recorded requests that were not sent yet.
  std::size_t left() const { return inputs_.size(); }
  std::size_t unanswered() const;

  /// Sends one of the next few recorded requests, or a look-up that one of them needs first. False: each of these has
  /// to wait.
  bool send(std::mt19937_64& random);
  /// Gives back the references to a node that nothing uses. False: there is no such node.
  bool forget(std::mt19937_64* random);
  /// Interrupts a parked request. False: no request is parked.
  bool interrupt(std::mt19937_64& random);

  /// A sentence about the first wrong answer, if there was one.
  const std::optional<std::string>& wrong() const { return wrong_; }
  /// From here on an error is no wrong answer, because a transfer has failed or the mount ends.
  void errors_may_come() { errors_may_come_ = true; }
  std::uint64_t sent() const { return sent_; }

private:
  struct input {
    std::uint64_t directory = 0; // the directory's inode number
    std::string name;            // the child that the request is about; empty: the directory itself
    std::uint64_t size = 0;
    decltype(kernel_op::what) what;
  };
  struct place {
    std::uint64_t parent = 0; // inode number
    std::string name;
    std::map<std::string, entry_kind> children;
    bool is_known = false; // the tree of this directory is in the recording
  };
  struct node {
    std::uint64_t id = 0; // nodeid
    std::uint64_t lookups = 0;
    std::uint64_t parent = 0; // inode number
    std::uint64_t below = 0;  // how many nodes in it the kernel refers to
    std::uint64_t busy = 0;   // how many requests about it are unanswered
  };
  struct request;
  class sink;

  void read_places(const recording& from);
  bool send_input(const input& what);
  bool look_up(std::uint64_t directory, const std::string& name);
  void ask(std::uint64_t inode, std::uint64_t directory, std::string name, std::uint64_t size,
           decltype(kernel_op::what) what);
  void refer(std::uint64_t directory, const node_entry& entry);
  void answered(request& r);
  void check_entry(const request& r, const node_entry& entry);
  void check_listing(const request& r);
  void found_wrong(const request& r, const std::string& what);

  std::list<input> inputs_;
  std::unordered_map<std::uint64_t, place> places_;
  std::map<std::uint64_t, node> nodes_; // the nodes that the kernel refers to, by inode number
  std::list<std::shared_ptr<request>> open_;
  mount_context* context_ = nullptr;
  caf::actor supervisor_;
  std::uint64_t sent_ = 0;
  bool errors_may_come_ = false;
  std::optional<std::string> wrong_;
};

} // namespace gitfs
