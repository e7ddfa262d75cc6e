#include "backend/fresh_blobs.hpp"

#include <vector>

namespace gitfs {

void fresh_blobs::put(const oid& id, object blob) {
  std::vector<object> dropped; // freed after the lock
  const std::size_t size = blob.data().size();
  const std::uint64_t limit = budget_->fresh_limit();
  if (size > largest || size > limit)
    return;
  std::lock_guard guard{lock_};
  if (!blobs_.try_emplace(id, std::move(blob)).second)
    return;
  order_.push_back(id);
  bytes_ += size;
  budget_->add(memory_budget::kind::fresh, size);
  if (order_.size() > 2 * blobs_.size() + 64)
    std::erase_if(order_, [this](const oid& each) { return !blobs_.contains(each); });
  // A name that was taken and came again may stand here twice and so go early: that costs a read from the disk.
  while (bytes_ > limit) {
    const auto oldest = blobs_.find(order_.front());
    order_.pop_front();
    if (oldest == blobs_.end())
      continue;
    drop(oldest->second.data().size());
    dropped.push_back(std::move(oldest->second));
    blobs_.erase(oldest);
  }
}

std::optional<object> fresh_blobs::take(const oid& id) {
  std::lock_guard guard{lock_};
  auto it = blobs_.find(id);
  if (it == blobs_.end())
    return std::nullopt;
  std::optional<object> out{std::move(it->second)};
  drop(out->data().size());
  blobs_.erase(it);
  if (blobs_.empty())
    order_.clear();
  return out;
}

void fresh_blobs::clear() {
  std::unordered_map<oid, object> dropped;
  std::lock_guard guard{lock_};
  drop(bytes_);
  order_.clear();
  dropped.swap(blobs_);
}

void fresh_blobs::drop(std::size_t size) {
  bytes_ -= size;
  budget_->subtract(memory_budget::kind::fresh, size);
}

} // namespace gitfs
