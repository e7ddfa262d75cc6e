#include "backend/store/table/size_table.hpp"

#include "backend/os/one_per_file.hpp"
#include "backend/store/table/recent_sizes.hpp"
#include "backend/store/table/record_file.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace gitfs {

namespace {

enum kind : std::uint8_t { sizes_by_object, uses_by_object, sizes_by_tree };

/// The check of a record. It covers the names in their order, so that a program that parses the same tree in another
/// way does not find the record. It is no protection against forgers, who could write a right check, too.
std::uint64_t check_of(const oid& tree, std::span<const oid> ids, std::span<const std::uint64_t> sizes) {
  std::uint64_t x = ids.size() + 0xd1b54a32d192ed03;
  for (const std::uint8_t byte : tree.bytes)
    x = (x ^ byte) * 0xbf58476d1ce4e5b9;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::array<std::uint64_t, 2> words;
    std::memcpy(words.data(), ids[i].bytes.data(), sizeof words);
    x = (x ^ (x >> 29) ^ words[0] ^ (words[1] * 0x9e3779b97f4a7c15) ^ sizes[i]) * 0xbf58476d1ce4e5b9;
  }
  return x ^ (x >> 32);
}

/// The bytes of a record: the check, then each size with seven bits a byte, the lowest first.
std::string packed(const tree_sizes& what) {
  const std::uint64_t check = check_of(what.tree, what.ids, what.sizes);
  std::string out(sizeof check, '\0');
  std::memcpy(out.data(), &check, sizeof check);
  for (std::uint64_t size : what.sizes) {
    for (; size > 0x7f; size >>= 7)
      out += static_cast<char>(size | 0x80U);
    out += static_cast<char>(size);
  }
  return out;
}

/// Reads the sizes from a record. False: the record is damaged, or was written for other names.
bool unpack(std::string_view in, const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) {
  std::uint64_t check = 0;
  if (in.size() < sizeof check)
    return false;
  std::memcpy(&check, in.data(), sizeof check);
  in.remove_prefix(sizeof check);
  for (std::uint64_t& size : out) {
    size = 0;
    bool more = true;
    for (unsigned shift = 0; more; shift += 7, in.remove_prefix(1)) {
      if (in.empty() || shift > 63)
        return false;
      const auto byte = static_cast<std::uint8_t>(in.front());
      size |= std::uint64_t{byte & 0x7fU} << shift;
      more = (byte & 0x80U) != 0;
    }
  }
  return in.empty() && check == check_of(tree, ids, out);
}

/// A sorted copy, because sorted ids are in neighbouring buckets of the file, which are then written together.
template <class T>
std::vector<T> sorted(std::span<const T> some) {
  std::vector<T> out{some.begin(), some.end()};
  std::sort(out.begin(), out.end());
  return out;
}

/// True if the table still has exactly these sizes. A size may have been corrected since it was looked up.
bool has_all(record_file::change& in, const tree_sizes& what) {
  std::size_t right = 0;
  in.find(sizes_by_object, what.ids,
          [&](std::size_t i, std::uint64_t size) { right += size == what.sizes[i] ? 1 : 0; });
  return right == what.ids.size();
}

} // namespace

struct size_table::impl {
  explicit impl(const std::filesystem::path& file) : table(file, {.records = 1U << sizes_by_tree}) {}

  record_file table;
  recent_sizes recent;
};

size_table::size_table(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

size_table::~size_table() = default;

std::shared_ptr<size_table> size_table::open(const std::filesystem::path& file) {
  static one_per_file<size_table> open_tables;
  return open_tables.get(file,
                         [&] { return std::unique_ptr<size_table>{new size_table{std::make_unique<impl>(file)}}; });
}

void size_table::get(std::span<const oid> ids, std::span<std::uint64_t> out) {
  std::fill(out.begin(), out.end(), unknown_size);
  const std::size_t unknown = impl_->recent.get(ids, out);
  if (unknown == 0)
    return;
  if (unknown == ids.size())
    return impl_->table.find(sizes_by_object, ids, [&](std::size_t i, std::uint64_t size) { out[i] = size; });
  std::vector<oid> others;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < ids.size(); ++i)
    if (out[i] == unknown_size) {
      others.push_back(ids[i]);
      places.push_back(i);
    }
  impl_->table.find(sizes_by_object, others, [&](std::size_t i, std::uint64_t size) { out[places[i]] = size; });
}

