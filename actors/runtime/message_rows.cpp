#include "actors/runtime/message_rows.hpp"

#include "actors/mount/mounted_ref.hpp"
#include "actors/runtime/catalog_messages.hpp"
#include "actors/runtime/directory_messages.hpp"
#include "actors/runtime/fetch_messages.hpp"
#include "actors/runtime/mount_node_messages.hpp"
#include "actors/runtime/path_messages.hpp"
#include "actors/runtime/prefetch_messages.hpp"
#include "actors/runtime/question_messages.hpp"

#include <algorithm>
#include <concepts>
#include <functional>
#include <iterator>
#include <type_traits>

namespace gitfs::trace {

namespace {

using enum field_type;

// --- what a row is made of ------------------------------------------------------------------------------------------

// A field of a message's record. `Get`: a member of the message, or a function that makes the value of it.
template <field_type Type, auto Get>
struct column {
  std::string_view name;
  static constexpr field_type type = Type;
  static constexpr bool is_member = std::is_member_object_pointer_v<decltype(Get)>;

  template <class Message>
  static void put(encoder& to, const Message& m) {
    const auto& value = std::invoke(Get, m);
    if constexpr (Type == field_type::name)
      to.text(value);
    else if constexpr (Type == id)
      to.id(value);
    else if constexpr (Type == inode || Type == digest)
      to.fixed(value);
    else
      to.number(static_cast<std::uint64_t>(value));
  }

  template <class Message>
  static void parse(decoder& from, Message& m) {
    auto& value = m.*Get;
    if constexpr (Type == field_type::name)
      value = from.text();
    else if constexpr (Type == id)
      value = from.id();
    else
      value = static_cast<std::remove_reference_t<decltype(value)>>(Type == inode || Type == digest ? from.fixed()
                                                                                                    : from.number());
  }
};

// The last field, of which there may be any number: `Put` writes them all.
template <auto Put, field_type Type = number>
struct last_columns {
  std::string_view name;
  static constexpr field_type type = Type;
  static constexpr bool is_member = false;

