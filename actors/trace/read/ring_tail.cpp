#include "actors/trace/read/ring_tail.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace gitfs::trace {

const std::vector<record>& ring_tail::read(std::uint64_t now, bool last) {
  // A record that is read in one call is given two calls later at the latest.
  constexpr std::size_t calls = 3;
  given_now_.clear();
  bytes_.emplace_back();
  if (bytes_.size() > calls)
    bytes_.pop_front();
  for (std::size_t i = 0; i < places_.size(); ++i)
    read_block(i);
  const auto newer =
      std::partition(waiting_.begin(), waiting_.end(), [&](const record& r) { return last || r.time <= before_; });
  given_now_.assign(waiting_.begin(), newer);
  waiting_.erase(waiting_.begin(), newer);
  before_ = now;
  // Within one nanosecond the cause comes first, and `handled` comes behind everything of its message.
  std::ranges::sort(given_now_, {}, [](const record& r) {
    return std::tuple{r.time, r.what == kind::handled, r.order};
  });
  given_ += static_cast<std::uint64_t>(
      std::ranges::count_if(given_now_, [](const record& r) { return r.what != kind::handled; }));
  return given_now_;
}

// Records from before the last call but one have been given by now, or never will be.
std::uint64_t ring_tail::take_lost(std::uint64_t last_order, bool last) {
  const std::uint64_t due = last ? last_order : orders_before_;
  orders_before_ = std::exchange(orders_, last_order);
  if (due <= given_ + lost_)
    return 0;
  return due - given_ - std::exchange(lost_, due - given_);
}

void ring_tail::read_block(std::size_t index) {
  place& at = places_[index];
  std::string fresh = ring_.read_from(index, at.generation, at.read, at.last.order, at.last.time);
  if (fresh.empty())
    return;
  bytes_.back().push_back(std::move(fresh));
  for (decoder in{bytes_.back().back()}; !in.rest().empty();) {
    record next;
    if (!read_record(in, at.last, next))
      return;
    waiting_.push_back(next);
  }
}

} // namespace gitfs::trace
