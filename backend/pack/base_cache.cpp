#include "backend/pack/base_cache.hpp"

namespace gitfs {

namespace {

constexpr unsigned offset_bits = 40; // a terabyte

constexpr bool has_key(std::uint64_t pack, std::uint64_t offset) {
  return offset >> offset_bits == 0 && pack >> (64 - offset_bits) == 0;
}

constexpr std::uint64_t key_of(std::uint64_t pack, std::uint64_t offset) {
  return pack << offset_bits | offset;
}

} // namespace

std::uint64_t base_cache::new_pack() {
  const std::lock_guard lock{mutex_};
  return packs_++;
}

std::optional<object> base_cache::find(std::uint64_t pack, std::uint64_t offset) {
  if (!has_key(pack, offset))
    return std::nullopt;
  const std::lock_guard lock{mutex_};
  const object* const found = kept_.use(key_of(pack, offset));
  return found == nullptr ? std::nullopt : std::optional{*found};
}

void base_cache::keep(std::uint64_t pack, std::uint64_t offset, const object& contents) {
  const std::uint64_t size = contents.data().size();
  if (!has_key(pack, offset) || size > most_ / 2)
    return;
  decltype(kept_)::items gone; // freed behind the lock
  const std::lock_guard lock{mutex_};
  if (kept_.add(key_of(pack, offset), contents) == nullptr)
    return;
  bytes_ += size;
  while (bytes_ > most_) {
    auto oldest = kept_.take_oldest();
    bytes_ -= oldest.front().second.data().size();
    gone.splice(gone.end(), oldest);
  }
}

void base_cache::clear() {
  decltype(kept_)::items gone;
  const std::lock_guard lock{mutex_};
  gone = kept_.take_all();
  bytes_ = 0;
}

std::uint64_t base_cache::bytes() {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

} // namespace gitfs
