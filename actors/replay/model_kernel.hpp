// A kernel that asks what the recorded one asked, in another order, and gives back references when it likes.
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

/// Keeps to what a kernel does: it asks about nodes that it refers to, each request holds its node, and a directory is
/// not forgotten before what is in it. One thread.
class model_kernel {
public:
  explicit model_kernel(const recording& from);
  ~model_kernel();
  model_kernel(const model_kernel&) = delete;
  model_kernel& operator=(const model_kernel&) = delete;

  /// Sends to these from here on.
  void mount(mount_context& context, caf::actor supervisor);

  void unmount() { supervisor_ = nullptr; }

  /// Recorded requests that were not sent yet.
  std::size_t left() const { return inputs_.size(); }
  std::size_t unanswered() const;

  /// Sends one of the next few of these, or a look-up that one needs first. False: what it could send waits.
  bool send(std::mt19937_64& random);
  /// Gives back a node that nothing uses. False: there is none.
  bool forget(std::mt19937_64* random);
  /// The caller of a parked request gives up. False: none is parked.
  bool interrupt(std::mt19937_64& random);

  /// What has been answered wrong, if something was.
  const std::optional<std::string>& wrong() const { return wrong_; }
  /// From here on an error is no wrong answer: a transfer has failed, or the mount ends.
  void errors_may_come() { errors_may_come_ = true; }
  std::uint64_t sent() const { return sent_; }

private:
  struct input {
    std::uint64_t directory = 0; // inode
    std::string name;            // of the child that it is about; empty: the directory itself
    std::uint64_t size = 0;
    decltype(kernel_op::what) what;
  };
  struct place {
    std::uint64_t parent = 0; // inode
    std::string name;
    std::map<std::string, entry_kind> children;
    bool is_known = false; // its tree is in the recording
  };
  struct node {
    std::uint64_t id = 0; // nodeid
    std::uint64_t lookups = 0;
    std::uint64_t parent = 0; // inode
    std::uint64_t below = 0;  // nodes that the kernel refers to
    std::uint64_t busy = 0;   // requests
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
  std::map<std::uint64_t, node> nodes_; // by inode; those that the kernel refers to
  std::list<std::shared_ptr<request>> open_;
  mount_context* context_ = nullptr;
  caf::actor supervisor_;
  std::uint64_t sent_ = 0;
  bool errors_may_come_ = false;
  std::optional<std::string> wrong_;
};

} // namespace gitfs
