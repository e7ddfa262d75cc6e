// Numbered entries that never move, for many threads, without a lock.
#pragma once

#include "actors/model/node_id.hpp"

#include <array>
#include <atomic>
#include <bit>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <optional>
#include <type_traits>

namespace gitfs {

/// Chunks of doubling length, and a stack of free entries. All members of a fresh entry are
/// zero. `Entry` has `std::atomic_ref<node_slot> next_free()`, a member that only the slab uses while the entry is
/// free.
///
/// No byte of an entry of plain numbers is touched before it is taken, so the system gives memory only as the last
/// chunk fills.
template <class Entry>
class slab {
public:
  slab() = default;
  ~slab() {
    for (auto& chunk : chunks_)
      give_back_chunk(chunk.load(std::memory_order_acquire));
  }
  slab(const slab&) = delete;
  slab& operator=(const slab&) = delete;

  /// Takes a free entry, or a fresh one. None: `most` entries are taken. Any thread. Throws bad_alloc.
  std::optional<node_slot> take(std::uint64_t most) {
    return take(most, [](Entry&) { return true; });
  }

  /// A fresh one also if `usable` refuses the entry that was freed last. `usable` may be asked about an entry that
  /// another thread takes meanwhile; its answer has no effect then.
  template <class Usable>
  std::optional<node_slot> take(std::uint64_t most, Usable usable) {
    std::uint64_t head = free_head_.load(std::memory_order_acquire);
    while (static_cast<node_slot>(head) != no_slot) {
      const auto first = static_cast<node_slot>(head);
      if (!usable(at(first)))
        break;
      // If another thread takes the entry meanwhile, this value is wrong; but then the tag has changed.
      const node_slot next = at(first).next_free().load(std::memory_order_relaxed);
      if (free_head_.compare_exchange_weak(head, tagged(head, next), std::memory_order_acq_rel))
        return first;
    }
    const std::uint64_t fresh = used_.fetch_add(1, std::memory_order_relaxed);
    if (fresh < most)
      return static_cast<node_slot>(fresh);
    used_.fetch_sub(1, std::memory_order_relaxed);
    return std::nullopt;
  }

  /// Frees an entry. Any thread.
  void recycle(node_slot index) {
    std::uint64_t head = free_head_.load(std::memory_order_acquire);
    do {
      at(index).next_free().store(static_cast<node_slot>(head), std::memory_order_relaxed);
    } while (!free_head_.compare_exchange_weak(head, tagged(head, index), std::memory_order_acq_rel));
  }

  /// Counts the entry as taken, for a caller that chooses indices itself. One thread.
  void reach(node_slot index) {
    if (used_.load() <= index)
      used_.store(std::uint64_t{index} + 1);
  }

  /// How many entries there are, taken or free. Any thread.
  std::uint64_t used() const { return used_.load(std::memory_order_relaxed); }

  Entry& at(node_slot index) const {
    const std::uint64_t shifted = (std::uint64_t{index} >> first_bits) + 1;
    const unsigned chunk = static_cast<unsigned>(std::bit_width(shifted)) - 1;
    const std::uint64_t base = ((std::uint64_t{1} << chunk) - 1) << first_bits;
    Entry* entries = chunks_[chunk].load(std::memory_order_acquire);
    if (entries == nullptr) {
      Entry* fresh = make_chunk(std::uint64_t{1} << (chunk + first_bits));
      if (chunks_[chunk].compare_exchange_strong(entries, fresh, std::memory_order_acq_rel))
        entries = fresh;
      else
        give_back_chunk(fresh); // another thread has made that chunk first
    }
    return entries[index - base];
  }

private:
  // The first chunk has 2^10 entries; each further chunk has 2^10 more than all before it together.
  static constexpr unsigned first_bits = 10;
  static constexpr unsigned chunk_count = 23;
  static constexpr bool plain = std::is_trivial_v<Entry>;

  static Entry* make_chunk(std::uint64_t length) {
    if constexpr (plain) {
      auto* out = static_cast<Entry*>(std::calloc(length, sizeof(Entry)));
      if (out == nullptr)
        throw std::bad_alloc{};
      return out;
    } else {
      return new Entry[length]();
    }
  }

  static void give_back_chunk(Entry* entries) {
    if constexpr (plain)
      std::free(entries);
    else
      delete[] entries;
  }

  static constexpr std::uint64_t tagged(std::uint64_t old, node_slot slot) { return ((old >> 32) + 1) << 32 | slot; }

  mutable std::array<std::atomic<Entry*>, chunk_count> chunks_{};
  std::atomic<std::uint64_t> used_{0};
  // A Treiber stack: a tag in the upper half against ABA, the first entry in the lower.
  std::atomic<std::uint64_t> free_head_{no_slot};
};

} // namespace gitfs
