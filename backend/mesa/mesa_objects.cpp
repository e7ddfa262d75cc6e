#include "backend/mesa/mesa_objects.hpp"

#include "backend/git/sha1.hpp"
#include "backend/os/one_per_file.hpp"
#include "backend/pack/composed_pack.hpp"
#include "backend/pack/pack_format.hpp"
#include "backend/store/table/record_file.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <limits>
#include <unistd.h>

namespace gitfs {

namespace {

constexpr const char* file_name = "mesa.table";
constexpr std::size_t check_size = 8;
constexpr unsigned time_size = 4, length_size = 4;

enum table_place : std::uint8_t { listings, snapshots };

/// Damage must not become somebody's listing, and the check of the file has 32 bits only. Not against forgers: they
/// could as well write the check.
std::string check_of(const oid& key, std::string_view payload) {
  const oid hash = sha1{}.update(raw_name(key)).update(payload).finish();
  return std::string{raw_name(hash).substr(0, check_size)};
}

std::string guarded(const oid& key, std::string payload) {
  return check_of(key, payload) + std::move(payload);
}

/// None: it is damaged.
std::optional<std::string_view> unguarded(const oid& key, std::string_view value) {
  if (value.size() < check_size || value.substr(0, check_size) != check_of(key, value.substr(check_size)))
    return std::nullopt;
  return value.substr(check_size);
}

/// Of entries in the order in which parse_tree gives them.
std::string packed_times(std::span<const tree_entry> entries) {
  std::string out;
  for (const tree_entry& e : entries) {
    const bool fits = e.time > 0 && e.time <= std::int64_t{std::numeric_limits<std::uint32_t>::max()};
    append_big_endian(out, fits ? static_cast<std::uint64_t>(e.time) : 0, time_size);
  }
  return out;
}

void unpack_times(std::string_view times, std::vector<tree_entry>& entries) {
  if (times.size() != entries.size() * time_size)
    return; // of another version of this program, which hides other names
  for (std::size_t i = 0; i < entries.size(); ++i)
    entries[i].time = static_cast<std::int64_t>(big_endian(times.substr(i * time_size, time_size)));
}

/// What is stored of a listing: the length of the tree, the tree, times.
struct record {
  std::optional<std::string> tree; ///< none: it is in the store
  std::string times;

  static constexpr std::uint64_t in_store = 0xffffffff;

  std::string text() const {
    std::string out;
    append_big_endian(out, tree ? tree->size() : in_store, length_size);
    return out + tree.value_or("") + times;
  }
  static std::optional<record> parse(std::string_view text) {
    if (text.size() < length_size)
      return std::nullopt;
    const std::uint64_t length = big_endian(text.substr(0, length_size));
    text.remove_prefix(length_size);
    if (length == in_store)
      return record{std::nullopt, std::string{text}};
    if (length > text.size())
      return std::nullopt;
    return record{std::string{text.substr(0, length)}, std::string{text.substr(length)}};
  }
  bool operator==(const record&) const = default;
};

/// The times of those entries that the tree shows, in its order. All entries are sorted by name.
std::string times_of(const parsed_tree& tree, std::span<const tree_entry> all) {
  std::vector<tree_entry> shown = tree.entries;
  auto from = all.begin();
  for (tree_entry& e : shown) {
    from = std::lower_bound(from, all.end(), e, [](const auto& a, const auto& b) { return a.name < b.name; });
    e.time = from->time;
  }
  return packed_times(shown);
}

} // namespace

class mesa_objects::table {
public:
  explicit table(const std::filesystem::path& file)
    : records_(file, {.records = (1U << listings) | (1U << snapshots)}) {}

  static std::shared_ptr<table> open(const std::filesystem::path& file) {
    return all().get(file, [&] { return std::make_unique<table>(file); });
  }

  static void remove(const std::filesystem::path& file) {
    all().unless_there(file, [&] { ::unlink(file.c_str()); });
  }

  side_table::report check() {
    side_table::report out;
    records_.write(0, [&](record_file::change& in) {
      out = {};
      const auto [sound, damaged] = in.sweep([](std::size_t, const oid&) { return true; });
      out.sound = sound;
      out.damaged = damaged;
    });
    out.anew = records_.was_damaged();
    return out;
  }

  /// The payload, its check verified.
  std::optional<std::string> get(table_place in, const oid& key) {
    const auto value = records_.read(in, key);
    const auto payload = value ? unguarded(key, *value) : std::nullopt;
    return payload ? std::optional<std::string>{*payload} : std::nullopt;
  }

  bool put(table_place in, std::span<const std::pair<oid, std::string>> payloads) {
    return payloads.empty() || records_.write(payloads.size(), [&](record_file::change& to) {
      for (const auto& [id, payload] : payloads)
        to.put_record(in, id, guarded(id, payload));
    });
  }

