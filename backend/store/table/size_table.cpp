#include "backend/store/table/size_table.hpp"

#include "backend/os/one_per_file.hpp"
#include "backend/store/table/lmdb_file.hpp"
#include "backend/store/table/recent_sizes.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

namespace gitfs {

namespace {

/// In one transaction: LMDB keeps the pages that one has changed in memory, for all of a tree's sizes 7 MB.
constexpr std::size_t most_at_once = 4096;

enum table : std::uint8_t { sizes_by_object, uses_by_object, sizes_by_tree };

/// What is stored of an object's size.
struct stored_size {
  std::uint64_t size;
  std::uint64_t check;
};

/// A damaged page must not become somebody's wrong size. Not against forgers: they could as well write the check.
std::uint64_t check_of(const oid& id, std::uint64_t size) {
  std::array<std::uint64_t, 2> words;
  std::memcpy(words.data(), id.bytes.data(), sizeof words);
  std::uint64_t x = words[0] ^ (words[1] * 0x9e3779b97f4a7c15) ^ (size + 0xd1b54a32d192ed03);
  for (int i = 0; i < 3; ++i)
    x = (x ^ (x >> 29)) * 0xbf58476d1ce4e5b9;
  return x ^ (x >> 32);
}

/// Covers the names in their order too: who takes the same tree apart in another way does not find it.
std::uint64_t check_of(const oid& tree, std::span<const oid> ids, std::span<const std::uint64_t> sizes) {
  std::uint64_t x = check_of(tree, ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::array<std::uint64_t, 2> words;
    std::memcpy(words.data(), ids[i].bytes.data(), sizeof words);
    x = (x ^ (x >> 29) ^ words[0] ^ (words[1] * 0x9e3779b97f4a7c15) ^ sizes[i]) * 0xbf58476d1ce4e5b9;
  }
  return x ^ (x >> 32);
}

/// The check, then each size: 7 bits a byte, the lowest first.
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

/// False: it is damaged, or of other names.
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

MDB_val value_of(const void* data, std::size_t size) {
  return {size, const_cast<void*>(data)};
}

MDB_val key_of(const oid& id) {
  return value_of(id.bytes.data(), oid::raw_size);
}

/// In the order of the keys, neighbours go into the same page.
template <class T>
std::vector<T> sorted(std::span<const T> some) {
  std::vector<T> out{some.begin(), some.end()};
  std::sort(out.begin(), out.end());
  return out;
}

/// Each small enough for one transaction.
template <class T, class Use>
void in_parts(std::span<const T> all, const Use& use) {
  for (; !all.empty(); all = all.subspan(std::min(all.size(), most_at_once)))
    use(all.first(std::min(all.size(), most_at_once)));
}

} // namespace

struct size_table::impl {
  impl(std::filesystem::path where, std::size_t bytes) : file(std::move(where)), map(bytes) {}

  /// Opened when it is needed first: that walks all of its pages, and holds two descriptors.
  lmdb_file& lmdb() const {
    std::call_once(once, [this] {
      owner = std::make_unique<lmdb_file>(file, map, std::vector{"sizes", "uses", "trees"});
      opened = owner.get();
    });
    return *owner;
  }

  /// None, if there is nothing to be read: to make a file waits for the disk.
  lmdb_file* readable() const { return opened != nullptr || ::access(file.c_str(), F_OK) == 0 ? &lmdb() : nullptr; }

  const std::filesystem::path file;
  const std::size_t map;
  recent_sizes recent;
  mutable std::once_flag once;
  mutable std::unique_ptr<lmdb_file> owner;
  mutable std::atomic<lmdb_file*> opened = nullptr;

  /// Calls `use` with the place and the value of each that is there.
  template <class Value, class Use>
  void look_up(table in, std::span<const oid> ids, const Use& use) {
    std::vector<MDB_val> keys(ids.size());
    std::transform(ids.begin(), ids.end(), keys.begin(), key_of);
    lmdb_file* const from = readable();
    if (from == nullptr)
      return;
    from->look_up(in, keys, [&use](std::size_t i, const MDB_val& value) {
      Value found;
      if (value.mv_size != sizeof found)
        return;
      std::memcpy(&found, value.mv_data, sizeof found); // LMDB aligns values to two bytes
      use(i, found);
    });
  }

