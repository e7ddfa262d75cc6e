// The actor of one directory inode: the message face of directory_state.
#pragma once

#include "actors/inode/directory_state.hpp"
#include "actors/runtime/resilient_actor.hpp"

namespace gitfs {

struct file_read;

/// The long-lived actors of one mount, as a directory addresses them.
struct mount_actors {
  caf::actor supervisor;
  caf::actor catalog{}; ///< none in a plain mount
};

class directory_actor final : public resilient_actor, private directory_port {
public:
  static constexpr const char* actor_name = "directory";

  directory_actor(caf::actor_config& cfg, std::shared_ptr<mount_context> context,
                  std::shared_ptr<const mount_actors> others, dir_slot slot);

  const char* name() const override { return actor_name; }
  std::string describe() const override { return state_ ? state_->describe() : "ended\n"; }

protected:
  caf::behavior make_behavior() override;
  void on_exit() override;
  void clean_up() override {
    if (state_)
      state_->clean_up();
    answer_shedding();
  }

private:
  void ask(want w) override;
  void promote(want_id id, urgency how) override;
  void cancel(want_id id) override;
  void ask_mount_node(want_id id, const std::string& name) override;
  void cancel_mount_node(want_id id) override;
  void load(want_id id, const oid& blob) override;
  void write_blob_file(want_id id, const oid& blob) override;
  void release_child(dir_slot slot, release_number number) override;
  void reap_child(dir_slot slot) override;
  void idle(release_number number) override;
  void answer_shedding();
  void hidden(std::size_t count, const std::string& reason) override;
  void listed() override;
  void statted() override;
  void looked_up(const oid& id) override;
  void read_started(child_index child, const std::string& name, const oid& id, pid_t caller) override;
  void read_missed(child_index child, const oid& id) override;
  void tell_prefetcher(file_read what);
  void probe_was_read() override;
  void over_budget() override;
  void stands_at(const directory_location_ptr& link) override { location_ = link; }
  void ask_kernel_to_forget(std::vector<std::uint64_t> nodeids) override;
  void tell_kernel(directory_change what) override;
  void relink(std::vector<relinked> children) override;
  void snapshot_left(const directory_location_ptr& root) override;
  std::function<void()> interrupter(std::uint64_t request_id) override;
  const caf::actor& fetcher() const;
  const caf::actor& prefetcher() const;

  std::shared_ptr<mount_context> context_;
  std::shared_ptr<const mount_actors> others_;
  const dir_slot slot_;
  const std::uint32_t generation_;
  bool shed_requested_ = false; // and has not answered
  directory_location_ptr location_;
  std::optional<directory_state> state_; // ends in on_exit, while messages can still be sent
};

} // namespace gitfs
