#include "actors/trace/records.hpp"

#include <algorithm>
#include <array>

namespace gitfs::trace {

namespace {

using enum field_type;

constexpr field duration[] = {{"ns"}};
constexpr field kernel_request_fields[] = {{"request"}, {"op", request}, {"node"},
                                           {"offset"},  {"size"},        {"name", name}};
constexpr field reply_fields[] = {{"request"}, {"kind", answer}, {"error", code}, {"inode", inode},  {"mode", mode},
                                  {"size"},    {"bytes"},        {"node"},        {"digest", digest}};
constexpr field spawned_fields[] = {{"inode", inode}, {"parent", inode}, {"name", name}, {"tree", id}, {"slot"}};
constexpr field started_fields[] = {{"transfer"}, {"kind", want}, {"count"}, {"first", id}};
constexpr field finished_fields[] = {{"transfer"}, {"error", code}, {"bytes"}, {"requests"}, {"sizes"}};
constexpr field want_objects_fields[] = {{"want"}, {"objects", ids}};
constexpr field transfer_objects_fields[] = {{"transfer"}, {"objects", ids}};
constexpr field request_field[] = {{"request"}};
constexpr field forget_fields[] = {{"node"}, {"count"}};
constexpr field mounted_fields[] = {{"commit", id}, {"tree", id},    {"prefetch"}, {"exact", whole},
                                    {"remote"},     {"trees_ahead"}, {"memory"}};
constexpr field learned_fields[] = {{"bytes", bytes}};
constexpr field tree_fields[] = {{"tree", id}, {"offset"}, {"size"}, {"bytes", bytes}};
constexpr field sizes_fields[] = {{"transfer"}, {"bytes", bytes}};
constexpr field op_fields[] = {{"request"}, {"op", request}, {"child"}};
constexpr field child_fields[] = {{"child"}, {"count"}};
constexpr field slot_field[] = {{"slot"}};
constexpr field loaded_fields[] = {{"want"}, {"error", code}};
constexpr field release_fields[] = {{"slot"}, {"number"}};
constexpr field idle_fields[] = {{"slot"}, {"generation"}, {"number"}};
constexpr field number_field[] = {{"number"}};
constexpr field count_field[] = {{"inode", inode}, {"count"}};
constexpr field inode_field[] = {{"inode", inode}};
constexpr field relink_fields[] = {{"count"}, {"first", inode}};
constexpr field moved_fields[] = {{"inode", inode}, {"tree", id}};
constexpr field ask_fields[] = {{"want"},  {"kind", want}, {"urgency", urgency},
                                {"count"}, {"first", id},  {"digest", digest}};
constexpr field promote_fields[] = {{"want"}, {"urgency", urgency}};
constexpr field want_field[] = {{"want"}};
constexpr field want_finished_fields[] = {{"want"}, {"error", code}, {"sizes"}, {"digest", digest}};
constexpr field ask_place_fields[] = {{"want"}, {"inode", inode}, {"name", name}};
constexpr field place_told_fields[] = {{"want"}, {"error", code}, {"commit", id}, {"names"}, {"digest", digest}};
constexpr field show_ref_fields[] = {{"call"}, {"place"}, {"ref", name}};
constexpr field call_field[] = {{"call"}};
constexpr field ref_shown_fields[] = {{"call"}, {"place"}, {"error", code}, {"commit", id}};
constexpr field place_field[] = {{"place"}};
constexpr field host_told_fields[] = {{"call"}, {"error", code}, {"names"}, {"digest", digest}, {"listed"}};
constexpr field taken_fields[] = {{"call"}, {"error", code}, {"commit", id}, {"tree", id},
                                  {"time"}, {"opened"},      {"ref", name},  {"source", name}};
constexpr field shown_tree_fields[] = {{"repositories"}, {"hosts"}};
constexpr field shown_repository_fields[] = {{"path", name}, {"ref", name}, {"same_as"}, {"follow"}, {"every"}};
constexpr field shown_host_fields[] = {{"path", name}, {"kind"}, {"follow"}, {"every"}, {"same_as"}};
constexpr field host_entry_fields[] = {{"call"}, {"name", name}, {"repository"}};
constexpr field entries_fields[] = {{"names"}, {"digest", digest}, {"replaced"}};
constexpr field look_fields[] = {{"place"}, {"timer"}};
constexpr field moves_fields[] = {{"count"}, {"first"}};
constexpr field refresh_fields[] = {{"number"}, {"path", name}, {"requested"}};
constexpr field reload_fields[] = {{"repositories"}, {"hosts"}};
constexpr field file_read_fields[] = {{"inode", inode}, {"child"}, {"blob", id}, {"missed"}};

// By number, for row_of.
constexpr std::array table{
    record_row{kind::handled, "handled", duration},
    record_row{kind::kernel_request, "kernel_request", kernel_request_fields, "kernel"},
    record_row{kind::reply, "reply", reply_fields, "kernel"},
    record_row{kind::spawned, "spawned", spawned_fields},
    record_row{kind::transfer_started, "transfer_started", started_fields, "server"},
    record_row{kind::transfer_finished, "transfer_finished", finished_fields, "server"},
    record_row{kind::interrupted, "interrupted", request_field, "kernel"},
    record_row{kind::kernel_forget, "kernel_forget", forget_fields, "kernel"},
    record_row{kind::mounted, "mounted", mounted_fields},
    record_row{kind::refused, "refused", request_field, "kernel"},
    record_row{kind::learned, "learned", learned_fields},
    record_row{kind::tree, "tree", tree_fields},
    record_row{kind::sizes, "sizes", sizes_fields, "server"},
    record_row{kind::want_objects, "want_objects", want_objects_fields},
    record_row{kind::transfer_objects, "transfer_objects", transfer_objects_fields, "server"},
    record_row{kind::shown_tree, "shown_tree", shown_tree_fields},
    record_row{kind::shown_repository, "shown_repository", shown_repository_fields},
    record_row{kind::shown_host, "shown_host", shown_host_fields},
    record_row{kind::host_entry, "host_entry", host_entry_fields, "server"},
    record_row{kind::other_message, "other", {}},
    record_row{kind::kernel_op, "kernel_op", op_fields},
    record_row{kind::forget_op, "forget_op", child_fields},
    record_row{kind::enter_directory, "enter_directory", slot_field},
    record_row{kind::interrupt_op, "interrupt_op", request_field},
    record_row{kind::blob_loaded, "blob_loaded", loaded_fields},
    record_row{kind::release_directory, "release_directory", release_fields},
    record_row{kind::directory_idle, "directory_idle", idle_fields},
    record_row{kind::reap_directory, "reap_directory", slot_field},
    record_row{kind::entries_hidden, "entries_hidden", count_field},
    record_row{kind::look_if_idle, "look_if_idle", {}},
    record_row{kind::over_budget, "over_budget", {}},
    record_row{kind::shed_listing, "shed_listing", {}},
    record_row{kind::listing_shed, "listing_shed", {}},
    record_row{kind::released, "released", number_field},
    record_row{kind::child_is_idle, "child_is_idle", idle_fields},
    record_row{kind::ask_want, "ask_want", ask_fields},
    record_row{kind::promote_want, "promote_want", promote_fields},
    record_row{kind::cancel_want, "cancel_want", want_field},
    record_row{kind::want_finished, "want_finished", want_finished_fields},
    record_row{kind::window_begins, "window_begins", {}},
    record_row{kind::window_ends, "window_ends", {}},
    record_row{kind::windows_due, "windows_due", {}},
    record_row{kind::look_was_read, "look_was_read", {}},
    record_row{kind::trees_delayed, "trees_delayed", {}},
    record_row{kind::start_transfers, "start_transfers", {}},
    record_row{kind::transfer_grew, "transfer_grew", {}},
    record_row{kind::transfer_ended, "transfer_ended", finished_fields},
    record_row{kind::directory_listed, "directory_listed", inode_field},
    record_row{kind::file_read, "file_read", file_read_fields},
    record_row{kind::directory_statted, "directory_statted", inode_field},
    record_row{kind::directory_forgotten, "directory_forgotten", inode_field},
    record_row{kind::tell_activity, "tell_activity", {}},
    record_row{kind::relink_directories, "relink_directories", relink_fields},
    record_row{kind::snapshot_moved, "snapshot_moved", moved_fields},
    record_row{kind::snapshot_left, "snapshot_left", moved_fields},
    record_row{kind::ask_place, "ask_place", ask_place_fields},
    record_row{kind::cancel_place, "cancel_place", want_field},
    record_row{kind::place_told, "place_told", place_told_fields},
    record_row{kind::show_ref, "show_ref", show_ref_fields},
    record_row{kind::cancel_show, "cancel_show", call_field},
    record_row{kind::ref_shown, "ref_shown", ref_shown_fields},
    record_row{kind::retry_allowed, "retry_allowed", place_field},
    record_row{kind::host_told, "host_told", host_told_fields},
    record_row{kind::snapshot_taken, "snapshot_taken", taken_fields},
    record_row{kind::entries_changed, "entries_changed", entries_fields},
    record_row{kind::change_entries, "change_entries", slot_field},
    record_row{kind::look_due, "look_due", look_fields},
    record_row{kind::moves_settled, "moves_settled", moves_fields},
    record_row{kind::refresh_refs, "refresh_refs", refresh_fields},
    record_row{kind::cancel_refresh, "cancel_refresh", number_field},
    record_row{kind::reload_tree, "reload_tree", reload_fields},
};
static_assert(std::ranges::is_sorted(table, {}, &record_row::number));

constexpr std::string_view request_names[] = {"lookup", "getattr",  "readlink",  "readdir",
                                              "read",   "getxattr", "listxattr", "readdirplus"};
constexpr std::string_view answer_names[] = {"error", "absent", "entry", "attr", "link", "data", "xattr", "dirents"};
constexpr std::string_view want_names[] = {"trees", "blobs", "sizes"};
constexpr std::string_view urgency_names[] = {"speculation", "demand", "path"};
constexpr std::string_view exact_names[] = {"partial", "full", "redacted"};
constexpr std::string_view actor_names[] = {"other",      "directory", "supervisor", "fetcher",
                                            "prefetcher", "catalog",   "repository"};

std::span<const std::string_view> names_of(field_type type) {
  switch (type) {
  case request:
    return request_names;
  case answer:
    return answer_names;
  case want:
    return want_names;
  case urgency:
    return urgency_names;
  case actor:
    return actor_names;
  case whole:
    return exact_names;
  default:
    return {};
  }
}

} // namespace

std::span<const record_row> record_table() {
  return table;
}

const record_row* row_of(kind k) {
  const auto* const at = std::ranges::lower_bound(table, k, {}, &record_row::number);
  return at != table.end() && at->number == k ? &*at : nullptr;
}

std::string_view name_of(field_type type, std::uint64_t value) {
  const auto names = names_of(type);
  return value < names.size() ? names[value] : std::string_view{};
}

} // namespace gitfs::trace
