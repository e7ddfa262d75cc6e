#include "actors/inode/directory_state.hpp"

#include "actors/inode/directory_mount_node.hpp"
#include "actors/inode/directory_move.hpp"
#include "actors/inode/directory_operations.hpp"
#include "actors/inode/directory_references.hpp"
#include "actors/inode/directory_wants.hpp"
#include "actors/inode/reader_errors.hpp"
#include "actors/model/visible_errno.hpp"
#include "config/log.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace gitfs {

directory_state::directory_state(mount_context& context, dir_slot self, directory_location_ptr link,
                                 directory_port& port)
  : inode_(context, self, std::move(link), port) {}

directory_state::~directory_state() {
  for (const auto& each : inode_.parking.on_their_way())
    cancel(inode_, each);
}

void directory_state::handle(kernel_op op) {
  if (op.answer.request_id() == 0)
    return answer_question(inode_, op);
  inode_.listing.use();
  if (inode_.move.upcoming())
    move_on(); // the tree may have come with something else, or could not be had before
  if (lacking what = attempt(inode_, op))
    park(std::move(op), *what);
}

void directory_state::park(kernel_op op, const missing& what) {
  if ((op.brought & what.what) != 0 && (!row_of(what.what).evictable || op.again_left-- == 0)) {
    refuse(inode_, op, EIO,
           (what.id.is_zero() ? "it" : "object " + what.id.hex())
               + " was fetched and is not here: its server sends something else, or the disk does not keep it"
               + (op.lacked.empty() ? "" : " (" + op.lacked + ")"));
    return;
  }
  if (what == missing{missing::sizes, {}})
    inode_.port.statted();
  if (const auto* const lookup = std::get_if<lookup_op>(&op.what); lookup != nullptr && what.what == missing::sizes)
    if (const dentry* const found = inode_.listing.entries().find(lookup->name))
      inode_.port.looked_up(found->id);
  const want_id id = want_for(inode_, what, urgency_of(op, what)).id;
  const std::uint64_t request = op.answer.request_id();
  // Last, because a caller that has already given up is reported at once.
  inode_.parking.park(std::move(op), request, id).answer.on_interrupt(inode_.port.interrupter(request));
}

void directory_state::finished(want_id id, const want_result& outcome) {
  const auto ended = inode_.parking.end(id);
  if (!ended)
    return; // cancelled, or overtaken by a move
  const missing& what = ended->what;
  if (ended->ahead && outcome.code == ENOTSUP) {
    // As a guess it costs too much on this server. Requests that have come to wait for it since ask for it as a demand.
    for (kernel_op& waiter : inode_.parking.take(id))
      handle(std::move(waiter));
    return;
  }
  if (what.what == missing::sizes && outcome.code == 0)
    inode_.listing.fill_sizes(outcome.sizes, inode_.outside());
  const directory_location_ptr& upcoming = inode_.move.upcoming();
  if (upcoming && what == missing{missing::listing, upcoming->tree}) {
    if (outcome.code == 0 && inode_.outside().has_listing(what.id))
      move_on();
    else {
      log::warn("directory '{}' goes on showing what it did until it is used: its new tree {} cannot be had",
                path_of(*link()), what.id.hex());
      inode_.move.let_waiters_go();
    }
  }
  attempt_waiters(id, outcome, what.what);
}

void directory_state::attempt_waiters(want_id id, const want_result& outcome, missing::kind brought) {
  // Taken out first: an attempt may park again and so change the list.
  for (kernel_op& waiter : inode_.parking.take(id)) {
    if (outcome.code == ECANCELED) { // the mount ends, which is no failure
      waiter.answer.error(EIO);
      continue;
    }
    if (outcome.code != 0) {
      refuse(inode_, waiter, visible_errno(outcome.code, requested::object), outcome.why);
      continue;
    }
    waiter.brought |= brought;
    handle(std::move(waiter));
  }
}

void directory_state::interrupted(std::uint64_t request_id) {
  auto given_up = inode_.parking.give_up(request_id);
  if (!given_up)
    return; // answered meanwhile
  given_up->request.answer.error(EINTR);
  if (given_up->alone)
    cancel(inode_, *given_up->alone);
}

void directory_state::forget(child_index at, std::uint64_t count) {
  if (at == self_child)
    return; // a directory's own references are counted by its parent
  if (dentry* entry = inode_.listing.entries().at(at - 1))
    drop_reference(inode_, *entry, count);
  // Not where a request gives back a reference, because that request is using the listing.
  drop_listing_if_shedding();
}

void directory_state::child_idle(dir_slot slot, std::uint32_t generation, release_number number) {
  reap_if_released(inode_, slot, generation, number);
}

void directory_state::release(release_number number) {
  inode_.releases.release_self(number);
  answer_release_if_idle(inode_);
}

void directory_state::clean_up() {
  inode_.parking.drop_lost(); // their replies answer EIO
  release_children_again(inode_);
  announce_changes(inode_);
  if (inode_.move.upcoming())
    move_on();
  answer_release_if_idle(inode_);
}

void directory_state::moved(directory_location_ptr link, move_token move) {
  begin_move(inode_, std::move(link), std::move(move));
  move_on();
}

void directory_state::move_on() {
  auto again = go_on_moving(inode_);
  if (!again)
    return;
  for (kernel_op& waiter : *again)
    handle(std::move(waiter));
  drop_listing_if_shedding(); // it was on its way to that
}

void directory_state::node_answered(want_id id, const mount_node_answer& what) {
  if (!inode_.parking.end(id))
    return; // cancelled
  if (what.code != 0) {
    // C libraries take ENOENT of a listing for its end, so `ls` of what cannot be opened would look empty.
    for (kernel_op& waiter : inode_.parking.take(id))
      waiter.answer.error(what.code == ENOENT && std::holds_alternative<readdir_op>(waiter.what) ? EIO : what.code);
    return;
  }
  show_answer(inode_, what);
  attempt_waiters(id, {}, missing::mount_node);
}

void directory_state::entries_changed(const mount_node_answer& now, const std::vector<std::string>& replaced) {
  replace_entries(inode_, now, replaced);
}

void directory_state::shed() {
  if (!inode_.listing.begin_shedding(inode_.in_use()))
    return;
  drop_listing_if_shedding();
  std::vector<std::uint64_t> nodes;
  inode_.listing.entries().each_looked_up([&](const dentry& entry) { nodes.push_back(nodeid_of(entry.slot)); });
  if (inode_.self != root_slot)
    nodes.push_back(nodeid_of(inode_.self));
  inode_.port.ask_kernel_to_forget(std::move(nodes));
}

void directory_state::drop_listing_if_shedding() {
  inode_.listing.drop_if_shedding(inode_.in_use(), inode_.outside());
}

std::string directory_state::describe() const {
  const dentry_table& entries = inode_.listing.entries();
  std::string out = fmt::format("listing {}: {} dentries, {} references to them; {}\n",
                                complete() ? "complete" : "not here", entries.size(), entries.references(),
                                inode_.releases.self() == 0 ? "the kernel refers to it" : "released");
  for (const auto& each : inode_.parking.waiting())
    out += fmt::format("parked: request {}, waits for want {}\n", each.number, each.waits_for);
  if (const auto& upcoming = inode_.move.upcoming())
    out += fmt::format("waits for tree {} of the next snapshot\n", upcoming->tree.hex());
  for (const auto& each : inode_.parking.on_their_way())
    out +=
        fmt::format("on its way: want {}, {}{}\n", each.id, row_of(each.what.what).name, each.ahead ? ", ahead" : "");
  return out;
}

} // namespace gitfs