void size_table::put(std::span<const std::pair<oid, std::uint64_t>> sizes) {
  if (sizes.empty())
    return;
  const auto in_order = std::make_shared<const recent_sizes::put>(sorted(sizes));
  // Before the table is written, because a thread that corrects one of these sizes in the table clears `recent` after
  // that.
  impl_->recent.add(in_order);
  bool any_corrected = false;
  impl_->table.write(in_order->size(), [&](record_file::change& to) {
    bool corrected = false;
    for (const auto& [id, size] : *in_order) {
      const auto before = to.get(sizes_by_object, id);
      if (before == size)
        continue; // the size is in the table already
      corrected = corrected || before;
      to.put(sizes_by_object, id, size);
    }
    any_corrected = any_corrected || corrected;
    if (corrected)
      to.erase_all(sizes_by_tree); // any of these records may have the wrong size in it
  });
  if (any_corrected)
    impl_->recent.clear();
}

bool size_table::get_tree(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) {
  const auto stored = impl_->table.read(sizes_by_tree, tree);
  const bool found = stored && unpack(*stored, tree, ids, out);
  if (!found)
    std::fill(out.begin(), out.end(), unknown_size);
  return found;
}

void size_table::put_trees(std::span<const tree_sizes> trees) {
  if (trees.empty())
    return;
  impl_->table.write(trees.size(), [&](record_file::change& to) {
    // Records are appended in the order of the walk, because the next walk reads them in that order. Their slots are
    // written in the order of the file.
    std::vector<std::pair<oid, std::uint64_t>> appended;
    for (const tree_sizes& each : trees)
      if (has_all(to, each))
        if (const auto word = to.append(sizes_by_tree, each.tree, packed(each)))
          appended.emplace_back(each.tree, *word);
    std::ranges::sort(appended);
    for (const auto& [tree, word] : appended)
      to.put(sizes_by_tree, tree, word);
  });
}

void size_table::touch(std::span<const oid> ids, std::uint32_t seconds) {
  if (ids.empty())
    return;
  const auto in_order = sorted(ids);
  impl_->table.write(in_order.size(), [&](record_file::change& to) {
    for (const oid& id : in_order)
      to.put(uses_by_object, id, seconds);
  });
}

std::uint32_t size_table::last_use(const oid& id) {
  std::uint32_t seconds = 0;
  last_uses({&id, 1}, {&seconds, 1});
  return seconds;
}

void size_table::last_uses(std::span<const oid> ids, std::span<std::uint32_t> out) {
  std::fill(out.begin(), out.end(), 0);
  impl_->table.find(uses_by_object, ids,
                    [&](std::size_t i, std::uint64_t seconds) { out[i] = static_cast<std::uint32_t>(seconds); });
}

void size_table::forget_uses(std::span<const oid> ids) {
  if (ids.empty())
    return;
  const auto in_order = sorted(ids);
  impl_->table.write(0, [&](record_file::change& to) {
    for (const oid& id : in_order)
      to.erase(uses_by_object, id);
  });
}

size_table::check_report size_table::check() {
  check_report out;
  impl_->table.write(0, [&](record_file::change& in) {
    out = {};
    const auto swept = in.sweep([&](std::size_t kind, const oid&) {
      out.sizes += kind == sizes_by_object ? 1 : 0;
      return kind != sizes_by_tree;
    });
    out.damaged = swept.damaged;
    out.sizes += swept.damaged;
  });
  return out;
}

void size_table::trim() {
  impl_->recent.clear();
  impl_->table.trim();
}

bool size_table::was_damaged() const {
  return impl_->table.was_damaged();
}

} // namespace gitfs
