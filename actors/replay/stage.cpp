#include "actors/replay/stage.hpp"

#include "actors/catalog/catalog_actor.hpp"
#include "actors/catalog/mounting.hpp"
#include "actors/inode/supervisor.hpp"
#include "actors/model/inode_number.hpp"
#include "actors/runtime/message_rows.hpp"
#include "actors/trace/record/trace_format.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

#include <array>
#include <filesystem>
#include <utility>

namespace gitfs {

stage::stage(const recording::mount& mounted, const environment_of& outside, std::shared_ptr<upstream> server) {
  resilient_actor::set_gate(this);
  config_.set("scheduler.policy", caf::atom("testing"));
  system_.emplace(config_);
  context_ = std::make_shared<mount_context>(std::make_shared<memory_budget>(mounted.memory),
                                             std::filesystem::temp_directory_path(), mounted.prefetch);
  context_->knows_sets = mounted.knows_sets;
  context_->outside = context_->outside_of_all = outside(*context_);
  if (mounted.shown)
    show_tree(mounted, std::move(server));
  else
    show(mounted, std::move(server));
  context_->supervisor = supervisor_;
  scheduler().run();
}

// Does the same as filesystem.cpp does for the first snapshot.
opened_first stage::show_first(const recording::mount& mounted, std::shared_ptr<upstream> server) {
  auto objects = add_repository(*context_, 0, no_objects());
  if (mounted.remote)
    start_fetcher(*system_, context_, objects, std::move(server), mounted.trees_ahead);
  show_at_root(*context_, add_mounted_ref(*system_, context_, 0, objects), {mounted.commit, mounted.tree, 0, {}});
  return {objects, context_->inodes.location_of(root_slot)->shown};
}

void stage::show(const recording::mount& mounted, std::shared_ptr<upstream> server) {
  show_first(mounted, std::move(server));
  supervisor_ = system_->spawn<supervisor_actor>(context_);
}

void stage::show_tree(const recording::mount& mounted, std::shared_ptr<upstream> server) {
  catalog_actor::needs needs;
  needs.tree = mounted.shown;
  for (std::size_t i = 0; i < needs.tree->forges.size(); ++i)
    needs.forges.push_back(silent_forge());
  needs.trees_ahead = mounted.trees_ahead;
  needs.workers = &workers_;
  if (mounted.tree.is_zero())
    context_->inodes.allocate(no_slot, root_ino, std::make_shared<directory_location>());
  else // one repository is shown at the mountpoint itself, and its ref is followed
    needs.first = show_first(mounted, std::move(server));
  catalog_ = system_->spawn<catalog_actor>(context_, std::move(needs));
  supervisor_ = system_->spawn<supervisor_actor>(context_, catalog_);
}

stage::~stage() {
  end();
  context_->trim();
  context_.reset();
  system_.reset();
  resilient_actor::set_gate(nullptr);
}

void stage::end() {
  passes_ = true;
  while (!held_.empty())
    // Not `clear`: dropping the last message of an actor may end the actor, and then `gone` erases from this map.
    held_.extract(held_.begin());
  if (context_)
    end_actors(*context_, supervisor_, catalog_);
  scheduler().run();
  if (context_)
    context_->close();
}

caf::scheduler::test_coordinator& stage::scheduler() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler());
}

void stage::born(resilient_actor& one) {
  alive_[one.trace_key()].push_back(&one);
}

void stage::gone(resilient_actor& one) {
  auto& same = alive_[one.trace_key()];
  std::erase(same, &one);
  if (same.empty())
    alive_.erase(one.trace_key());
  held_.erase(&one);
}

bool stage::holds(resilient_actor& to, caf::mailbox_element_ptr& x) {
  if (passes_)
    return false;
  const caf::type_erased_tuple& content = x->content();
  const trace::message_row& row = trace::row_of(content);
  const void* message = content.empty() ? nullptr : content.get(0);
  std::array<char, trace::longest_record> room;
  trace::encoder fields{room.data()};
  if (row.fields != nullptr)
    row.fields(fields, message);
  const std::uint64_t cause = row.stamp != nullptr ? row.stamp(message).cause : 0;
  held_[&to].push_back({std::move(x), caf::actor_cast<caf::strong_actor_ptr>(&to), row.number(), cause,
                        std::string{room.data(), fields.at()}, running_});
  return true;
}

resilient_actor* stage::newest(const trace::actor_key& key) const {
  const auto at = alive_.find(key);
  return at == alive_.end() || at->second.empty() ? nullptr : at->second.back();
}

void stage::deliver(resilient_actor& to, caf::mailbox_element_ptr message) {
  const caf::strong_actor_ptr keep = caf::actor_cast<caf::strong_actor_ptr>(&to);
  passes_ = true;
  to.enqueue(std::move(message), nullptr);
  passes_ = false;
  running_ = &to;
  scheduler().run();
  running_ = nullptr;
}

void stage::deliver(resilient_actor& to, std::deque<held>::iterator which) {
  held chosen = std::move(*which); // its `to` keeps the actor alive
  held_[&to].erase(which);
  deliver(to, std::move(chosen.message));
}

void stage::drop_messages_of_the_dead() {
  std::vector<resilient_actor*> dead;
  for (const auto& [to, messages] : held_)
    if (to->trace_key().is == trace::actor_kind::directory && !messages.empty()
        && messages.front().to->strong_refs == messages.size())
      dead.push_back(to);
  for (resilient_actor* each : dead)
    if (const auto at = held_.find(each); at != held_.end()) {
      const auto messages = std::move(at->second);
      held_.erase(at);
    }
}

} // namespace gitfs