  template <class Message>
  static void put(encoder& to, const Message& m) {
    Put(to, m);
  }
};

template <auto Get>
constexpr column<number, Get> plain(std::string_view name) {
  return {name};
}
template <field_type Type, auto Get>
constexpr column<Type, Get> of(std::string_view name) {
  return {name};
}

struct how {
  arrival comes = arrival::sent;
  bool loose_cause = false;
  bool compared = true;
};

template <class Message, how How = how{}, class... Columns>
constexpr message_row row(kind number, std::string_view name, Columns... columns) {
  message_row out{&typeid(Message),
                  {number, name, {field{columns.name, Columns::type}...}, {}, How.compared},
                  How.comes,
                  How.loose_cause};
  out.stamp = [](const void* m) { return static_cast<const Message*>(m)->stamp; };
  out.fields = [](encoder& to, const void* m) {
    (Columns::put(to, *static_cast<const Message*>(m)), ...);
    static_cast<void>(to), static_cast<void>(m); // where it has none
  };
  if constexpr (How.comes == arrival::from_outside && (Columns::is_member && ...))
    out.parse = [](std::string_view fields, const sent_by& stamp) {
      decoder from{fields};
      Message m;
      (Columns::parse(from, m), ...);
      m.stamp = stamp;
      return caf::make_message(std::move(m));
    };
  return out;
}

constexpr how from_kernel{arrival::from_kernel};
constexpr how from_outside{arrival::from_outside};
constexpr how delayed{arrival::delayed};
constexpr how delayed_by_the_clock{.comes = arrival::delayed, .compared = false};
constexpr how question{arrival::question};
constexpr how loose{.loose_cause = true};

// --- values that are not members ------------------------------------------------------------------------------------

constexpr auto key_of_link = [](const auto& m) { return m.link->key; };
constexpr auto tree_of_link = [](const auto& m) -> const oid& { return m.link->tree; };
constexpr auto digest_of = [](const auto& values) {
  std::uint64_t all = digest_begin;
  for (const auto& each : values)
    all = trace::digest(all, each);
  return all;
};

std::uint64_t request_of(const gitfs::kernel_op& m) {
  return m.answer ? m.answer.request_id() : 0;
}
request_kind operation_of(const gitfs::kernel_op& m) {
  return std::visit([](const auto& op) { return op.kind(); }, m.what);
}

oid first_of(const gitfs::ask_want& m) {
  return m.what.ids.empty() ? oid{} : m.what.ids.front();
}

std::uint64_t digest_of_sizes(const gitfs::want_finished& m) {
  std::uint64_t all = digest_begin;
  for (const auto& [id, size] : m.outcome.sizes)
    all = trace::digest(trace::digest(all, id), size);
  return all;
}

oid commit_shown(const shown_ptr& shown) {
  return shown ? shown->facts.commit : oid{};
}

int code_of(const gitfs::forge_answered& m) {
  return m.found ? (*m.found ? 0 : m.found->error().code) : *m.listed ? 0 : m.listed->error().code;
}
std::size_t name_count(const gitfs::forge_answered& m) {
  return m.found ? (*m.found ? 1 : 0) : *m.listed ? m.listed->value().size() : 0;
}
std::uint64_t name_digest(const gitfs::forge_answered& m) {
  std::uint64_t all = digest_begin;
  if (m.found && *m.found)
    all = trace::digest(all, m.found->value().name);
  else if (!m.found && *m.listed)
    for (const forge_entry& each : m.listed->value())
      all = trace::digest(all, each.name);
  return all;
}

std::uint64_t opened_as(const gitfs::snapshot_resolved& m) {
  return !m.opened ? 0 : m.opened->remote() ? 2 : 1;
}

void put_settled(encoder& to, const gitfs::moves_settled& m) {
  for (const refresh_number each : m.who)
    to.number(each);
}

void put_objects(encoder& to, const gitfs::fetch_objects& m) {
  for (const oid& each : m.ids)
    to.id(each);
}

// Traces of 0.1.0 do not have it.
void put_shown_at(encoder& to, const gitfs::snapshot_resolved& m) {
  if (m.facts.shown_at != 0)
    to.number(static_cast<std::uint64_t>(m.facts.shown_at));
}

// --- the table ------------------------------------------------------------------------------------------------------

constexpr message_row table[] = {
    row<gitfs::kernel_op, from_kernel>(kind::kernel_op, "kernel_op", plain<request_of>("request"),
                                       of<request, operation_of>("op"), plain<&gitfs::kernel_op::at>("child")),
    row<gitfs::forget_op, from_kernel>(kind::forget_op, "forget_op", plain<&gitfs::forget_op::at>("child"),
                                       plain<&gitfs::forget_op::count>("count")),
    row<gitfs::enter_directory, from_kernel>(kind::enter_directory, "enter_directory",
                                             plain<&gitfs::enter_directory::slot>("slot")),
    row<gitfs::directory_listed>(kind::directory_listed, "directory_listed", of<inode, key_of_link>("inode")),
    row<gitfs::ask_want>(kind::ask_want, "ask_want", plain<[](auto& m) { return m.what.id; }>("want"),
                         of<want, [](auto& m) { return m.what.kind; }>("kind"),
                         of<urgency, [](auto& m) { return m.what.how; }>("urgency"),
                         plain<[](auto& m) { return m.what.ids.size(); }>("count"), of<id, first_of>("first"),
                         of<digest, [](auto& m) { return digest_of(m.what.ids); }>("digest")),
    row<gitfs::want_finished>(kind::want_finished, "want_finished", plain<&gitfs::want_finished::id>("want"),
                              of<code, [](auto& m) { return m.outcome.code; }>("error"),
                              plain<[](auto& m) { return m.outcome.sizes.size(); }>("sizes"),
                              of<digest, digest_of_sizes>("digest")),
    row<gitfs::start_transfers>(kind::start_transfers, "start_transfers"),
    row<gitfs::file_read>(kind::file_read, "file_read", of<inode, key_of_link>("inode"),
                          plain<&gitfs::file_read::index>("child"), of<id, &gitfs::file_read::id>("blob"),
                          plain<&gitfs::file_read::missed>("missed")),
    row<gitfs::directory_statted>(kind::directory_statted, "directory_statted", of<inode, key_of_link>("inode")),
    row<gitfs::file_looked_up>(kind::file_looked_up, "file_looked_up", of<inode, key_of_link>("inode"),
                               of<id, &gitfs::file_looked_up::id>("blob")),
    row<gitfs::release_directory>(kind::release_directory, "release_directory",
                                  plain<&gitfs::release_directory::slot>("slot"),
                                  plain<&gitfs::release_directory::number>("number")),
    row<gitfs::directory_idle>(kind::directory_idle, "directory_idle", plain<&gitfs::directory_idle::slot>("slot"),
                               plain<&gitfs::directory_idle::generation>("generation"),
                               plain<&gitfs::directory_idle::number>("number")),
    row<gitfs::released>(kind::released, "released", plain<&gitfs::released::number>("number")),
    row<gitfs::child_is_idle>(kind::child_is_idle, "child_is_idle", plain<&gitfs::child_is_idle::slot>("slot"),
                              plain<&gitfs::child_is_idle::generation>("generation"),
                              plain<&gitfs::child_is_idle::number>("number")),
    row<gitfs::reap_directory>(kind::reap_directory, "reap_directory", plain<&gitfs::reap_directory::slot>("slot")),
    row<gitfs::directory_forgotten>(kind::directory_forgotten, "directory_forgotten", of<inode, key_of_link>("inode")),
    row<gitfs::promote_want, loose>(kind::promote_want, "promote_want", plain<&gitfs::promote_want::id>("want"),
                                    of<urgency, &gitfs::promote_want::how>("urgency")),
    row<gitfs::cancel_want, loose>(kind::cancel_want, "cancel_want", plain<&gitfs::cancel_want::id>("want")),
    row<gitfs::transfer_finished, from_outside>(
        kind::transfer_ended, "transfer_ended", plain<&gitfs::transfer_finished::transfer>("transfer"),
        of<code, [](auto& m) { return m.outcome.failure ? m.outcome.failure->code : 0; }>("error"),
        plain<[](auto& m) { return m.outcome.bytes; }>("bytes"),
        plain<[](auto& m) { return m.outcome.requests; }>("requests"),
        plain<[](auto& m) { return m.outcome.sizes.size(); }>("sizes")),
    row<gitfs::window_begins>(kind::window_begins, "window_begins"),
    row<gitfs::window_ends>(kind::window_ends, "window_ends"),
    row<gitfs::windows_due, delayed>(kind::windows_due, "windows_due"),
    row<gitfs::use_profile, from_outside>(
        kind::use_profile, "use_profile",
        of<id, &gitfs::use_profile::commit>("commit"), of<id, &gitfs::use_profile::root>("tree"),
        of<name, &gitfs::use_profile::lines>("lines"), plain<&gitfs::use_profile::more>("more")),
    row<gitfs::tell_profile, question>(kind::tell_profile, "tell_profile"),
    row<gitfs::run_due, how{arrival::question, false, false}>(kind::run_due, "run_due"),
    row<gitfs::shed_listing>(kind::shed_listing, "shed_listing"),
    row<gitfs::listing_shed>(kind::listing_shed, "listing_shed"),
    row<gitfs::over_budget>(kind::over_budget, "over_budget"),
    row<gitfs::blob_loaded, from_outside>(kind::blob_loaded, "blob_loaded", plain<&gitfs::blob_loaded::id>("want"),
                                          of<code, &gitfs::blob_loaded::code>("error")),
    row<gitfs::interrupt_op, from_outside>(kind::interrupt_op, "interrupt_op",
                                           plain<&gitfs::interrupt_op::request_id>("request")),
    row<gitfs::entries_hidden>(kind::entries_hidden, "entries_hidden", of<inode, key_of_link>("inode"),
                               plain<&gitfs::entries_hidden::count>("count")),
    row<gitfs::check_idle, delayed_by_the_clock>(kind::check_idle, "look_if_idle"),
    row<gitfs::probe_was_read>(kind::probe_was_read, "look_was_read"),
    row<gitfs::trees_delayed, delayed_by_the_clock>(kind::trees_delayed, "trees_delayed"),
    row<gitfs::tell_activity, question>(kind::tell_activity, "tell_activity"),
    row<gitfs::tell_status, question>(kind::tell_status, "tell_status"),
    row<gitfs::ask_directory, question>(kind::ask_directory, "ask_directory",
                                        of<inode, &gitfs::ask_directory::inode>("inode")),
    row<gitfs::find_directory, question>(kind::find_directory, "find_directory",
                                         of<inode, &gitfs::find_directory::inode>("inode")),
    row<gitfs::fetch_objects, from_outside>(
        kind::fetch_objects, "fetch_objects", plain<&gitfs::fetch_objects::number>("number"),
        of<want, &gitfs::fetch_objects::kind>("kind"), of<id, &gitfs::fetch_objects::commit>("commit"),
        plain<[](auto& m) { return m.ids.size(); }>("count"), last_columns<put_objects, id>{"first"}),
    row<gitfs::cancel_objects, from_outside>(kind::cancel_objects, "cancel_objects",
                                             plain<&gitfs::cancel_objects::number>("number")),
    row<gitfs::transfer_grew, from_outside>(kind::transfer_grew, "transfer_grew"),
    row<gitfs::trees_are_few, from_outside>(kind::trees_are_few, "trees_are_few"),
    row<gitfs::relink_directories>(
        kind::relink_directories, "relink_directories", plain<[](auto& m) { return m.of.size(); }>("count"),
        of<inode, [](auto& m) { return m.of.empty() ? 0 : m.of.front().link->key; }>("first")),
    row<gitfs::snapshot_moved>(kind::snapshot_moved, "snapshot_moved", of<inode, key_of_link>("inode"),
                               of<id, tree_of_link>("tree")),
    row<gitfs::snapshot_left>(kind::snapshot_left, "snapshot_left",
                              of<inode, [](auto& m) { return m.root->key; }>("inode"),
                              of<id, [](auto& m) { return m.root->tree; }>("tree")),
    row<gitfs::ask_mount_node>(kind::ask_mount_node, "ask_place", plain<&gitfs::ask_mount_node::id>("want"),
                               of<inode, [](auto& m) { return m.location->key; }>("inode"),
                               of<name, &gitfs::ask_mount_node::name>("name")),
    row<gitfs::cancel_mount_node, loose>(kind::cancel_mount_node, "cancel_place",
                                         plain<&gitfs::cancel_mount_node::id>("want")),
    row<gitfs::mount_node_answered>(kind::mount_node_answered, "place_told",
                                    plain<&gitfs::mount_node_answered::id>("want"),
                                    of<code, [](auto& m) { return m.what.code; }>("error"),
                                    of<id, [](auto& m) { return commit_shown(m.what.shown); }>("commit"),
                                    plain<[](auto& m) { return m.what.names.size(); }>("names"),
                                    of<digest, [](auto& m) { return digest_of(m.what.names); }>("digest")),
    row<gitfs::show_ref>(kind::show_ref, "show_ref", plain<&gitfs::show_ref::call>("call"),
                         plain<&gitfs::show_ref::node>("place"), of<name, &gitfs::show_ref::ref>("ref")),
    row<gitfs::cancel_show>(kind::cancel_show, "cancel_show", plain<&gitfs::cancel_show::call>("call")),
    row<gitfs::ref_shown>(kind::ref_shown, "ref_shown", plain<&gitfs::ref_shown::call>("call"),
                          plain<&gitfs::ref_shown::node>("place"), of<code, &gitfs::ref_shown::code>("error"),
                          of<id, [](auto& m) { return commit_shown(m.shown); }>("commit")),
    row<gitfs::retry_allowed, delayed_by_the_clock>(kind::retry_allowed, "retry_allowed",
                                                    plain<&gitfs::retry_allowed::node>("place")),
    row<gitfs::forge_answered, from_outside>(kind::forge_answered, "host_told",
                                             plain<&gitfs::forge_answered::call>("call"), of<code, code_of>("error"),
                                             plain<name_count>("names"), of<digest, name_digest>("digest"),
                                             plain<[](auto& m) { return m.listed ? 1 : 0; }>("listed")),
    row<gitfs::snapshot_resolved, from_outside>(
        kind::snapshot_resolved, "snapshot_taken", plain<&gitfs::snapshot_resolved::call>("call"),
        of<code, [](auto& m) { return m.failure ? m.failure->code : 0; }>("error"),
        of<id, [](auto& m) { return m.facts.commit; }>("commit"),
        of<id, [](auto& m) { return m.facts.root_tree; }>("tree"), plain<[](auto& m) { return m.facts.time; }>("time"),
        plain<opened_as>("opened"), of<name, [](auto& m) { return std::string_view{m.facts.ref}; }>("ref"),
        of<name, [](auto& m) { return m.opened ? m.opened->display() : std::string_view{}; }>("source"),
        last_columns<put_shown_at>{"shown_at"}),
    row<gitfs::entries_changed>(kind::entries_changed, "entries_changed",
                                plain<[](auto& m) { return m.now.names.size(); }>("names"),
                                of<digest, [](auto& m) { return digest_of(m.now.names); }>("digest"),
                                plain<[](auto& m) { return m.replaced.size(); }>("replaced")),
    row<gitfs::change_entries>(kind::change_entries, "change_entries", plain<&gitfs::change_entries::slot>("slot")),
    row<gitfs::poll_due, delayed_by_the_clock>(kind::poll_due, "look_due", plain<&gitfs::poll_due::node>("place"),
                                               plain<&gitfs::poll_due::timer>("timer")),
    row<gitfs::moves_settled, how{arrival::from_outside, true}>(kind::moves_settled, "moves_settled",
                                                                plain<[](auto& m) { return m.who.size(); }>("count"),
                                                                last_columns<put_settled>{"first"}),
    row<gitfs::refresh_refs, from_outside>(
        kind::refresh_refs, "refresh_refs", plain<&gitfs::refresh_refs::number>("number"),
        of<name, [](auto& m) { return std::string_view{m.what.path}; }>("path"),
        // One number, as traces of 0.1.0 have it: bit 1 is new.
        plain<[](auto& m) { return (m.what.requested ? 1 : 0) + (m.what.failed ? 2 : 0); }>("requested")),
    row<gitfs::cancel_refresh, from_outside>(kind::cancel_refresh, "cancel_refresh",
                                             plain<&gitfs::cancel_refresh::number>("number")),
    row<gitfs::reload_tree, from_outside>(kind::reload_tree, "reload_tree",
                                          plain<[](auto& m) { return m.tree->repositories.size(); }>("repositories"),
                                          plain<[](auto& m) { return m.tree->forges.size(); }>("hosts")),
    message_row{},
};

} // namespace

std::span<const message_row> message_table() {
  return table;
}

const message_row& row_of(const caf::type_erased_tuple& content) {
  const std::type_info* type = content.empty() ? nullptr : content.type(0).second;
  const message_row* at = table;
  while (at->type != nullptr && at->type != type)
    ++at;
  return *at;
}

const message_row* message_row_of(kind number) {
  const auto* const at = std::ranges::find(table, number, &message_row::number);
  return at == std::end(table) ? nullptr : at;
}

} // namespace gitfs::trace
