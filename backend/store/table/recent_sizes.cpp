#include "backend/store/table/recent_sizes.hpp"

#include "backend/git/object.hpp"

#include <algorithm>
#include <cstring>
#include <endian.h>
#include <mutex>

namespace gitfs {

namespace {

// An answer of the server has tens of thousands.
constexpr std::size_t fewest = 1024, most = std::size_t{1} << 17, most_puts = 4;

/// The first 64 bits as a fraction of all names.
double fraction_of(const oid& id) {
  std::uint64_t head = 0;
  std::memcpy(&head, id.bytes.data(), sizeof head);
  return static_cast<double>(be64toh(head)) * 0x1p-64;
}

/// Each guess looks at one cache line, and the last is off by a few.
const recent_sizes::put::value_type* find(const recent_sizes::put& in, const oid& id) {
  constexpr int guesses = 3;
  constexpr std::ptrdiff_t off = 8;
  const auto size = static_cast<std::ptrdiff_t>(in.size());
  const double wanted = fraction_of(id);
  std::ptrdiff_t at = 0;
  double known = 0; // of what stands there
  for (int i = 0; i < guesses; ++i) {
    at += static_cast<std::ptrdiff_t>((wanted - known) * static_cast<double>(size));
    at = std::clamp<std::ptrdiff_t>(at, 0, size - 1);
    known = fraction_of(in[static_cast<std::size_t>(at)].first);
  }
  auto low = in.begin() + std::max<std::ptrdiff_t>(at - off, 0), high = in.begin() + std::min(at + off, size);
  if (id < low->first)
    low = in.begin();
  if (high != in.end() && high->first < id)
    high = in.end();
  const auto found = std::ranges::lower_bound(low, high, id, {}, &recent_sizes::put::value_type::first);
  return found != in.end() && found->first == id ? &*found : nullptr;
}

} // namespace

void recent_sizes::add(std::shared_ptr<const put> some) {
  if (some->size() < fewest)
    return;
  const std::lock_guard lock{mutex_};
  entries_ += some->size();
  puts_.push_back(std::move(some));
  for (; entries_ > most || puts_.size() > most_puts; puts_.pop_front())
    entries_ -= puts_.front()->size();
}

std::size_t recent_sizes::get(std::span<const oid> ids, std::span<std::uint64_t> out) {
  const std::shared_lock lock{mutex_};
  std::size_t unknown = ids.size();
  for (auto some = puts_.rbegin(); some != puts_.rend() && unknown != 0; ++some)
    for (std::size_t i = 0; i < ids.size(); ++i)
      if (out[i] == unknown_size)
        if (const auto* found = find(**some, ids[i]))
          out[i] = found->second, --unknown;
  return unknown;
}

void recent_sizes::clear() {
  const std::lock_guard lock{mutex_};
  puts_.clear();
  entries_ = 0;
}

} // namespace gitfs