  std::optional<record> get_listing(const oid& tree) {
    const auto payload = get(listings, tree);
    return payload ? record::parse(*payload) : std::nullopt;
  }

private:
  static one_per_file<table>& all() {
    static one_per_file<table> out;
    return out;
  }

  record_file records_;
};

mesa_objects::mesa_objects(std::shared_ptr<object_store> store)
  : store_(std::move(store)),
    table_(table::open(table_file(store_->folder()))) {}

mesa_objects::~mesa_objects() = default;

std::filesystem::path mesa_objects::table_file(const std::filesystem::path& store) {
  return store / file_name;
}

side_table::report mesa_objects::check(const std::filesystem::path& store) {
  const std::filesystem::path file = table_file(store);
  return ::access(file.c_str(), F_OK) == 0 ? table::open(file)->check() : side_table::report{};
}

void mesa_objects::remove_table(const std::filesystem::path& store) {
  table::remove(table_file(store));
}

result<object> mesa_objects::read(const oid& id) {
  auto out = store_->read(id);
  if (out || out.error().code != ENOENT)
    return out;
  auto known = table_->get_listing(id);
  if (!known || !known->tree)
    return out;
  auto text = std::make_shared<const std::string>(*std::move(known->tree));
  return object{object_type::tree, text, *text};
}

result<parsed_tree> mesa_objects::read_tree(const oid& tree) {
  const auto known = table_->get_listing(tree);
  result<parsed_tree> out =
      known && known->tree ? parse_tree(*known->tree) : object_db::read_tree(tree); // whose `read` is above
  if (out && known)
    unpack_times(known->times, out.value().entries);
  return out;
}

bool mesa_objects::contains(const oid& id) {
  if (store_->contains(id))
    return true;
  const auto known = table_->get_listing(id);
  return known && known->tree;
}

void mesa_objects::trim() {
  store_->trim();
}

result<void> mesa_objects::put(std::span<const mesa_listing> listed) {
  composed_pack trees;
  std::vector<std::pair<oid, std::string>> records;
  std::vector<std::pair<oid, std::uint64_t>> sizes;
  for (const mesa_listing& each : listed) {
    std::string text = compose_tree(each.entries);
    const bool is_git = name_of(object_type::tree, text) == each.id;
    std::vector<tree_entry> by_name = each.entries;
    std::sort(by_name.begin(), by_name.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    for (const tree_entry& e : by_name)
      if (has_contents(e.kind) && e.size != unknown_size)
        sizes.emplace_back(e.id, e.size);
    const bool has_times = std::any_of(by_name.begin(), by_name.end(), [](const auto& e) { return e.time > 0; });
    GITFS_TRY(shown, parse_tree(text));
    const record fresh{is_git ? std::nullopt : std::optional{text},
                       has_times ? times_of(shown, by_name) : std::string{}};
    if (is_git && !store_->contains(each.id)) {
      GITFS_TRYV(trees.add(object_type::tree, text));
    }
    if ((!is_git || has_times) && table_->get_listing(each.id) != fresh)
      records.emplace_back(each.id, fresh.text());
  }
  // What is in the store, or was told before, stays: a size there was perhaps measured.
  std::vector<oid> ids;
  ids.reserve(sizes.size());
  for (const auto& [id, size] : sizes)
    ids.push_back(id);
  std::vector<std::uint64_t> known(ids.size(), unknown_size);
  store_->sizes(ids, known);
  std::size_t at = 0;
  std::erase_if(sizes, [&](const auto&) { return known[at++] != unknown_size; });
  store_->remember_sizes(sizes);
  const bool kept = table_->put(listings, records);
  GITFS_TRYV(trees.commit(*store_, pack_use::keep));
  if (!kept)
    log::debug("{}: listings could not be kept", store_->folder().string());
  return success();
}

void mesa_objects::put_snapshot(const oid& commit, const snapshot& what) {
  std::string payload{raw_name(what.root)};
  append_big_endian(payload, static_cast<std::uint64_t>(what.time), sizeof what.time);
  const std::pair<oid, std::string> one{commit, std::move(payload)};
  table_->put(snapshots, {&one, 1});
}

std::optional<mesa_objects::snapshot> mesa_objects::find_snapshot(const oid& commit) const {
  const auto payload = table_->get(snapshots, commit);
  if (!payload || payload->size() != oid::raw_size + sizeof(std::int64_t))
    return std::nullopt;
  return snapshot{oid::from_raw(payload->data()),
                  static_cast<std::int64_t>(big_endian(std::string_view{*payload}.substr(oid::raw_size)))};
}

} // namespace gitfs