  int put_size(MDB_txn* txn, const oid& id, std::uint64_t size, bool& corrected) const;
  bool has_all(MDB_txn* txn, const tree_sizes& what) const;
  int drop_trees(MDB_txn* txn) const { return mdb_drop(txn, lmdb().table(sizes_by_tree), 0); }
};

size_table::size_table(std::unique_ptr<impl> state) : impl_(std::move(state)) {}

size_table::~size_table() = default;

std::shared_ptr<size_table> size_table::open(const std::filesystem::path& file, options how) {
  static one_per_file<size_table> open_tables;
  return open_tables.get(
      file, [&] { return std::unique_ptr<size_table>{new size_table{std::make_unique<impl>(file, how.initial_map)}}; });
}

void size_table::get(std::span<const oid> ids, std::span<std::uint64_t> out) {
  std::fill(out.begin(), out.end(), unknown_size);
  if (impl_->recent.get(ids, out) == 0)
    return;
  impl_->look_up<stored_size>(sizes_by_object, ids, [&](std::size_t i, const stored_size& found) {
    if (out[i] == unknown_size && found.check == check_of(ids[i], found.size))
      out[i] = found.size;
  });
}

/// What is there already is not written again. `corrected`: something else was there.
int size_table::impl::put_size(MDB_txn* txn, const oid& id, std::uint64_t size, bool& corrected) const {
  const stored_size stored{size, check_of(id, size)};
  MDB_val key = key_of(id), value = value_of(&stored, sizeof stored);
  const int status = mdb_put(txn, lmdb().table(sizes_by_object), &key, &value, MDB_NOOVERWRITE);
  if (status != MDB_KEYEXIST)
    return status;
  if (value.mv_size == sizeof stored && std::memcmp(value.mv_data, &stored, sizeof stored) == 0)
    return 0;
  corrected = true;
  value = value_of(&stored, sizeof stored);
  return mdb_put(txn, lmdb().table(sizes_by_object), &key, &value, 0);
}

void size_table::put(std::span<const std::pair<oid, std::uint64_t>> sizes) {
  if (sizes.empty())
    return;
  const auto in_order = std::make_shared<const recent_sizes::put>(sorted(sizes));
  impl_->recent.add(in_order); // first: whoever corrects one of them in the table clears this after it
  bool any_corrected = false;
  in_parts<std::pair<oid, std::uint64_t>>(*in_order, [&](auto some) {
    impl_->lmdb().write([&](MDB_txn* txn) {
      bool corrected = false;
      for (const auto& [id, size] : some)
        if (const int status = impl_->put_size(txn, id, size, corrected))
          return status;
      any_corrected |= corrected;
      return corrected ? impl_->drop_trees(txn) : 0; // a wrong one may be among them
    });
  });
  if (any_corrected)
    impl_->recent.clear();
}

bool size_table::get_tree(const oid& tree, std::span<const oid> ids, std::span<std::uint64_t> out) {
  bool found = false;
  const MDB_val key = key_of(tree);
  if (lmdb_file* const from = impl_->readable())
    from->look_up(sizes_by_tree, {&key, 1}, [&](std::size_t, const MDB_val& value) {
      found = unpack({static_cast<const char*>(value.mv_data), value.mv_size}, tree, ids, out);
    });
  if (!found)
    std::fill(out.begin(), out.end(), unknown_size);
  return found;
}

/// A size may have been corrected since it was looked up.
bool size_table::impl::has_all(MDB_txn* txn, const tree_sizes& what) const {
  for (std::size_t i = 0; i < what.ids.size(); ++i) {
    const stored_size expected{what.sizes[i], check_of(what.ids[i], what.sizes[i])};
    MDB_val key = key_of(what.ids[i]), value;
    if (mdb_get(txn, lmdb().table(sizes_by_object), &key, &value) != 0 || value.mv_size != sizeof expected
        || std::memcmp(value.mv_data, &expected, sizeof expected) != 0)
      return false;
  }
  return true;
}

void size_table::put_trees(std::span<const tree_sizes> trees) {
  if (trees.empty())
    return;
  std::vector<const tree_sizes*> in_order;
  for (const tree_sizes& each : trees)
    in_order.push_back(&each);
  std::ranges::sort(in_order, {}, [](const tree_sizes* each) { return each->tree.bytes; });
  impl_->lmdb().write([&](MDB_txn* txn) {
    for (const tree_sizes* each : in_order) {
      if (!impl_->has_all(txn, *each))
        continue;
      const std::string sizes = packed(*each);
      MDB_val key = key_of(each->tree), value = value_of(sizes.data(), sizes.size());
      if (const int status = mdb_put(txn, impl_->lmdb().table(sizes_by_tree), &key, &value, 0))
        return status;
    }
    return 0;
  });
}

void size_table::touch(std::span<const oid> ids, std::uint32_t seconds) {
  if (ids.empty())
    return;
  const auto in_order = sorted(ids);
  in_parts<oid>(in_order, [&](std::span<const oid> some) {
    impl_->lmdb().write([&](MDB_txn* txn) {
      for (const oid& id : some) {
        MDB_val key = key_of(id), value = value_of(&seconds, sizeof seconds);
        if (const int status = mdb_put(txn, impl_->lmdb().table(uses_by_object), &key, &value, 0))
          return status;
      }
      return 0;
    });
  });
}

std::uint32_t size_table::last_use(const oid& id) {
  std::uint32_t seconds = 0;
  last_uses({&id, 1}, {&seconds, 1});
  return seconds;
}

void size_table::last_uses(std::span<const oid> ids, std::span<std::uint32_t> out) {
  std::fill(out.begin(), out.end(), 0);
  impl_->look_up<std::uint32_t>(uses_by_object, ids, [&](std::size_t i, std::uint32_t seconds) { out[i] = seconds; });
}

void size_table::forget_uses(std::span<const oid> ids) {
  if (ids.empty())
    return;
  const auto in_order = sorted(ids);
  impl_->lmdb().write([&](MDB_txn* txn) {
    for (const oid& id : in_order) {
      MDB_val key = key_of(id);
      if (const int status = mdb_del(txn, impl_->lmdb().table(uses_by_object), &key, nullptr);
          status != 0 && status != MDB_NOTFOUND)
        return status;
    }
    return 0;
  });
}

size_table::check_report size_table::check() {
  check_report out;
  impl_->lmdb().write([&](MDB_txn* txn) {
    out = {};
    MDB_cursor* cursor = nullptr;
    if (const int status = mdb_cursor_open(txn, impl_->lmdb().table(sizes_by_object), &cursor))
      return status;
    const std::unique_ptr<MDB_cursor, void (*)(MDB_cursor*)> owner{cursor, mdb_cursor_close};
    MDB_val key, value;
    int status = 0;
    while ((status = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) == 0) {
      stored_size found{};
      const bool fits = key.mv_size == oid::raw_size && value.mv_size == sizeof found;
      if (fits)
        std::memcpy(&found, value.mv_data, sizeof found);
      ++out.sizes;
      if (fits && found.check == check_of(oid::from_raw(key.mv_data), found.size))
        continue;
      ++out.damaged;
      if ((status = mdb_cursor_del(cursor, 0)) != 0)
        return status;
    }
    return status == MDB_NOTFOUND ? impl_->drop_trees(txn) : status;
  });
  return out;
}

void size_table::trim() {
  impl_->recent.clear();
  if (lmdb_file* const file = impl_->opened)
    file->trim();
}

bool size_table::was_damaged() const {
  return impl_->lmdb().was_damaged();
}

} // namespace gitfs
