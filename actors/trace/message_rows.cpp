#include "actors/trace/message_rows.hpp"

#include "actors/messages.hpp"
#include "actors/volume.hpp"

namespace gitfs::trace {

namespace {

template <class Message>
sent_by stamp_of(const void* message) {
  return static_cast<const Message*>(message)->stamp;
}

void none(encoder&, const void*) {}

void put_ids(encoder& to, const std::vector<oid>& ids) {
  to.number(ids.size());
  to.id(ids.empty() ? oid{} : ids.front());
}

// With what each record_table row names, in its order.
void fields(encoder& to, const gitfs::kernel_op& m) {
  const auto* listing = std::get_if<readdir_op>(&m.what);
  to.number(m.answer ? m.answer.request_id() : 0);
  to.number(listing != nullptr && listing->plus ? static_cast<std::uint64_t>(request_kind::readdirplus)
                                                : m.what.index());
  to.number(m.at);
}
void fields(encoder& to, const gitfs::forget_op& m) {
  to.number(m.at);
  to.number(m.count);
}
void fields(encoder& to, const gitfs::enter_directory& m) {
  to.number(m.slot);
}
void fields(encoder& to, const gitfs::interrupt_op& m) {
  to.number(m.request_id);
}
void fields(encoder& to, const gitfs::blob_loaded& m) {
  to.number(m.id);
  to.number(static_cast<std::uint64_t>(m.code));
}
void fields(encoder& to, const gitfs::release_directory& m) {
  to.number(m.slot);
  to.number(m.number);
}
void fields(encoder& to, const gitfs::directory_idle& m) {
  to.number(m.slot);
  to.number(m.generation);
  to.number(m.number);
}
void fields(encoder& to, const gitfs::reap_directory& m) {
  to.number(m.slot);
}
void fields(encoder& to, const gitfs::entries_hidden& m) {
  to.fixed(m.link->ino);
  to.number(m.count);
}
void fields(encoder& to, const gitfs::released& m) {
  to.number(m.number);
}
void fields(encoder& to, const gitfs::child_is_idle& m) {
  to.number(m.slot);
  to.number(m.generation);
  to.number(m.number);
}
void fields(encoder& to, const gitfs::ask_want& m) {
  to.number(m.what.id);
  to.number(static_cast<std::uint64_t>(m.what.kind));
  to.number(static_cast<std::uint64_t>(m.what.how));
  put_ids(to, m.what.ids);
  std::uint64_t all = digest_begin;
  for (const oid& id : m.what.ids)
    all = digest(all, id);
  to.fixed(all);
}
void fields(encoder& to, const gitfs::promote_want& m) {
  to.number(m.id);
  to.number(static_cast<std::uint64_t>(m.how));
}
void fields(encoder& to, const gitfs::cancel_want& m) {
  to.number(m.id);
}
void fields(encoder& to, const gitfs::want_finished& m) {
  to.number(m.id);
  to.number(static_cast<std::uint64_t>(m.outcome.code));
  to.number(m.outcome.sizes.size());
  std::uint64_t all = digest_begin;
  for (const auto& [id, size] : m.outcome.sizes)
    all = digest(digest(all, id), size);
  to.fixed(all);
}
void fields(encoder& to, const gitfs::transfer_finished& m) {
  to.number(m.transfer);
  to.number(static_cast<std::uint64_t>(m.outcome.failure ? m.outcome.failure->code : 0));
  to.number(m.outcome.bytes);
  to.number(m.outcome.requests);
  to.number(m.outcome.sizes.size());
}
void fields(encoder& to, const gitfs::directory_listed& m) {
  to.fixed(m.link->ino);
}
void fields(encoder& to, const gitfs::file_read& m) {
  to.fixed(m.link->ino);
  to.number(m.index);
  to.id(m.id);
  to.number(m.missed ? 1 : 0);
}
void fields(encoder& to, const gitfs::directory_statted& m) {
  to.fixed(m.link->ino);
}
void fields(encoder& to, const gitfs::ask_place& m) {
  to.number(m.id);
  to.fixed(m.place->ino);
  to.text(m.name);
}
void fields(encoder& to, const gitfs::cancel_place& m) {
  to.number(m.id);
}
std::uint64_t code_of(int code) {
  return static_cast<std::uint64_t>(code);
}
void fields(encoder& to, const gitfs::place_told& m) {
  to.number(m.id);
  to.number(code_of(m.what.code));
  to.id(m.what.shown ? m.what.shown->facts.commit : oid{});
  to.number(m.what.names.size());
  std::uint64_t all = digest_begin;
  for (const std::string& each : m.what.names)
    all = digest(all, each);
  to.fixed(all);
}
void fields(encoder& to, const gitfs::show_ref& m) {
  to.number(m.call);
  to.number(m.place);
  to.text(m.ref);
}
void fields(encoder& to, const gitfs::cancel_show& m) {
  to.number(m.call);
}
void fields(encoder& to, const gitfs::ref_shown& m) {
  to.number(m.call);
  to.number(m.place);
  to.number(code_of(m.code));
  to.id(m.shown ? m.shown->facts.commit : oid{});
}
void fields(encoder& to, const gitfs::retry_allowed& m) {
  to.number(m.place);
}
void fields(encoder& to, const gitfs::host_told& m) {
  std::uint64_t all = digest_begin;
  to.number(m.call);
  if (m.found) {
    to.number(code_of(*m.found ? 0 : m.found->error().code));
    to.number(*m.found ? 1 : 0);
    if (*m.found)
      all = digest(all, m.found->value().name);
  } else {
    to.number(code_of(*m.listed ? 0 : m.listed->error().code));
    to.number(*m.listed ? m.listed->value().size() : 0);
    if (*m.listed)
      for (const host_entry& each : m.listed->value())
        all = digest(all, each.name);
  }
  to.fixed(all);
  to.number(m.listed ? 1 : 0);
}
void fields(encoder& to, const gitfs::snapshot_taken& m) {
  to.number(m.call);
  to.number(code_of(m.failure ? m.failure->code : 0));
  to.id(m.facts.commit);
  to.id(m.facts.root_tree);
  to.number(static_cast<std::uint64_t>(m.facts.time));
  to.number(!m.opened ? 0 : m.opened->remote() ? 2 : 1);
  to.text(m.facts.ref);
  to.text(m.opened ? m.opened->display() : std::string_view{});
}
void fields(encoder& to, const gitfs::directory_forgotten& m) {
  to.fixed(m.link->ino);
}
void fields(encoder& to, const gitfs::relink_directories& m) {
  to.number(m.of.size());
  to.fixed(m.of.empty() ? 0 : m.of.front().link->ino);
}
void fields(encoder& to, const gitfs::snapshot_moved& m) {
  to.fixed(m.link->ino);
  to.id(m.link->tree);
}
void fields(encoder& to, const gitfs::snapshot_left& m) {
  to.fixed(m.root->ino);
  to.id(m.root->tree);
}

void fields(encoder& to, const gitfs::entries_changed& m) {
  std::uint64_t all = digest_begin;
  to.number(m.now.names.size());
  for (const std::string& each : m.now.names)
    all = digest(all, each);
  to.fixed(all);
  to.number(m.replaced.size());
}
void fields(encoder& to, const gitfs::change_entries& m) {
  to.number(m.slot);
}
void fields(encoder& to, const gitfs::look_due& m) {
  to.number(m.place);
  to.number(m.timer);
}
void fields(encoder& to, const gitfs::moves_settled& m) {
  to.number(m.who.size());
  for (const refresh_number each : m.who)
    to.number(each);
}
void fields(encoder& to, const gitfs::refresh_refs& m) {
  to.number(m.number);
  to.text(m.what.path);
  to.number(m.what.requested ? 1 : 0);
}
void fields(encoder& to, const gitfs::cancel_refresh& m) {
  to.number(m.number);
}
void fields(encoder& to, const gitfs::reload_tree& m) {
  to.number(m.tree->repositories.size());
  to.number(m.tree->hosts.size());
}

template <class Message>
void fields_of(encoder& to, const void* message) {
  fields(to, *static_cast<const Message*>(message));
}

template <class Message>
message_row row(kind number) {
  return {&typeid(Message), number, stamp_of<Message>, fields_of<Message>};
}

template <class Message>
message_row plain_row(kind number) {
  return {&typeid(Message), number, stamp_of<Message>, none};
}

// What is sent most stands first: it is looked for one after the other. The last is for all others.
const message_row rows[] = {
    row<gitfs::kernel_op>(kind::kernel_op),
    row<gitfs::forget_op>(kind::forget_op),
    row<gitfs::enter_directory>(kind::enter_directory),
    row<gitfs::directory_listed>(kind::directory_listed),
    row<gitfs::ask_want>(kind::ask_want),
    row<gitfs::want_finished>(kind::want_finished),
    plain_row<gitfs::start_transfers>(kind::start_transfers),
    row<gitfs::file_read>(kind::file_read),
    row<gitfs::directory_statted>(kind::directory_statted),
    row<gitfs::release_directory>(kind::release_directory),
    row<gitfs::directory_idle>(kind::directory_idle),
    row<gitfs::released>(kind::released),
    row<gitfs::child_is_idle>(kind::child_is_idle),
    row<gitfs::reap_directory>(kind::reap_directory),
    row<gitfs::directory_forgotten>(kind::directory_forgotten),
    row<gitfs::promote_want>(kind::promote_want),
    row<gitfs::cancel_want>(kind::cancel_want),
    row<gitfs::transfer_finished>(kind::transfer_ended),
    plain_row<gitfs::window_begins>(kind::window_begins),
    plain_row<gitfs::window_ends>(kind::window_ends),
    plain_row<gitfs::windows_due>(kind::windows_due),
    plain_row<gitfs::shed_listing>(kind::shed_listing),
    plain_row<gitfs::listing_shed>(kind::listing_shed),
    plain_row<gitfs::over_budget>(kind::over_budget),
    row<gitfs::blob_loaded>(kind::blob_loaded),
    row<gitfs::interrupt_op>(kind::interrupt_op),
    row<gitfs::entries_hidden>(kind::entries_hidden),
    plain_row<gitfs::look_if_idle>(kind::look_if_idle),
    plain_row<gitfs::look_was_read>(kind::look_was_read),
    plain_row<gitfs::trees_delayed>(kind::trees_delayed),
    plain_row<gitfs::tell_activity>(kind::tell_activity),
    plain_row<gitfs::transfer_grew>(kind::transfer_grew),
    row<gitfs::relink_directories>(kind::relink_directories),
    row<gitfs::snapshot_moved>(kind::snapshot_moved),
    row<gitfs::snapshot_left>(kind::snapshot_left),
    row<gitfs::ask_place>(kind::ask_place),
    row<gitfs::cancel_place>(kind::cancel_place),
    row<gitfs::place_told>(kind::place_told),
    row<gitfs::show_ref>(kind::show_ref),
    row<gitfs::cancel_show>(kind::cancel_show),
    row<gitfs::ref_shown>(kind::ref_shown),
    row<gitfs::retry_allowed>(kind::retry_allowed),
    row<gitfs::host_told>(kind::host_told),
    row<gitfs::snapshot_taken>(kind::snapshot_taken),
    row<gitfs::entries_changed>(kind::entries_changed),
    row<gitfs::change_entries>(kind::change_entries),
    row<gitfs::look_due>(kind::look_due),
    row<gitfs::moves_settled>(kind::moves_settled),
    row<gitfs::refresh_refs>(kind::refresh_refs),
    row<gitfs::cancel_refresh>(kind::cancel_refresh),
    row<gitfs::reload_tree>(kind::reload_tree),
    message_row{},
};

} // namespace

const message_row& row_of(const caf::type_erased_tuple& content) {
  const std::type_info* type = content.empty() ? nullptr : content.type(0).second;
  const message_row* at = rows;
  while (at->type != nullptr && at->type != type)
    ++at;
  return *at;
}

} // namespace gitfs::trace
